//! Commands about the connection itself.

use super::call::Then;
use super::help::{container, help};
use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::REDIS_VERSION;
use crate::resp::integer;
use crate::resp::reply::Protocol;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.plain("client", -2, container, CONTAINER)
        .about("2.4.0", "Commands about the connection."),
    CH0.plain("client|getname", 2, client_getname, NOSCRIPT | ANYTIME)
        .about("2.6.9", "Gives the name of the connection."),
    CH0.plain("client|id", 2, client_id, NOSCRIPT | ANYTIME)
        .about("5.0.0", "Gives the number of the connection."),
    CH0.plain("client|setname", 3, client_setname, NOSCRIPT | ANYTIME)
        .about("2.6.9", "Names the connection."),
    CH0.plain("client|help", 2, help, ANYTIME)
        .about("5.0.0", "Prints this help."),
    CH0.plain("echo", 2, echo, ANYTIME | FAST | BRIEF)
        .about("1.0.0", "Answers with the given message."),
    CH0.plain("hello", -1, hello, ALWAYS)
        .about("6.0.0", "Chooses the protocol, and says who is there."),
    CH0.plain("ping", -1, ping, FAST | BRIEF | WHILE_SUBSCRIBED)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .about("1.0.0", "Answers, to show that somebody is there."),
    CH0.plain("quit", -1, quit, ALWAYS | WHILE_SUBSCRIBED)
        .about("1.0.0", "Ends the connection."),
    CH0.plain("select", 2, select, ANYTIME | FAST)
        .about("1.0.0", "Chooses a database."),
];

/// `PING [message]`: is anyone there? While the client listens to channels, RESP2 answers in the form of a
/// message. <https://redis.io/docs/latest/commands/ping/>
pub fn ping(call: &mut Call<'_>) -> Outcome {
    if call.args.len() > 2 {
        return Err(CommandError::wrong_arity(call.command.name));
    }
    let message = call.args.get(1);
    if call.me()?.is_confined() {
        call.reply.array(2);
        call.reply.bulk(b"pong");
        call.reply.bulk(message.unwrap_or_default());
        return Ok(());
    }
    match message {
        None => call.reply.simple("PONG"),
        Some(message) => call.reply.bulk(message),
    }
    Ok(())
}

/// `ECHO message`: says it again. <https://redis.io/docs/latest/commands/echo/>
pub fn echo(call: &mut Call<'_>) -> Outcome {
    let message = call.arg(1)?;
    call.reply.bulk(message);
    Ok(())
}

/// `QUIT`: goodbye. <https://redis.io/docs/latest/commands/quit/>
pub fn quit(call: &mut Call<'_>) -> Outcome {
    call.reply.simple("OK");
    call.then = Then::Close;
    Ok(())
}

/// `SELECT index`: another database. <https://redis.io/docs/latest/commands/select/>
pub fn select(call: &mut Call<'_>) -> Outcome {
    call.me()?.db = call.database(1)?;
    call.reply.simple("OK");
    Ok(())
}

/// `HELLO [version [SETNAME name]]`: chooses the protocol, and says who is there.
/// <https://redis.io/docs/latest/commands/hello/>
pub fn hello(call: &mut Call<'_>) -> Outcome {
    let protocol = requested_protocol(call)?;
    let mut options = call.args.from(2);
    while let Some(option) = options.next() {
        match option.to_ascii_lowercase().as_slice() {
            b"setname" => {
                let name = options.next().ok_or_else(|| hello_syntax(option))?;
                set_name(call, name)?;
            }
            _ => return Err(hello_syntax(option)),
        }
    }
    call.me()?.outbox.set_protocol(protocol);
    call.reply.set_protocol(protocol);
    introduce(call, protocol);
    Ok(())
}

fn requested_protocol(call: &Call<'_>) -> Result<Protocol, CommandError> {
    let Some(version) = call.args.get(1) else {
        return Ok(call.reply.protocol());
    };
    match integer::parse(version) {
        Some(2) => Ok(Protocol::Resp2),
        Some(3) => Ok(Protocol::Resp3),
        Some(_) => Err(CommandError::UNKNOWN_PROTOCOL),
        None => Err(CommandError::new(
            "ERR Protocol version is not an integer or out of range",
        )),
    }
}

fn hello_syntax(option: &[u8]) -> CommandError {
    let option = String::from_utf8_lossy(option);
    CommandError::text(format!("ERR Syntax error in HELLO option '{option}'"))
}

fn introduce(call: &mut Call<'_>, protocol: Protocol) {
    let version = match protocol {
        Protocol::Resp2 => 2,
        Protocol::Resp3 => 3,
    };
    let id = i64::try_from(call.client.number()).unwrap_or(i64::MAX);
    let reply = &mut *call.reply;
    reply.map(7);
    reply.named_text("server", "redis");
    reply.named_text("version", REDIS_VERSION);
    reply.named_integer("proto", version);
    reply.named_integer("id", id);
    reply.named_text("mode", "standalone");
    reply.named_text("role", "master");
    reply.bulk(b"modules");
    reply.array(0);
}

/// `CLIENT ID`: the number of the connection. <https://redis.io/docs/latest/commands/client-id/>
pub fn client_id(call: &mut Call<'_>) -> Outcome {
    let id = i64::try_from(call.client.number()).unwrap_or(i64::MAX);
    call.reply.integer(id);
    Ok(())
}

/// `CLIENT GETNAME`: null where it has none. <https://redis.io/docs/latest/commands/client-getname/>
pub fn client_getname(call: &mut Call<'_>) -> Outcome {
    let name = call.me()?.name.clone();
    if name.is_empty() {
        call.reply.null();
    } else {
        call.reply.bulk(&name);
    }
    Ok(())
}

/// `CLIENT SETNAME name`: no name where it is empty. <https://redis.io/docs/latest/commands/client-setname/>
pub fn client_setname(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(2)?;
    set_name(call, name)?;
    call.reply.simple("OK");
    Ok(())
}

/// A name must be readable in a list of clients.
fn set_name(call: &mut Call<'_>, name: &[u8]) -> Outcome {
    if !name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return Err(CommandError::new(
            "ERR Client names cannot contain spaces, newlines or special characters.",
        ));
    }
    call.me()?.name = name.into();
    Ok(())
}
