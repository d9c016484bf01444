//! Commands on strings.

use super::{Call, CommandError, Outcome};

/// `GET key`: the value, or null. <https://redis.io/docs/latest/commands/get/>
pub fn get(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1)?;
    match call.keyspace.get(key) {
        Some(value) => call.reply.bulk(value),
        None => call.reply.null(),
    }
    Ok(())
}

/// `SET key value`. Its options come with time, in the stage about expiry.
/// <https://redis.io/docs/latest/commands/set/>
pub fn set(call: &mut Call<'_>) -> Outcome {
    let (key, value) = (call.arg(1)?, call.arg(2)?);
    if call.args.len() > 3 {
        return Err(CommandError::Syntax);
    }
    call.keyspace.set(key, value);
    call.reply.simple("OK");
    Ok(())
}
