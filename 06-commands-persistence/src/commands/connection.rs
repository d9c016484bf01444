//! Commands about the connection itself.

use super::{Call, CommandError, Outcome};

/// `PING [message]`: is anyone there? <https://redis.io/docs/latest/commands/ping/>
pub fn ping(call: &mut Call<'_>) -> Outcome {
    match (call.args.get(1), call.args.len()) {
        (None, _) => call.reply.simple("PONG"),
        (Some(message), 2) => call.reply.bulk(message),
        _ => return Err(CommandError::WrongArity(call.command.name)),
    }
    Ok(())
}

/// `ECHO message`: says it again. <https://redis.io/docs/latest/commands/echo/>
pub fn echo(call: &mut Call<'_>) -> Outcome {
    let message = call.arg(1)?;
    call.reply.bulk(message);
    Ok(())
}
