//! Tests of the encoder and the decoder together, and of files that are wrong.

use super::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::io::Read;

type Event = super::Event<Value>;

/// What a key holds. Collections of strings have the plain form of their type.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    String(Vec<u8>),
    Strings(ValueType, Vec<Vec<u8>>),
    SortedSet(Vec<(Vec<u8>, f64)>),
}

impl Value {
    fn read<R: Read>(source: &mut Source<R>, form: ValueType) -> Result<Self, ErrorKind> {
        use ValueType::*;
        let plain = match form {
            String => return Ok(Self::String(string::read(source)?)),
            List | ListZiplist | ListQuicklist | ListQuicklist2 => List,
            Set | SetIntset | SetListpack => Set,
            Hash | HashZiplist | HashListpack => Hash,
            _ => {
                let mut all = Vec::new();
                elements::scored(source, form, |member, score| {
                    all.push((member.to_vec(), score));
                    Ok(())
                })?;
                return Ok(Self::SortedSet(all));
            }
        };
        let mut all = Vec::new();
        elements::strings(source, form, |element| {
            all.push(element.to_vec());
            Ok(())
        })?;
        Ok(Self::Strings(plain, all))
    }
}

fn events(file: &[u8]) -> Result<Vec<Event>, Error> {
    let mut decoder = Decoder::new(file)?;
    let mut events = Vec::new();
    loop {
        let event = decoder.next_event(Value::read)?;
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

fn strings(form: ValueType, all: &[&str]) -> Value {
    Value::Strings(
        form,
        all.iter().map(|text| text.as_bytes().to_vec()).collect(),
    )
}

fn scored(all: &[(&str, f64)]) -> Value {
    let all = all
        .iter()
        .map(|(member, score)| (member.as_bytes().to_vec(), *score));
    Value::SortedSet(all.collect())
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

fn random_strings(random: &mut StdRng, each: usize) -> Vec<Vec<u8>> {
    let count = random.random_range(1..20) * each;
    (0..count).map(|_| random_string(random)).collect()
}

fn random_value(random: &mut StdRng) -> Value {
    match random.random_range(0..6) {
        0 | 1 => Value::String(random_string(random)),
        2 => Value::Strings(ValueType::List, random_strings(random, 1)),
        3 => Value::Strings(ValueType::Set, random_strings(random, 1)),
        4 => Value::Strings(ValueType::Hash, random_strings(random, 2)),
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

fn encode(encoder: &mut Encoder<'_>, event: &Event) {
    match event {
        Event::SelectDb(number) => encoder.select_db(*number),
        Event::ResizeDb { keys, expires } => encoder.resize_db(*keys, *expires),
        Event::Aux { key, value } => encoder.aux(key, value),
        Event::Key {
            key,
            expires_at_ms,
            value,
        } => encode_key(encoder, key, *expires_at_ms, value).unwrap(),
        Event::Function(_) | Event::Eof => {}
    }
}

fn encode_key(
    encoder: &mut Encoder<'_>,
    key: &[u8],
    at: Option<i64>,
    value: &Value,
) -> std::io::Result<()> {
    match value {
        Value::String(value) => {
            encoder.key(ValueType::String, key, at)?;
            encoder.element(value);
        }
        Value::Strings(ValueType::Hash, all) => {
            encoder.key(ValueType::Hash, key, at)?;
            let fields = all.chunks(2).map(|pair| (&pair[0], &pair[1]));
            encoder.fields(all.len() / 2, fields);
        }
        Value::Strings(form, all) => {
            encoder.key(*form, key, at)?;
            encoder.elements(all.len(), all);
        }
        Value::SortedSet(all) => {
            encoder.key(ValueType::SortedSet, key, at)?;
            let members = all.iter().map(|(member, score)| (member, *score));
            encoder.members(all.len(), members);
        }
    }
    Ok(())
}

fn encode_all(events: &[Event], compress: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, compress);
    encoder.header();
    events.iter().for_each(|event| encode(&mut encoder, event));
    encoder.finish(true).unwrap();
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
    assert_eq!(decoder.next_event(Value::read).unwrap(), Event::Eof);
    assert_eq!(decoder.next_event(Value::read).unwrap(), Event::Eof);
    let mut rest = String::new();
    decoder.into_rest().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "*1\r\n");
}

#[test]
fn what_is_not_supported_is_named() {
    let text = error(&file(b"\x0F\x03key\x01")).to_string();
    let expected = "after 14 bytes, in the value of key \"key\": \
        it is a stream (type 15), which this server does not have yet";
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
    for (form, expected) in [
        (
            ValueType::ListZiplist,
            strings(ValueType::List, &["a", "2"]),
        ),
        (
            ValueType::HashZiplist,
            strings(ValueType::Hash, &["a", "2"]),
        ),
        (ValueType::SortedSetZiplist, scored(&[("a", 2.0)])),
    ] {
        assert_eq!(value(form, &block).unwrap(), expected);
    }
    let nodes = [&[2][..], &block, &block].concat();
    let twice = strings(ValueType::List, &["a", "2", "a", "2"]);
    assert_eq!(value(ValueType::ListQuicklist, &nodes).unwrap(), twice);
    let text = value(
        ValueType::SortedSetText,
        b"\x03\x01a\x041e-3\x01b\xFE\x01c\xFF",
    );
    let scores = [("a", 0.001), ("b", f64::INFINITY), ("c", f64::NEG_INFINITY)];
    assert_eq!(text.unwrap(), scored(&scores));
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
