//! The tests by name, as redis-benchmark has them.

use super::command::Command;

/// A command to measure, under the name that redis-benchmark gives it.
#[derive(Debug, PartialEq, Eq)]
pub struct Test {
    /// What `-t` calls it; empty for what only prepares other tests.
    pub name: &'static str,
    /// What the report calls it.
    pub title: &'static str,
    /// The command and its arguments; empty for `PING` as an inline command.
    args: &'static [&'static str],
    /// Tests whose name begins so need this one before them.
    pub prepares: Option<&'static str>,
}

/// Every test, in the order in which they run.
#[rustfmt::skip]
pub static TESTS: &[Test] = &[
    test("ping_inline", "PING_INLINE", &[]),
    test("ping_mbulk", "PING_MBULK", &["PING"]),
    test("set", "SET", &["SET", "key:__rand_int__", "__data__"]),
    test("get", "GET", &["GET", "key:__rand_int__"]),
    test("incr", "INCR", &["INCR", "counter:__rand_int__"]),
    test("lpush", "LPUSH", &["LPUSH", "mylist", "__data__"]),
    test("rpush", "RPUSH", &["RPUSH", "mylist", "__data__"]),
    test("lpop", "LPOP", &["LPOP", "mylist"]),
    test("rpop", "RPOP", &["RPOP", "mylist"]),
    test("sadd", "SADD", &["SADD", "myset", "element:__rand_int__"]),
    test("hset", "HSET", &["HSET", "myhash", "element:__rand_int__", "__data__"]),
    test("spop", "SPOP", &["SPOP", "myset"]),
    test("zadd", "ZADD", &["ZADD", "myzset", "__rand_int__", "element:__rand_int__"]),
    test("zpopmin", "ZPOPMIN", &["ZPOPMIN", "myzset"]),
    Test {
        prepares: Some("lrange_"),
        ..test("", "LPUSH (needed to benchmark LRANGE)", &["LPUSH", "mylist", "__data__"])
    },
    test("lrange_100", "LRANGE_100 (first 100 elements)", &["LRANGE", "mylist", "0", "99"]),
    test("lrange_300", "LRANGE_300 (first 300 elements)", &["LRANGE", "mylist", "0", "299"]),
    test("lrange_500", "LRANGE_500 (first 500 elements)", &["LRANGE", "mylist", "0", "499"]),
    test("lrange_600", "LRANGE_600 (first 600 elements)", &["LRANGE", "mylist", "0", "599"]),
    test("mset", "MSET (10 keys)", MSET),
];

#[rustfmt::skip]
const MSET: &[&str] = &[
    "MSET",
    "key:__rand_int__", "__data__", "key:__rand_int__", "__data__", "key:__rand_int__", "__data__",
    "key:__rand_int__", "__data__", "key:__rand_int__", "__data__", "key:__rand_int__", "__data__",
    "key:__rand_int__", "__data__", "key:__rand_int__", "__data__", "key:__rand_int__", "__data__",
    "key:__rand_int__", "__data__",
];

const fn test(name: &'static str, title: &'static str, args: &'static [&'static str]) -> Test {
    Test {
        name,
        title,
        args,
        prepares: None,
    }
}

impl Test {
    /// Its command.
    pub fn command(&self) -> Command {
        Command::of(self.args.iter().copied())
    }
}

/// The test with this name, in whatever case it is written.
pub fn find(name: &str) -> Option<&'static Test> {
    let named = TESTS.iter().filter(|test| !test.name.is_empty());
    named
        .into_iter()
        .find(|test| test.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_in_any_case_and_the_nameless_one_is_not() {
        assert_eq!(find("lrange_100"), find("LRANGE_100"));
        assert_eq!(find("SET").unwrap().title, "SET");
        assert!(find("").is_none() && find("nonsense").is_none());
    }

    #[test]
    fn ten_keys_have_ten_values() {
        let mset = find("mset").unwrap().command();
        assert_eq!(mset.args.len(), 21);
        assert!(mset.has_data());
    }
}
