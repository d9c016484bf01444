//! Commands with wild arguments.

use super::{Random, types};
use workshop::stage::Stage;

/// The keys: few, so that commands meet; and not all of them are text.
pub const KEYS: [&[u8]; 10] = [
    b"a",
    b"A",
    b"b",
    b"key:1",
    b"key:2",
    b"",
    b"\r\n",
    b"\0\xff",
    b"with space",
    b"a\0b",
];

/// Which commands a stage knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Stages 03 and 04.
    Keyspace,
    /// Stage 05.
    Expiry,
    /// From stage 06 on.
    Types,
}

impl Dialect {
    /// What a stage knows.
    pub fn of(stage: Stage) -> Self {
        match stage.number {
            ..5 => Self::Keyspace,
            5 => Self::Expiry,
            _ => Self::Types,
        }
    }
}

const KEYSPACE: [&str; 6] = ["PING", "ECHO", "SET", "GET", "DEL", "EXISTS"];

const EXPIRY: [&str; 12] = [
    "GETEX",
    "EXPIRE",
    "PEXPIRE",
    "EXPIREAT",
    "PEXPIREAT",
    "TTL",
    "PTTL",
    "EXPIRETIME",
    "PEXPIRETIME",
    "PERSIST",
    "SET",
    "DBSIZE",
];

/// Names that no server knows.
const UNKNOWN: [&[u8]; 7] = [
    b"NOPE",
    b"",
    b"GE",
    b"\r\n",
    b"G\0ET",
    b"a-name-that-nobody-has-given-to-any-command",
    b"\xff",
];

/// Numbers, and what is nearly one. None lets a key expire while the test runs.
pub const NUMBERS: [&str; 30] = [
    "0",
    "-0",
    "00",
    "01",
    "+1",
    "-1",
    "-100",
    " 1",
    "1 ",
    "1.5",
    "1e3",
    "0x10",
    "abc",
    "",
    "-",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "-9223372036854775809",
    "9223372036854775",
    "9223372036854776",
    "-9223372036854775",
    "-9223372036854776",
    "99999999999999999999999999",
    "4102444800",
    "4102444800499",
    "4102444800500",
    "4102444801",
    "253402300800000",
    "1",
];

const TIME_OPTIONS: [&str; 4] = ["EX", "PX", "EXAT", "PXAT"];
const SET_OPTIONS: [&str; 9] = [
    "NX", "XX", "GET", "KEEPTTL", "PERSIST", "GT", "", "EXX", "nope",
];
const EXPIRE_OPTIONS: [&str; 7] = ["NX", "XX", "GT", "LT", "EX", "", "nope"];

pub type Request = Vec<Vec<u8>>;

/// One request, or several where one alone would tell of nothing but timing.
pub fn command(random: &mut Random, dialect: Dialect) -> Vec<Request> {
    if dialect == Dialect::Types {
        return types::command(random);
    }
    let name = match dialect {
        Dialect::Expiry if random.below(3) > 0 => random.pick(&EXPIRY),
        _ => random.pick(&KEYSPACE),
    };
    if random.once_in(40) {
        return vec![unknown(random)];
    }
    if random.once_in(25) {
        return vec![wrong_arity(random, name)];
    }
    let mut request = vec![any_case(random, name)];
    match name {
        "DBSIZE" => return counted(request),
        "PING" if random.once_in(2) => {}
        "PING" | "ECHO" => request.push(value(random)),
        "SET" => set(random, dialect, &mut request),
        "DEL" | "EXISTS" => (0..=random.below(4)).for_each(|_| request.push(key(random))),
        "GETEX" => getex(random, &mut request),
        "EXPIRE" | "PEXPIRE" | "EXPIREAT" | "PEXPIREAT" => expire(random, name, &mut request),
        _ => request.push(key(random)),
    }
    vec![request]
}

/// One that stage 05 knows too.
pub fn command_of_expiry(random: &mut Random) -> Vec<Request> {
    command(random, Dialect::Expiry)
}

/// A number, or what is nearly one.
pub fn number(random: &mut Random) -> Vec<u8> {
    if random.once_in(2) {
        return random.below(100).to_string().into();
    }
    random.pick(&NUMBERS).into()
}

/// Redis counts keys whose time is up until it comes across them: so it is led to all of them first.
pub fn counted(request: Request) -> Vec<Request> {
    let exists = [b"EXISTS".as_slice()].into_iter().chain(KEYS);
    vec![exists.map(<[u8]>::to_vec).collect(), request]
}

/// What COMMAND tells differs from server to server; which errors it gives does not.
const COMMAND_ERRORS: [&[&str]; 6] = [
    &["COMMAND", "NOPE"],
    &["COMMAND", "", "x"],
    &["command", "count", "x"],
    &["COMMAND", "HELP", "x"],
    &["COMMAND", "LIST", "x"],
    &["COMMAND", "LIST", "x", "y", "z"],
];

/// From stage 06 on: before it, COMMAND has no subcommands.
pub fn command_error(random: &mut Random) -> Request {
    let words = random.pick(&COMMAND_ERRORS);
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn unknown(random: &mut Random) -> Request {
    let mut request = vec![random.pick(&UNKNOWN).to_vec()];
    (0..random.below(5)).for_each(|_| request.push(value(random)));
    request
}

/// Any number of arguments but with a name that is known. Never what would end in a long life, nor a
/// good DBSIZE, which wants what [`counted`] sends before it.
fn wrong_arity(random: &mut Random, name: &str) -> Request {
    let mut request = vec![any_case(random, name)];
    let options = ["SET", "GETEX"].contains(&name) || name.contains("EXPIRE");
    let most = if options { 2 } else { 5 };
    let least = usize::from(name == "DBSIZE");
    (0..random.below(most).max(least)).for_each(|_| request.push(key(random)));
    request
}

pub fn any_case(random: &mut Random, name: &str) -> Vec<u8> {
    let style = random.below(4);
    name.bytes()
        .map(|byte| match style {
            0 => byte.to_ascii_lowercase(),
            1 if random.once_in(2) => byte.to_ascii_lowercase(),
            _ => byte,
        })
        .collect()
}

fn key(random: &mut Random) -> Vec<u8> {
    random.pick(&KEYS).to_vec()
}

pub fn value(random: &mut Random) -> Vec<u8> {
    match random.below(6) {
        0 => Vec::new(),
        1 => random.pick(&NUMBERS).into(),
        2 => vec![b'x'; random.below(300)],
        3 => vec![b'y'; random.below(20_000)],
        _ => (0..random.below(20))
            .map(|_| random.below(256) as u8)
            .collect(),
    }
}

fn set(random: &mut Random, dialect: Dialect, request: &mut Request) {
    request.extend([key(random), value(random)]);
    if dialect == Dialect::Keyspace {
        // Options come with stage 05. What is none is a syntax error before and after.
        if random.once_in(10) {
            request.push(b"surprise".to_vec());
        }
        return;
    }
    options(random, request, &SET_OPTIONS);
}

fn getex(random: &mut Random, request: &mut Request) {
    request.push(key(random));
    if random.once_in(2) {
        let option = random.pick(&TIME_OPTIONS);
        time_option(random, request, option);
    } else {
        options(
            random,
            request,
            &["PERSIST", "persist", "NX", "GET", "KEEPTTL"],
        );
    }
}

fn options(random: &mut Random, request: &mut Request, words: &[&str]) {
    let count = random.below(4);
    for _ in 0..random.below(count + 1) {
        if random.once_in(2) {
            let option = random.pick(&TIME_OPTIONS);
            time_option(random, request, option);
        } else {
            let word = random.pick(words);
            request.push(any_case(random, word));
        }
    }
}

fn time_option(random: &mut Random, request: &mut Request, option: &str) {
    request.push(any_case(random, option));
    if !random.once_in(12) {
        request.push(time(random, option));
    }
}

fn expire(random: &mut Random, name: &str, request: &mut Request) {
    let unit = match name {
        "EXPIRE" => "EX",
        "PEXPIRE" => "PX",
        "EXPIREAT" => "EXAT",
        _ => "PXAT",
    };
    request.extend([key(random), time(random, unit)]);
    for _ in 0..random.below(4) {
        if random.once_in(2) {
            let option = random.pick(&EXPIRE_OPTIONS);
            request.push(any_case(random, option));
        }
    }
}

/// A time: mostly far in the future and absolute, so that both servers answer the same to the
/// millisecond. Relative ones last for hours, and hardly ever two of them are the same.
fn time(random: &mut Random, unit: &str) -> Vec<u8> {
    if random.once_in(4) {
        let number = random.pick(&NUMBERS);
        // The one number that would expire during the test.
        let short = number == "1" && (unit == "EX" || unit == "PX");
        return if short { b"x".to_vec() } else { number.into() };
    }
    let spread = random.below(1_000_000);
    let number = match unit {
        "EX" => 10_000 + spread,
        "PX" => 10_000_000 + spread * 1000,
        "EXAT" => 4_102_444_800 + spread % 5,
        _ => 4_102_444_800_000 + spread % 5000,
    };
    number.to_string().into_bytes()
}
