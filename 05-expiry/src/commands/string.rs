//! Commands on strings.

use super::options::{Options, Ttl};
use super::{Call, Outcome, expiry};

/// `GET key`: the value, or null. <https://redis.io/docs/latest/commands/get/>
pub fn get(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1)?;
    reply_with_value(call, key);
    Ok(())
}

fn reply_with_value(call: &mut Call<'_>, key: &[u8]) {
    match call.keyspace.get(key, call.now) {
        Some(value) => call.reply.bulk(value),
        None => call.reply.null(),
    }
}

/// `SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]`.
/// <https://redis.io/docs/latest/commands/set/>
pub fn set(call: &mut Call<'_>) -> Outcome {
    let (key, value) = (call.arg(1)?, call.arg(2)?);
    let options = Options::of_set(call)?;
    let mut deadline = options.deadline(call)?;
    let held = call.keyspace.deadline(key, call.now);
    let refused = options
        .exists
        .is_some_and(|exists| exists != held.is_some());
    // With GET the reply is the old value, whether or not it is replaced.
    if options.get {
        reply_with_value(call, key);
    } else if refused {
        call.reply.null();
    } else {
        call.reply.simple("OK");
    }
    if options.ttl == Some(Ttl::Keep) {
        deadline = held.flatten();
    }
    if !refused {
        call.keyspace.set(key, value, deadline);
    }
    Ok(())
}

/// `GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]`: the value, and another deadline for it.
/// <https://redis.io/docs/latest/commands/getex/>
pub fn getex(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1)?;
    let options = Options::of_getex(call)?;
    // Redis looks at the time only when there is a key.
    if call.keyspace.contains(key, call.now) {
        let deadline = options.deadline(call)?;
        reply_with_value(call, key);
        if options.ttl.is_some() {
            expiry::change_deadline(call, key, deadline);
        }
    } else {
        call.reply.null();
    }
    Ok(())
}
