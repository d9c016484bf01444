//! What is sent: one command, again and again.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Stands for a random number of twelve digits in a command.
const RANDOM: &str = "__rand_int__";

/// Stands for a value of the chosen size.
const DATA: &str = "__data__";

/// A command to measure, under the name that redis-benchmark gives it.
#[derive(Debug, PartialEq, Eq)]
pub struct Test {
    /// What `-t` calls it.
    pub name: &'static str,
    /// What the report calls it.
    pub title: &'static str,
    /// The command and its arguments; empty for `PING` as an inline command.
    args: &'static [&'static str],
    /// Elements that `mylist` must hold before, or there would be nothing to read.
    pub list: u64,
}

/// Every test, in the order in which they run.
pub static TESTS: &[Test] = &[
    test("ping_inline", "PING_INLINE", &[]),
    test("ping_mbulk", "PING_MBULK", &["PING"]),
    test("set", "SET", &["SET", "key:__rand_int__", DATA]),
    test("get", "GET", &["GET", "key:__rand_int__"]),
    test("incr", "INCR", &["INCR", "counter:__rand_int__"]),
    test("lpush", "LPUSH", &["LPUSH", "mylist", DATA]),
    test("rpush", "RPUSH", &["RPUSH", "mylist", DATA]),
    test("lpop", "LPOP", &["LPOP", "mylist"]),
    test("rpop", "RPOP", &["RPOP", "mylist"]),
    test("sadd", "SADD", &["SADD", "myset", "element:__rand_int__"]),
    test(
        "hset",
        "HSET",
        &["HSET", "myhash", "element:__rand_int__", DATA],
    ),
    test("spop", "SPOP", &["SPOP", "myset"]),
    test(
        "zadd",
        "ZADD",
        &["ZADD", "myzset", RANDOM, "element:__rand_int__"],
    ),
    test("zpopmin", "ZPOPMIN", &["ZPOPMIN", "myzset"]),
    Test {
        list: 100,
        ..test(
            "lrange_100",
            "LRANGE_100 (first 100 elements)",
            &["LRANGE", "mylist", "0", "99"],
        )
    },
    Test {
        list: 300,
        ..test(
            "lrange_300",
            "LRANGE_300 (first 300 elements)",
            &["LRANGE", "mylist", "0", "299"],
        )
    },
    Test {
        list: 500,
        ..test(
            "lrange_500",
            "LRANGE_500 (first 500 elements)",
            &["LRANGE", "mylist", "0", "499"],
        )
    },
    Test {
        list: 600,
        ..test(
            "lrange_600",
            "LRANGE_600 (first 600 elements)",
            &["LRANGE", "mylist", "0", "599"],
        )
    },
    test("mset", "MSET (10 keys)", MSET),
];

#[rustfmt::skip]
const MSET: &[&str] = &[
    "MSET",
    "key:__rand_int__", DATA, "key:__rand_int__", DATA, "key:__rand_int__", DATA, "key:__rand_int__", DATA,
    "key:__rand_int__", DATA, "key:__rand_int__", DATA, "key:__rand_int__", DATA, "key:__rand_int__", DATA,
    "key:__rand_int__", DATA, "key:__rand_int__", DATA,
];

/// Fills the list that tests of LRANGE read.
pub static FILL_LIST: Test = test("lpush", "LPUSH", &["LPUSH", "mylist", DATA]);

/// Empties a server. `-t` does not know it: it is for servers that were started for a measurement.
pub static FLUSHALL: Test = test("flushall", "FLUSHALL", &["FLUSHALL"]);

const fn test(name: &'static str, title: &'static str, args: &'static [&'static str]) -> Test {
    Test {
        name,
        title,
        args,
        list: 0,
    }
}

impl Test {
    /// Length of a request with values of `data` bytes.
    pub fn request_length(&self, data: usize) -> usize {
        let lengths = self.args.iter().map(|arg| {
            let length = if *arg == DATA { data } else { arg.len() };
            length.saturating_add("$\r\n\r\n".len() + digits(length))
        });
        let head = match self.args.len() {
            0 => "PING\r\n".len(),
            args => "*\r\n".len() + digits(args),
        };
        lengths.fold(head, usize::saturating_add)
    }
}

fn digits(number: usize) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// In which order the numbers in keys come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// At random. The same seed gives the same numbers again.
    Random {
        /// What sets one sequence apart from others.
        seed: u32,
    },
    /// 0, 1, 2 and so on, for each connection: one connection meets every key.
    Ascending,
}

/// The numbers that one connection puts into its keys.
#[derive(Debug)]
pub enum Numbers {
    /// For [`Order::Random`].
    Random(SmallRng),
    /// For [`Order::Ascending`]: the next one.
    Ascending(u64),
}

impl Numbers {
    /// The numbers of connection `client`.
    pub fn new(order: Order, client: u32) -> Self {
        match order {
            Order::Random { seed } => {
                let seed = u64::from(seed) << u32::BITS | u64::from(client);
                Self::Random(SmallRng::seed_from_u64(seed))
            }
            Order::Ascending => Self::Ascending(0),
        }
    }

    /// The next one, below `keys`, which is not 0.
    fn next(&mut self, keys: u64) -> u64 {
        match self {
            Self::Random(random) => random.random_range(0..keys),
            Self::Ascending(next) => {
                let number = *next % keys;
                *next = number + 1;
                number
            }
        }
    }
}

/// The test with this name, in whatever case it is written.
pub fn find(name: &str) -> Option<&'static Test> {
    TESTS
        .iter()
        .find(|test| test.name.eq_ignore_ascii_case(name))
}

/// Requests ready to be sent: encoded once, and changed in place where they hold a random number.
#[derive(Clone, Debug)]
pub struct Requests {
    bytes: Vec<u8>,
    /// Length of one request.
    length: usize,
    /// Where the random numbers begin within a request.
    random_at: Vec<usize>,
    /// Random numbers are below this; 0 leaves them out.
    keys: u64,
}

impl Requests {
    /// Encodes `pipeline` requests of `test`, with values of `data` bytes, and keys out of `keys`
    /// different ones (0: always the same).
    pub fn encode(test: &Test, pipeline: usize, data: usize, keys: u64) -> Self {
        let request = encode(test.args, data);
        let random_at = find_all(&request, RANDOM.as_bytes());
        let mut requests = Self {
            length: request.len(),
            bytes: request.repeat(pipeline),
            random_at,
            keys,
        };
        // The digits stand there from now on, so that a key looks alike whether or not it is random.
        requests.fill(pipeline, || 0);
        requests
    }

    /// The next `count` requests, with new numbers; never more than were encoded.
    pub fn next(&mut self, count: usize, numbers: &mut Numbers) -> &[u8] {
        let keys = self.keys;
        if keys > 0 {
            self.fill(count, || numbers.next(keys));
        }
        let end = count.saturating_mul(self.length).min(self.bytes.len());
        self.bytes.get(..end).unwrap_or_default()
    }

    fn fill(&mut self, count: usize, mut number: impl FnMut() -> u64) {
        for request in self.bytes.chunks_exact_mut(self.length).take(count) {
            for start in &self.random_at {
                let place = request.get_mut(*start..start + RANDOM.len());
                write_digits(place.unwrap_or_default(), number());
            }
        }
    }
}

/// Writes `number` with leading zeros over all of `place`.
fn write_digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn encode(args: &[&str], data: usize) -> Vec<u8> {
    if args.is_empty() {
        return b"PING\r\n".to_vec();
    }
    let mut request = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args {
        let arg = if *arg == DATA {
            "x".repeat(data)
        } else {
            (*arg).to_string()
        };
        request.extend_from_slice(format!("${}\r\n{arg}\r\n", arg.len()).as_bytes());
    }
    request
}

fn find_all(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(wanted.len()).enumerate();
    windows
        .filter(|(_, window)| *window == wanted)
        .map(|(at, _)| at)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM_ORDER: Order = Order::Random { seed: 1 };

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn a_request_is_an_array_of_bulk_strings() {
        let mut numbers = Numbers::new(RANDOM_ORDER, 0);
        let mut requests = Requests::encode(find("SET").unwrap(), 1, 3, 0);
        let expected = "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000000\r\n$3\r\nxxx\r\n";
        assert_eq!(text(requests.next(1, &mut numbers)), expected);
        let mut ping = Requests::encode(find("ping_inline").unwrap(), 2, 3, 0);
        assert_eq!(text(ping.next(2, &mut numbers)), "PING\r\nPING\r\n");
    }

    #[test]
    fn the_length_of_a_request_is_known_before_it_is_made() {
        for test in TESTS {
            for data in [1, 9, 10, 99, 1000] {
                let length = encode(test.args, data).len();
                assert_eq!(test.request_length(data), length, "{} {data}", test.name);
            }
        }
        assert_eq!(find("mset").unwrap().request_length(usize::MAX), usize::MAX);
    }

    #[test]
    fn mset_has_ten_keys_with_numbers_of_their_own() {
        let mut requests = Requests::encode(find("mset").unwrap(), 1, 3, 1_000_000);
        let sent = text(requests.next(1, &mut Numbers::new(RANDOM_ORDER, 0)));
        let lines = sent.lines().filter(|line| line.starts_with("key:"));
        assert_eq!(lines.collect::<std::collections::HashSet<_>>().len(), 10);
    }

    #[test]
    fn numbers_repeat_with_the_seed_and_differ_without_it() {
        let numbers = |seed, client| {
            let mut numbers = Numbers::new(Order::Random { seed }, client);
            std::iter::repeat_with(move || numbers.next(1_000_000))
                .take(10)
                .collect::<Vec<u64>>()
        };
        assert_eq!(numbers(1, 2), numbers(1, 2));
        assert_ne!(numbers(1, 2), numbers(2, 2));
        assert_ne!(numbers(1, 2), numbers(1, 3));
        assert_ne!(numbers(1, 2), numbers(2, 1));
    }

    #[test]
    fn ascending_numbers_meet_every_key_and_begin_again() {
        let mut numbers = Numbers::new(Order::Ascending, 0);
        let met: Vec<u64> = (0..5).map(|_| numbers.next(3)).collect();
        assert_eq!(met, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn every_request_of_a_pipeline_has_its_own_key_within_the_range() {
        let mut numbers = Numbers::new(RANDOM_ORDER, 0);
        let mut requests = Requests::encode(find("get").unwrap(), 64, 3, 1000);
        let sent = text(requests.next(64, &mut numbers));
        let keys: std::collections::HashSet<&str> = sent
            .lines()
            .filter_map(|line| line.strip_prefix("key:"))
            .collect();
        assert!(keys.len() > 50);
        assert!(
            keys.iter()
                .all(|key| key.len() == 12 && key.parse::<u64>().unwrap() < 1000)
        );
    }

    #[test]
    fn a_smaller_batch_sends_fewer_requests() {
        let mut numbers = Numbers::new(RANDOM_ORDER, 0);
        let mut requests = Requests::encode(find("get").unwrap(), 16, 3, 10);
        assert_eq!(
            text(requests.next(3, &mut numbers)).matches("GET").count(),
            3
        );
    }
}
