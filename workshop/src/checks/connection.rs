//! Stage 02 as well: what malformed requests and strange clients may do to a server.

use super::{Body, Check, PROTOCOL};
use crate::client::request;
use crate::failure::Failure;
use crate::target::Target;

/// The longest line that Redis takes.
const MAX_LINE: usize = 64 * 1024;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("02-resp-parser/PROTOCOL.md#protocol-errors")
        .page(PROTOCOL)
        .needs(&["02.3"])
}

pub(super) static CHECKS: &[Check] = &[
    check("02.20", "A malformed number of elements is a protocol error, and ends the connection", array_length)
        .hint("Nobody can tell where the next request would begin: answer the error, then close. One number has one spelling: no plus, no leading zeros, no spaces."),
    check("02.21", "A malformed length of a bulk string is a protocol error", bulk_length)
        .hint("Lengths of a request's arguments are never negative, and 512 MiB at the most. Check the number before you make room for it."),
    check("02.22", "An element that is no bulk string is a protocol error", expected_bulk)
        .hint("The error names the byte that stands in place of the $."),
    check("02.23", "Good requests in front of a malformed one are answered", good_requests_first)
        .hint("The replies are owed. Write them, then the error, then close; what stands behind the error is not looked at.")
        .needs(&["02.5", "02.22"]),
    check("02.24", "A request named POST or Host: ends the connection without a reply", browser)
        .hint("A web page can make a browser send such a request to your port, and commands behind it. Close at once, whatever follows.")
        .guide("02-resp-parser/PROTOCOL.md#closing")
        .needs(&["02.17"]),
    check("02.25", "A line of more than 64 KiB is refused before it ends", long_lines)
        .hint("A client that never sends a line end must not fill your memory. Look at the length of what is buffered while no end has come.")
        .guide("02-resp-parser/PROTOCOL.md#limits")
        .needs(&["02.7", "02.17"]),
    check("02.26", "A header that announces a million elements does no harm", announced_elements)
        .hint("Make room for what has arrived, not for what is announced.")
        .guide("02-resp-parser/PROTOCOL.md#limits"),
    check("02.27", "A client that vanishes in the midst of a request does not end the server", vanishing_client)
        .hint("The end of the connection may come at any byte. It is no error of the server, and nothing is to be answered.")
        .guide("02-resp-parser/PROTOCOL.md#closing"),
    check("02.28", "A client that is lost with replies unread does not end the server", lost_client)
        .hint("Writing to a connection that is gone is an error of that client only.")
        .guide("02-resp-parser/PROTOCOL.md#closing")
        .needs(&["02.8"]),
];

/// The server answers each of these with that error, and closes.
fn refused<B: AsRef<[u8]>>(target: &Target, cases: &[(B, &str)]) -> Result<(), Failure> {
    for (bytes, cause) in cases {
        let mut client = target.connect()?;
        client.send(bytes)?;
        client.expect(format!("-ERR Protocol error: {cause}\r\n"))?;
        client.expect_end()?;
    }
    target.connect()?.settle()
}

fn array_length(target: &Target) -> Result<(), Failure> {
    let cause = "invalid multibulk length";
    let cases = [
        "*x\r\n",
        "*1x\r\n",
        "*+1\r\n",
        "*01\r\n",
        "* 1\r\n",
        "*99999999999\r\n",
    ];
    refused(target, &cases.map(|bytes| (bytes, cause)))
}

fn bulk_length(target: &Target) -> Result<(), Failure> {
    let cause = "invalid bulk length";
    let cases = [
        "*1\r\n$x\r\n",
        "*1\r\n$\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n$+4\r\n",
        "*1\r\n$536870913\r\n",
        "*1\r\n$99999999999999999999\r\n",
        "*2\r\n$4\r\nPING\r\n$-2\r\n",
    ];
    refused(target, &cases.map(|bytes| (bytes, cause)))
}

fn expected_bulk(target: &Target) -> Result<(), Failure> {
    refused(
        target,
        &[
            ("*1\r\n+PING\r\n", "expected '$', got '+'"),
            ("*1\r\nPING\r\n", "expected '$', got 'P'"),
            ("*2\r\n$4\r\nPING\r\n:1\r\n", "expected '$', got ':'"),
            ("*1\r\n*1\r\n", "expected '$', got '*'"),
        ],
    )
}

/// What stands in front of it in the same read may be lost with the connection: Redis closes at once.
fn browser(target: &Target) -> Result<(), Failure> {
    for name in ["POST / HTTP/1.1", "post", "Host: example.com"] {
        let mut client = target.connect()?;
        client.ask(&["PING"], "+PONG\r\n")?;
        client.send(format!("{name}\r\nPING\r\n"))?;
        client.expect_end()?;
    }
    let mut client = target.connect()?;
    client.send(request(&["POST", "/"]))?;
    client.expect_end()?;
    target.connect()?.settle()
}

/// Not a byte more than it takes to be refused: a server that closes with bytes unread resets the
/// connection, and its answer may be lost.
fn long_lines(target: &Target) -> Result<(), Failure> {
    let digits = "1".repeat(MAX_LINE);
    refused(
        target,
        &[
            (format!("x{digits}"), "too big inline request"),
            (format!("*{digits}"), "too big mbulk count string"),
            (format!("*1\r\n${digits}"), "too big bulk count string"),
        ],
    )
}

fn good_requests_first(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let good = request(&["PING"]);
    client.send([&good, b"*1\r\n!\r\n".as_slice(), &good].concat())?;
    client.expect("+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n")?;
    client.expect_end()?;
    target.connect()?.settle()
}

fn vanishing_client(target: &Target) -> Result<(), Failure> {
    let whole = request(&["ECHO", "hello"]);
    for cut in 0..whole.len() {
        let mut client = target.connect()?;
        client.send(whole.get(..cut).unwrap_or_default())?;
    }
    let mut client = target.connect()?;
    client.send(whole.get(..whole.len() - 1).unwrap_or_default())?;
    client.finish_sending()?;
    client.expect_end()?;
    target.connect()?.settle()
}

fn lost_client(target: &Target) -> Result<(), Failure> {
    for _ in 0..10 {
        let mut client = target.connect()?;
        client.send(request(&["PING"]).repeat(1000))?;
        client.wait_unread()?;
    }
    target.connect()?.settle()
}

fn announced_elements(target: &Target) -> Result<(), Failure> {
    for announced in ["*1000000\r\n", "*1000000\r\n$536870912\r\n"] {
        let mut client = target.connect()?;
        client.send(announced)?;
        drop(client);
        target
            .connect()?
            .settle()
            .map_err(|failure| failure.when("the next client"))?;
    }
    Ok(())
}
