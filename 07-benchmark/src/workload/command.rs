//! A command as a template, and what it must answer.

/// Stands for a number of twelve digits in a command.
pub const NUMBER: &str = "__rand_int__";

/// Stands for a value of the chosen size.
pub const DATA: &str = "__data__";

/// A command with its arguments, in which [`NUMBER`] and [`DATA`] stand for what differs from request to
/// request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The words. Without any it is `PING` as an inline command.
    pub args: Vec<Vec<u8>>,
    /// What it must answer.
    pub expected: Expected,
}

/// Commands, beside SET, that remove nothing and count nothing down, whatever their arguments are.
const KEEPING: &[&str] = &[
    "PING", "ECHO", "GET", "MGET", "EXISTS", "STRLEN", "TYPE", "TTL", "MSET", "INCR", "LPUSH",
    "RPUSH", "LLEN", "LRANGE", "SADD", "HSET", "ZADD",
];

/// What a good reply looks like. `--verify` holds replies against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Anything but an error: of this command nothing more is known.
    Anything,
    /// This status.
    Status(&'static [u8]),
    /// A number from the least to the most that is possible.
    Integer(i64, i64),
    /// What a counter that this program counts up holds, 1 at least; any number where it was not counted up
    /// before, or a command of the workload may have changed it otherwise.
    Counter,
    /// A value as this program writes it for the key that was asked for. Nil is a miss, but wrong where the key
    /// was written before, and no command of the workload may have removed it.
    Value,
    /// Any bulk string, or nil: a miss.
    Member,
    /// An array.
    Array,
    /// An array of a member and its score, or of nothing.
    Pair,
    /// An array of that many values as this program pushes them; of any number where the list was not filled
    /// before, or a command of the workload may have removed some.
    Values(u64),
}

impl Command {
    /// A command of these words; what it must answer follows from the first.
    pub fn new(args: Vec<Vec<u8>>) -> Self {
        let expected = expected(&args);
        Self { args, expected }
    }

    /// The same of words that are text.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let words = words.into_iter().map(|word| word.as_bytes().to_vec());
        Self::new(words.collect())
    }

    /// The words with spaces between them, as redis-benchmark calls a command given to it. An inline command
    /// has only its name.
    pub fn title(&self) -> String {
        if self.args.is_empty() {
            return self.name();
        }
        let words: Vec<_> = self
            .args
            .iter()
            .map(|arg| String::from_utf8_lossy(arg))
            .collect();
        words.join(" ")
    }

    /// Its first word in capitals.
    pub fn name(&self) -> String {
        let word = self.args.first().map_or(b"PING".as_slice(), Vec::as_slice);
        String::from_utf8_lossy(&word.to_ascii_uppercase()).into_owned()
    }

    /// Whether it carries a value.
    pub fn has_data(&self) -> bool {
        self.args.iter().any(|arg| find(arg, DATA).is_some())
    }

    /// Whether all that was written before is still there when it was carried out. Of a command that is not
    /// known here that is not certain.
    pub fn keeps(&self) -> bool {
        match self.name().as_str() {
            // With options SET may set a time to live, or may read.
            "SET" => self.args.len() == 3,
            name => KEEPING.contains(&name),
        }
    }

    /// Whether it carries a number.
    pub fn has_number(&self) -> bool {
        self.args.iter().any(|arg| find(arg, NUMBER).is_some())
    }
}

/// Where a placeholder stands first.
pub fn find(bytes: &[u8], placeholder: &str) -> Option<usize> {
    let mut windows = bytes.windows(placeholder.len());
    windows.position(|window| window == placeholder.as_bytes())
}

/// What the commands of the default tests answer, by the pages of the commands. A GET of anything but the
/// keys that this program writes may find any value.
fn expected(args: &[Vec<u8>]) -> Expected {
    let Some(name) = args.first() else {
        return Expected::Status(b"PONG");
    };
    let first = args.get(1).map(Vec::as_slice);
    match (name.to_ascii_uppercase().as_slice(), args.len()) {
        (b"PING", 1) => Expected::Status(b"PONG"),
        (b"SET", 3) | (b"MSET", _) => Expected::Status(b"OK"),
        (b"GET", 2) if first == Some(b"key:__rand_int__") => Expected::Value,
        (b"GET", 2) => Expected::Member,
        (b"LPOP" | b"RPOP" | b"SPOP", 2) => Expected::Member,
        (b"INCR", 2) if first == Some(b"counter:__rand_int__") => Expected::Counter,
        (b"INCR" | b"DECR", _) => Expected::Integer(i64::MIN, i64::MAX),
        (b"LPUSH" | b"RPUSH", _) => Expected::Integer(1, i64::MAX),
        (b"DEL" | b"EXISTS", words) => up_to(words.saturating_sub(1)),
        (b"SADD", words) => up_to(words.saturating_sub(2)),
        (b"HSET", words) => up_to(words.saturating_sub(2) / 2),
        (b"ZADD", 4) => up_to(1),
        (b"ZPOPMIN", 2) => Expected::Pair,
        (b"ZPOPMIN", _) => Expected::Array,
        (b"LRANGE", 4) if first == Some(b"mylist") => listed(args),
        _ => Expected::Anything,
    }
}

/// How many of so many keys or members a command has met.
fn up_to(count: usize) -> Expected {
    Expected::Integer(0, i64::try_from(count).unwrap_or(i64::MAX))
}

/// The elements of an LRANGE from 0 on: a list that was filled before holds them all.
fn listed(args: &[Vec<u8>]) -> Expected {
    let number = |index: usize| {
        let text = args
            .get(index)
            .and_then(|arg| std::str::from_utf8(arg).ok());
        text.and_then(|text| text.parse::<u64>().ok())
    };
    match (number(2), number(3)) {
        (Some(0), Some(last)) => Expected::Values(last.saturating_add(1)),
        _ => Expected::Array,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Command {
        Command::of(line.split(' '))
    }

    #[test]
    fn what_a_command_answers_follows_from_its_words() {
        let cases = [
            ("get key:__rand_int__", Expected::Value),
            ("GET mine", Expected::Member),
            ("SET a b", Expected::Status(b"OK")),
            ("SET a b GET", Expected::Anything),
            ("LRANGE mylist 0 99", Expected::Values(100)),
            ("LRANGE mylist -5 -1", Expected::Array),
            ("INCR counter:__rand_int__", Expected::Counter),
            ("INCR a", Expected::Integer(i64::MIN, i64::MAX)),
            ("RPUSH l a", Expected::Integer(1, i64::MAX)),
            ("SADD s a b", Expected::Integer(0, 2)),
            ("HSET h a 1", Expected::Integer(0, 1)),
            ("ZADD z 1 a", Expected::Integer(0, 1)),
            ("ZADD z NX 1 a", Expected::Anything),
            ("ZPOPMIN z", Expected::Pair),
            ("ZPOPMIN z 9", Expected::Array),
            ("EVAL x 0", Expected::Anything),
        ];
        for (line, expected) in cases {
            assert_eq!(command(line).expected, expected, "{line}");
        }
    }

    #[test]
    fn placeholders_are_found_within_words() {
        let set = command("SET key:__rand_int__ a__data__b");
        assert!(set.has_data() && !command("SET a _data_").has_data());
        assert_eq!(set.title(), "SET key:__rand_int__ a__data__b");
        assert!(set.has_number() && !command("SET a __rand_int_").has_number());
    }

    #[test]
    fn a_command_keeps_what_was_written_if_that_is_certain() {
        let keep = ["get a", "SET a b", "mset a b", "INCR a", "LRANGE l 0 9"];
        assert!(keep.iter().all(|line| command(line).keeps()));
        let others = [
            "DEL a",
            "GETDEL a",
            "SET a b EX 9",
            "EXPIRE a 9",
            "FLUSHDB",
            "RENAME a b",
            "LPOP l",
            "EVAL x 0",
        ];
        assert!(others.iter().all(|line| !command(line).keeps()));
        assert!(Command::new(Vec::new()).keeps());
    }

    #[test]
    fn a_command_without_words_has_a_title() {
        assert_eq!(Command::new(Vec::new()).title(), "PING");
    }
}
