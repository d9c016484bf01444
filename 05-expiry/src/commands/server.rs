//! Commands about the server.

use super::table::TABLE;
use super::{Call, Outcome};

/// `DBSIZE`: how many keys there are. Keys count until they are removed, and so the number tells how far
/// active expiry has come. <https://redis.io/docs/latest/commands/dbsize/>
pub fn dbsize(call: &mut Call<'_>) -> Outcome {
    call.reply.integer(call.keyspace.len() as i64);
    Ok(())
}

/// `COMMAND`: the command table, for clients. Of the first six things that Redis tells of each command,
/// the flags are left empty. <https://redis.io/docs/latest/commands/command/>
pub fn command(call: &mut Call<'_>) -> Outcome {
    call.reply.array(TABLE.len());
    for row in TABLE {
        call.reply.array(6);
        call.reply.bulk(row.name.as_bytes());
        call.reply.integer(row.arity.into());
        call.reply.array(0);
        for number in row.keys {
            call.reply.integer(number.into());
        }
    }
    Ok(())
}
