//! Commands about the server.

use super::{Call, CommandError, Outcome};

/// `DBSIZE`: how many keys there are. Keys count until they are removed, and so the number tells how far
/// active expiry has come. <https://redis.io/docs/latest/commands/dbsize/>
pub fn dbsize(call: &mut Call<'_>) -> Outcome {
    let keys = call.server.db(call.db).len();
    call.reply.count(keys);
    Ok(())
}

/// `FLUSHDB [ASYNC | SYNC]`: removes every key of the database. Another thread frees them, either way.
/// <https://redis.io/docs/latest/commands/flushdb/>
pub fn flushdb(call: &mut Call<'_>) -> Outcome {
    check_flush_option(call)?;
    call.server.db(call.db).clear();
    call.reply.simple("OK");
    Ok(())
}

/// `FLUSHALL [ASYNC | SYNC]`: the same for all databases. <https://redis.io/docs/latest/commands/flushall/>
pub fn flushall(call: &mut Call<'_>) -> Outcome {
    check_flush_option(call)?;
    for db in 0..call.server.databases().len() {
        call.server.db(db).clear();
    }
    call.reply.simple("OK");
    Ok(())
}

fn check_flush_option(call: &Call<'_>) -> Outcome {
    match (call.args.get(1), call.args.len()) {
        (None, _) => Ok(()),
        (Some(option), 2)
            if option.eq_ignore_ascii_case(b"async") || option.eq_ignore_ascii_case(b"sync") =>
        {
            Ok(())
        }
        _ => Err(CommandError::SYNTAX),
    }
}

/// `TIME`: Unix seconds, and the microseconds since. <https://redis.io/docs/latest/commands/time/>
pub fn time(call: &mut Call<'_>) -> Outcome {
    let micros = call.server.now.unix_micros();
    call.reply.array(2);
    for number in [micros / 1_000_000, micros % 1_000_000] {
        call.reply.bulk(number.to_string().as_bytes());
    }
    Ok(())
}
