//! What is sent: one command, again and again.

use rand::{Rng, RngExt};

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
        &["ZADD", "myzset", "0", "element:__rand_int__"],
    ),
    test("zpopmin", "ZPOPMIN", &["ZPOPMIN", "myzset"]),
];

const fn test(name: &'static str, title: &'static str, args: &'static [&'static str]) -> Test {
    Test { name, title, args }
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

    /// The next `count` requests, with new random numbers; never more than were encoded.
    pub fn next(&mut self, count: usize, random: &mut impl Rng) -> &[u8] {
        let keys = self.keys;
        if keys > 0 {
            self.fill(count, || random.random_range(0..keys));
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
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn a_request_is_an_array_of_bulk_strings() {
        let mut random = SmallRng::seed_from_u64(1);
        let mut requests = Requests::encode(find("SET").unwrap(), 1, 3, 0);
        let expected = "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000000\r\n$3\r\nxxx\r\n";
        assert_eq!(text(requests.next(1, &mut random)), expected);
        let mut ping = Requests::encode(find("ping_inline").unwrap(), 2, 3, 0);
        assert_eq!(text(ping.next(2, &mut random)), "PING\r\nPING\r\n");
    }

    #[test]
    fn every_request_of_a_pipeline_has_its_own_key_within_the_range() {
        let mut random = SmallRng::seed_from_u64(1);
        let mut requests = Requests::encode(find("get").unwrap(), 64, 3, 1000);
        let sent = text(requests.next(64, &mut random));
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
        let mut random = SmallRng::seed_from_u64(1);
        let mut requests = Requests::encode(find("get").unwrap(), 16, 3, 10);
        assert_eq!(
            text(requests.next(3, &mut random)).matches("GET").count(),
            3
        );
    }
}
