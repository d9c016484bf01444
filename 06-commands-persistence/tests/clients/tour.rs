//! A tour of the server as a user of the `redis` crate takes it. What comes back must be what its users expect.

use redis::geo::{Coord, RadiusOptions, RadiusOrder, RadiusSearchResult, Unit};
use redis::streams::{
    StreamMaxlen, StreamPendingReply, StreamRangeReply, StreamReadOptions, StreamReadReply,
};
use redis::{
    Connection, Direction, Expiry, FromRedisValue, IntegerReplyOrNoOp, LposOptions, RedisResult,
    SetExpiry, SetOptions, TypedCommands, ValueType, cmd,
};
use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::num::NonZeroUsize;

/// Goes through all groups of commands, on a server at this URL.
pub fn tour(url: &str) {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_connection().unwrap();
    for group in [
        strings,
        bits,
        lists,
        hashes,
        sets,
        sorted_sets,
        keys,
        streams,
        geo,
        hyperloglog,
        scans,
        pipelines,
    ] {
        connection.flushall().unwrap();
        group(&mut connection);
    }
    waiting(&client, &mut connection);
}

#[track_caller]
fn same<T: PartialEq + Debug>(found: RedisResult<T>, wanted: T) {
    assert_eq!(found.unwrap(), wanted);
}

#[track_caller]
fn refused<T: Debug>(found: RedisResult<T>, code: &str) {
    assert_eq!(found.unwrap_err().code(), Some(code));
}

/// Runs a command for which the crate has no method.
fn run<T: FromRedisValue>(r: &mut Connection, command: &str) -> RedisResult<T> {
    let mut words = command.split(' ');
    let mut command = cmd(words.next().unwrap_or_default());
    words.for_each(|word| {
        command.arg(word);
    });
    command.query(r)
}

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

fn list<const N: usize>(elements: [&str; N]) -> Vec<String> {
    elements.map(String::from).into()
}

fn set<const N: usize>(members: [&str; N]) -> HashSet<String> {
    members.map(String::from).into()
}

fn pair<T>(name: &str, value: T) -> (String, T) {
    (name.into(), value)
}

fn strings(r: &mut Connection) {
    same(r.set("s", "value"), ());
    same(r.get("s"), some("value"));
    same(r.get("none"), None);
    let options = SetOptions::default()
        .with_expiration(SetExpiry::EX(100))
        .get(true);
    same(r.set_options("s", "x", options), some("value"));
    assert!(matches!(
        r.ttl("s"),
        Ok(IntegerReplyOrNoOp::IntegerReply(1..=100))
    ));
    same(r.get_ex("s", Expiry::PERSIST), some("x"));
    same(r.ttl("s"), IntegerReplyOrNoOp::ExistsButNotRelevant);
    same(r.get_del("s"), some("x"));
    same(r.set_nx("n", 5), true);
    same(r.incr("n", 10), 15);
    same(r.decr("n", 20), -5);
    same(run(r, "INCRBYFLOAT n 0.5"), -4.5);
    refused(r.incr("n", 1), "ERR");
    same(r.append("a", "Hello World"), 11);
    same(r.getrange("a", -5, -1), "World".into());
    same(r.setrange("a", 6, "Redis"), 11);
    same(r.strlen("a"), 11);
    same(r.getset("a", "b"), some("Hello Redis"));
    same(r.mset(&[("m1", 1), ("m2", 2)]), ());
    same(r.mget(&["m1", "none"]), vec![some("1"), None]);
    same(r.mset_nx(&[("m2", 0), ("m3", 0)]), false);
    same(run(r, "LCS m1 m1"), "1".to_owned());
    let bytes = vec![0, 255, 13, 10, 0];
    same(r.set("bytes", &bytes[..]), ());
    same(redis::Commands::get::<_, Vec<u8>>(r, "bytes"), bytes);
}

fn bits(r: &mut Connection) {
    same(r.setbit("b", 7, true), false);
    same(r.getbit("b", 7), true);
    same(r.set("b", "foobar"), ());
    same(r.bitcount("b"), 26);
    same(r.bitcount_range("b", 1, 1), 6);
    same(run(r, "BITPOS b 0 1"), 8);
    same(r.set("c", "abcdef"), ());
    same(r.bit_and("d", &["b", "c"]), 6);
    same(r.get("d"), some("`bc`ab"));
    let fields = run(r, "BITFIELD f SET u8 0 250 OVERFLOW FAIL INCRBY u8 0 10");
    same(fields, vec![Some(0), None]);
    same(run(r, "BITFIELD_RO f GET u8 0"), vec![250]);
}

fn lists(r: &mut Connection) {
    same(r.rpush("l", &["a", "b", "c"]), 3);
    same(r.lpush("l", &["x", "y"]), 5);
    same(r.lrange("l", 0, -1), list(["y", "x", "a", "b", "c"]));
    same(r.lpush_exists("none", "a"), 0);
    same(r.rpush_exists("l", "c"), 6);
    same(r.lindex("l", -1), some("c"));
    same(r.lset("l", 0, "z"), ());
    same(r.linsert_before("l", "a", "w"), 7);
    same(r.linsert_after("l", "no such", "w"), -1);
    same(r.lpos("l", "c", LposOptions::default().rank(-1)), Some(6));
    same(
        r.lpos("l", "c", LposOptions::default().count(0)),
        vec![5, 6],
    );
    same(r.lrem("l", 1, "c"), 1);
    same(r.ltrim("l", 0, 4), ());
    same(r.lpop("l", None), some("z"));
    same(r.rpop("l", NonZeroUsize::new(2)), list(["b", "a"]));
    same(
        r.lmove("l", "m", Direction::Left, Direction::Right),
        "x".into(),
    );
    same(r.rpoplpush("l", "m"), some("w"));
    let popped = Some(("m".into(), vec!["w".into(), "x".into()]));
    same(r.lmpop(2, &["l", "m"], Direction::Left, 5), popped);
    same(r.lmpop(1, "none", Direction::Left, 1), None);
    same(r.rpush("l", 1), 1);
    refused(r.incr("l", 1), "WRONGTYPE");
}

fn waiting(client: &redis::Client, r: &mut Connection) {
    same(r.blpop("none", 0.01), None);
    same(
        r.blmove("none", "x", Direction::Left, Direction::Left, 0.01),
        None,
    );
    let mut other = client.get_connection().unwrap();
    let waiter = std::thread::spawn(move || other.brpop(&["none", "l"], 20.0));
    while run::<redis::InfoDict>(r, "INFO clients")
        .unwrap()
        .get("blocked_clients")
        != Some(1)
    {}
    same(r.rpush("l", &["a", "b"]), 2);
    same(waiter.join().unwrap(), Some(["l".into(), "b".into()]));
    same(r.lrange("l", 0, -1), list(["a"]));
}

fn hashes(r: &mut Connection) {
    same(r.hset_multiple("h", &[("a", "1"), ("b", "two")]), ());
    same(r.hset("h", "a", 3), 0);
    same(r.hget("h", "a"), some("3"));
    same(r.hget("h", "none"), None);
    same(
        redis::Commands::hmget(r, "h", &["a", "none"]),
        (some("3"), None::<String>),
    );
    same(
        r.hgetall("h"),
        HashMap::from([pair("a", "3".to_owned()), pair("b", "two".to_owned())]),
    );
    same(r.hgetall("none"), HashMap::new());
    same(r.hset_nx("h", "a", 0), false);
    same(r.hexists("h", "a"), true);
    same(run(r, "HSTRLEN h b"), 3);
    same(r.hincr("h", "a", -5), -2.0);
    same(r.hincr("h", "a", 2.25), 0.25);
    refused(r.hincr("h", "b", 1), "ERR");
    same(r.hkeys("h").map(HashSet::from_iter), set(["a", "b"]));
    same(r.hvals("h").map(HashSet::from_iter), set(["0.25", "two"]));
    same(run(r, "HRANDFIELD h 5"), set(["a", "b"]));
    let values = run::<Vec<(String, String)>>(r, "HRANDFIELD h 5 WITHVALUES");
    same(values.map(|values| values.len()), 2);
    same(r.hdel("h", &["a", "none"]), 1);
    same(r.hlen("h"), 1);
}

fn sets(r: &mut Connection) {
    same(r.sadd("s1", &["a", "b", "c"]), 3);
    same(r.sadd("s2", &["b", "c", "d"]), 3);
    same(r.smembers("s1"), set(["a", "b", "c"]));
    same(r.sismember("s1", "a"), true);
    same(r.smismember("s1", &["a", "z"]), vec![true, false]);
    same(r.sinter(&["s1", "s2"]), set(["b", "c"]));
    same(r.sunion(&["s1", "s2"]), set(["a", "b", "c", "d"]));
    same(r.sdiff(&["s1", "s2"]), set(["a"]));
    same(run(r, "SINTERCARD 2 s1 s2 LIMIT 1"), 1);
    same(r.sinterstore("s3", &["s1", "s2"]), 2);
    same(r.sunionstore("s3", &["s1", "s2"]), 4);
    same(r.sdiffstore("s3", &["s2", "s1"]), 1);
    same(r.smove("s1", "s3", "a"), true);
    same(
        r.srandmember_multiple("s3", -5)
            .map(|members| members.len()),
        5,
    );
    same(run(r, "SPOP s3 5"), set(["a", "d"]));
    same(r.spop("s3"), None::<String>);
    same(r.srem("s1", &["b", "z"]), 1);
    same(r.scard("s1"), 1);
}

fn sorted_sets(r: &mut Connection) {
    same(
        r.zadd_multiple("z", &[(1.0, "a"), (2.5, "b"), (f64::INFINITY, "c")]),
        3,
    );
    same(run(r, "ZADD z GT CH 5 a"), 1);
    same(r.zincr("z", "a", -4), 1.0);
    same(r.zscore("z", "c"), Some(f64::INFINITY));
    same(run(r, "ZMSCORE z b none"), vec![Some(2.5), None]);
    same(r.zcount("z", "(1", "+inf"), 2);
    same(r.zrank("z", "b"), Some(1));
    same(r.zrevrank("z", "none"), None);
    let pairs = [pair("a", 1.0), pair("b", 2.5), pair("c", f64::INFINITY)];
    same(r.zrange_withscores("z", 0, -1), pairs.into());
    same(
        run(r, "ZRANGE z +inf (1 BYSCORE REV LIMIT 1 5"),
        list(["b"]),
    );
    same(r.zrangebyscore("z", 0, 3), list(["a", "b"]));
    same(r.zrevrangebyscore("z", 3, 0), list(["b", "a"]));
    same(r.zadd_multiple("lex", &[(0, "a"), (0, "b"), (0, "c")]), 3);
    same(r.zrangebylex("lex", "-", "(c"), list(["a", "b"]));
    same(r.zlexcount("lex", "[b", "+"), 2);
    same(r.zrembylex("lex", "[a", "[a"), 1);
    same(r.zremrangebyrank("lex", 0, 0), 1);
    same(r.zrembyscore("lex", 0, 0), 1);
    same(r.zadd_multiple("y", &[(10, "b"), (20, "d")]), 2);
    same(
        run(r, "ZUNION 2 z y WEIGHTS 1 2"),
        list(["a", "b", "d", "c"]),
    );
    same(run(r, "ZINTER 2 z y WITHSCORES"), vec![pair("b", 12.5)]);
    same(run(r, "ZDIFF 2 z y"), list(["a", "c"]));
    same(r.zunionstore_max("out", &["z", "y"]), 4);
    same(r.zinterstore("out", &["z", "y"]), 1);
    same(run(r, "ZDIFFSTORE out 2 z y"), 2);
    same(run(r, "ZRANGESTORE out z 0 1"), 2);
    same(run(r, "ZINTERCARD 2 z y"), 1);
    let picked = run::<Vec<(String, f64)>>(r, "ZRANDMEMBER z -4 WITHSCORES");
    same(picked.map(|members| members.len()), 4);
    same(
        r.zmpop_max(&["none", "z"], 1),
        Some(("z".into(), vec![pair("c", f64::INFINITY)])),
    );
    same(r.bzpopmin("z", 1.0), Some(("z".into(), "a".into(), 1.0)));
    same(run(r, "ZPOPMAX z"), ("b".to_owned(), 2.5));
    same(r.bzpopmax("z", 0.01), None);
    same(r.zrem("y", &["b", "none"]), 1);
    same(r.zcard("y"), 1);
}

fn keys(r: &mut Connection) {
    same(r.mset(&[("k:1", 1), ("k:2", 2), ("k:3", 3)]), ());
    same(
        r.keys("k:*").map(HashSet::from_iter),
        set(["k:1", "k:2", "k:3"]),
    );
    same(r.key_type("k:1"), ValueType::String);
    same(r.del(&["k:1", "none"]), 1);
    same(r.unlink("k:2"), 1);
    same(r.exists("k:2"), false);
    same(r.rename("k:3", "k:4"), ());
    same(r.rename_nx("k:4", "k:4"), false);
    refused(r.rename("none", "x"), "ERR");
    same(run(r, "COPY k:4 k:5"), 1);
    same(r.pexpire("k:5", 90_000), true);
    same(run(r, "EXPIRE k:5 10 GT"), 0);
    same(r.persist("k:5"), true);
    same(r.ttl("none"), IntegerReplyOrNoOp::NotExists);
    same(r.object_encoding("k:4"), some("int"));
    let dump: Vec<u8> = run(r, "DUMP k:4").unwrap();
    let restore = |r: &mut Connection| cmd("RESTORE").arg("k:6").arg(0).arg(&dump).exec(r);
    same(restore(r), ());
    same(r.get("k:6"), some("3"));
    refused(restore(r), "BUSYKEY");
    same(r.rpush("sort", &[3, 1, 2]), 3);
    same(run(r, "SORT sort DESC"), vec![3, 2, 1]);
    same(
        run(r, "SORT sort BY k:* GET # GET none:*"),
        vec![Some(1), None, Some(2), None, Some(3), None],
    );
    same(run(r, "SORT sort ALPHA STORE sorted"), 3);
    same(run(r, "MOVE k:6 1"), 1);
    same(run(r, "SWAPDB 0 1"), ());
    same(r.get("k:6"), some("3"));
    same(run(r, "DBSIZE"), 1);
}

fn streams(r: &mut Connection) {
    same(r.xadd("x", "1-1", &[("a", 1), ("b", 2)]), some("1-1"));
    same(
        r.xadd_maxlen("x", StreamMaxlen::Approx(100), "2-*", &[("a", 2)]),
        some("2-0"),
    );
    refused(r.xadd("x", "1-1", &[("a", 1)]), "ERR");
    same(r.xlen("x"), 2);
    let found: StreamRangeReply = r.xrange_count("x", "-", "+", 1).unwrap();
    let first = &found.ids[0];
    assert_eq!(
        (first.id.as_str(), first.get::<i64>("b"), found.ids.len()),
        ("1-1", Some(2), 1)
    );
    let options = StreamReadOptions::default().count(5).block(10);
    let read = r
        .xread_options(&["x"], &["1-1"], &options)
        .unwrap()
        .unwrap();
    assert_eq!(
        (read.keys[0].key.as_str(), read.keys[0].ids[0].id.as_str()),
        ("x", "2-0")
    );
    assert!(
        r.xread_options(&["x"], &["$"], &options)
            .unwrap()
            .is_none_or(|read| read.keys.is_empty())
    );
    same(r.xgroup_create("x", "g", "0"), ());
    refused(r.xgroup_create("x", "g", "0"), "BUSYGROUP");
    let read: StreamReadReply = run(r, "XREADGROUP GROUP g c1 STREAMS x >").unwrap();
    assert_eq!(read.keys[0].ids.len(), 2);
    let StreamPendingReply::Data(pending) = r.xpending("x", "g").unwrap() else {
        panic!("two entries are pending");
    };
    assert_eq!(
        (
            pending.count,
            pending.start_id.as_str(),
            pending.end_id.as_str()
        ),
        (2, "1-1", "2-0")
    );
    assert_eq!(
        (
            pending.consumers[0].name.as_str(),
            pending.consumers[0].pending
        ),
        ("c1", 2)
    );
    same(r.xack("x", "g", &["1-1"]), 1);
    same(
        r.xclaim("x", "g", "c2", 0, &["2-0"])
            .map(|claimed| claimed.ids.len()),
        1,
    );
    same(
        run(r, "XAUTOCLAIM x g c3 0 - JUSTID"),
        (
            "0-0".to_owned(),
            vec!["2-0".to_owned()],
            Vec::<String>::new(),
        ),
    );
    let info = r.xinfo_stream("x").unwrap();
    assert_eq!(
        (info.length, info.last_generated_id.as_str(), info.groups),
        (2, "2-0", 1)
    );
    let groups = r.xinfo_groups("x").unwrap().groups;
    assert_eq!(
        (
            groups[0].name.as_str(),
            groups[0].consumers,
            groups[0].pending
        ),
        ("g", 3, 1)
    );
    same(
        r.xinfo_consumers("x", "g")
            .map(|found| found.consumers.len()),
        3,
    );
    same(r.xgroup_destroy("x", "g"), true);
    same(r.xdel("x", &["1-1"]), 1);
    same(r.xtrim("x", StreamMaxlen::Equals(0)), 1);
}

fn geo(r: &mut Connection) {
    let cities = [
        (Coord::lon_lat("13.361389", "38.115556"), "Palermo"),
        (Coord::lon_lat("15.087269", "37.502669"), "Catania"),
    ];
    same(r.geo_add("g", &cities), 2);
    same(
        r.geo_dist("g", "Palermo", "Catania", Unit::Kilometers),
        Some(166.2742),
    );
    same(r.geo_hash("g", "Palermo"), list(["sqc8b49rny0"]));
    let found = r.geo_pos("g", &["Palermo", "none"]).unwrap();
    assert!((found[0].as_ref().unwrap().longitude - 13.361_389_338_97).abs() < 1e-9);
    assert!(found[1].is_none());
    let options = RadiusOptions::default().with_dist().order(RadiusOrder::Asc);
    let found: Vec<RadiusSearchResult> = r
        .geo_radius("g", 15.0, 37.0, 200.0, Unit::Kilometers, options)
        .unwrap();
    assert_eq!(
        (found[0].name.as_str(), found[1].name.as_str()),
        ("Catania", "Palermo")
    );
    assert!((found[0].dist.unwrap() - 56.4413).abs() < 1e-3);
    let found = run(
        r,
        "GEOSEARCH g FROMMEMBER Palermo BYBOX 400 400 km ASC WITHDIST",
    );
    same(found, vec![pair("Palermo", 0.0), pair("Catania", 166.2742)]);
    same(
        run(r, "GEOSEARCHSTORE g2 g FROMLONLAT 15 37 BYRADIUS 100 km"),
        1,
    );
}

fn hyperloglog(r: &mut Connection) {
    same(r.pfadd("p", &["a", "b", "c"]), true);
    same(r.pfadd("p", "a"), false);
    same(r.pfadd("q", &["c", "d"]), true);
    same(r.pfcount(&["p", "q"]), 4);
    same(r.pfmerge("all", &["p", "q"]), ());
    same(r.pfcount("all"), 4);
}

fn scans(r: &mut Connection) {
    let names: HashSet<String> = (0..1000).map(|number| format!("key:{number}")).collect();
    let pairs: Vec<(&String, i64)> = names.iter().zip(0..).collect();
    same(r.mset(&pairs), ());
    same(r.sadd("s", &names), 1000);
    same(r.hset_multiple("h", &pairs), ());
    let scored: Vec<(i64, &String)> = pairs
        .iter()
        .map(|(name, number)| (*number, *name))
        .collect();
    same(r.zadd_multiple("z", &scored), 1000);
    let found: HashSet<String> = r.scan_match("key:*").unwrap().map(Result::unwrap).collect();
    assert_eq!(found, names);
    let found: HashSet<String> = r.sscan("s").unwrap().map(Result::unwrap).collect();
    assert_eq!(found, names);
    let found: HashMap<String, i64> = r.hscan("h").unwrap().map(Result::unwrap).collect();
    assert!(
        pairs
            .iter()
            .all(|(name, number)| found.get(*name) == Some(number))
    );
    let found: HashMap<String, f64> = r.zscan("z").unwrap().map(Result::unwrap).collect();
    assert!(
        pairs
            .iter()
            .all(|(name, number)| found.get(*name) == Some(&(*number as f64)))
    );
}

fn pipelines(r: &mut Connection) {
    let mut pipe = redis::pipe();
    pipe.set("a", 1).ignore().incr("a", 1).get("a");
    same(pipe.query(r), (2, 2));
}
