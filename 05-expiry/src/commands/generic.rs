//! Commands on keys, whatever they hold.

use super::{Call, Outcome};

/// `DEL key [key ...]`: how many there were. <https://redis.io/docs/latest/commands/del/>
pub fn del(call: &mut Call<'_>) -> Outcome {
    let keys = call.args.iter().skip(1);
    let removed = keys
        .filter(|key| call.keyspace.remove(key, call.now))
        .count();
    call.reply.integer(removed as i64);
    Ok(())
}

/// `EXISTS key [key ...]`: how many of them exist; one that is named twice counts twice.
/// <https://redis.io/docs/latest/commands/exists/>
pub fn exists(call: &mut Call<'_>) -> Outcome {
    let keys = call.args.iter().skip(1);
    let existing = keys
        .filter(|key| call.keyspace.contains(key, call.now))
        .count();
    call.reply.integer(existing as i64);
    Ok(())
}

/// `DBSIZE`: how many keys there are. Keys count until they are removed, and so the number tells how far
/// active expiry has come. <https://redis.io/docs/latest/commands/dbsize/>
pub fn dbsize(call: &mut Call<'_>) -> Outcome {
    call.reply.integer(call.keyspace.len() as i64);
    Ok(())
}
