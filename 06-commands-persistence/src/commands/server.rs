//! Commands about the server.

use super::options::at_most_one_of;
use super::row::*;
use super::{Call, CommandError, Outcome};

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.read("dbsize", 1, dbsize, FAST, NO_KEY)
        .acl(acl::KEYSPACE)
        .tips(&["request_policy:all_shards", "response_policy:agg_sum"])
        .about("1.0.0", "Counts the keys."),
    CH0.write("flushall", -1, flushall, SLOW, NO_KEY)
        .acl(acl::KEYSPACE | acl::DANGEROUS)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .about("1.0.0", "Removes all keys of all databases."),
    CH0.write("flushdb", -1, flushdb, SLOW, NO_KEY)
        .acl(acl::KEYSPACE | acl::DANGEROUS)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .about("1.0.0", "Removes all keys of the database."),
    CH5.write("swapdb", 3, swapdb, FAST, NO_KEY)
        .acl(acl::KEYSPACE | acl::DANGEROUS)
        .about("4.0.0", "Exchanges the keys of two databases."),
    CH0.plain("time", 1, time, ANYTIME | FAST)
        .tips(&["nondeterministic_output"])
        .about("2.6.0", "Gives the time."),
];

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
    at_most_one_of(&[b"async", b"sync"], call)?;
    call.server.db(call.db).clear();
    has_flushed(call);
    Ok(())
}

/// `FLUSHALL [ASYNC | SYNC]`: the same for all databases. <https://redis.io/docs/latest/commands/flushall/>
pub fn flushall(call: &mut Call<'_>) -> Outcome {
    at_most_one_of(&[b"async", b"sync"], call)?;
    for db in 0..call.server.databases().len() {
        call.server.db(db).clear();
    }
    has_flushed(call);
    Ok(())
}

/// It is written down even where there was nothing to remove: those who follow may have something.
fn has_flushed(call: &mut Call<'_>) {
    call.effect.instead_all(call.args.from(0));
    call.reply.simple("OK");
}

/// `SWAPDB index index`: all keys of one database are in the other then. Who waits or watches there finds
/// other keys. <https://redis.io/docs/latest/commands/swapdb/>
pub fn swapdb(call: &mut Call<'_>) -> Outcome {
    let errors = ["ERR invalid first DB index", "ERR invalid second DB index"];
    for (index, error) in errors.into_iter().enumerate() {
        let number = call.integer(index + 1).map(i32::try_from);
        if !matches!(number, Ok(Ok(_))) {
            return Err(CommandError::new(error));
        }
    }
    let (first, second) = (call.database(1)?, call.database(2)?);
    call.server.swap_databases(first, second);
    call.reply.simple("OK");
    Ok(())
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
