//! Stage 06, chapter 4: sorted sets.

use super::{Body, Check};
use crate::client::request;
use crate::failure::Failure;
use crate::script::{array, play};
use crate::target::Target;

/// How many members are in a large sorted set. Not divisible by 7, so that steps of 7 meet every number.
const MANY: usize = 2000;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/guide/04-sorted-sets.md")
        .needs(&["06.4.1"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.4.1", "ZADD gives members a score, and counts the new ones", zadd)
        .hint("A member that is there gets the new score and is not counted. All scores are read before anything is changed.")
        .needs(&["03.1"]),
    check("06.4.2", "Members are in order of their score, and of their bytes where scores are equal", order)
        .hint("Compare scores as numbers and members as bytes: B comes before a, and a before aa."),
    check("06.4.3", "ZADD with NX, XX, GT, LT, CH and INCR", options)
        .hint("GT and LT do not keep new members away, XX does. INCR answers the new score, or null where nothing was done."),
    check("06.4.4", "A score is written with 17 digits, and is never NaN", scores)
        .hint("It is what C's %.17g writes. Infinity and its opposite are no sum: the old score stays."),
    check("06.4.5", "ZRANK counts from the lowest, ZREVRANK from the highest", rank)
        .hint("The first rank is 0. Null where there is no such member."),
    check("06.4.6", "ZRANGE BYSCORE takes bounds that exclude, infinite ones, and LIMIT", by_score)
        .hint("With REV the higher bound comes first. An offset is counted in the direction of the answer; a negative count is all."),
    check("06.4.7", "ZRANGE BYLEX takes members of one score by their bytes", by_lex)
        .hint("[ includes, ( excludes, - is before all and + behind all. What has none of these is an error."),
    check("06.4.8", "ZREMRANGEBYRANK, BYSCORE and BYLEX remove what the ranges would show", remove_ranges)
        .hint("One function can find all three ranges. What leaves nothing removes the key.")
        .needs(&["06.4.6", "06.4.7"]),
    check("06.4.9", "ZUNIONSTORE and ZINTERSTORE weigh scores and combine them, also those of sets", algebra)
        .hint("A member of a set has the score 1. The weight comes first, then the sum, the least or the greatest.")
        .needs(&["06.0.40", "06.4.1"]),
    check("06.4.10", "ZPOPMIN and ZPOPMAX take from either end, and the last one takes the key", pop)
        .hint("Highest first for ZPOPMAX. Equal scores are in order of bytes there, too.")
        .needs(&["05.4", "06.4.1"]),
    check("06.4.11", "BZPOPMIN waits for a member, and ZMPOP does not", waits)
        .hint("As BLPOP: the first of the keys that has a sorted set, else wait. The answer has the score, too.")
        .needs(&["06.0.92", "06.4.10"]),
    check("06.4.12", "A sorted set of 2,000 members keeps its order while scores change", large)
        .hint("Where a score changes, the member goes from its old place to the new one: look for both by score and member.")
        .needs(&["06.4.2", "06.4.5"]),
];

fn zadd(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ZADD @ 1 a             -> :1
        ZADD @ 2 a             -> :0
        ZSCORE @ a             -> "2"
        ZADD @ 1 b 3 c 4 b     -> :2
        ZSCORE @ b             -> "4"
        ZCARD @                -> :3
        ZADD @ 5 d x e         -> -ERR value is not a valid float
        ZCARD @                -> :3
        ZADD @ 5 d 6           -> -ERR syntax error
        ZSCORE @ nobody        -> nil
        ZSCORE @none a         -> nil
        ZREM @ a nobody c      -> :2
        ZREM @ b               -> :1
        EXISTS @               -> :0
        SET @string v          -> +OK
        ZADD @string 1 a       -> WRONGTYPE
        "#,
    )
}

fn order(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ZADD @ 10 ten 9 nine -1 minus 9 NINE 9 nin 9 nines -> :6
        ZRANGE @ 0 -1              -> [minus NINE nin nine nines ten]
        ZRANGE @ 0 -1 REV          -> [ten nines nine nin NINE minus]
        ZRANGE @ 1 2 WITHSCORES    -> [NINE 9 nin 9]
        ZREVRANGE @ 0 0 WITHSCORES -> [ten 10]
        ZRANGE @ -2 -1             -> [nines ten]
        ZRANGE @ 4 100             -> [nines ten]
        ZRANGE @ 3 1               -> []
        ZADD @ 9.5 minus           -> :0
        ZRANGE @ 3 -1              -> [nines minus ten]
        "#,
    )
}

fn options(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ZADD @ XX 1 a          -> :0
        EXISTS @               -> :0
        ZADD @ NX 5 a          -> :1
        ZADD @ NX 6 a          -> :0
        ZADD @ CH 6 a 1 b      -> :2
        ZADD @ CH 6 a 1 b      -> :0
        ZADD @ GT CH 5 a 7 c   -> :1
        ZADD @ LT XX CH 5 a 1 d -> :1
        ZRANGE @ 0 -1 WITHSCORES -> [b 1 a 5 c 7]
        ZADD @ INCR 2.5 a      -> "7.5"
        ZADD @ LT INCR 1 a     -> nil
        ZINCRBY @ -7.5 a       -> "0"
        ZADD @ NX XX 1 a       -> -ERR XX and NX options at the same time are not compatible
        ZADD @ GT LT 1 a       -> -ERR GT, LT, and/or NX options at the same time are not compatible
        ZADD @ INCR 1 a 2 b    -> -ERR INCR option supports a single increment-element pair
        "#,
    )
}

fn scores(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ZADD @ 0.1 a 3.0 b 1e3 c 1e20 d -inf e 0x10 f -> :6
        ZSCORE @ a             -> "0.10000000000000001"
        ZSCORE @ b             -> "3"
        ZSCORE @ d             -> "1e+20"
        ZRANGE @ -3 -2 WITHSCORES -> [f 16 c 1000]
        ZRANGE @ 0 0 WITHSCORES -> [e -inf]
        ZINCRBY @ inf e        -> -ERR resulting score is not a number (NaN)
        ZSCORE @ e             -> "-inf"
        ZADD @ nan g           -> -ERR value is not a valid float
        "#,
    )
}

fn rank(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ZADD @ 1 a 2 b 2 c 3 d -> :4
        ZRANK @ a              -> :0
        ZRANK @ c              -> :2
        ZREVRANK @ c           -> :1
        ZREVRANK @ a           -> :3
        ZRANK @ nobody         -> nil
        ZRANK @none a          -> nil
        "#,
    )
}

fn by_score(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ZADD @ 1 a 2 b 3 c 4 d 5 e            -> :5
        ZRANGE @ 2 4 BYSCORE                  -> [b c d]
        ZRANGE @ (2 4 BYSCORE                 -> [c d]
        ZRANGE @ 4 (2 BYSCORE REV             -> [d c]
        ZRANGEBYSCORE @ -inf +inf LIMIT 1 2   -> [b c]
        ZREVRANGEBYSCORE @ +inf -inf LIMIT 1 2 -> [d c]
        ZRANGEBYSCORE @ 2 inf LIMIT 2 -1      -> [d e]
        ZRANGEBYSCORE @ 4 2                   -> []
        ZRANGEBYSCORE @ (3 3                  -> []
        ZCOUNT @ (1 4                         -> :3
        ZRANGE @ a 4 BYSCORE                  -> -ERR min or max is not a float
        ZRANGE @ 0 1 LIMIT 0 1                -> -ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
        "#,
    )
}

fn by_lex(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ZADD @ 0 a 0 aa 0 b 0 c 0 d   -> :5
        ZRANGE @ - + BYLEX            -> [a aa b c d]
        ZRANGE @ [aa (c BYLEX         -> [aa b]
        ZRANGEBYLEX @ (a + LIMIT 1 2  -> [b c]
        ZREVRANGEBYLEX @ [c -         -> [c b aa a]
        ZRANGEBYLEX @ + -             -> []
        ZLEXCOUNT @ [b +              -> :3
        ZRANGEBYLEX @ b c             -> -ERR min or max not valid string range item
        "#,
    )
}

fn remove_ranges(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ZADD @ 1 a 2 b 3 c 4 d 5 e    -> :5
        ZREMRANGEBYRANK @ -1 -1       -> :1
        ZREMRANGEBYSCORE @ (1 2       -> :1
        ZRANGE @ 0 -1                 -> [a c d]
        ZREMRANGEBYSCORE @ -inf inf   -> :3
        EXISTS @                      -> :0
        ZADD @ 0 a 0 b 0 c            -> :3
        ZREMRANGEBYLEX @ [b +         -> :2
        ZRANGE @ 0 -1                 -> [a]
        ZREMRANGEBYRANK @ 1 5         -> :0
        "#,
    )
}

fn algebra(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ZADD @one 1 a 2 b             -> :2
        ZADD @two 10 b 20 c           -> :2
        SADD @set b d                 -> :2
        ZUNIONSTORE @ 2 @one @two     -> :3
        ZRANGE @ 0 -1 WITHSCORES      -> [a 1 b 12 c 20]
        ZUNIONSTORE @ 2 @one @set WEIGHTS 10 5 AGGREGATE MAX -> :3
        ZRANGE @ 0 -1 WITHSCORES      -> [d 5 a 10 b 20]
        ZINTERSTORE @ 3 @one @two @set WEIGHTS 1 2 3 -> :1
        ZRANGE @ 0 -1 WITHSCORES      -> [b 25]
        ZDIFF 2 @one @two WITHSCORES  -> [a 1]
        ZINTERSTORE @ 2 @one @none    -> :0
        EXISTS @                      -> :0
        ZUNION 3 @one @two            -> -ERR syntax error
        "#,
    )
}

fn pop(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        ZADD @ 1 a 2 b 2 c 3 d 4 e    -> :5
        EXPIRE @ 100                  -> :1
        ZPOPMIN @                     -> [a 1]
        ZPOPMAX @ 2                   -> [e 4 d 3]
        ZPOPMAX @                     -> [c 2]
        ZPOPMIN @ 0                   -> []
        ZPOPMIN @ 10                  -> [b 2]
        ZPOPMIN @                     -> []
        ZADD @ 1 a                    -> :1
        TTL @                         -> :-1
        ZPOPMIN @ -1                  -> -ERR value is out of range, must be positive
        "#,
    )
}

fn waits(target: &Target) -> Result<(), Failure> {
    let key = target.key();
    let mut waiter = target.connect()?;
    let mut client = target.connect()?;
    client.ask(&["ZMPOP", "1", &key, "MIN"], "*-1\r\n")?;
    waiter.ask(&["BZPOPMIN", &key, "0.01"], "*-1\r\n")?;
    waiter.send(request(&["BZPOPMIN", &key, "0"]))?;
    client.ask(&["ZADD", &key, "2", "b", "1.5", "a"], ":2\r\n")?;
    waiter.expect(array(&[&*key, "a", "1.5"]))?;
    client.ask(&["ZRANGE", &key, "0", "-1"], array(&["b"]))?;
    client.settle()?;
    waiter.settle()
}

fn large(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    let member = |number: usize| format!("member {number:04}");
    // All numbers, in no order.
    let numbers = || (0..MANY).map(|step| step * 7 % MANY);
    let add =
        |score: usize, number: usize| request(&["ZADD", &key, &score.to_string(), &member(number)]);
    let adds: Vec<u8> = numbers()
        .flat_map(|number| add(MANY - number, number))
        .collect();
    client.send(adds)?;
    client.expect(":1\r\n".repeat(MANY))?;
    // From the opposite order to that of the numbers, one by one.
    let moves: Vec<u8> = numbers().flat_map(|number| add(number, number)).collect();
    client.send(moves)?;
    client.expect(":0\r\n".repeat(MANY))?;
    let all: Vec<String> = (0..MANY).map(member).collect();
    client.ask(&["ZRANGE", &key, "0", "-1"], array(&all))?;
    for number in [0, 1, MANY / 3, MANY / 2, MANY - 1] {
        client.ask(&["ZRANK", &key, &member(number)], format!(":{number}\r\n"))?;
    }
    client.ask(&["ZCOUNT", &key, "(500", "1499"], ":999\r\n")?;
    client.settle()
}
