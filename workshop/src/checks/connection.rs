//! Stage 02 as well: what malformed requests and strange clients may do to a server.

use super::Check;
use crate::client::request;
use crate::failure::Failure;
use crate::target::Target;

/// The longest line that Redis takes.
const MAX_LINE: usize = 64 * 1024;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "02.20",
        title: "A malformed number of elements is a protocol error, and ends the connection",
        first: 2,
        last: None,
        redis: true,
        hint: "Nobody can tell where the next request would begin: answer the error, then close. One number has one spelling: no plus, no leading zeros, no spaces.",
        body: array_length,
    },
    Check {
        id: "02.21",
        title: "A malformed length of a bulk string is a protocol error",
        first: 2,
        last: None,
        redis: true,
        hint: "Lengths of a request's arguments are never negative, and 512 MiB at the most. Check the number before you make room for it.",
        body: bulk_length,
    },
    Check {
        id: "02.22",
        title: "An element that is no bulk string is a protocol error",
        first: 2,
        last: None,
        redis: true,
        hint: "The error names the byte that stands in place of the $.",
        body: expected_bulk,
    },
    Check {
        id: "02.23",
        title: "Quotes that are not closed are a protocol error",
        first: 2,
        last: None,
        redis: true,
        hint: "A quote must be closed on its line, and what follows the closing quote must be white space.",
        body: unbalanced_quotes,
    },
    Check {
        id: "02.24",
        title: "A line of more than 64 KiB is refused before it ends",
        first: 2,
        last: None,
        redis: true,
        hint: "A client that never sends a line end must not fill your memory. Look at the length of what is buffered while no end has come.",
        body: long_lines,
    },
    Check {
        id: "02.25",
        title: "Good requests in front of a malformed one are answered",
        first: 2,
        last: None,
        redis: true,
        hint: "The replies are owed. Write them, then the error, then close; what stands behind the error is not looked at.",
        body: good_requests_first,
    },
    Check {
        id: "02.26",
        title: "A client that vanishes in the midst of a request does not end the server",
        first: 2,
        last: None,
        redis: true,
        hint: "The end of the connection may come at any byte. It is no error of the server, and nothing is to be answered.",
        body: vanishing_client,
    },
    Check {
        id: "02.27",
        title: "A client that is lost with replies unread does not end the server",
        first: 2,
        last: None,
        redis: true,
        hint: "Writing to a connection that is gone is an error of that client only.",
        body: lost_client,
    },
    Check {
        id: "02.28",
        title: "A header that announces a million elements does no harm",
        first: 2,
        last: None,
        redis: true,
        hint: "Make room for what has arrived, not for what is announced.",
        body: announced_elements,
    },
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
        "*2\r\n$4\r\nECHO\r\n$-2\r\n",
    ];
    refused(target, &cases.map(|bytes| (bytes, cause)))
}

fn expected_bulk(target: &Target) -> Result<(), Failure> {
    refused(
        target,
        &[
            ("*1\r\n+PING\r\n", "expected '$', got '+'"),
            ("*1\r\nPING\r\n", "expected '$', got 'P'"),
            ("*2\r\n$4\r\nECHO\r\n:1\r\n", "expected '$', got ':'"),
            ("*1\r\n*1\r\n", "expected '$', got '*'"),
        ],
    )
}

fn unbalanced_quotes(target: &Target) -> Result<(), Failure> {
    let cause = "unbalanced quotes in request";
    let cases = [
        "ECHO \"a\r\n",
        "ECHO 'a\r\n",
        "ECHO \"a\"b\r\n",
        "ECHO 'a\"\r\n",
    ];
    refused(target, &cases.map(|bytes| (bytes, cause)))
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
    let good = request(&["ECHO", "good"]);
    let bytes = [&good, b"PING\r\n".as_slice(), b"*1\r\n!\r\n", &good].concat();
    client.send(bytes)?;
    client.expect("$4\r\ngood\r\n+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n")?;
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
        client.send("PING\r\n".repeat(1000))?;
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
