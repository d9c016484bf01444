//! Fingerprints of data, as redis-server makes them: equal ones for equal data, whichever server has it.

use crate::commands::{Call, Outcome};
use crate::keyspace::Value;
use crate::keyspace::digest::Digest;
use std::convert::Infallible;

/// `DEBUG DIGEST`: of all keys. They have no order, so that theirs are added; the number of a database comes before its keys.
pub fn all(call: &mut Call<'_>) -> Outcome {
    let mut all = Digest::default();
    for (number, db) in call.server.databases().iter().enumerate() {
        if db.is_empty() {
            continue;
        }
        all.mix(&(number as u32).to_be_bytes());
        let Ok(()) = db.image().consume(|key, value, deadline| {
            let mut digest = Digest::default();
            digest.mix(key);
            mix_value(&mut digest, value, deadline.is_some());
            all.add(&digest.0);
            Ok::<(), Infallible>(())
        });
    }
    call.reply.simple(&all.to_string());
    Ok(())
}

/// `DEBUG DIGEST-VALUE [key ...]`: of what each key holds; zeros where it holds nothing.
pub fn values(call: &mut Call<'_>) -> Outcome {
    call.reply.array(call.args.len() - 2);
    for key in call.args.from(2) {
        let mut digest = Digest::default();
        let slot = call.server.db(call.db).for_write(key);
        if let Some(value) = slot.value() {
            mix_value(&mut digest, value, slot.deadline().is_some());
        }
        call.reply.simple(&digest.to_string());
    }
    Ok(())
}

/// Redis's numbers of types are their places here.
const TYPES: [&str; 7] = ["string", "list", "set", "zset", "hash", "module", "stream"];

fn mix_value(digest: &mut Digest, value: &Value, expires: bool) {
    let number = TYPES.iter().position(|name| *name == value.type_name());
    digest.mix(&(number.unwrap_or(TYPES.len()) as u32).to_be_bytes());
    value.digest(digest);
    if expires {
        digest.add(b"!!expire!!");
    }
}
