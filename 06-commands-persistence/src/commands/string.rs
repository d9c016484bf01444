//! Commands on strings.

use super::options::{Condition, Options, Ttl};
use super::{Call, Outcome, expiry};
use crate::clock::UnixMillis;

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
    if call.args.len() == 3 {
        call.keyspace.set(key, value, None);
        call.reply.simple("OK");
        return Ok(());
    }
    let options = Options::of_set(call)?;
    let deadline = match options.ttl {
        Some(ttl) => ttl.deadline(call)?,
        None => None,
    };
    set_with(call, (key, value), &options, deadline);
    Ok(())
}

fn set_with(
    call: &mut Call<'_>,
    (key, value): (&[u8], &[u8]),
    options: &Options<'_>,
    deadline: Option<UnixMillis>,
) {
    let held = call.keyspace.deadline(key, call.now);
    let refused = match options.condition {
        Some(Condition::Missing) => held.is_some(),
        Some(Condition::Existing) => held.is_none(),
        None => false,
    };
    // With GET the reply is the old value, whether or not it is replaced.
    if options.get {
        reply_with_value(call, key);
    } else if refused {
        call.reply.null();
    } else {
        call.reply.simple("OK");
    }
    if refused {
        return;
    }
    let deadline = match options.ttl {
        Some(Ttl::Keep) => held.flatten(),
        _ => deadline,
    };
    call.keyspace.set(key, value, deadline);
}

/// `GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]`: the value, and another deadline for it.
/// <https://redis.io/docs/latest/commands/getex/>
pub fn getex(call: &mut Call<'_>) -> Outcome {
    let key = call.arg(1)?;
    let option = Options::of_getex(call)?;
    if !call.keyspace.contains(key, call.now) {
        // Redis looks at the time only when there is a key.
        call.reply.null();
        return Ok(());
    }
    let deadline = match option {
        Some(ttl) => ttl.deadline(call)?,
        None => None,
    };
    reply_with_value(call, key);
    if option.is_some() {
        expiry::change_deadline(call, key, deadline);
    }
    Ok(())
}
