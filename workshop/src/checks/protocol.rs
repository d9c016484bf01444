//! Stage 02: bytes become messages.

use super::Check;
use crate::client::{bulk, request};
use crate::failure::Failure;
use crate::script::play;
use crate::target::Target;
use std::thread;
use std::time::Duration;

/// A pause between two pieces, so that they do not arrive as one.
const PAUSE: Duration = Duration::from_millis(1);

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "02.1",
        title: "PING is answered with PONG, again and again",
        first: 2,
        last: None,
        redis: true,
        hint: "A request is an array of bulk strings: *1, then $4, then PING, each line ending with \\r\\n. The answer is a simple string.",
        body: ping,
    },
    Check {
        id: "02.2",
        title: "PING with a message answers the message",
        first: 2,
        last: None,
        redis: true,
        hint: "With an argument the answer is a bulk string: its length in bytes, then the bytes.",
        body: ping_message,
    },
    Check {
        id: "02.3",
        title: "ECHO answers its argument",
        first: 2,
        last: None,
        redis: true,
        hint: "The argument is the second element of the array. An empty one is $0 with an empty line behind it.",
        body: echo,
    },
    Check {
        id: "02.4",
        title: "A bulk string holds any bytes: line ends, NUL, all 256",
        first: 2,
        last: None,
        redis: true,
        hint: "Behind $N stand N bytes, whatever they are. Count them; never search them for a line end.",
        body: any_bytes,
    },
    Check {
        id: "02.5",
        title: "Names of commands may be written in any case",
        first: 2,
        last: None,
        redis: true,
        hint: "Compare the name without regard to case. The arguments stay as they are.",
        body: any_case,
    },
    Check {
        id: "02.6",
        title: "Requests sent together are answered in order",
        first: 2,
        last: None,
        redis: true,
        hint: "One read may bring several requests. Answer all that are complete before you read again.",
        body: pipeline,
    },
    Check {
        id: "02.7",
        title: "A request that arrives byte by byte is answered once it is whole",
        first: 2,
        last: None,
        redis: true,
        hint: "Keep what is not complete yet in the buffer, and append what comes next. Incomplete is not malformed.",
        body: byte_by_byte,
    },
    Check {
        id: "02.8",
        title: "Requests cut in two at any point are answered all the same",
        first: 2,
        last: None,
        redis: true,
        hint: "Look at cuts between \\r and \\n, within a length, and right behind a request: each must leave the parser able to go on.",
        body: every_cut,
    },
    Check {
        id: "02.9",
        title: "Inline commands: a line of words is a request too",
        first: 2,
        last: None,
        redis: true,
        hint: "A request that does not begin with * is a line; split it at white space. A newline alone ends it as well.",
        body: inline,
    },
    Check {
        id: "02.10",
        title: "Quotes in inline commands hold spaces and escapes",
        first: 2,
        last: None,
        redis: true,
        hint: "Double quotes know \\n \\r \\t \\a \\b \\xHH and a backslash before anything else; single quotes know \\' alone.",
        body: inline_quotes,
    },
    Check {
        id: "02.11",
        title: "Empty lines and empty arrays are ignored",
        first: 2,
        last: None,
        redis: true,
        hint: "A request without arguments gets no reply, not even an error.",
        body: empty_requests,
    },
    Check {
        id: "02.12",
        title: "An unknown command is an error that repeats the request",
        first: 2,
        last: None,
        redis: true,
        hint: "Each argument stands in quotes with a space behind it, the last one too.",
        body: unknown_command,
    },
    Check {
        id: "02.13",
        title: "The error repeats no more than 128 bytes of name and of arguments",
        first: 2,
        last: None,
        redis: true,
        hint: "The name is cut at 128 bytes. Arguments are added while their sum, quotes and spaces included, is below 128; each is cut to what is left.",
        body: unknown_command_cut,
    },
    Check {
        id: "02.14",
        title: "Line ends in an error's text become spaces",
        first: 2,
        last: None,
        redis: true,
        hint: "An error reply is one line. Whatever is repeated in it must not end that line early.",
        body: error_is_one_line,
    },
    Check {
        id: "02.15",
        title: "A wrong number of arguments is an error, and the connection goes on",
        first: 2,
        last: None,
        redis: true,
        hint: "The client spoke the protocol well; only the command is wrong. Answer the error and read on. The name is in lower case.",
        body: wrong_arity,
    },
];

fn ping(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for _ in 0..3 {
        client.ask(&["PING"], "+PONG\r\n")?;
    }
    client.settle()
}

fn ping_message(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    client.ask(&["PING", "hello there"], bulk("hello there"))?;
    client.ask(&["PING", ""], "$0\r\n\r\n")?;
    client.ask(&["PING"], "+PONG\r\n")
}

fn echo(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let long = "x".repeat(100_000);
    for word in ["hello", "", "PING", &long] {
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

fn any_case(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ping        -> +PONG
        PiNg        -> +PONG
        eChO MiXeD  -> "MiXeD"
        "#,
    )
}

fn pipeline(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let (mut requests, mut replies) = (Vec::new(), Vec::new());
    for number in 0..1000 {
        let word = number.to_string();
        requests.extend(request(&["ECHO", &word]));
        replies.extend(bulk(&word));
        if number % 100 == 0 {
            requests.extend(b"PING\r\n");
            replies.extend(b"+PONG\r\n");
        }
    }
    client.send(&requests)?;
    client.expect(&replies)?;
    client.settle()
}

fn byte_by_byte(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let requests = [request(&["ECHO", "a\r\nb"]), b"PING pong\r\n".to_vec()];
    for byte in requests.concat() {
        client.send([byte])?;
        thread::sleep(PAUSE);
    }
    client.expect("$4\r\na\r\nb\r\n$4\r\npong\r\n")?;
    client.settle()
}

fn every_cut(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let requests = [
        request(&["ECHO", "hello, world"]),
        b"PING\r\n".to_vec(),
        request(&["PING"]),
    ]
    .concat();
    for cut in 0..=requests.len() {
        let (head, tail) = requests.split_at(cut);
        client.send(head)?;
        thread::sleep(PAUSE);
        client.send(tail)?;
        client
            .expect("$12\r\nhello, world\r\n+PONG\r\n+PONG\r\n")
            .map_err(|failure| failure.when(&format!("cut behind {cut} bytes")))?;
    }
    client.settle()
}

fn inline(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for (line, reply) in [
        ("PING\r\n", "+PONG\r\n"),
        ("PING\n", "+PONG\r\n"),
        ("  echo \t hello  \r\n", "$5\r\nhello\r\n"),
        ("*1\r\n$4\r\nPING\r\nPING\r\n", "+PONG\r\n+PONG\r\n"),
    ] {
        client.send(line)?;
        client.expect(reply)?;
    }
    client.settle()
}

fn inline_quotes(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    for (line, word) in [
        (r#"ECHO "hello, world""#, "hello, world"),
        (r#"ECHO "a\r\n\t\a\b\x41\"\\\q""#, "a\r\n\t\x07\x08A\"\\q"),
        (r#"ECHO 'it\'s "so" \n'"#, r#"it's "so" \n"#),
        (r#"ECHO """#, ""),
        (r#""ECHO" ''"#, ""),
    ] {
        client.send(format!("{line}\r\n"))?;
        client.expect(bulk(word))?;
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
    client.send("pong\r\n")?;
    client.expect("-ERR unknown command 'pong', with args beginning with: \r\n")?;
    client.settle()
}

fn unknown_command_cut(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let long = "x".repeat(300);
    let cut = "x".repeat(128);
    client.ask(
        &[&long],
        format!("-ERR unknown command '{cut}', with args beginning with: \r\n"),
    )?;
    client.ask(
        &["NOPE", &long, "never seen"],
        format!("-ERR unknown command 'NOPE', with args beginning with: '{cut}' \r\n"),
    )?;
    // 100 and its quotes and space make 103, which leaves 25.
    let (hundred, rest) = ("y".repeat(100), "x".repeat(25));
    client.ask(
        &["NOPE", &hundred, &long, "never seen"],
        format!("-ERR unknown command 'NOPE', with args beginning with: '{hundred}' '{rest}' \r\n"),
    )?;
    client.settle()
}

fn error_is_one_line(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    client.ask(
        &["NO\r\nPE", "a\nb"],
        "-ERR unknown command 'NO  PE', with args beginning with: 'a b' \r\n",
    )?;
    client.settle()
}

fn wrong_arity(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ECHO       -> -ERR wrong number of arguments for 'echo' command
        Echo a b   -> -ERR wrong number of arguments for 'echo' command
        PING a b   -> -ERR wrong number of arguments for 'ping' command
        PING       -> +PONG
        "#,
    )
}
