//! What COMMAND tells of the table, held against a real redis-server, byte for byte.

mod redis;

use redis::Redis;
use std::net::{Ipv4Addr, SocketAddr};
use step06_commands_persistence::clock::Clock;
use step06_commands_persistence::command::{Command, Table};
use step06_commands_persistence::commands::row::*;
use step06_commands_persistence::commands::table::TABLE;
use step06_commands_persistence::commands::{Call, Outcome};
use step06_commands_persistence::config::Config;
use step06_commands_persistence::server::Server;
use step06_commands_persistence::session::Session;

/// A server without a socket, and one client.
struct Ours {
    server: Server,
    session: Session,
}

impl Ours {
    fn start(table: &'static Table) -> Self {
        let mut server = Server::new(Config::standard(), Clock::system(), table);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let session = Session::connect(&mut server, (address, address));
        Self { server, session }
    }

    /// The reply to a line of words, as it was sent.
    fn ask(&mut self, line: &str) -> String {
        let mut reply = Vec::new();
        let input = self.session.input();
        input.extend_from_slice(format!("{line}\r\n").as_bytes());
        while self.session.parse() {
            self.session.execute(&mut self.server);
            reply.extend(self.session.output().to_vec());
            self.session.sent(self.session.output().len());
        }
        String::from_utf8(reply).unwrap()
    }
}

/// Says both who they are, and compares what both answer to each line.
fn compare(ours: &mut Ours, redis: &mut Redis, lines: &[String]) {
    for protocol in ["HELLO 2", "HELLO 3"] {
        ours.ask(protocol);
        redis.raw(protocol);
        for line in lines {
            assert_eq!(ours.ask(line), redis.raw(line), "{line}");
        }
    }
}

/// Compares all that COMMAND INFO tells, but for the subcommands of a container: these are asked for one by one, as their
/// order is random in Redis, and as there may be more of them.
fn compare_info(table: &'static Table) {
    let Some(mut redis) = Redis::start(&["--save", ""]) else {
        return;
    };
    let mut ours = Ours::start(table);
    for protocol in ["HELLO 2", "HELLO 3"] {
        ours.ask(protocol);
        redis.raw(protocol);
        for row in table.all() {
            let line = format!("COMMAND INFO {}", row.name);
            let (mine, its) = (ours.ask(&line), redis.raw(&line));
            if row.is(CONTAINER) {
                let own = |reply: &str| {
                    let end = reply.find(&format!("{}|", row.name)).unwrap();
                    reply[..end].rsplitn(5, "\r\n").last().map(String::from)
                };
                assert_eq!(own(&mine), own(&its), "{line}");
            } else {
                assert_eq!(mine, its, "{line}");
            }
        }
    }
}

#[test]
fn every_row_says_what_redis_says() {
    compare_info(&TABLE);
}

#[test]
fn every_row_names_group_and_version_of_redis() {
    let Some(mut redis) = Redis::start(&["--save", ""]) else {
        return;
    };
    for row in TABLE.all() {
        let docs = redis.raw(&format!("COMMAND DOCS {}", row.name));
        let field = |name: &str| {
            let (_, rest) = docs.split_once(&format!("\r\n{name}\r\n$")).unwrap();
            rest.split("\r\n").nth(1).unwrap()
        };
        assert_eq!((row.since, row.group), (field("since"), field("group")));
    }
}

#[test]
fn keys_are_found_where_redis_finds_them() {
    let Some(mut redis) = Redis::start(&["--save", ""]) else {
        return;
    };
    let requests = [
        "SET k v",
        "SET k v GET",
        "set k v ex 10 get",
        "SET k GET",
        "GET k",
        "GET k k",
        "DEL a b c",
        "MSET a 1 b 2",
        "MSET a 1 b",
        "RENAME a b",
        "COPY a b DB 1",
        "MOVE a 1",
        "SWAPDB 0 1",
        "OBJECT ENCODING a",
        "MEMORY USAGE a",
        "SORT a BY b GET c STORE d LIMIT 1 2 store e",
        "SORT a BY store GET store STORE d",
        "SORT a LIMIT STORE b STORE c",
        "SORT a STORE",
        "SORT_RO a BY b STORE c",
        "RENAME a",
        "BLPOP a b 0",
        "BLPOP a",
        "LPUSH l get",
        "PING x",
        "CLIENT ID",
        "CLIENT NOPE",
        "CONFIG GET x",
        "NOPE x",
        "SETNX k v",
        "EXISTS a a",
    ];
    compare_keys(&mut Ours::start(&TABLE), &mut redis, &requests);
}

fn compare_keys(ours: &mut Ours, redis: &mut Redis, requests: &[&str]) {
    let lines: Vec<String> = ["GETKEYS", "GETKEYSANDFLAGS"]
        .iter()
        .flat_map(|how| {
            requests
                .iter()
                .map(move |line| format!("COMMAND {how} {line}"))
        })
        .collect();
    compare(ours, redis, &lines);
}

#[test]
fn filters_take_what_they_take_in_redis() {
    let Some(mut redis) = Redis::start(&["--save", ""]) else {
        return;
    };
    let mut ours = Ours::start(&TABLE);
    let categories = acl::NAMES
        .split(' ')
        .map(|name| format!("ACLCAT {}", &name[1..]));
    let patterns = ["*", "client|*", "S*", "[abc]*", "*|g?t", "nothing"];
    let patterns = patterns.iter().map(|pattern| format!("PATTERN {pattern}"));
    let filters = categories
        .chain(patterns)
        .map(|filter| format!("FILTERBY {filter}"));
    for filter in filters.chain([String::new()]) {
        let line = format!("COMMAND LIST {filter}");
        let names = |reply: &str| {
            let mut names: Vec<String> = reply.split("\r\n").map(String::from).collect();
            names.retain(|name| TABLE.find(name.as_bytes(), u8::MAX).is_some());
            names.sort();
            names
        };
        assert_eq!(names(&ours.ask(&line)), names(&redis.raw(&line)), "{line}");
    }
    let lines = [
        "COMMAND LIST FILTERBY ACLCAT @string",
        "COMMAND LIST filterby MODULE json",
        "COMMAND LIST FILTERBY PATTERN ECHO",
        "COMMAND LIST FILTERBY NOPE x",
        "COMMAND LIST FILTERBY ACLCAT",
        "COMMAND LIST NOPE",
        "COMMAND INFO nope",
        "COMMAND DOCS nope",
        "COMMAND NOPE",
        "COMMAND COUNT x",
    ];
    compare(&mut ours, &mut redis, &lines.map(String::from));
}

fn nothing(_: &mut Call<'_>) -> Outcome {
    Ok(())
}

const fn of(group: &'static str, categories: u32, row: Row) -> Command {
    row.of(group, categories).command
}

/// Commands with keys in all places that a specification can name, whether or not the table has them.
static UNUSUAL: &[Command] = &[
    of(
        "sorted-set",
        acl::SORTEDSET,
        CH0.read("zunion", -3, nothing, SLOW, NO_KEY)
            .keys(counted(1, RO | ACCESS)),
    ),
    of(
        "sorted-set",
        acl::SORTEDSET,
        CH0.write("zunionstore", -4, nothing, DENYOOM, OW | UPDATE)
            .keys(counted(2, RO | ACCESS)),
    ),
    of(
        "stream",
        acl::STREAM,
        CH0.read("xread", -4, nothing, BLOCKING, NO_KEY)
            .keys(key_behind("STREAMS", 1, RO | ACCESS))
            .half(),
    ),
    of(
        "geo",
        acl::GEO,
        CH0.write("georadius", -6, nothing, DENYOOM, RO | ACCESS)
            .keys(key_behind("STORE", 6, OW | UPDATE))
            .keys(key_behind("STOREDIST", 6, OW | UPDATE)),
    ),
    of(
        "bitmap",
        acl::BITMAP,
        CH0.write("bitop", -4, nothing, DENYOOM, NO_KEY)
            .keys(key(2, OW | UPDATE))
            .keys(key(3, RO | ACCESS))
            .to(-1),
    ),
    of(
        "scripting",
        acl::SCRIPTING,
        CH0.plain("eval", -3, nothing, NOSCRIPT | STALE | SKIP_MONITOR | NO_MANDATORY_KEYS)
            .keys(counted(2, RW | ACCESS | UPDATE))
            .notes("We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"),
    ),
    of(
        "pubsub",
        0,
        CH0.plain("spublish", 3, nothing, PUBSUB | ANYTIME | FAST)
            .keys(key(1, NOT_KEY)),
    ),
    of(
        "generic",
        acl::KEYSPACE,
        CH0.write("migrate", -6, nothing, SLOW, NO_KEY)
            .keys(key(3, TAKE))
            .keys(key_behind("KEYS", -2, TAKE | INCOMPLETE))
            .to(-1)
            .acl(acl::KEYSPACE | acl::DANGEROUS)
            .tips(&["nondeterministic_output"]),
    ),
    of(
        "generic",
        acl::KEYSPACE,
        CH0.read("sort_ro", -2, nothing, SLOW, RO | ACCESS)
            .keys(unknown(RO | ACCESS))
            .notes(
                "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive \
                 from the content of the key we sort",
            )
            .acl(acl::SET | acl::SORTEDSET | acl::LIST | acl::DANGEROUS),
    ),
];

static UNUSUAL_TABLE: Table = Table::new(UNUSUAL);

#[test]
fn specifications_say_what_redis_says() {
    compare_info(&UNUSUAL_TABLE);
}

#[test]
fn specifications_find_what_redis_finds() {
    let Some(mut redis) = Redis::start(&["--save", ""]) else {
        return;
    };
    let requests = [
        "ZUNION 2 a b",
        "ZUNION 1 a b WEIGHTS 2",
        "ZUNION 3 a b",
        "ZUNION 0 a",
        "ZUNION -1 a",
        "ZUNION x a",
        "ZUNION 9223372036854775807 a",
        "ZUNION 2147483648 a",
        "ZUNIONSTORE d 2 a b",
        "ZUNIONSTORE d 0 a",
        "XREAD STREAMS a 0",
        "XREAD COUNT 2 BLOCK 0 streams a b 0 0",
        "XREAD STREAMS a b 0",
        "XREAD COUNT 1 BLOCK 0",
        "XREAD STREAMS STREAMS 0",
        "XREAD COUNT 1 STREAMS",
        "XREAD a STREAMS b",
        "GEORADIUS g 1 2 3 km STORE d",
        "GEORADIUS g 1 2 3 km ASC storedist d",
        "GEORADIUS g 1 2 3 km STORE a STOREDIST b",
        "GEORADIUS g 1 2 3 km STORE",
        "GEORADIUS g 1 2 3 STORE d",
        "BITOP AND d a b",
        "BITOP NOT d",
        "EVAL s 0",
        "EVAL s 2 a b c",
        "EVAL s 2 a",
        "EVAL s x a",
        "SPUBLISH c m",
    ];
    compare_keys(&mut Ours::start(&UNUSUAL_TABLE), &mut redis, &requests);
}
