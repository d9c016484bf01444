//! Judges replies: errors always, contents where that is asked for.

use super::scanner::Watch;
use crate::errors::Errors;
use crate::workload::{Expected, Note, Sizes, Workload, mark};
use std::collections::VecDeque;
use std::str::FromStr;

/// The most bytes of an error that are kept.
const MAX_TEXT: usize = 500;

/// What one scan found out about the replies that ended in it.
#[derive(Debug, Default)]
pub struct Judged {
    /// The places of those that were not good, counted from the scan's first, in order.
    pub bad: Vec<u64>,
    /// Good ones that said that there is nothing.
    pub misses: u64,
    /// The bad ones by kind.
    pub errors: Errors,
    /// All that ended in the scan.
    replies: u64,
}

impl Judged {
    /// All replies that ended in the scan, good and bad.
    pub fn replies(&self) -> u64 {
        self.replies
    }

    fn good(&mut self) {
        self.replies += 1;
    }

    fn bad(&mut self, kind: &str, text: impl FnOnce() -> String) {
        self.bad.push(self.replies);
        self.replies += 1;
        self.errors.add(kind, 1, text);
    }

    /// An error reply. Its kind is its first word, if that is written as Redis writes kinds: in capitals.
    fn error(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        let word = text.split(' ').next().unwrap_or_default();
        let named = !word.is_empty() && word.len() <= 32;
        let capitals = word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let kind = if named && capitals { word } else { "error" };
        self.bad(kind, || printable(&text));
    }
}

/// A text of the server as it can be shown: control characters could do more to a terminal than to show.
fn printable(text: &str) -> String {
    let shown = text.chars().map(|character| match character.is_control() {
        true => char::REPLACEMENT_CHARACTER,
        false => character,
    });
    shown.collect()
}

/// What is known of the reply that is on its way. It stays with the connection: a reply may end in a later
/// scan than it began in.
#[derive(Debug, Default)]
pub struct Pending {
    /// The text of an error.
    error: Option<Vec<u8>>,
    /// What is wrong with it.
    wrong: Option<String>,
    /// Whether it says that there is nothing.
    miss: bool,
    /// Length of the current value.
    length: usize,
    /// Bytes seen of it.
    seen: usize,
}

/// Counts replies and tells errors apart.
pub struct Counted<'a> {
    /// The reply on its way.
    pub pending: &'a mut Pending,
    /// What was found.
    pub judged: Judged,
}

impl Watch for Counted<'_> {
    fn head(&mut self, top: bool, marker: u8, text: &[u8]) {
        if top && matches!(marker, b'-' | b'!') {
            self.pending.begin_error(marker, text);
        }
    }

    fn bytes(&mut self, piece: &[u8]) {
        if let Some(error) = &mut self.pending.error {
            keep(error, piece);
        }
    }

    fn reply(&mut self) {
        match self.pending.error.take() {
            Some(text) => self.judged.error(&text),
            None => self.judged.good(),
        }
    }
}

impl Pending {
    fn begin_error(&mut self, marker: u8, text: &[u8]) {
        // The text of a bulk error is still to come.
        let text = if marker == b'-' { text } else { b"" };
        let mut kept = Vec::new();
        keep(&mut kept, text);
        self.error = Some(kept);
    }
}

/// A number as text, if it is one.
fn number<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether a text is a number from `least` to `most`.
fn within(text: &[u8], least: i64, most: i64) -> bool {
    number(text).is_some_and(|number| (least..=most).contains(&number))
}

fn keep(text: &mut Vec<u8>, piece: &[u8]) {
    let room = MAX_TEXT.saturating_sub(text.len());
    text.extend_from_slice(piece.get(..room).unwrap_or(piece));
}

/// What is known of a command.
#[derive(Clone, Debug)]
struct Rule {
    /// How it is quoted.
    title: String,
    /// Whether its requests differ in their numbers.
    numbered: bool,
    /// What it must get.
    expected: Expected,
}

/// What is known of the commands of a workload.
#[derive(Clone, Debug)]
pub struct Rules {
    commands: Vec<Rule>,
    sizes: Sizes,
    marked: bool,
    kept: bool,
}

impl Rules {
    /// Those of the commands that a workload sends.
    pub fn new(workload: &Workload) -> Self {
        let commands = workload.commands.iter().map(|(command, _)| Rule {
            title: command.title(),
            numbered: command.has_number(),
            expected: command.expected,
        });
        Self {
            commands: commands.collect(),
            sizes: workload.sizes,
            marked: workload.marked,
            kept: workload.keeps(),
        }
    }
}

/// Holds each reply against what its request must get.
pub struct Checked<'a> {
    /// The replies counted, and the errors in them.
    pub counted: Counted<'a>,
    /// The requests under way, the one whose reply is due next first.
    pub notes: &'a VecDeque<Note>,
    /// What they must get.
    pub rules: &'a Rules,
}

impl Checked<'_> {
    fn request(&self) -> Option<(&Note, &Rule)> {
        let place = usize::try_from(self.counted.judged.replies).unwrap_or(usize::MAX);
        let note = self.notes.get(place)?;
        let rule = self.rules.commands.get(note.command as usize)?;
        Some((note, rule))
    }

    fn wrong(&mut self, what: impl FnOnce() -> String) {
        if self.counted.pending.wrong.is_some() {
            return;
        }
        let Some((note, rule)) = self.request() else {
            return;
        };
        let number = match rule.numbered {
            true => format!(", with the number {},", note.number),
            false => String::new(),
        };
        let text = format!("{}{number} was answered by {}", rule.title, what());
        self.counted.pending.wrong = Some(text);
    }

    /// Whether a value of this length may have been written by this program.
    fn fits(&self, text: &[u8]) -> bool {
        let sizes = self.rules.sizes;
        number(text).is_some_and(|length| (sizes.least..=sizes.most).contains(&length))
    }

    /// Whether the value that is on its way may go on like this.
    fn goes_on(&self, note: &Note, piece: &[u8]) -> bool {
        let pending = &self.counted.pending;
        // The mark of no bytes is none.
        let size = if self.rules.marked { pending.length } else { 0 };
        let mut mark = mark(note.number, size).skip(pending.seen);
        piece
            .iter()
            .all(|byte| *byte == mark.next().unwrap_or(b'x'))
    }

    fn judge_head(&mut self, top: bool, marker: u8, text: &[u8]) {
        let Some(expected) = self.request().map(|(_, rule)| rule.expected) else {
            return;
        };
        let nil = is_nil(marker, text);
        self.counted.pending.length = number(text).unwrap_or(0);
        self.counted.pending.seen = 0;
        if !self.is_right(expected, top, marker, text) {
            let lost = nil && expected == Expected::Value;
            self.wrong(|| shown(marker, text, lost));
        } else if nil && top {
            self.counted.pending.miss = true;
        }
    }

    /// Whether a value of what is expected may begin with this line.
    fn is_right(&self, expected: Expected, top: bool, marker: u8, text: &[u8]) -> bool {
        let (nil, kept) = (is_nil(marker, text), self.rules.kept);
        match expected {
            Expected::Anything => true,
            Expected::Status(status) => marker == b'+' && text == status,
            Expected::Integer(least, most) => marker == b':' && within(text, least, most),
            Expected::Counter => marker == b':' && (!kept || within(text, 1, i64::MAX)),
            Expected::Value => (nil && !kept) || (marker == b'$' && self.fits(text)),
            Expected::Member => nil || marker == b'$',
            Expected::Array => !top || matches!(marker, b'*' | b'~'),
            Expected::Pair => !top || (marker == b'*' && matches!(text, b"0" | b"2")),
            Expected::Values(count) if top => {
                marker == b'*' && (!kept || number(text) == Some(count))
            }
            Expected::Values(_) => marker == b'$' && self.fits(text),
        }
    }
}

/// Whether a line says that there is nothing.
fn is_nil(marker: u8, text: &[u8]) -> bool {
    marker == b'_' || (matches!(marker, b'$' | b'*') && text == b"-1")
}

/// The first line of a wrong reply. If it is the nil of a key that must be there, that is said.
fn shown(marker: u8, text: &[u8], lost: bool) -> String {
    if lost {
        return "nil, though the key was written before".to_string();
    }
    let text = text.get(..40).unwrap_or(text);
    format!("{}{}", char::from(marker), text.escape_ascii())
}

impl Watch for Checked<'_> {
    fn head(&mut self, top: bool, marker: u8, text: &[u8]) {
        self.counted.head(top, marker, text);
        if self.counted.pending.error.is_none() {
            self.judge_head(top, marker, text);
        }
    }

    fn bytes(&mut self, piece: &[u8]) {
        self.counted.bytes(piece);
        let Some((note, rule)) = self.request() else {
            return;
        };
        if !matches!(rule.expected, Expected::Value | Expected::Values(_)) {
            return;
        }
        let good = self.goes_on(note, piece);
        let seen = &mut self.counted.pending.seen;
        *seen = seen.saturating_add(piece.len());
        if !good {
            let piece = piece.get(..40).unwrap_or(piece);
            self.wrong(|| format!("a value with {} in it", piece.escape_ascii()));
        }
    }

    fn reply(&mut self) {
        let pending = &mut self.counted.pending;
        let (wrong, miss) = (pending.wrong.take(), std::mem::take(&mut pending.miss));
        match wrong.filter(|_| pending.error.is_none()) {
            Some(text) => self.counted.judged.bad("wrong reply", || text),
            None => {
                self.counted.judged.misses += u64::from(miss);
                self.counted.reply();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReplyScanner;
    use super::*;
    use crate::workload::Command;

    fn workload(line: &str, marked: bool) -> Workload {
        Workload {
            marked,
            sizes: Sizes { least: 3, most: 14 },
            ..Workload::single(Command::of(line.split(' ')))
        }
    }

    /// The workload with another command behind those that it has.
    fn with(mut workload: Workload, line: &str) -> Workload {
        let command = Command::of(line.split(' '));
        workload.commands.push((command, 1));
        workload
    }

    /// Judges `replies`, cut into pieces of `size`, to requests of the first command with the numbers 0, 1, 2, ...
    fn judge(workload: &Workload, replies: &[u8], size: usize) -> (Vec<u64>, u64, Errors) {
        let rules = Rules::new(workload);
        let mut notes: VecDeque<Note> = (0..10).map(|number| Note { command: 0, number }).collect();
        let (mut scanner, mut pending) = (ReplyScanner::default(), Pending::default());
        let (mut bad, mut misses, mut errors, mut before) = (Vec::new(), 0, Errors::default(), 0);
        for piece in replies.chunks(size) {
            let mut checked = Checked {
                counted: Counted {
                    pending: &mut pending,
                    judged: Judged::default(),
                },
                notes: &notes,
                rules: &rules,
            };
            let found = scanner.scan(piece, &mut checked).unwrap();
            let judged = checked.counted.judged;
            bad.extend(judged.bad.iter().map(|place| place + before));
            misses += judged.misses;
            errors.merge(judged.errors);
            before += found;
            notes.drain(..found as usize);
        }
        (bad, misses, errors)
    }

    fn judge_in_all_pieces(line: &str, marked: bool, replies: &[u8]) -> (Vec<u64>, u64, Errors) {
        judge_all_pieces(&workload(line, marked), replies)
    }

    fn judge_all_pieces(workload: &Workload, replies: &[u8]) -> (Vec<u64>, u64, Errors) {
        let whole = judge(workload, replies, replies.len());
        // What an example quotes of a value is the piece in which it was found to be wrong.
        let numbers = |(bad, misses, errors): &(Vec<u64>, u64, Errors)| {
            let kinds = errors
                .kinds()
                .map(|(kind, found)| (kind.to_string(), found.count));
            (bad.clone(), *misses, kinds.collect::<Vec<_>>())
        };
        for size in 1..replies.len() {
            let cut = judge(workload, replies, size);
            assert_eq!(numbers(&cut), numbers(&whole), "in pieces of {size}");
        }
        whole
    }

    #[test]
    fn values_are_held_against_their_keys() {
        let replies =
            b"$14\r\n000000000000xx\r\n$14\r\n000000000001xx\r\n$14\r\n000000000001xx\r\n\
            $-1\r\n$3\r\n004\r\n$2\r\n00\r\n$13\r\n000000000006y\r\n+OK\r\n-ERR no\r\n";
        let (bad, misses, errors) = judge_in_all_pieces("GET key:__rand_int__", true, replies);
        assert_eq!((bad, misses), (vec![2, 5, 6, 7, 8], 1));
        let kinds: Vec<_> = errors
            .kinds()
            .map(|(kind, found)| (kind, found.count))
            .collect();
        assert_eq!(kinds, [("ERR", 1), ("wrong reply", 4)]);
    }

    #[test]
    fn short_values_are_told_from_those_of_the_next_key() {
        let replies = b"$3\r\n000\r\n$3\r\n001\r\n$3\r\n003\r\n$4\r\n0003\r\n$3\r\n000\r\n";
        let (bad, ..) = judge_in_all_pieces("GET key:__rand_int__", true, replies);
        assert_eq!(bad, [2, 4]);
    }

    #[test]
    fn unmarked_values_are_rows_of_x() {
        let replies = b"$3\r\nxxx\r\n$3\r\nxxy\r\n$15\r\nxxxxxxxxxxxxxxx\r\n_\r\n";
        let (bad, misses, _) = judge_in_all_pieces("GET key:__rand_int__", false, replies);
        assert_eq!((bad, misses), (vec![1, 2], 1));
    }

    #[test]
    fn lists_hold_as_many_values_as_were_asked_for() {
        let replies =
            b"*2\r\n$3\r\nxxx\r\n$4\r\nxxxx\r\n*1\r\n$3\r\nxxx\r\n*2\r\n$3\r\nxxx\r\n$3\r\nxyx\r\n\
            *2\r\n$3\r\nxxx\r\n:5\r\n";
        let lrange = Workload {
            filled: true,
            ..workload("LRANGE mylist 0 1", false)
        };
        let (bad, _, errors) = judge_all_pieces(&lrange, replies);
        assert_eq!((bad, errors.total()), (vec![1, 2, 3], 3));
        // Where elements may be missing, only they are judged.
        let (bad, ..) = judge_all_pieces(&with(lrange, "LPOP mylist"), replies);
        assert_eq!(bad, [2, 3]);
    }

    #[test]
    fn what_was_written_and_can_not_have_been_removed_is_there() {
        let get = Workload {
            filled: true,
            ..workload("GET key:__rand_int__", true)
        };
        let replies = b"$3\r\n000\r\n$-1\r\n_\r\n";
        let (bad, misses, errors) = judge_all_pieces(&get, replies);
        assert_eq!((bad, misses), (vec![1, 2], 0));
        assert_eq!(
            errors.kinds().next().unwrap().1.example,
            "GET key:__rand_int__, with the number 1, was answered by nil, though the key was written before"
        );
        for (line, missing) in [("INCR a", 0), ("UNLINK a", 2), ("SET a b PX 9", 2)] {
            let (bad, misses, _) = judge_all_pieces(&with(get.clone(), line), replies);
            assert_eq!((bad.len() as u64, misses), (2 - missing, missing), "{line}");
        }
        // Of a key of its own nothing is known.
        let mine = Workload {
            filled: true,
            ..workload("GET a", true)
        };
        let (bad, misses, _) = judge_all_pieces(&mine, b"$-1\r\n");
        assert_eq!((bad, misses), (vec![], 1));
    }

    #[test]
    fn statuses_and_numbers_are_what_they_must_be() {
        let (bad, ..) = judge_in_all_pieces("SET a __data__", false, b"+OK\r\n+KO\r\n$2\r\nOK\r\n");
        assert_eq!(bad, [1, 2]);
        let (bad, ..) = judge_in_all_pieces("INCR a", false, b":5\r\n$1\r\n5\r\n");
        assert_eq!(bad, [1]);
    }

    #[test]
    fn numbers_are_possible_ones() {
        let replies = b":-1\r\n:0\r\n:1\r\n:2\r\n:x\r\n";
        for (line, wrong) in [
            ("LPUSH mylist __data__", vec![0, 1, 4]),
            ("SADD myset element:__rand_int__", vec![0, 3, 4]),
            ("HSET myhash element:__rand_int__ __data__", vec![0, 3, 4]),
            (
                "ZADD myzset __rand_int__ element:__rand_int__",
                vec![0, 3, 4],
            ),
            ("EXISTS a b", vec![0, 4]),
            ("INCR a", vec![4]),
        ] {
            let (bad, ..) = judge_in_all_pieces(line, true, replies);
            assert_eq!(bad, wrong, "{line}");
        }
        let incr = Workload {
            filled: true,
            ..workload("INCR counter:__rand_int__", true)
        };
        let replies = b":-1\r\n:0\r\n:1\r\n:2\r\n";
        assert_eq!(judge_all_pieces(&incr, replies).0, [0, 1]);
        let decr = with(incr, "DECR counter:__rand_int__");
        assert!(judge_all_pieces(&decr, replies).0.is_empty());
    }

    #[test]
    fn a_member_comes_with_its_score() {
        let replies = b"*0\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\na\r\n,1\r\n\
            *1\r\n$1\r\na\r\n*3\r\n:1\r\n:2\r\n:3\r\n*-1\r\n:1\r\n";
        let (bad, ..) = judge_in_all_pieces("ZPOPMIN myzset", true, replies);
        assert_eq!(bad, [3, 4, 5, 6]);
    }

    #[test]
    fn an_example_names_the_command_and_its_number_if_it_has_one() {
        let example = |command: Command| {
            let (_, _, errors) = judge(&Workload::single(command), b"+PANG\r\n", 100);
            errors.kinds().next().unwrap().1.example.clone()
        };
        let ping = example(Command::new(Vec::new()));
        assert_eq!(ping, "PING was answered by +PANG");
        let incr = example(Command::of(["INCR", "counter:__rand_int__"]));
        assert_eq!(
            incr,
            "INCR counter:__rand_int__, with the number 0, was answered by +PANG"
        );
    }

    #[test]
    fn kinds_of_errors_are_their_first_words_if_those_look_like_kinds() {
        let replies = b"-WRONGTYPE a\r\n-wrong\r\n-\r\n!9\r\nMOVED 1 2\r\n-WRONGTYPE b\r\n";
        let (bad, _, errors) = judge_in_all_pieces("EVAL x 0", false, replies);
        assert_eq!(bad, [0, 1, 2, 3, 4]);
        let kinds: Vec<_> = errors
            .kinds()
            .map(|(kind, found)| (kind, found.count))
            .collect();
        assert_eq!(kinds, [("MOVED", 1), ("WRONGTYPE", 2), ("error", 2)]);
        assert_eq!(errors.kinds().nth(1).unwrap().1.example, "WRONGTYPE a");
    }

    #[test]
    fn errors_can_be_shown_on_a_terminal() {
        let replies = b"-ERR \x1b[2J\x07\xff\r\n";
        let (_, _, errors) = judge(&workload("GET a", false), replies, 100);
        assert_eq!(
            errors.kinds().next().unwrap().1.example,
            "ERR \u{fffd}[2J\u{fffd}\u{fffd}"
        );
    }
}
