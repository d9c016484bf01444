//! Stage 02: bytes become messages.

use super::{Body, Check, PROTOCOL};
use crate::client::{Client, bulk, request};
use crate::failure::Failure;
use crate::script::play;
use crate::target::Target;
use std::thread;
use std::time::Duration;

/// A pause between two pieces, so that they do not arrive as one.
const PAUSE: Duration = Duration::from_millis(1);

/// A pause long enough for a server that answers half a request to have done so.
const LONG_PAUSE: Duration = Duration::from_millis(20);

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("02-resp-parser/PROTOCOL.md#requests")
        .page(PROTOCOL)
        .needs(&["02.1"])
}

pub(super) static CHECKS: &[Check] = &[
    check("02.1", "PING is answered with PONG", ping)
        .hint("A request is an array of bulk strings: *1, then $4, then PING, each line ending with \\r\\n. The answer is a simple string.")
        .needs(&[]),
    check("02.2", "A connection takes one request after the other", again_and_again)
        .hint("The answer is not the end of the conversation: go back to reading. A client closes when it has no more to ask.")
        .guide("02-resp-parser/PROTOCOL.md#closing"),
    check("02.3", "When a client has left, the next one is served", one_after_the_other)
        .hint("The end of one client is not the end of the server: go back to accept.")
        .guide("02-resp-parser/PROTOCOL.md#closing"),
    check("02.4", "Names of commands may be written in any case", any_case)
        .hint("Compare the name without regard to case. The arguments stay as they are."),
    check("02.5", "Requests sent together are all answered", together)
        .hint("One read may bring several requests. Answer all that are complete before you read again.")
        .guide("02-resp-parser/PROTOCOL.md#pipelining")
        .page("https://redis.io/docs/latest/develop/use/pipelining/")
        .needs(&["02.2"]),
    check("02.6", "A request that arrives in two pieces is answered once it is whole", two_pieces)
        .hint("Keep what is not complete yet in the buffer, and append what comes next. Incomplete is not malformed.")
        .guide("02-resp-parser/GUIDE.md#the-idea")
        .needs(&["02.2"]),
    check("02.7", "A request that arrives byte by byte is answered once it is whole", byte_by_byte)
        .hint("However many reads it takes: after each, look again whether the request is whole.")
        .guide("02-resp-parser/GUIDE.md#the-idea")
        .needs(&["02.6"]),
    check("02.8", "Requests sent together and cut at any point are answered all the same", every_cut)
        .hint("Look at cuts between \\r and \\n, within a length, and right behind a request: each must leave the parser able to go on.")
        .guide("02-resp-parser/GUIDE.md#the-traps")
        .needs(&["02.5", "02.7"]),
    check("02.9", "PING with a message answers the message", ping_message)
        .hint("With an argument the answer is a bulk string: its length in bytes, then the bytes.")
        .guide("02-resp-parser/PROTOCOL.md#replies")
        .page("https://redis.io/docs/latest/commands/ping/"),
    check("02.10", "ECHO answers its argument", echo)
        .hint("The argument is the second element of the array. An empty one is $0 with an empty line behind it.")
        .guide("02-resp-parser/PROTOCOL.md#replies")
        .page("https://redis.io/docs/latest/commands/echo/")
        .needs(&["02.2"]),
    check("02.11", "A bulk string holds any bytes: line ends, NUL, all 256", any_bytes)
        .hint("Behind $N stand N bytes, whatever they are. Count them; never search them for a line end.")
        .needs(&["02.10"]),
    check("02.12", "A long argument arrives whole", long_argument)
        .hint("A request may be longer than what one read brings. Wait for all bytes that its lengths announce.")
        .needs(&["02.7", "02.10"]),
    check("02.13", "A thousand requests sent together are answered in order", pipeline)
        .hint("The replies carry no numbers: their order is all that a client has. What one read cuts off is the beginning of the next request.")
        .guide("02-resp-parser/PROTOCOL.md#pipelining")
        .page("https://redis.io/docs/latest/develop/use/pipelining/")
        .needs(&["02.8", "02.10"]),
    check("02.14", "An unknown command is an error that repeats the request", unknown_command)
        .hint("Each argument stands in quotes with a space behind it, the last one too.")
        .guide("02-resp-parser/PROTOCOL.md#error-texts")
        .needs(&["02.2"]),
    check("02.15", "A wrong number of arguments is an error, and the connection goes on", wrong_arity)
        .hint("The client spoke the protocol well; only the command is wrong. Answer the error and read on. The name is in lower case.")
        .guide("02-resp-parser/PROTOCOL.md#error-texts")
        .needs(&["02.10"]),
    check("02.16", "Line ends in an error's text become spaces", error_is_one_line)
        .hint("An error reply is one line. Whatever is repeated in it must not end that line early.")
        .guide("02-resp-parser/PROTOCOL.md#error-texts")
        .needs(&["02.11", "02.14"]),
    check("02.17", "Inline commands: a line is a request too", inline)
        .hint("A request that does not begin with * is a line. A newline alone ends it as well. Both kinds may follow each other.")
        .guide("02-resp-parser/PROTOCOL.md#inline-commands")
        .needs(&["02.4", "02.5"]),
    check("02.18", "Empty lines and empty arrays are ignored", empty_requests)
        .hint("A request without arguments gets no reply, not even an error.")
        .guide("02-resp-parser/PROTOCOL.md#inline-commands")
        .needs(&["02.17"]),
    check("02.19", "White space separates the words of an inline command", inline_words)
        .hint("Split the line at spaces and tabs, however many. None of them belongs to a word.")
        .guide("02-resp-parser/PROTOCOL.md#inline-commands")
        .needs(&["02.10", "02.17"]),
];

fn ping(target: &Target) -> Result<(), Failure> {
    target.connect()?.ask(&["PING"], "+PONG\r\n")
}

fn again_and_again(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for _ in 0..3 {
        client.ask(&["PING"], "+PONG\r\n")?;
    }
    client.settle()
}

fn one_after_the_other(target: &Target) -> Result<(), Failure> {
    for number in ["first", "second", "third"] {
        let mut client = target.connect()?;
        client
            .ask(&["PING"], "+PONG\r\n")
            .map_err(|failure| failure.when(&format!("the {number} client")))?;
    }
    Ok(())
}

fn any_case(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ping  -> +PONG
        PiNg  -> +PONG
        "#,
    )
}

fn together(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    client.send(request(&["PING"]).repeat(3))?;
    client.expect("+PONG\r\n".repeat(3))?;
    client.settle()
}

/// Sends a piece that is not the end of a request, and sees that nobody answers it.
fn send_begun(client: &mut Client, piece: &[u8], pause: Duration) -> Result<(), Failure> {
    client.send(piece)?;
    client.expect_silence(pause)
}

fn two_pieces(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let whole = request(&["PING"]);
    for cut in [10, 4, 1] {
        let (head, tail) = whole.split_at(cut);
        send_begun(&mut client, head, LONG_PAUSE)?;
        client.send(tail)?;
        client.expect("+PONG\r\n")?;
    }
    client.settle()
}

fn byte_by_byte(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let whole = request(&["PING"]);
    let (last, begun) = whole.split_last().unwrap_or((&b'\n', &[]));
    for byte in begun {
        send_begun(&mut client, &[*byte], PAUSE)?;
    }
    client.send([*last])?;
    client.expect("+PONG\r\n")?;
    client.settle()
}

fn every_cut(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let requests = request(&["PING"]).repeat(2);
    for cut in 0..=requests.len() {
        let (head, tail) = requests.split_at(cut);
        client.send(head)?;
        thread::sleep(PAUSE);
        client.send(tail)?;
        client
            .expect("+PONG\r\n+PONG\r\n")
            .map_err(|failure| failure.when(&format!("cut behind {cut} bytes")))?;
    }
    client.settle()
}

fn ping_message(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    client.ask(&["PING", "hello there"], bulk("hello there"))?;
    client.ask(&["PING", ""], "$0\r\n\r\n")?;
    client.settle()
}

fn echo(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for word in ["hello", "", "PING", "MiXeD"] {
        client.ask(&["ECHO", word], bulk(word))?;
    }
    client.settle()
}

fn any_bytes(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let all: Vec<u8> = (0..=255).collect();
    let words: [&[u8]; 5] = [b"\r\n", b"a\r\nb\r\n", b"\0", b"$3\r\nabc\r\n", &all];
    for word in words {
        client.ask(&[b"ECHO", word], bulk(word))?;
    }
    client.settle()
}

fn long_argument(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let long = "x".repeat(100_000);
    client.ask(&["ECHO", &long], bulk(&long))?;
    client.settle()
}

fn pipeline(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let words: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    let requests = words.iter().flat_map(|word| request(&["ECHO", word]));
    client.send(requests.collect::<Vec<u8>>())?;
    client.expect(words.iter().flat_map(bulk).collect::<Vec<u8>>())?;
    client.settle()
}

fn unknown_command(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    client.ask(
        &["Nope"],
        "-ERR unknown command 'Nope', with args beginning with: \r\n",
    )?;
    client.ask(
        &["NOPE", "a", "b c", ""],
        "-ERR unknown command 'NOPE', with args beginning with: 'a' 'b c' '' \r\n",
    )?;
    client.settle()
}

fn wrong_arity(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ECHO       -> -ERR wrong number of arguments for 'echo' command
        ECHO a b   -> -ERR wrong number of arguments for 'echo' command
        PING a b   -> -ERR wrong number of arguments for 'ping' command
        "#,
    )
}

fn error_is_one_line(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    client.ask(
        &["NO\r\nPE", "a\nb"],
        "-ERR unknown command 'NO  PE', with args beginning with: 'a b' \r\n",
    )?;
    client.settle()
}

fn inline(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for (line, reply) in [
        ("PING\r\n", "+PONG\r\n"),
        ("PING\n", "+PONG\r\n"),
        ("*1\r\n$4\r\nPING\r\nPING\r\n", "+PONG\r\n+PONG\r\n"),
        ("PING\r\n*1\r\n$4\r\nPING\r\n", "+PONG\r\n+PONG\r\n"),
    ] {
        client.send(line)?;
        client.expect(reply)?;
    }
    client.settle()
}

fn empty_requests(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for nothing in ["\r\n", "*0\r\n", "*-1\r\n", "\n", "   \r\n"] {
        client.send(nothing)?;
        client.ask(&["PING"], "+PONG\r\n")?;
    }
    client.send("\r\n*0\r\nPING\r\n\r\n")?;
    client.expect("+PONG\r\n")?;
    client.settle()
}

fn inline_words(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for line in ["ECHO hello\r\n", "  echo \t hello  \n", "\tECHO\thello\r\n"] {
        client.send(line)?;
        client.expect(bulk("hello"))?;
    }
    client.settle()
}
