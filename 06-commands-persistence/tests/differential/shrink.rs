//! A failing session made so short that a person can read it, and paste it into redis-cli.

use crate::generate::Request;

/// Takes away requests, and then words of them, as long as what is left still fails.
pub fn shrink(mut requests: Vec<Request>, fails: impl Fn(&[Request]) -> bool) -> Vec<Request> {
    let mut size = requests.len().div_ceil(2);
    while size > 0 {
        let mut start = 0;
        let before = requests.len();
        while start < requests.len() {
            let end = (start + size).min(requests.len());
            let mut fewer = requests.clone();
            fewer.drain(start..end);
            if fails(&fewer) {
                requests = fewer;
            } else {
                start = end;
            }
        }
        // With single ones until all are needed.
        if size > 1 || requests.len() == before {
            size /= 2;
        }
    }
    for at in 0..requests.len() {
        for place in (1..requests[at].len()).rev() {
            let mut shorter = requests.clone();
            shorter[at].remove(place);
            if fails(&shorter) {
                requests = shorter;
            }
        }
    }
    requests
}

/// A request as a line for redis-cli.
pub fn line(request: &Request) -> String {
    let words: Vec<String> = request.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

fn quoted(word: &[u8]) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"'\\".contains(byte);
    if !word.is_empty() && word.iter().all(is_plain) {
        return String::from_utf8_lossy(word).into_owned();
    }
    let bytes = word.iter().map(|byte| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    });
    format!("\"{}\"", bytes.collect::<String>())
}
