//! Stage 01: a socket is a stream of bytes.

use super::{Body, Check};
use crate::client::Client;
use crate::failure::Failure;
use crate::target::Target;
use std::time::Duration;

/// How long a client that must wait is watched.
const WATCHED: Duration = Duration::from_millis(200);

const GREETING: &[u8] = b"anybody there?\r\n";

const MEBIBYTE: usize = 1024 * 1024;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("01-tcp-echo/GUIDE.md#the-code-in-the-order-you-would-write-it")
}

pub(super) static CHECKS: &[Check] = &[
    check("01.1", "What a client sends comes back", text)
        .hint("Write back what the read gave you: only the bytes that were read, not the whole buffer."),
    check("01.2", "When a client has left, the next one is served", one_after_the_other)
        .hint("The end of one client is not the end of the server: go back to accept.")
        .needs(&["01.1"]),
    check("01.3", "Bytes come back at once, whether or not a line is complete", without_line_end)
        .hint("A stream has no messages. Read whatever is there instead of waiting for the end of a line.")
        .needs(&["01.1"]),
    check("01.4", "All 256 bytes come back, not only text", any_bytes)
        .hint("Keep the data as bytes. A conversion to a string loses what is not UTF-8, and a NUL byte ends nothing.")
        .needs(&["01.3"]),
    check("01.5", "A client that stops sending gets everything back, and then the end", half_close)
        .hint("A read of zero bytes means that the client will send no more. What was read before must be written first; then close.")
        .needs(&["01.3"]),
    check("01.6", "A client that is lost instead of leaving does not end the server", lost_client)
        .hint("A read or a write that fails concerns one client only. Report the error, and accept the next client.")
        .needs(&["01.2"]),
    check("01.7", "A megabyte comes back whole while more of it is still being sent", a_megabyte)
        .hint("A write may take only a part of what you give it: write until all is written, and only then read on.")
        .needs(&["01.4"]),
    check("01.8", "A second client waits until the first has left", second_client_waits)
        .hint("The server of the course serves one client at a time until stage 04. Yours may serve many already.")
        .needs(&["01.2"])
        .ours(),
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

fn one_after_the_other(target: &Target) -> Result<(), Failure> {
    for number in ["first", "second", "third"] {
        echoed(&mut target.connect()?, GREETING)
            .map_err(|failure| failure.when(&format!("the {number} client")))?;
    }
    Ok(())
}

fn lost_client(target: &Target) -> Result<(), Failure> {
    for _ in 0..3 {
        let mut lost = target.connect()?;
        lost.send(GREETING)?;
        lost.wait_unread()?;
    }
    echoed(&mut target.connect()?, GREETING)
        .map_err(|failure| failure.when("after three lost clients"))
}

fn second_client_waits(target: &Target) -> Result<(), Failure> {
    let mut first = target.connect()?;
    echoed(&mut first, GREETING)?;
    let mut second = target.connect()?;
    second.send(GREETING)?;
    second
        .expect_silence(WATCHED)
        .map_err(|failure| failure.when("the second client, while the first is there"))?;
    echoed(&mut first, GREETING).map_err(|failure| failure.when("the first client"))?;
    drop(first);
    second
        .expect(GREETING)
        .map_err(|failure| failure.when("the second client, once the first has left"))
}
