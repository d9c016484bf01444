//! The RDB format against a real redis-server: it loads what we encode, and we decode what it saves.

mod redis;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redis::Redis;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::{fs, iter};
use step06_commands_persistence::rdb::{
    Decoder, Encoder, Error, ErrorKind as RdbError, Event, Source, ValueType, dump, elements,
    string,
};

/// What a keyspace holds: a database and a key, and then an expiry and a value.
type Model = BTreeMap<(u64, Vec<u8>), (Option<i64>, Content)>;

/// A value that can be compared: order is kept where it means something.
#[derive(Clone, Debug, PartialEq)]
enum Content {
    String(Vec<u8>),
    List(Vec<Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    SortedSet(BTreeMap<Vec<u8>, f64>),
}

impl Content {
    fn read<R: Read>(source: &mut Source<R>, form: ValueType) -> Result<Self, RdbError> {
        use ValueType::*;
        if form == String {
            return Ok(Self::String(string::read(source)?));
        }
        if form.name().starts_with("sorted set") {
            let mut all = BTreeMap::new();
            elements::scored(source, form, |member, score| {
                all.insert(member.to_vec(), score);
                Ok(())
            })?;
            return Ok(Self::SortedSet(all));
        }
        let mut all = Vec::new();
        elements::strings(source, form, |element| {
            all.push(element.to_vec());
            Ok(())
        })?;
        Ok(match form {
            Set | SetIntset | SetListpack => Self::Set(all.into_iter().collect()),
            Hash | HashZiplist | HashListpack => Self::Hash(pairs(all).collect()),
            _ => Self::List(all),
        })
    }

    fn form(&self) -> ValueType {
        match self {
            Self::String(_) => ValueType::String,
            Self::List(_) => ValueType::List,
            Self::Set(_) => ValueType::Set,
            Self::Hash(_) => ValueType::Hash,
            Self::SortedSet(_) => ValueType::SortedSet,
        }
    }

    fn save(&self, encoder: &mut Encoder<'_>) {
        match self {
            Self::String(value) => encoder.element(value),
            Self::List(all) => encoder.elements(all.len(), all),
            Self::Set(all) => encoder.elements(all.len(), all),
            Self::Hash(all) => encoder.fields(all.len(), all),
            Self::SortedSet(all) => {
                let members = all.iter().map(|(member, score)| (member, *score));
                encoder.members(all.len(), members);
            }
        }
    }
}

/// A redis-server that saves and loads nothing by itself.
fn start(options: &[&str]) -> Option<Redis> {
    Redis::start(&[options, &["--save", "", "--enable-debug-command", "yes"]].concat())
}

fn ok(redis: &mut Redis, command: &[&[u8]]) {
    assert_eq!(redis.ask(command), [b"+OK"]);
}

fn select(redis: &mut Redis, db: u64) {
    ok(redis, &[b"SELECT", db.to_string().as_bytes()]);
}

/// The file that it saves.
fn saved(redis: &mut Redis) -> Vec<u8> {
    ok(redis, &[b"SAVE"]);
    fs::read(redis.directory.join("dump.rdb")).unwrap()
}

/// Calls a command with a key and many arguments, in pieces that make a good request.
fn add(redis: &mut Redis, name: &str, key: &[u8], arguments: &[&[u8]]) {
    for part in arguments.chunks(10_000) {
        let reply = redis.ask(&[&[name.as_bytes(), key], part].concat());
        assert!(!reply[0].starts_with(b"-"), "{name}: {reply:?}");
    }
}

fn fill(redis: &mut Redis, model: &Model) {
    for ((db, key), (expires_at_ms, content)) in model {
        select(redis, *db);
        match content {
            Content::String(value) => add(redis, "SET", key, &[value]),
            Content::List(all) => {
                let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
                add(redis, "RPUSH", key, &all);
            }
            Content::Set(all) => {
                let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
                add(redis, "SADD", key, &all);
            }
            Content::Hash(all) => {
                let pairs = all.iter().flat_map(|(field, value)| [&field[..], value]);
                add(redis, "HSET", key, &pairs.collect::<Vec<_>>());
            }
            Content::SortedSet(all) => {
                let scores: Vec<String> = all.values().map(f64::to_string).collect();
                let scored = scores.iter().zip(all.keys());
                let pairs = scored.flat_map(|(score, member)| [score.as_bytes(), member]);
                add(redis, "ZADD", key, &pairs.collect::<Vec<_>>());
            }
        }
        if let Some(at) = expires_at_ms {
            add(redis, "PEXPIREAT", key, &[at.to_string().as_bytes()]);
        }
    }
}

/// All that it holds in the first `dbs` databases, by asking for it.
fn contents(redis: &mut Redis, dbs: u64) -> Model {
    let mut model = Model::new();
    for db in 0..dbs {
        select(redis, db);
        for key in redis.ask(&[b"KEYS", b"*"]) {
            let content = content(redis, &key);
            let reply = redis.ask(&[b"PEXPIRETIME", &key]).remove(0);
            let at: i64 = text(&reply[1..]).parse().unwrap();
            model.insert((db, key), ((at != -1).then_some(at), content));
        }
    }
    model
}

fn content(redis: &mut Redis, key: &[u8]) -> Content {
    match &redis.ask(&[b"TYPE", key])[0][..] {
        b"+string" => Content::String(redis.ask(&[b"GET", key]).remove(0)),
        b"+list" => Content::List(redis.ask(&[b"LRANGE", key, b"0", b"-1"])),
        b"+set" => Content::Set(redis.ask(&[b"SMEMBERS", key]).into_iter().collect()),
        b"+hash" => Content::Hash(pairs(redis.ask(&[b"HGETALL", key])).collect()),
        b"+zset" => {
            let all = pairs(redis.ask(&[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"]));
            let scored = all.map(|(member, score)| (member, text(&score).parse().unwrap()));
            Content::SortedSet(scored.collect())
        }
        other => panic!("unexpected type {}", other.escape_ascii()),
    }
}

fn pairs(all: Vec<Vec<u8>>) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let mut all = all.into_iter();
    iter::from_fn(move || Some((all.next()?, all.next()?)))
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// Values of all kinds, small and large, in three databases.
fn model() -> Model {
    let mut random = StdRng::seed_from_u64(20);
    let mut model = Model::new();
    let mut add = |db, key: &str, content| {
        // Far in the future: the files are loaded by a server that knows the time.
        let expires_at_ms = key.len().is_multiple_of(3).then_some(4_000_000_000_123);
        model.insert((db, key.as_bytes().to_vec()), (expires_at_ms, content));
    };
    for (key, content) in strings(&mut random) {
        add(0, &key, Content::String(content));
    }
    for (key, all) in collections(&mut random) {
        add(0, &format!("list:{key}"), Content::List(all.clone()));
        let set: BTreeSet<_> = all.iter().cloned().collect();
        add(1, &format!("set:{key}"), Content::Set(set.clone()));
        let hash = set.iter().cloned().zip(all.iter().rev().cloned()).collect();
        add(1, &format!("hash:{key}"), Content::Hash(hash));
        let score = |_| random.random_range(-1e6..1e6);
        let scores: Vec<f64> = (0..set.len()).map(score).collect();
        let sorted = set.into_iter().zip(scores).collect();
        add(9, &format!("zset:{key}"), Content::SortedSet(sorted));
    }
    let special = [
        0.0,
        -0.0,
        1.0,
        0.1,
        1e300,
        -5e-324,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    let scored = |(number, score): (usize, f64)| (number.to_string().into_bytes(), score);
    let special = special.into_iter().enumerate().map(scored).collect();
    add(9, "zset:special", Content::SortedSet(special));
    model
}

fn strings(random: &mut StdRng) -> Vec<(String, Vec<u8>)> {
    let numbers = [
        "0",
        "-1",
        "127",
        "128",
        "-129",
        "32767",
        "32768",
        "2147483647",
        "2147483648",
        "-2147483648",
        "-2147483649",
        "9223372036854775807",
        "007",
        "1.5",
        "-",
        "",
    ];
    let mut all: Vec<_> = numbers
        .iter()
        .map(|text| (format!("number:{text}"), text.as_bytes().to_vec()))
        .collect();
    for size in [20, 21, 63, 64, 1000, 16383, 16384, 1_000_000] {
        let binary: Vec<u8> = (0..size).map(|_| random.random()).collect();
        all.push((format!("binary:{size}"), binary));
        all.push((format!("same:{size}"), vec![b'x'; size]));
        let words = |_| format!("word{} ", random.random_range(0..50));
        let text: String = (0..size / 5).map(words).collect();
        all.push((format!("text:{size}"), text.into_bytes()));
    }
    all
}

/// Elements of many kinds: without two alike, but for some in long ones.
fn collections(random: &mut StdRng) -> Vec<(String, Vec<Vec<u8>>)> {
    let text = |value: String| value.into_bytes();
    let integers = |numbers: &[i64]| numbers.iter().map(|n| text(n.to_string())).collect();
    let mut all: Vec<(String, Vec<Vec<u8>>)> = vec![
        ("one".into(), vec![b"only".to_vec()]),
        (
            "int16".into(),
            integers(&[-32768, -1, 0, 5, 127, 128, 4095, 4096, 32767]),
        ),
        (
            "int32".into(),
            integers(&[-2147483648, -8388609, -8388608, 1, 8388607, 2147483647]),
        ),
        (
            "int64".into(),
            integers(&[i64::MIN, -4097, -4096, 7, 1 << 40, i64::MAX]),
        ),
        (
            "mixed".into(),
            ["", "a", "12", "-12", "012", "\0\r\n"]
                .map(Vec::from)
                .into(),
        ),
        (
            "ints".into(),
            (0..3000)
                .map(|n| text((n * n * 7 - 100).to_string()))
                .collect(),
        ),
        (
            "many".into(),
            (0..20_000).map(|n| text(format!("element:{n}"))).collect(),
        ),
    ];
    // Sizes around those at which the forms of lengths change. 16378 and 2097146 make entries whose sizes
    // are the largest that take one byte less behind them than they might.
    for size in [
        63, 64, 121, 122, 127, 128, 4095, 4096, 8192, 9000, 16377, 16378, 16379, 100_000,
    ] {
        let mut element = |first: u8| -> Vec<u8> {
            let rest = (1..size).map(|_| random.random());
            [first].into_iter().chain(rest).collect()
        };
        let elements = vec![element(b'a'), element(b'b'), b"7".to_vec(), element(b'c')];
        all.push((format!("size:{size}"), elements));
    }
    all
}

fn decode(file: &[u8]) -> Model {
    let mut decoder = Decoder::new(file).unwrap();
    let mut model = Model::new();
    let mut db = 0;
    loop {
        match decoder
            .next_event(Content::read)
            .unwrap_or_else(|error| panic!("{error}"))
        {
            Event::SelectDb(number) => db = number,
            Event::Key {
                key,
                expires_at_ms,
                value,
            } => {
                model.insert((db, key), (expires_at_ms, value));
            }
            Event::Eof => return model,
            Event::Aux { .. } | Event::ResizeDb { .. } | Event::Function(_) => {}
        }
    }
}

fn encode(model: &Model, compress: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, compress);
    encoder.header();
    encoder.aux(b"redis-ver", b"7.0.15");
    encoder.aux(b"redis-bits", b"64");
    encoder.aux(b"ctime", b"1700000000");
    encoder.aux(b"used-mem", b"1000000");
    encoder.aux(b"aof-base", b"0");
    let mut db = None;
    for ((number, key), (at, content)) in model {
        if db.replace(*number) != Some(*number) {
            encoder.select_db(*number);
            let keys = model.iter().filter(|entry| entry.0.0 == *number);
            let expires = keys.clone().filter(|entry| entry.1.0.is_some());
            encoder.resize_db(keys.count() as u64, expires.count() as u64);
        }
        encoder.key(content.form(), key, *at).unwrap();
        content.save(&mut encoder);
    }
    encoder.finish(true).unwrap();
    file
}

/// Like `assert_eq`, with a message that can be read.
fn assert_same(found: &Model, expected: &Model) {
    let name = |(db, key): &(u64, Vec<u8>)| format!("key {} of {db}", key.escape_ascii());
    for (key, value) in expected {
        assert!(found.get(key) == Some(value), "{} differs", name(key));
    }
    for key in found.keys() {
        assert!(expected.contains_key(key), "{} is too much", name(key));
    }
}

fn assert_check_rdb_accepts(path: &Path) {
    let output = Command::new("redis-check-rdb").arg(path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("Checksum OK"),
        "{text}"
    );
}

#[test]
fn we_and_redis_load_what_we_encode() {
    let model = model();
    let files = [true, false].map(|compress| encode(&model, compress));
    for file in &files {
        assert_same(&decode(file), &model);
    }
    let Some(mut redis) = start(&["--sanitize-dump-payload", "yes"]) else {
        return;
    };
    let path = redis.directory.join("dump.rdb");
    for file in files {
        fs::write(&path, file).unwrap();
        assert_check_rdb_accepts(&path);
        ok(&mut redis, &[b"FLUSHALL"]);
        ok(&mut redis, &[b"DEBUG", b"RELOAD", b"NOSAVE"]);
        assert_same(&contents(&mut redis, 16), &model);
    }
}

#[test]
fn we_decode_what_redis_saves() {
    let model = model();
    let variants: [&[&str]; 6] = [
        &[],
        &["--rdbcompression", "no"],
        &["--rdbchecksum", "no"],
        &[
            "--list-max-listpack-size",
            "2",
            "--list-compress-depth",
            "1",
        ],
        &[
            "--list-max-listpack-size",
            "-5",
            "--set-max-intset-entries",
            "100000",
        ],
        &[
            "--hash-max-listpack-entries",
            "100000",
            "--hash-max-listpack-value",
            "3000000",
            "--zset-max-listpack-entries",
            "3000",
            "--zset-max-listpack-value",
            "3000000",
        ],
    ];
    for options in variants {
        let Some(mut redis) = start(options) else {
            return;
        };
        fill(&mut redis, &model);
        assert_same(&decode(&saved(&mut redis)), &model);
    }
}

/// The test above is worth something only if the values are kept in all the ways there are.
#[test]
fn the_values_take_all_encodings() {
    let Some(mut redis) = start(&[]) else {
        return;
    };
    fill(&mut redis, &model());
    let expected = [
        (0, "number:128", "int"),
        (0, "number:007", "embstr"),
        (0, "same:64", "raw"),
        (0, "list:many", "quicklist"),
        (1, "set:int16", "intset"),
        (1, "set:mixed", "hashtable"),
        (1, "set:ints", "hashtable"),
        (1, "hash:mixed", "listpack"),
        (1, "hash:many", "hashtable"),
        (9, "zset:special", "listpack"),
        (9, "zset:many", "skiplist"),
    ];
    for (db, key, encoding) in expected {
        select(&mut redis, db);
        let reply = redis.ask(&[b"OBJECT", b"ENCODING", key.as_bytes()]);
        assert_eq!(text(&reply[0]), encoding, "{key}");
    }
}

#[test]
fn damage_is_noticed() {
    let small = model().into_iter().filter(|entry| is_small(&entry.1.1));
    let small: Model = small.collect();
    assert!(small.len() > 50);
    let mut files = vec![encode(&small, true)];
    if let Some(mut redis) = start(&["--hash-max-listpack-value", "3000000"]) {
        fill(&mut redis, &small);
        files.push(saved(&mut redis));
    }
    let mut random = StdRng::seed_from_u64(21);
    for good in files {
        for end in 0..good.len() {
            let error = outcome(&good[..end]).unwrap_err();
            assert!(matches!(error.kind, RdbError::Truncated), "{error}");
            assert_eq!(error.offset, end as u64);
        }
        for _ in 0..3000 {
            let mut bad = good.clone();
            let place = random.random_range(9..bad.len());
            bad[place] ^= random.random_range(1..=255);
            assert!(outcome(&bad).is_err(), "{place}");
            // Without a checksum it may pass for another file, but nothing worse.
            let end = bad.len() - 8;
            bad[end..].fill(0);
            let _ = outcome(&bad);
        }
    }
}

fn is_small(content: &Content) -> bool {
    match content {
        Content::String(value) => value.len() < 100,
        Content::List(all) => all.iter().map(Vec::len).sum::<usize>() < 600,
        Content::Set(all) => all.iter().map(Vec::len).sum::<usize>() < 600,
        Content::Hash(all) => all.keys().map(Vec::len).sum::<usize>() < 600,
        Content::SortedSet(all) => all.keys().map(Vec::len).sum::<usize>() < 600,
    }
}

fn outcome(file: &[u8]) -> Result<usize, Error> {
    let mut decoder = Decoder::new(file)?;
    let mut items = 0;
    while decoder.next_event(Content::read)? != Event::Eof {
        items += 1;
    }
    Ok(items)
}

#[test]
fn single_values_go_both_ways() {
    let Some(mut redis) = start(&[]) else {
        return;
    };
    fill(&mut redis, &model());
    for ((db, key), (_, content)) in model() {
        select(&mut redis, db);
        let payload = redis.ask(&[b"DUMP", &key]).remove(0);
        let value = dump::read(dump::unseal(&payload).unwrap(), Content::read).unwrap();
        assert!(value == content, "{}", key.escape_ascii());
        let ours = dump::write(value.form(), |encoder| value.save(encoder));
        ok(&mut redis, &[b"RESTORE", &key, b"0", &ours, b"REPLACE"]);
        assert!(
            self::content(&mut redis, &key) == content,
            "{}",
            key.escape_ascii()
        );
    }
}

/// Large elements stand in a list by themselves, but what is large is more than a test should fill.
#[test]
fn large_elements_of_lists_are_decoded() {
    let Some(mut redis) = start(&[]) else {
        return;
    };
    ok(
        &mut redis,
        &[b"DEBUG", b"QUICKLIST-PACKED-THRESHOLD", b"1000b"],
    );
    let is_list = |content: &Content| matches!(content, Content::List(_));
    let lists: Model = model()
        .into_iter()
        .filter(|entry| is_list(&entry.1.1))
        .collect();
    fill(&mut redis, &lists);
    assert_same(&decode(&saved(&mut redis)), &lists);
}

#[test]
fn functions_are_passed_on_and_streams_are_refused_by_name() {
    let Some(mut redis) = start(&[]) else {
        return;
    };
    let code = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    redis.ask(&[b"FUNCTION", b"LOAD", code.as_bytes()]);
    redis.ask(&[b"XADD", b"my stream", b"*", b"field", b"value"]);
    let file = saved(&mut redis);
    let mut decoder = Decoder::new(&file[..]).unwrap();
    let (mut functions, mut error) = (Vec::new(), None);
    while error.is_none() {
        match decoder.next_event(Content::read) {
            Ok(Event::Function(source)) => functions.push(source),
            Ok(event) => assert_ne!(event, Event::Eof),
            Err(found) => error = Some(found.to_string()),
        }
    }
    assert_eq!(functions, [code.as_bytes()]);
    let error = error.unwrap();
    assert!(
        error.contains("\"my stream\"") && error.contains("type 19"),
        "{error}"
    );
}

/// A ziplist whose entries, but for the first byte of each, are given.
fn ziplist(entries: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    let (mut last, mut previous) = (10, 0);
    for entry in entries {
        last = 10 + body.len();
        body.push(previous);
        body.extend_from_slice(entry);
        previous = entry.len() as u8 + 1;
    }
    let mut block = (body.len() as u32 + 11).to_le_bytes().to_vec();
    block.extend((last as u32).to_le_bytes());
    block.extend((entries.len() as u16).to_le_bytes());
    block.extend(body);
    block.push(0xFF);
    block
}

/// No server at hand writes these any more, but it reads them as we do.
#[test]
fn ziplists_mean_the_same_to_redis() {
    let Some(mut redis) = start(&["--sanitize-dump-payload", "yes"]) else {
        return;
    };
    let block = ziplist(&[
        b"\x01a",
        &[0xF1],
        b"\x40\x02bc",
        &[0xC0, 0, 0x80],
        b"\x80\0\0\0\x01d",
        &[0xFD],
        b"\x00",
        &[0xD0, 0, 0, 0, 0x80],
        b"\x02ef",
        &[0xF0, 0, 0, 0x80],
        b"\x01g",
        &[0xFE, 0x80],
        b"\x01h",
        &[0xE0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
    ]);
    // Those of a sorted set have to ascend.
    let sorted = ziplist(&[
        b"\x01a",
        b"\x04-inf",
        b"\x01b",
        b"\x041e-3",
        b"\x01c",
        &[0xF8],
    ]);
    let text = b"\x03\x01a\x041e-3\x01b\xFE\x01c\xFF".to_vec();
    let string = |block: &[u8]| {
        let mut out = Vec::new();
        string::write(&mut out, block, None);
        out
    };
    for (kind, value) in [
        (ValueType::ListZiplist, string(&block)),
        (ValueType::HashZiplist, string(&block)),
        (ValueType::ListQuicklist, [vec![1], string(&block)].concat()),
        (ValueType::SortedSetZiplist, string(&sorted)),
        (ValueType::SortedSetText, text),
    ] {
        let mut payload = [&[kind.byte()], &value[..]].concat();
        dump::seal(&mut payload);
        ok(
            &mut redis,
            &[b"RESTORE", b"key", b"0", &payload, b"REPLACE"],
        );
        let ours = dump::read(dump::unseal(&payload).unwrap(), Content::read).unwrap();
        assert_eq!(content(&mut redis, b"key"), ours, "{kind:?}");
    }
}
