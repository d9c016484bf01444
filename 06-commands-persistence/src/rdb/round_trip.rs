//! Tests of the encoder and the decoder together, and of files that are wrong.

use super::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::io::Read;

fn events(file: &[u8]) -> Result<Vec<Event>, Error> {
    let mut decoder = Decoder::new(file)?;
    let mut events = Vec::new();
    loop {
        let event = decoder.next_event()?;
        let ended = event == Event::Eof;
        events.push(event);
        if ended {
            return Ok(events);
        }
    }
}

fn error(file: &[u8]) -> Error {
    events(file).expect_err("the file is broken")
}

/// A file of version 10 without a checksum.
fn file(items: &[u8]) -> Vec<u8> {
    [b"REDIS0010", items, b"\xFF\0\0\0\0\0\0\0\0"].concat()
}

/// The only value in a file, which has this type and these bytes.
fn value(kind: ValueType, bytes: &[u8]) -> Result<Value, ErrorKind> {
    let file = file(&[&[kind.byte(), 1, b'k'], bytes].concat());
    match events(&file) {
        Ok(events) => match events.into_iter().next() {
            Some(Event::Key { value, .. }) => Ok(value),
            other => panic!("expected a key, got {other:?}"),
        },
        Err(error) => {
            assert_eq!(error.key.as_deref(), Some(&b"k"[..]), "{error}");
            Err(error.kind)
        }
    }
}

/// A string that holds a block.
fn blob(block: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    length::write(&mut out, block.len() as u64);
    out.extend_from_slice(block);
    out
}

fn strings(all: &[&str]) -> Strings {
    all.iter().collect()
}

fn random_string(random: &mut StdRng) -> Vec<u8> {
    if random.random_bool(0.3) {
        let number = random.random::<i64>() >> random.random_range(0..64);
        return number.to_string().into_bytes();
    }
    let letters = random.random_range(1..=255);
    let limit = 1 << random.random_range(0..9);
    let size = random.random_range(0..limit);
    (0..size).map(|_| random.random_range(0..letters)).collect()
}

fn random_strings(random: &mut StdRng, each: usize) -> Strings {
    let count = random.random_range(1..20) * each;
    (0..count).map(|_| random_string(random)).collect()
}

fn random_value(random: &mut StdRng) -> Value {
    match random.random_range(0..6) {
        0 | 1 => Value::String(random_string(random)),
        2 => Value::List(random_strings(random, 1)),
        3 => Value::Set(random_strings(random, 1)),
        4 => Value::Hash(random_strings(random, 2)),
        _ => Value::SortedSet(
            (0..random.random_range(1..20))
                .map(|_| (random_string(random), random.random_range(-1e9..1e9)))
                .collect(),
        ),
    }
}

fn random_event(random: &mut StdRng) -> Event {
    match random.random_range(0..10) {
        0 => Event::SelectDb(random.random_range(0..100)),
        1 => Event::ResizeDb {
            keys: random.random_range(0..100_000),
            expires: random.random(),
        },
        2 => Event::Aux {
            key: random_string(random),
            value: random_string(random),
        },
        _ => Event::Key {
            key: random_string(random),
            expires_at_ms: random.random_bool(0.3).then(|| random.random()),
            value: random_value(random),
        },
    }
}

fn encode(encoder: &mut Encoder, out: &mut Vec<u8>, event: &Event) {
    match event {
        Event::SelectDb(number) => encoder.select_db(out, *number),
        Event::ResizeDb { keys, expires } => encoder.resize_db(out, *keys, *expires),
        Event::Aux { key, value } => encoder.aux(out, key, value),
        Event::Key {
            key,
            expires_at_ms,
            value,
        } => encode_key(encoder, out, key, *expires_at_ms, value),
        Event::Function(_) | Event::Eof => {}
    }
}

fn encode_key(
    encoder: &mut Encoder,
    out: &mut Vec<u8>,
    key: &[u8],
    at: Option<i64>,
    value: &Value,
) {
    match value {
        Value::String(value) => encoder.string(out, key, at, value),
        Value::List(all) => encoder.list(out, key, at, all.len(), all.iter()),
        Value::Set(all) => encoder.set(out, key, at, all.len(), all.iter()),
        Value::Hash(all) => encoder.hash(out, key, at, all.len() / 2, all.pairs()),
        Value::SortedSet(all) => encoder.sorted_set(out, key, at, all.len(), all.iter()),
    }
}

fn encode_all(events: &[Event], compress: bool) -> Vec<u8> {
    let mut encoder = Encoder::new(compress);
    let (mut file, mut crc, mut out) = (Vec::new(), Crc64::new(), Vec::new());
    encoder.header(&mut out);
    for event in events {
        encode(&mut encoder, &mut out, event);
        crc.update(&out);
        file.append(&mut out);
    }
    encoder.eof(&mut out, crc);
    file.append(&mut out);
    file
}

fn random_file(random: &mut StdRng, items: usize) -> (Vec<Event>, Vec<u8>) {
    let mut events: Vec<_> = (0..items).map(|_| random_event(random)).collect();
    let file = encode_all(&events, random.random());
    events.push(Event::Eof);
    (events, file)
}

#[test]
fn what_is_encoded_decodes() {
    let mut random = StdRng::seed_from_u64(9);
    for _ in 0..300 {
        let (expected, file) = random_file(&mut random, 30);
        assert_eq!(events(&file).unwrap(), expected);
    }
}

#[test]
fn every_truncation_is_an_error() {
    let mut random = StdRng::seed_from_u64(10);
    let (_, file) = random_file(&mut random, 40);
    for end in 0..file.len() {
        let error = error(&file[..end]);
        assert!(matches!(error.kind, ErrorKind::Truncated), "{end}: {error}");
        assert_eq!(error.offset, end as u64);
    }
}

#[test]
fn damage_is_noticed() {
    let mut random = StdRng::seed_from_u64(11);
    for _ in 0..20 {
        let (_, good) = random_file(&mut random, 20);
        for _ in 0..300 {
            let mut bad = good.clone();
            let place = random.random_range(0..bad.len());
            bad[place] ^= random.random_range(1..=255);
            let version_changed = (5..9).contains(&place);
            assert!(events(&bad).is_err() || version_changed, "{place}");
        }
    }
}

#[test]
fn damage_without_a_checksum_never_panics() {
    let mut random = StdRng::seed_from_u64(12);
    for _ in 0..20 {
        let (_, mut good) = random_file(&mut random, 20);
        let end = good.len() - 8;
        good[end..].fill(0);
        for _ in 0..500 {
            let mut bad = good.clone();
            for _ in 0..random.random_range(1..5) {
                let place = random.random_range(9..end);
                bad[place] = random.random();
            }
            let _ = events(&bad);
        }
    }
}

#[test]
fn garbage_in_every_type_never_panics() {
    let mut random = StdRng::seed_from_u64(13);
    for kind in ValueType::ALL {
        for _ in 0..2000 {
            let mut bytes = vec![0; random.random_range(0..50)];
            random.fill(&mut bytes[..]);
            if let Some(first) = bytes.first_mut() {
                *first &= 0x3F;
            }
            let _ = events(&file(&[&[kind.byte(), 1, b'k'], &bytes[..]].concat()));
        }
    }
}

#[test]
fn headers() {
    for bad in ["REDIX0010", "REDIS00 1", "hello, wo"] {
        assert!(matches!(error(bad.as_bytes()).kind, ErrorKind::NotRdb));
    }
    for (text, number) in [("REDIS0000", 0), ("REDIS0013", 13), ("REDIS9999", 9999)] {
        let kind = error(text.as_bytes()).kind;
        assert!(matches!(kind, ErrorKind::Version(version) if version == number));
    }
    // Before version 5 there is no checksum.
    for (bytes, version) in [(b"REDIS0001\xFF", 1), (b"REDIS0004\xFF", 4)] {
        assert_eq!(Decoder::new(&bytes[..]).unwrap().version(), version);
        assert_eq!(events(bytes).unwrap(), [Event::Eof]);
    }
    assert!(matches!(error(b"REDIS0005\xFF").kind, ErrorKind::Truncated));
}

#[test]
fn what_stands_before_a_key_belongs_to_it() {
    let items = b"\xFD\xFF\xFF\xFF\xFF\x00\x01a\x01x\xF8\x05\xF9\x07\x00\x01b\x01y\
        \xFC\x01\0\0\0\0\0\0\0\xF9\x07\x00\x01c\x01z\xF5\x02fn\xF4\x01\x02\x03";
    let key = |name: &str, expires_at_ms, value: &str| Event::Key {
        key: name.into(),
        expires_at_ms,
        value: Value::String(value.into()),
    };
    let expected = [
        key("a", Some(-1000), "x"),
        key("b", None, "y"),
        key("c", Some(1), "z"),
        Event::Function(b"fn".to_vec()),
        Event::Eof,
    ];
    assert_eq!(events(&file(items)).unwrap(), expected);
}

#[test]
fn after_the_end_comes_the_rest() {
    let bytes = [file(b""), b"*1\r\n".to_vec()].concat();
    let mut decoder = Decoder::new(&bytes[..]).unwrap();
    assert_eq!(decoder.next_event().unwrap(), Event::Eof);
    assert_eq!(decoder.next_event().unwrap(), Event::Eof);
    let mut rest = String::new();
    decoder.into_rest().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "*1\r\n");
}

#[test]
fn what_is_not_supported_is_named() {
    let text = error(&file(b"\x0F\x03key\x01")).to_string();
    let expected = "after 14 bytes, in the value of key \"key\": \
        not supported: type 15, which is a stream";
    assert_eq!(text, expected);
    for kind in [6, 7, 9, 15, 19, 21, 22, 23, 24, 25] {
        let kind = ValueType::from_byte(kind).unwrap();
        let error = value(kind, b"\0");
        assert!(matches!(error, Err(ErrorKind::UnsupportedType(found)) if found == kind));
    }
    let error = error(&file(b"\xF7\0"));
    assert!(matches!(error.kind, ErrorKind::UnsupportedItem(_)));
    assert!(matches!(
        events(&file(b"\x08")).unwrap_err().kind,
        ErrorKind::UnknownItem(8)
    ));
}

#[test]
fn forms_of_old_servers() {
    let block = blob(&ziplist::tests::block(&[b"\x01a", &[0xF3]]));
    let two = strings(&["a", "2"]);
    let scored = Value::SortedSet([("a", 2.0)].into_iter().collect());
    let list = Value::List(two.clone());
    assert_eq!(value(ValueType::ListZiplist, &block).unwrap(), list);
    let hash = Value::Hash(two);
    assert_eq!(value(ValueType::HashZiplist, &block).unwrap(), hash);
    assert_eq!(value(ValueType::SortedSetZiplist, &block).unwrap(), scored);
    let nodes = [&[2][..], &block, &block].concat();
    let twice = Value::List(strings(&["a", "2", "a", "2"]));
    assert_eq!(value(ValueType::ListQuicklist, &nodes).unwrap(), twice);
    let text = value(
        ValueType::SortedSetText,
        b"\x03\x01a\x041e-3\x01b\xFE\x01c\xFF",
    );
    let scores = [("a", 0.001), ("b", f64::INFINITY), ("c", f64::NEG_INFINITY)];
    let expected = Value::SortedSet(scores.into_iter().collect());
    assert_eq!(text.unwrap(), expected);
}

#[test]
fn values_that_do_not_make_sense() {
    let odd = blob(&ziplist::tests::block(&[b"\x01a"]));
    let kinds = [ValueType::HashZiplist, ValueType::SortedSetZiplist];
    for kind in kinds {
        assert!(matches!(value(kind, &odd), Err(ErrorKind::OddLength)));
    }
    let no_score = blob(&ziplist::tests::block(&[b"\x01a", b"\x03nan"]));
    let nan = [&[1, 1, b'm'][..], &f64::NAN.to_le_bytes()].concat();
    for (kind, bytes) in [
        (ValueType::SortedSetZiplist, &no_score[..]),
        (ValueType::SortedSet, &nan),
        (ValueType::SortedSetText, b"\x01\x01m\xFD"),
        (ValueType::SortedSetText, b"\x01\x01m\x02xx"),
    ] {
        assert!(matches!(value(kind, bytes), Err(ErrorKind::Score)));
    }
    let node = value(ValueType::ListQuicklist2, b"\x01\x03\x01a");
    assert!(matches!(node, Err(ErrorKind::ListNode(3))));
    let block = value(ValueType::HashListpack, b"\x01x");
    assert!(matches!(block, Err(ErrorKind::Listpack(_))));
    let block = value(ValueType::SetIntset, b"\x01x");
    assert!(matches!(block, Err(ErrorKind::Intset(_))));
}

#[test]
fn announced_lengths_cost_nothing() {
    let huge = b"\x81\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
    for kind in [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 16, 17, 18, 20] {
        let file = [b"REDIS0010", &[kind, 1, b'k'][..], huge].concat();
        assert!(matches!(error(&file).kind, ErrorKind::Truncated));
    }
    let packed = [&b"\xC3\x05"[..], huge, b"\0a\xE0\xFF\0"].concat();
    let error = value(ValueType::String, &packed);
    assert!(matches!(error, Err(ErrorKind::Lzf(_))));
}
