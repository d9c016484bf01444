//! Stage 05: the options of SET and GETEX.

use super::Check;
use crate::failure::Failure;
use crate::script::play;
use crate::target::Target;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "05.1",
        title: "SET with EX or PX gives the key a time to live",
        first: 5,
        last: None,
        redis: true,
        hint: "EX counts seconds, PX milliseconds. Keep the point in time at which the key expires, not how long it has left.",
        body: ex_and_px,
    },
    Check {
        id: "05.2",
        title: "SET with EXAT or PXAT lets the key expire at a point in time",
        first: 5,
        last: None,
        redis: true,
        hint: "The argument is a Unix time, in seconds or in milliseconds: no time is added to it.",
        body: exat_and_pxat,
    },
    Check {
        id: "05.3",
        title: "A plain SET takes the time to live away",
        first: 5,
        last: None,
        redis: true,
        hint: "The new value is a new life: forget the deadline, unless KEEPTTL says otherwise.",
        body: plain_set,
    },
    Check {
        id: "05.4",
        title: "SET with KEEPTTL leaves the time to live as it is",
        first: 5,
        last: None,
        redis: true,
        hint: "With KEEPTTL only the value changes. A key without a deadline stays without one.",
        body: keepttl,
    },
    Check {
        id: "05.5",
        title: "SET with NX or XX depends on whether the key exists",
        first: 5,
        last: None,
        redis: true,
        hint: "When the condition does not hold, the answer is null, and neither value nor deadline changes.",
        body: nx_and_xx,
    },
    Check {
        id: "05.6",
        title: "SET with GET answers the old value",
        first: 5,
        last: None,
        redis: true,
        hint: "Read before you write. Where there was no key the answer is null, even though the value is set.",
        body: get,
    },
    Check {
        id: "05.7",
        title: "Options of SET combine, in any order and any case",
        first: 5,
        last: None,
        redis: true,
        hint: "Read all options first, then act. With GET the answer is the old value, whether or not NX or XX let the new one in.",
        body: combined,
    },
    Check {
        id: "05.8",
        title: "Options of SET that contradict each other are a syntax error",
        first: 5,
        last: None,
        redis: true,
        hint: "NX and XX exclude each other, and so do EX, PX, EXAT, PXAT and KEEPTTL. An option whose argument is missing is a syntax error as well.",
        body: contradictions,
    },
    Check {
        id: "05.9",
        title: "A time to live that is no number, not positive, or too large is refused",
        first: 5,
        last: None,
        redis: true,
        hint: "Check the multiplication by 1000 and the addition of the present time for overflow. A refused SET changes nothing.",
        body: bad_times,
    },
    Check {
        id: "05.10",
        title: "A SET whose time has already passed leaves no key behind",
        first: 5,
        last: None,
        redis: true,
        hint: "EXAT 1 lies in 1970. The answer is OK; and the key is gone for whoever looks next.",
        body: set_in_the_past,
    },
    Check {
        id: "05.11",
        title: "GETEX answers the value and changes when it expires",
        first: 5,
        last: None,
        redis: true,
        hint: "Without an option GETEX is GET: the deadline stays. PERSIST takes it away.",
        body: getex,
    },
    Check {
        id: "05.12",
        title: "GETEX of a missing key is null and makes none",
        first: 5,
        last: None,
        redis: true,
        hint: "There is nothing that could expire. Redis does not even look at the time then.",
        body: getex_missing,
    },
    Check {
        id: "05.13",
        title: "GETEX refuses what is not its option, and times that are none",
        first: 5,
        last: None,
        redis: true,
        hint: "It takes one of EX, PX, EXAT, PXAT and PERSIST. Errors name the command: 'getex'.",
        body: getex_errors,
    },
    Check {
        id: "05.14",
        title: "GETEX with a time that has passed answers the value and removes the key",
        first: 5,
        last: None,
        redis: true,
        hint: "Answer first, then remove.",
        body: getex_in_the_past,
    },
];

fn ex_and_px(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v EX 100      -> +OK
        GET @               -> "v"
        TTL @               -> :90..100
        PTTL @              -> :90000..100000
        SET @ w PX 200000   -> +OK
        GET @               -> "w"
        TTL @               -> :190..200
        PTTL @              -> :190000..200000
        "#,
    )
}

fn exat_and_pxat(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v EXAT 4102444800      -> +OK
        GET @                        -> "v"
        EXPIRETIME @                 -> :4102444800
        PEXPIRETIME @                -> :4102444800000
        SET @ w PXAT 4102444800123   -> +OK
        GET @                        -> "w"
        PEXPIRETIME @                -> :4102444800123
        "#,
    )
}

fn plain_set(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v EX 100  -> +OK
        TTL @           -> :90..100
        SET @ w         -> +OK
        TTL @           -> :-1
        GET @           -> "w"
        "#,
    )
}

fn keepttl(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v PXAT 4102444800123  -> +OK
        SET @ w KEEPTTL             -> +OK
        GET @                       -> "w"
        PEXPIRETIME @               -> :4102444800123
        SET @other v KEEPTTL        -> +OK
        TTL @other                  -> :-1
        "#,
    )
}

fn nx_and_xx(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v XX                    -> nil
        GET @                         -> nil
        SET @ v NX EXAT 4102444800    -> +OK
        SET @ w NX                    -> nil
        GET @                         -> "v"
        EXPIRETIME @                  -> :4102444800
        SET @ w XX                    -> +OK
        GET @                         -> "w"
        TTL @                         -> :-1
        "#,
    )
}

fn get(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ first GET   -> nil
        SET @ second GET  -> "first"
        GET @             -> "second"
        SET @ '' GET      -> "second"
        SET @ third GET   -> ""
        "#,
    )
}

fn combined(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v nx get pxat 4102444800123  -> nil
        GET @                              -> "v"
        SET @ w GET NX                     -> "v"
        GET @                              -> "v"
        SET @ w keepttl Xx gEt             -> "v"
        GET @                              -> "w"
        PEXPIRETIME @                      -> :4102444800123
        SET @ x ExAt 4102444800 XX         -> +OK
        PEXPIRETIME @                      -> :4102444800000
        SET @ y EX 100 XX GET              -> "x"
        TTL @                              -> :90..100
        SET @none v XX GET EX 100          -> nil
        EXISTS @none                       -> :0
        "#,
    )
}

fn contradictions(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v                    -> +OK
        SET @ w NX XX              -> -ERR syntax error
        SET @ w EX 1 PX 1          -> -ERR syntax error
        SET @ w EX 1 EXAT 1        -> -ERR syntax error
        SET @ w PX 1 PXAT 1        -> -ERR syntax error
        SET @ w EX 100 KEEPTTL     -> -ERR syntax error
        SET @ w KEEPTTL PX 100     -> -ERR syntax error
        SET @ w EX                 -> -ERR syntax error
        SET @ w PXAT               -> -ERR syntax error
        SET @ w PERSIST            -> -ERR syntax error
        SET @ w EX 100 surprise    -> -ERR syntax error
        SET @ w ''                 -> -ERR syntax error
        GET @                      -> "v"
        TTL @                      -> :-1
        "#,
    )
}

fn bad_times(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v                          -> +OK
        SET @ w EX x                     -> -ERR value is not an integer or out of range
        SET @ w PX 1.5                   -> -ERR value is not an integer or out of range
        SET @ w EX ''                    -> -ERR value is not an integer or out of range
        SET @ w EX +1                    -> -ERR value is not an integer or out of range
        SET @ w EX 9223372036854775808   -> -ERR value is not an integer or out of range
        SET @ w EX 0                     -> -ERR invalid expire time in 'set' command
        SET @ w PX -1                    -> -ERR invalid expire time in 'set' command
        SET @ w EXAT 0                   -> -ERR invalid expire time in 'set' command
        SET @ w PXAT -5                  -> -ERR invalid expire time in 'set' command
        SET @ w EX 9223372036854775807   -> -ERR invalid expire time in 'set' command
        SET @ w EXAT 9223372036854776    -> -ERR invalid expire time in 'set' command
        SET @ w PX 9223372036854775807   -> -ERR invalid expire time in 'set' command
        GET @                            -> "v"
        TTL @                            -> :-1
        SET @ w PXAT 9223372036854775807 -> +OK
        PEXPIRETIME @                    -> :9223372036854775807
        "#,
    )
}

fn set_in_the_past(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v            -> +OK
        SET @ w EXAT 1     -> +OK
        GET @              -> nil
        EXISTS @           -> :0
        SET @ w PXAT 1000  -> +OK
        DEL @              -> :0
        SET @ w NX         -> +OK
        GET @              -> "w"
        "#,
    )
}

fn getex(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v                     -> +OK
        GETEX @                     -> "v"
        TTL @                       -> :-1
        GETEX @ EX 100              -> "v"
        TTL @                       -> :90..100
        GETEX @ px 200000           -> "v"
        PTTL @                      -> :190000..200000
        GETEX @ EXAT 4102444800     -> "v"
        EXPIRETIME @                -> :4102444800
        GETEX @ PXAT 4102444800123  -> "v"
        PEXPIRETIME @               -> :4102444800123
        GETEX @                     -> "v"
        PEXPIRETIME @               -> :4102444800123
        GETEX @ PERSIST             -> "v"
        TTL @                       -> :-1
        GETEX @ PERSIST             -> "v"
        GET @                       -> "v"
        "#,
    )
}

fn getex_missing(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        GETEX @          -> nil
        GETEX @ EX 100   -> nil
        GETEX @ PERSIST  -> nil
        GETEX @ EX x     -> nil
        EXISTS @         -> :0
        "#,
    )
}

fn getex_errors(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v              -> +OK
        GETEX                -> -ERR wrong number of arguments for 'getex' command
        GETEX @ EX           -> -ERR syntax error
        GETEX @ NX           -> -ERR syntax error
        GETEX @ GET          -> -ERR syntax error
        GETEX @ KEEPTTL      -> -ERR syntax error
        GETEX @ EX 1 PX 1    -> -ERR syntax error
        GETEX @ EX 1 PERSIST -> -ERR syntax error
        GETEX @ PERSIST EX 1 -> -ERR syntax error
        GETEX @ EX x         -> -ERR value is not an integer or out of range
        GETEX @ EX 0         -> -ERR invalid expire time in 'getex' command
        GETEX @ PXAT -1      -> -ERR invalid expire time in 'getex' command
        GETEX @ EX 9223372036854775807 -> -ERR invalid expire time in 'getex' command
        TTL @                -> :-1
        GET @                -> "v"
        "#,
    )
}

fn getex_in_the_past(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v         -> +OK
        GETEX @ EXAT 1  -> "v"
        GET @           -> nil
        EXISTS @        -> :0
        "#,
    )
}
