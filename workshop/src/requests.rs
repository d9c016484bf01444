//! What a server should find in the bytes that a check has sent.

use crate::reply::{self, Reply};

/// Requests, and whether nothing of a further one stands behind them.
#[derive(Debug, PartialEq, Eq)]
pub struct Requests {
    /// The arguments of each. Empty requests are left out.
    pub args: Vec<Vec<Vec<u8>>>,
    /// Whether the bytes end where a request ends.
    pub whole: bool,
}

/// Takes bytes apart as a server does. What is malformed is the end of it.
pub fn requests(mut bytes: &[u8]) -> Requests {
    let mut found = Vec::new();
    let mut whole = true;
    while !bytes.is_empty() {
        let request = if bytes.first() == Some(&b'*') {
            array(bytes)
        } else {
            line(bytes)
        };
        let Some((args, length)) = request else {
            whole = bytes.first() == Some(&b'*') && reply::parse(bytes).is_err();
            break;
        };
        found.extend(Some(args).filter(|args| !args.is_empty()));
        bytes = bytes.get(length..).unwrap_or_default();
    }
    Requests { args: found, whole }
}

fn array(bytes: &[u8]) -> Option<(Vec<Vec<u8>>, usize)> {
    let (reply, length) = reply::parse(bytes).ok()??;
    let elements = reply.array().unwrap_or_default().iter();
    let args = elements.filter_map(Reply::bulk).map(<[u8]>::to_vec);
    Some((args.collect(), length))
}

fn line(bytes: &[u8]) -> Option<(Vec<Vec<u8>>, usize)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let words = bytes.get(..end)?.split(u8::is_ascii_whitespace);
    let words = words.filter(|word| !word.is_empty());
    Some((words.map(<[u8]>::to_vec).collect(), end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_arrays_and_lines() {
        let bytes = b"*2\r\n$4\r\nECHO\r\n$1\r\na\r\n*0\r\n\r\nPING  x\r\n*1\r\n$4\r\nPI";
        let args = requests(bytes).args;
        let expected: [&[&[u8]]; 2] = [&[b"ECHO", b"a"], &[b"PING", b"x"]];
        assert_eq!(args, expected);
        for (bytes, whole) in [
            ("", true),
            ("PING\r", false),
            ("PING\n", true),
            ("*1\r\n$4\r\nPING\r", false),
            ("*1\r\n$4\r\nPING\r\n", true),
            ("*1\r\n!\r\n", true),
        ] {
            assert_eq!(requests(bytes.as_bytes()).whole, whole, "{bytes:?}");
        }
    }
}
