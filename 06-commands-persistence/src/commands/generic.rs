//! Commands on keys, whatever they hold.

use super::row::*;
use super::scan::{self, Scan};
use super::{Call, Outcome};
use crate::glob::{self, Case};
use crate::keyspace::event;
use crate::small_bytes::SmallBytes;
use rand::RngExt;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.write("del", -2, del, SLOW, RM | DELETE)
        .to(-1)
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
        .about("1.0.0", "Removes keys."),
    CH0.read("exists", -2, exists, FAST | BRIEF, RO)
        .to(-1)
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
        .about("1.0.0", "Counts which of the keys exist."),
    CH0.read("keys", 2, keys, SLOW, NO_KEY)
        .acl(acl::KEYSPACE | acl::DANGEROUS)
        .tips(&["request_policy:all_shards", "nondeterministic_output_order"])
        .about("1.0.0", "Lists the keys that match a pattern."),
    CH0.read("randomkey", 1, randomkey, SLOW, NO_KEY)
        .tips(&["request_policy:all_shards", "nondeterministic_output"])
        .about("1.0.0", "Gives any key."),
    CH5.read("touch", -2, exists, FAST | BRIEF, RO)
        .to(-1)
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
        .about(
            "3.2.1",
            "Counts which of the keys exist, and marks them as used.",
        ),
    CH5.read("scan", -2, scan, SLOW, NO_KEY)
        .acl(acl::KEYSPACE)
        .tips(&["nondeterministic_output", "request_policy:special"])
        .about("2.8.0", "Lists keys, a few at a time."),
    CH0.read("type", 2, type_of, FAST | BRIEF, RO)
        .about("1.0.0", "Names the type of what a key holds."),
    CH0.write("unlink", -2, del, FAST, RM | DELETE)
        .to(-1)
        .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
        .about("4.0.0", "Removes keys."),
];

/// `DEL key [key ...]` and `UNLINK key [key ...]`: how many there were. What takes long to free is freed by
/// another thread either way. <https://redis.io/docs/latest/commands/del/>
pub fn del(call: &mut Call<'_>) -> Outcome {
    let mut removed = 0;
    for key in call.args.from(1) {
        let mut key = call.server.db(call.db).for_write(key);
        if key.remove() {
            key.changed(event::DEL, 1);
            removed += 1;
        }
    }
    call.reply.integer(removed);
    Ok(())
}

/// `EXISTS key [key ...]` and `TOUCH key [key ...]`: how many of them exist; one that is named twice counts twice.
/// <https://redis.io/docs/latest/commands/exists/>
pub fn exists(call: &mut Call<'_>) -> Outcome {
    let keys = call.args.from(1);
    let existing = keys.filter(|key| call.server.db(call.db).contains(key));
    call.reply.count(existing.count());
    Ok(())
}

/// `TYPE key`: the name of the type of what it holds. <https://redis.io/docs/latest/commands/type/>
pub fn type_of(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    let value = call.server.db(call.db).get(name);
    let name = value.map_or("none", |value| value.type_name());
    call.reply.simple(name);
    Ok(())
}

/// `KEYS pattern`: every key that matches. It looks at all of them at once, and everybody waits for it: `SCAN`
/// is the better one where there are many. <https://redis.io/docs/latest/commands/keys/>
pub fn keys(call: &mut Call<'_>) -> Outcome {
    let pattern = call.arg(1)?;
    let all = pattern == b"*";
    let mut found: Vec<SmallBytes> = Vec::new();
    call.server.db(call.db).scan(0, usize::MAX, |key, _| {
        if all || glob::matches(pattern, key, Case::Sensitive) {
            found.push(key.into());
        }
    });
    call.reply.array(found.len());
    for key in &found {
        call.reply.bulk(key);
    }
    Ok(())
}

/// `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`: some keys, and the cursor to go on with; 0 at the end. A key that is there
/// from the first step to the last is listed at least once. <https://redis.io/docs/latest/commands/scan/>
pub fn scan(call: &mut Call<'_>) -> Outcome {
    let cursor = scan::cursor(call.arg(1)?)?;
    let scan = Scan::parse(call.args, 2, true)?;
    let db = call.server.db(call.db);
    scan.step(call.reply, |limit, show| {
        db.scan(cursor, limit, |key, value| {
            if scan.wants_type(value.type_name()) {
                show(&[key]);
            }
        })
    });
    Ok(())
}

/// How often RANDOMKEY tries again when it has drawn a key whose time is up.
const DRAWS: usize = 100;

/// `RANDOMKEY`: any key, each with the same chance. <https://redis.io/docs/latest/commands/randomkey/>
pub fn randomkey(call: &mut Call<'_>) -> Outcome {
    let db = call.server.db(call.db);
    let mut random = rand::rng();
    for _ in 0..DRAWS {
        if db.is_empty() {
            break;
        }
        let drawn = db.nth_key(random.random_range(0..db.len()));
        if let Some(key) = drawn
            && db.type_name(&key) != "none"
        {
            call.reply.bulk(&key);
            return Ok(());
        }
    }
    call.reply.null();
    Ok(())
}
