//! Commands about the connection itself.

use super::{Call, CommandError, Outcome};

/// `PING [message]`: is anyone there? <https://redis.io/docs/latest/commands/ping/>
pub fn ping(call: &mut Call<'_>) -> Outcome {
    match &call.args[..] {
        [_] => call.reply.simple("PONG"),
        [_, message] => call.reply.bulk(message),
        _ => return Err(CommandError::WrongArity(call.name)),
    }
    Ok(())
}

/// `ECHO message`: says it again. <https://redis.io/docs/latest/commands/echo/>
pub fn echo(call: &mut Call<'_>) -> Outcome {
    let message = call.arg(1)?;
    call.reply.bulk(message);
    Ok(())
}
