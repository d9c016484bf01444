//! Commands on keys, whatever they hold.

use super::{Call, Outcome};

/// `DEL key [key ...]`: how many there were. <https://redis.io/docs/latest/commands/del/>
pub fn del(call: &mut Call<'_>) -> Outcome {
    let mut removed = 0;
    for key in call.args.from(1) {
        removed += i64::from(call.keyspace.remove(key, call.now));
    }
    call.reply.integer(removed);
    Ok(())
}

/// `EXISTS key [key ...]`: how many of them exist; one that is named twice counts twice.
/// <https://redis.io/docs/latest/commands/exists/>
pub fn exists(call: &mut Call<'_>) -> Outcome {
    let mut existing = 0;
    for key in call.args.from(1) {
        existing += i64::from(call.keyspace.contains(key, call.now));
    }
    call.reply.integer(existing);
    Ok(())
}
