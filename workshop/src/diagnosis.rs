//! What is probably wrong, told from the bytes of a failure.
//!
//! Each function knows one mistake, or one symptom. The first that recognizes its own speaks.

use crate::failure::{End, Evidence, shown};
use crate::reply;
use crate::requests::requests;

type Test = fn(&Evidence) -> Option<String>;

/// These know a mistake when they see it: checks that fail for the same one have one cause.
const MISTAKES: &[Test] = &[
    nobody_there,
    line_feed_alone,
    no_line_end,
    echoed,
    answered_a_part,
    first_of_several,
    one_too_many,
    other_null,
    no_argument,
    one_spelling,
    inline,
];

/// These say only what can be seen.
const SYMPTOMS: &[Test] = &[
    length_of_the_value,
    other_kind,
    other_text,
    no_kind,
    closed,
    silent,
];

/// What is to be said on a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// For people.
    pub sentence: String,
    /// Whether it names the mistake.
    pub sure: bool,
}

/// Looks for the mistake behind a failure.
pub fn diagnose(evidence: &Evidence) -> Option<Diagnosis> {
    let first = |tests: &[Test], sure| {
        let sentence = tests.iter().find_map(|test| test(evidence))?;
        Some(Diagnosis { sentence, sure })
    };
    first(MISTAKES, true).or_else(|| first(SYMPTOMS, false))
}

fn say(mistake: bool, sentence: &str) -> Option<String> {
    mistake.then(|| sentence.into())
}

fn nobody_there(case: &Evidence) -> Option<String> {
    say(
        case.end == End::Refused,
        "Nobody listens there. If your server was running, it has ended: its own output says why.",
    )
}

fn line_feed_alone(case: &Evidence) -> Option<String> {
    let lines: Vec<&[u8]> = case.came.split(|byte| *byte == b'\n').collect();
    let ends = lines.len() - 1;
    let bare = lines.iter().take(ends).all(|line| !line.ends_with(b"\r"));
    say(
        ends > 0 && bare && is_reply(case) && kind(&case.came).is_some(),
        "Lines of a reply end with \\r\\n. Yours end with \\n alone.",
    )
}

fn no_line_end(case: &Evidence) -> Option<String> {
    let missing = case.expected.strip_prefix(case.came.as_slice());
    say(
        !case.came.is_empty() && missing == Some(b"\r\n"),
        "The reply lacks its last \\r\\n: a client waits for it.",
    )
}

fn echoed(case: &Evidence) -> Option<String> {
    say(
        is_reply(case) && !case.came.is_empty() && case.came == case.sent,
        "Your server sends back the request itself. From stage 02 on it answers.",
    )
}

/// The request came in pieces, and a piece was taken for a whole.
fn answered_a_part(case: &Evidence) -> Option<String> {
    let within = |place: &usize| !requests(case.sent.get(..*place).unwrap_or_default()).whole;
    let begun = matches!(case.end, End::Early | End::Closed) && !requests(&case.sent).whole;
    say(
        (begun || case.pieces.iter().any(within)) && case.sent.first() == Some(&b'*'),
        "This request was sent in pieces, with a pause between them, so that a read brings a part of it. \
         One read is not one request: keep what has come until a request is whole, and answer then.",
    )
}

fn first_of_several(case: &Evidence) -> Option<String> {
    let sent = requests(&case.sent).args.len();
    let cut = case.expected.starts_with(&case.came) && case.came != case.expected;
    if sent < 2 || !cut || !matches!(case.end, End::Silent | End::Closed) {
        return None;
    }
    let answered = replies(&case.came);
    Some(format!(
        "{sent} requests were sent at once, and {answered} answered. One read may bring many requests: \
         take them from what has come one by one, until no whole one is left, and only then read on."
    ))
}

fn one_too_many(case: &Evidence) -> Option<String> {
    let longer = case.came.len() > case.expected.len();
    let behind = case.end == End::Early;
    say(
        !case.expected.is_empty() && (behind || longer && case.came.ends_with(&case.expected)),
        "More comes than one reply for each request. Look for a reply that is written twice, for a request \
         that gets none from Redis, and for a line end too many behind the reply before.",
    )
}

fn other_null(case: &Evidence) -> Option<String> {
    let null = match case.expected.as_slice() {
        b"$-1\r\n" => "the bulk string of length -1, $-1",
        b"*-1\r\n" => "the array of length -1, *-1",
        _ => return None,
    };
    let instead = match case.came.as_slice() {
        b"" => return None,
        b":-1\r\n" => "the integer -1",
        b"$0\r\n\r\n" | b"+\r\n" => "an empty string, and that is a value",
        b"_\r\n" => "the null of RESP3, which a client must ask for",
        b"$-1\r\n" => "the null of bulk strings",
        b"*-1\r\n" => "the null of arrays",
        b"*0\r\n" => "an empty array",
        came if came.starts_with(b"-") => "an error",
        _ => "a value like any other",
    };
    Some(format!(
        "Nothing there is told as null: {null}. What came is {instead}."
    ))
}

fn no_argument(case: &Evidence) -> Option<String> {
    let asked = requests(&case.sent).args.pop()?;
    say(
        asked.len() > 1 && is_reply(case) && case.came == b"+PONG\r\n",
        "Your server answers as if the request were a PING without an argument. Look at how many elements it has.",
    )
}

fn one_spelling(case: &Evidence) -> Option<String> {
    let asked = requests(&case.sent).args.pop()?;
    let small = asked.first()?.iter().any(u8::is_ascii_lowercase);
    let refused = case.came.is_empty() || case.came.starts_with(b"-");
    say(
        small && refused && matches!(case.expected.first(), Some(b'+' | b'$' | b':')),
        "Names of commands may be written in any case: ping and PiNg are PING. Yours seems to know one spelling.",
    )
}

fn inline(case: &Evidence) -> Option<String> {
    let line = case.sent.first().is_some_and(|first| *first != b'*');
    let plain = !case.sent.iter().any(|byte| b"'\"".contains(byte));
    say(
        line && plain && matches!(case.expected.first(), Some(b'+' | b'$')),
        "This request is an inline command: what does not begin with * is a line of words.",
    )
}

fn length_of_the_value(case: &Evidence) -> Option<String> {
    let value = |bytes: &[u8]| {
        let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
        bytes.get(end..).map(<[u8]>::to_vec)
    };
    let both = case.came.starts_with(b"$") && case.expected.starts_with(b"$");
    say(
        both && case.came != case.expected && value(&case.came) == value(&case.expected),
        "The number behind $ is how many bytes the value has, without the line end behind it.",
    )
}

fn other_kind(case: &Evidence) -> Option<String> {
    let (came, expected) = (kind(&case.came)?, kind(&case.expected)?);
    (came != expected).then(|| format!("The reply is {came}. Here it must be {expected}."))
}

fn other_text(case: &Evidence) -> Option<String> {
    let (came, expected) = (case.came.as_slice(), case.expected.as_slice());
    if !(came.starts_with(b"-") && expected.starts_with(b"-")) {
        return None;
    }
    let pairs = came.iter().zip(expected);
    let same = pairs
        .take_while(|(came, expected)| came == expected)
        .count();
    let (head, rest) = expected.split_at_checked(same)?;
    Some(format!(
        "An error is right here, and its text is Redis's as far as \"{}\". Then must follow \"{}\". \
         Programs look at these texts.",
        shown(head),
        shown(rest),
    ))
}

fn no_kind(case: &Evidence) -> Option<String> {
    say(
        is_reply(case) && !case.came.is_empty() && kind(&case.came).is_none(),
        "A reply begins with a byte that tells its kind: + - : $ or *.",
    )
}

fn closed(case: &Evidence) -> Option<String> {
    say(
        case.end == End::Closed,
        "Your server closed the connection. If it did not mean to, its own output may say why.",
    )
}

fn silent(case: &Evidence) -> Option<String> {
    say(
        case.end == End::Silent && case.came.is_empty(),
        "Your server stays silent: perhaps it waits for more than was sent, or for the client to leave, or \
         keeps the reply in a buffer of its own.",
    )
}

/// Whether a reply in RESP was expected: stage 01 has none.
fn is_reply(case: &Evidence) -> bool {
    let resp = requests(&case.sent)
        .args
        .first()
        .is_some_and(|args| !args.is_empty());
    resp && (case.expected.is_empty() || kind(&case.expected).is_some())
}

fn kind(reply: &[u8]) -> Option<&'static str> {
    Some(match reply.first()? {
        b'+' => "a simple string (+)",
        b'-' => "an error (-)",
        b':' => "an integer (:)",
        b'$' => "a bulk string ($)",
        b'*' => "an array (*)",
        b'_' | b'%' | b'~' | b'>' | b'=' => "of RESP3",
        _ => return None,
    })
}

/// How many whole replies these bytes are.
fn replies(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Ok(Some((_, length))) = reply::parse(bytes) {
        count += 1;
        bytes = bytes.get(length..).unwrap_or_default();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{bulk, request};

    /// What is said on this failure.
    fn said(sent: &[u8], expected: &str, came: &str, end: End) -> String {
        let evidence = Evidence {
            sent: sent.to_vec(),
            pieces: vec![0],
            expected: expected.into(),
            came: came.into(),
            end,
        };
        diagnose(&evidence).map_or(String::new(), |diagnosis| diagnosis.sentence)
    }

    #[test]
    fn each_mistake_is_known_by_its_bytes() {
        let ping = request(&["PING"]);
        let get = request(&["GET", "k"]);
        let echo = request(&["ECHO", "hello"]);
        let hello = "$5\r\nhello\r\n";
        let pong = "+PONG\r\n";
        let pongs = pong.repeat(3);
        let cases: [(&[u8], &str, &str, End, &str); 24] = [
            (b"", "", "", End::Refused, "Nobody listens"),
            (&ping, pong, "+PONG\n", End::Open, "end with \\n alone"),
            (&echo, hello, "$5\nhello\n", End::Open, "end with \\n alone"),
            (&echo, "", ":1\n", End::Open, "end with \\n alone"),
            (&ping, pong, "+PONG", End::Silent, "lacks its last"),
            (
                &ping,
                pong,
                "*1\r\n$4\r\nPING\r\n",
                End::Open,
                "sends back the request",
            ),
            (
                b"*1\r\n$4\r\nPI",
                "",
                "-ERR\r\n",
                End::Early,
                "sent in pieces",
            ),
            (b"*1\r\n$4\r\nPI", "", "", End::Closed, "sent in pieces"),
            (
                &ping.repeat(3),
                &pongs,
                pong,
                End::Silent,
                "3 requests were sent at once, and 1 answered",
            ),
            (
                &ping.repeat(3),
                &pongs,
                "",
                End::Closed,
                "3 requests were sent at once, and 0 answered",
            ),
            (
                &ping,
                pong,
                "\r\n+PONG\r\n",
                End::Open,
                "More comes than one reply",
            ),
            (&ping, pong, pong, End::Early, "More comes than one reply"),
            (&get, "$-1\r\n", ":-1\r\n", End::Open, "the integer -1"),
            (&get, "$-1\r\n", "$0\r\n\r\n", End::Open, "an empty string"),
            (
                &get,
                "*-1\r\n",
                "$-1\r\n",
                End::Open,
                "null of bulk strings",
            ),
            (&echo, hello, pong, End::Open, "without an argument"),
            (
                &request(&["ping"]),
                pong,
                "-ERR unknown command\r\n",
                End::Open,
                "any case",
            ),
            (b"PING\r\n", pong, "", End::Closed, "inline command"),
            (&echo, hello, "$7\r\nhello\r\n", End::Open, "how many bytes"),
            (
                &echo,
                hello,
                "+hello\r\n",
                End::Open,
                "is a simple string (+). Here it must be a bulk string ($)",
            ),
            (
                &echo,
                "-ERR wrong a\r\n",
                "-ERR wrong b\r\n",
                End::Open,
                "Then must follow \"a\\r\\n\"",
            ),
            (
                &ping,
                pong,
                "PONG\r\n",
                End::Open,
                "a byte that tells its kind",
            ),
            (&ping, pong, "", End::Closed, "closed the connection"),
            (&ping, pong, "", End::Silent, "stays silent"),
        ];
        for (sent, expected, came, end, sentence) in cases {
            let said = said(sent, expected, came, end);
            assert!(said.contains(sentence), "{came:?}: {said}");
        }
    }

    #[test]
    fn a_request_in_pieces_is_told_from_several() {
        let sent = [request(&["PING"]), request(&["ECHO", "a"])].concat();
        let evidence = |pieces: &[usize]| Evidence {
            sent: sent.clone(),
            pieces: pieces.to_vec(),
            expected: [b"+PONG\r\n", bulk("a").as_slice()].concat(),
            came: b"-ERR what?\r\n".to_vec(),
            end: End::Open,
        };
        let said = |pieces: &[usize]| diagnose(&evidence(pieces)).unwrap().sentence;
        assert!(said(&[0, 9]).contains("in pieces"));
        assert!(!said(&[0, 14]).contains("in pieces"));
    }

    #[test]
    fn an_echo_that_stage_01_asks_for_is_no_mistake() {
        assert_eq!(said(b"hello\r\n", "hello\r\n", "Hello\r\n", End::Open), "");
    }
}
