//! What is probably wrong, told from the bytes of a failure.
//!
//! A diagnosis is one function that knows one mistake. The first that recognizes its mistake speaks, so
//! that the sure ones stand in front of those that only say what can be seen.

use crate::failure::{End, Evidence};
use crate::reply;
use crate::requests::requests;

type Diagnosis = fn(&Evidence) -> Option<String>;

const DIAGNOSES: &[Diagnosis] = &[
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
    length_of_the_value,
    other_kind,
    other_text,
    no_kind,
    closed,
    silent,
];

/// A sentence on the mistake behind a failure, if it is one that is known.
pub fn diagnose(evidence: &Evidence) -> Option<String> {
    DIAGNOSES.iter().find_map(|diagnosis| diagnosis(evidence))
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
    let early = case.end == End::Early && !requests(&case.sent).whole;
    say(
        (early || case.pieces.iter().any(within)) && case.sent.first() == Some(&b'*'),
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
        small && refused && is_reply(case) && !case.expected.starts_with(b"-"),
        "Names of commands may be written in any case: ping and PiNg are PING. Yours seems to know one spelling.",
    )
}

fn inline(case: &Evidence) -> Option<String> {
    let line = !case.sent.is_empty() && case.sent.first() != Some(&b'*');
    say(
        line && is_reply(case) && !case.expected.starts_with(b"-"),
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
    let both = case.came.starts_with(b"-") && case.expected.starts_with(b"-");
    say(
        both && case.came != case.expected,
        "An error is right here; its text is not. Programs look at these texts: they are Redis's, to the letter.",
    )
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
