//! Stage 01: a socket is a stream of bytes.

use super::Check;
use crate::client::Client;
use crate::failure::Failure;
use crate::target::Target;
use std::time::Duration;

/// How long a client that must wait is watched.
const WATCHED: Duration = Duration::from_millis(200);

const MEBIBYTE: usize = 1024 * 1024;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "01.1",
        title: "What a client sends comes back",
        first: 1,
        last: Some(1),
        redis: false,
        hint: "Write back what the read gave you: only the bytes that were read, not the whole buffer.",
        body: text,
    },
    Check {
        id: "01.2",
        title: "Bytes come back at once, whether or not a line is complete",
        first: 1,
        last: Some(1),
        redis: false,
        hint: "A stream has no messages. Read whatever is there instead of waiting for the end of a line.",
        body: without_line_end,
    },
    Check {
        id: "01.3",
        title: "All 256 bytes come back, not only text",
        first: 1,
        last: Some(1),
        redis: false,
        hint: "Keep the data as bytes. A conversion to a string loses what is not UTF-8, and a NUL byte ends nothing.",
        body: any_bytes,
    },
    Check {
        id: "01.4",
        title: "A megabyte comes back whole while more of it is still being sent",
        first: 1,
        last: Some(1),
        redis: false,
        hint: "A write may take only a part of what you give it: write until all is written, and only then read on.",
        body: a_megabyte,
    },
    Check {
        id: "01.5",
        title: "A client that stops sending gets everything back, and then the end",
        first: 1,
        last: Some(1),
        redis: false,
        hint: "A read of zero bytes means that the client will send no more. What was read before must be written first; then close.",
        body: half_close,
    },
    Check {
        id: "01.6",
        title: "When a client has left, the next one is served",
        first: 1,
        last: None,
        redis: true,
        hint: "The end of one client is not the end of the server: go back to accept.",
        body: one_after_the_other,
    },
    Check {
        id: "01.7",
        title: "A client that is lost instead of leaving does not end the server",
        first: 1,
        last: None,
        redis: true,
        hint: "A read or a write that fails concerns one client only. Report the error, and accept the next client.",
        body: lost_client,
    },
    Check {
        id: "01.8",
        title: "A second client waits until the first has left",
        first: 1,
        last: Some(3),
        redis: false,
        hint: "Up to stage 03 the server serves one client at a time: accept the next one after the first is done. If yours serves many already, you are ahead: go on to stage 04.",
        body: second_client_waits,
    },
];

fn echoed(client: &mut Client, bytes: &[u8]) -> Result<(), Failure> {
    client.send(bytes)?;
    client.expect(bytes)
}

fn text(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for line in ["hello\r\n", "hello again\r\n", "x\n"] {
        echoed(&mut client, line.as_bytes())?;
    }
    Ok(())
}

fn without_line_end(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for piece in ["h", "el", "lo"] {
        echoed(&mut client, piece.as_bytes())?;
    }
    Ok(())
}

fn any_bytes(target: &Target) -> Result<(), Failure> {
    let bytes: Vec<u8> = (0..=255).collect();
    echoed(&mut target.connect()?, &bytes)
}

/// Bytes in which a piece that is lost, doubled or misplaced shows.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

fn a_megabyte(target: &Target) -> Result<(), Failure> {
    let bytes = pattern(MEBIBYTE);
    target.connect()?.send_while_reading(&bytes, &bytes)
}

fn half_close(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    client.send("last words")?;
    client.finish_sending()?;
    client.expect("last words")?;
    client.expect_end()
}

/// Something that every stage answers: the echo with the same, the others with a pong.
fn greet(client: &mut Client) -> Result<(), Failure> {
    client.send("PING\r\n")?;
    client.expect_either(b"PING\r\n", b"+PONG\r\n")
}

fn one_after_the_other(target: &Target) -> Result<(), Failure> {
    for number in ["first", "second", "third"] {
        greet(&mut target.connect()?)
            .map_err(|failure| failure.when(&format!("the {number} client")))?;
    }
    Ok(())
}

fn lost_client(target: &Target) -> Result<(), Failure> {
    for _ in 0..3 {
        let mut lost = target.connect()?;
        lost.send("PING\r\n")?;
        lost.wait_unread()?;
    }
    greet(&mut target.connect()?).map_err(|failure| failure.when("after three lost clients"))
}

fn second_client_waits(target: &Target) -> Result<(), Failure> {
    let mut first = target.connect()?;
    greet(&mut first)?;
    let mut second = target.connect()?;
    second.send("PING\r\n")?;
    second
        .expect_silence(WATCHED)
        .map_err(|failure| failure.when("the second client, while the first is there"))?;
    greet(&mut first).map_err(|failure| failure.when("the first client"))?;
    drop(first);
    second
        .expect_either(b"PING\r\n", b"+PONG\r\n")
        .map_err(|failure| failure.when("the second client, once the first has left"))
}
