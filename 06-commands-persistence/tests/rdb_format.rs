//! The RDB format against a real redis-server: it loads what we encode, and we decode what it saves.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};
use step06_commands_persistence::rdb::{
    Decoder, Encoder, Error, ErrorKind as RdbError, Event, Source, ValueType, dump, elements,
    string,
};
use step06_commands_persistence::resp::Progress;
use step06_commands_persistence::resp::frame::{Frame, FrameParser};

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
            Hash | HashZiplist | HashListpack => {
                let pairs = all.chunks(2);
                Self::Hash(
                    pairs
                        .map(|pair| (pair[0].clone(), pair[1].clone()))
                        .collect(),
                )
            }
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

/// A directory that goes away with the value.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("rdb-format-{}-{number}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn dump(&self) -> PathBuf {
        self.0.join("dump.rdb")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A redis-server with a connection to it.
struct Redis {
    child: Child,
    stream: UnixStream,
    parser: FrameParser,
    received: Vec<u8>,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether there is a redis-server. With `REQUIRE_REDIS=1` in the environment, there must be.
fn redis_is_installed() -> bool {
    let version = Command::new("redis-server").arg("--version").output();
    match version {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let required = env::var("REQUIRE_REDIS").is_ok_and(|value| value == "1");
            assert!(!required, "redis-server is not on the PATH");
            println!("skipped: redis-server is not on the PATH");
            false
        }
        Err(error) => panic!("redis-server does not start: {error}"),
    }
}

impl Redis {
    /// Starts one that loads the dump in `directory`, if there is one.
    fn start(directory: &Directory, options: &[&str]) -> Self {
        let socket = directory.0.join("socket");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(&directory.0)
            .args(options)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let stream = loop {
            match UnixStream::connect(&socket) {
                Ok(stream) => break stream,
                Err(error) => assert!(Instant::now() < deadline, "no redis-server: {error}"),
            }
            thread::sleep(Duration::from_millis(10));
        };
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let mut redis = Self {
            child,
            stream,
            parser: FrameParser::default(),
            received: Vec::new(),
        };
        while let Frame::Error(_) = redis.call(&["PING"]) {
            assert!(
                Instant::now() < deadline,
                "redis-server does not load its file"
            );
            thread::sleep(Duration::from_millis(10));
        }
        redis
    }

    fn call<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Frame {
        let mut request = format!("*{}\r\n", arguments.len()).into_bytes();
        for argument in arguments {
            let argument = argument.as_ref();
            request.extend(format!("${}\r\n", argument.len()).bytes());
            request.extend_from_slice(argument);
            request.extend(b"\r\n");
        }
        self.stream.write_all(&request).unwrap();
        loop {
            if let Progress::Complete((frame, size)) = self.parser.parse(&self.received).unwrap() {
                self.received.drain(..size);
                return frame;
            }
            let mut piece = [0; 64 * 1024];
            let size = self.stream.read(&mut piece).unwrap();
            assert!(size > 0, "redis-server closed the connection");
            self.received.extend_from_slice(&piece[..size]);
        }
    }

    /// Calls a command with a key and many arguments, in pieces that make a good request.
    fn add(&mut self, name: &str, key: &[u8], arguments: &[Vec<u8>]) {
        for part in arguments.chunks(10_000) {
            let call: Vec<&[u8]> = [name.as_bytes(), key]
                .into_iter()
                .chain(part.iter().map(Vec::as_slice))
                .collect();
            let reply = self.call(&call);
            assert!(!matches!(reply, Frame::Error(_)), "{name}: {reply:?}");
        }
    }

    fn strings<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Vec<Vec<u8>> {
        match self.call(arguments) {
            Frame::Array(all) => all.into_iter().map(bytes).collect(),
            other => panic!("expected an array, got {other:?}"),
        }
    }

    fn fill(&mut self, model: &Model) {
        for ((db, key), (expires_at_ms, content)) in model {
            self.call(&["SELECT", &db.to_string()]);
            match content {
                Content::String(value) => self.add("SET", key, std::slice::from_ref(value)),
                Content::List(all) => self.add("RPUSH", key, all),
                Content::Set(all) => {
                    self.add("SADD", key, &all.iter().cloned().collect::<Vec<_>>())
                }
                Content::Hash(all) => {
                    let all: Vec<_> = all
                        .iter()
                        .flat_map(|(f, v)| [f.clone(), v.clone()])
                        .collect();
                    self.add("HSET", key, &all);
                }
                Content::SortedSet(all) => {
                    let pair = |(member, score): (&Vec<u8>, &f64)| {
                        [score.to_string().into_bytes(), member.clone()]
                    };
                    self.add("ZADD", key, &all.iter().flat_map(pair).collect::<Vec<_>>());
                }
            }
            if let Some(at) = expires_at_ms {
                self.add("PEXPIREAT", key, &[at.to_string().into_bytes()]);
            }
        }
    }

    /// All that it holds in the first `dbs` databases, by asking for it.
    fn contents(&mut self, dbs: u64) -> Model {
        let mut model = Model::new();
        for db in 0..dbs {
            self.call(&["SELECT", &db.to_string()]);
            for key in self.strings(&["KEYS", "*"]) {
                let content = self.content(&key);
                let expires_at_ms = match self.call(&[b"PEXPIRETIME", &key[..]]) {
                    Frame::Integer(-1) => None,
                    Frame::Integer(at) => Some(at),
                    other => panic!("expected a time, got {other:?}"),
                };
                model.insert((db, key), (expires_at_ms, content));
            }
        }
        model
    }

    fn content(&mut self, key: &[u8]) -> Content {
        let pairs = |all: Vec<Vec<u8>>| -> Vec<(Vec<u8>, Vec<u8>)> {
            all.chunks(2)
                .map(|pair| (pair[0].clone(), pair[1].clone()))
                .collect()
        };
        match &bytes(self.call(&[b"TYPE", key]))[..] {
            b"string" => Content::String(bytes(self.call(&[b"GET", key]))),
            b"list" => Content::List(self.strings(&[b"LRANGE", key, b"0", b"-1"])),
            b"set" => Content::Set(self.strings(&[b"SMEMBERS", key]).into_iter().collect()),
            b"hash" => {
                let all = self.strings(&[b"HGETALL", key]);
                Content::Hash(pairs(all).into_iter().collect())
            }
            b"zset" => {
                let all = self.strings(&[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"]);
                let score = |text| String::from_utf8(text).unwrap().parse().unwrap();
                let scored = pairs(all)
                    .into_iter()
                    .map(|(member, text)| (member, score(text)));
                Content::SortedSet(scored.collect())
            }
            other => panic!("unexpected type {}", other.escape_ascii()),
        }
    }

    fn encoding(&mut self, key: &str) -> String {
        String::from_utf8(bytes(self.call(&["OBJECT", "ENCODING", key]))).unwrap()
    }
}

fn bytes(frame: Frame) -> Vec<u8> {
    match frame {
        Frame::Bulk(bytes) | Frame::Simple(bytes) => bytes,
        other => panic!("expected a string, got {other:?}"),
    }
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
fn redis_loads_what_we_encode() {
    if !redis_is_installed() {
        return;
    }
    let model = model();
    for compress in [true, false] {
        let directory = Directory::new();
        let file = encode(&model, compress);
        assert_same(&decode(&file), &model);
        fs::write(directory.dump(), &file).unwrap();
        assert_check_rdb_accepts(&directory.dump());
        let mut redis = Redis::start(&directory, &["--sanitize-dump-payload", "yes"]);
        assert_same(&redis.contents(16), &model);
    }
}

#[test]
fn we_decode_what_redis_saves() {
    if !redis_is_installed() {
        return;
    }
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
        let directory = Directory::new();
        let mut redis = Redis::start(&directory, options);
        redis.fill(&model);
        assert_eq!(bytes(redis.call(&["SAVE"])), b"OK");
        let file = fs::read(directory.dump()).unwrap();
        assert_same(&decode(&file), &model);
    }
}

/// The test above is worth something only if the values are kept in all the ways there are.
#[test]
fn the_values_take_all_encodings() {
    if !redis_is_installed() {
        return;
    }
    let directory = Directory::new();
    let mut redis = Redis::start(&directory, &[]);
    redis.fill(&model());
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
        redis.call(&["SELECT", &db.to_string()]);
        assert_eq!(redis.encoding(key), encoding, "{key}");
    }
}

#[test]
fn damage_to_a_file_of_redis_is_noticed() {
    if !redis_is_installed() {
        return;
    }
    let directory = Directory::new();
    let mut redis = Redis::start(&directory, &["--hash-max-listpack-value", "3000000"]);
    let small: Model = model()
        .into_iter()
        .filter(|entry| is_small(&entry.1.1))
        .collect();
    assert!(small.len() > 50);
    redis.fill(&small);
    assert_eq!(bytes(redis.call(&["SAVE"])), b"OK");
    let good = fs::read(directory.dump()).unwrap();
    for end in 0..good.len() {
        assert!(outcome(&good[..end]).is_err(), "{end}");
    }
    let mut random = StdRng::seed_from_u64(21);
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
    if !redis_is_installed() {
        return;
    }
    let directory = Directory::new();
    let mut redis = Redis::start(&directory, &[]);
    redis.fill(&model());
    for ((db, key), (_, content)) in model() {
        redis.call(&["SELECT", &db.to_string()]);
        let payload = bytes(redis.call(&[b"DUMP", &key[..]]));
        let value = dump::open(&payload, Content::read).unwrap();
        assert!(value == content, "{}", key.escape_ascii());
        let ours = dump::write(value.form(), |encoder| value.save(encoder));
        let reply = redis.call(&[b"RESTORE", &key[..], b"0", &ours, b"REPLACE"]);
        assert_eq!(bytes(reply), b"OK");
        assert!(redis.content(&key) == content, "{}", key.escape_ascii());
    }
}

/// Large elements stand in a list by themselves, but what is large is more than a test should fill.
#[test]
fn large_elements_of_lists_are_decoded() {
    if !redis_is_installed() {
        return;
    }
    let directory = Directory::new();
    let mut redis = Redis::start(&directory, &["--enable-debug-command", "yes"]);
    let reply = redis.call(&["DEBUG", "QUICKLIST-PACKED-THRESHOLD", "1000b"]);
    assert_eq!(bytes(reply), b"OK");
    let is_list = |content: &Content| matches!(content, Content::List(_));
    let lists: Model = model()
        .into_iter()
        .filter(|entry| is_list(&entry.1.1))
        .collect();
    redis.fill(&lists);
    assert_eq!(bytes(redis.call(&["SAVE"])), b"OK");
    assert_same(&decode(&fs::read(directory.dump()).unwrap()), &lists);
}

#[test]
fn functions_are_passed_on_and_streams_are_refused_by_name() {
    if !redis_is_installed() {
        return;
    }
    let directory = Directory::new();
    let mut redis = Redis::start(&directory, &[]);
    let code = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    assert_eq!(bytes(redis.call(&["FUNCTION", "LOAD", code])), b"lib");
    redis.call(&["XADD", "my stream", "*", "field", "value"]);
    assert_eq!(bytes(redis.call(&["SAVE"])), b"OK");
    let file = fs::read(directory.dump()).unwrap();
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
    if !redis_is_installed() {
        return;
    }
    let directory = Directory::new();
    let mut redis = Redis::start(&directory, &["--sanitize-dump-payload", "yes"]);
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
        let reply = redis.call(&[b"RESTORE", &b"key"[..], b"0", &payload, b"REPLACE"]);
        assert_eq!(reply, Frame::Simple(b"OK".to_vec()), "{kind:?}");
        let ours = dump::open(&payload, Content::read).unwrap();
        assert_eq!(redis.content(b"key"), ours, "{kind:?}");
    }
}
