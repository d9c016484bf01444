//! Random glob patterns, answered by a real redis-server through KEYS.

mod redis;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use redis::Redis;
use std::collections::BTreeSet;
use step06_commands_persistence::glob::{Case, matches};

fn draw(random: &mut StdRng, letters: &[u8], longest: usize) -> Vec<u8> {
    let len = random.random_range(1..=longest);
    (0..len)
        .map(|_| letters[random.random_range(0..letters.len())])
        .collect()
}

#[test]
fn keys_finds_what_redis_server_finds() {
    let Some(mut redis) = Redis::start(&[]) else {
        return;
    };
    let mut random = StdRng::seed_from_u64(42);
    let mut keys: BTreeSet<Vec<u8>> = (0..400)
        .map(|_| draw(&mut random, b"abAZ^]-\\[*?\x80\xff\0", 5))
        .collect();
    keys.insert(Vec::new());
    for key in &keys {
        redis.ask(&[b"SET", key, b"v"]);
    }
    for _ in 0..2_000 {
        let pattern = draw(&mut random, b"abAZ*?[]^-\\\x80\xff\0", 9);
        let found: BTreeSet<Vec<u8>> = redis.ask(&[b"KEYS", &pattern]).into_iter().collect();
        let expected: BTreeSet<Vec<u8>> = keys
            .iter()
            .filter(|key| pattern == b"*" || matches(&pattern, key, Case::Sensitive))
            .cloned()
            .collect();
        assert_eq!(expected, found, "{}", pattern.escape_ascii());
    }
}
