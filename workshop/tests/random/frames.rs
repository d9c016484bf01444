//! Bytes that look like requests, and often are none.

use super::Random;

const PIECES: [&[u8]; 46] = [
    b"*1\r\n",
    b"*2\r\n",
    b"*3\r\n",
    b"*0\r\n",
    b"*-1\r\n",
    b"*-7\r\n",
    b"*x\r\n",
    b"*\r\n",
    b"*01\r\n",
    b"*2147483648\r\n",
    b"*99999999999999999999\r\n",
    b"*1\n",
    b"$4\r\n",
    b"$4\r\nPING\r\n",
    b"$4\r\nECHO\r\n",
    b"$4\r\nping\r\n",
    b"$3\r\nfoo\r\n",
    b"$0\r\n\r\n",
    b"$-1\r\n",
    b"$x\r\n",
    b"$\r\n",
    b"$536870913\r\n",
    b"$2\r\n\r\n\r\n",
    b"PING\r\n",
    b"PING",
    b"ECHO ",
    b"ECHO \"a b\"\r\n",
    b"'",
    b"\"",
    b"\\x41",
    b"\\n",
    b"\\",
    b"\r\n",
    b"\r",
    b"\n",
    b" ",
    b"\t",
    b"+",
    b"-",
    b":1\r\n",
    b"$",
    b"*",
    b"\xff",
    b"nope",
    b"PI\x0bNG",
    b"\x0c",
];

/// Several requests, good ones and others. None is larger than a server reads at once, and none holds
/// a NUL byte, which ends an inline command in Redis.
pub fn frames(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=random.below(12) {
        match random.below(4) {
            0 => bytes.extend_from_slice(b"*1\r\n$4\r\nPING\r\n"),
            1 => bytes.extend_from_slice(b"*2\r\n$4\r\nECHO\r\n$5\r\nwords\r\n"),
            _ => bytes.extend_from_slice(random.pick(&PIECES)),
        }
    }
    if random.once_in(3) && !announces_too_much(&bytes) {
        let place = random.below(bytes.len());
        bytes[place] = 1 + random.below(255) as u8;
    }
    bytes
}

/// Another digit would make one of these an array of millions of elements, which Redis waits for, and
/// our servers refuse on purpose.
fn announces_too_much(bytes: &[u8]) -> bool {
    let heads = [b"*2147483648".as_slice(), b"*99999999999"];
    heads
        .iter()
        .any(|head| bytes.windows(head.len()).any(|part| part == *head))
}
