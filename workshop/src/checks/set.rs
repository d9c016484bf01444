//! Stage 05 as well: the options of SET and GETEX.

use super::expire::gone_for;
use super::{Body, Check};
use crate::failure::Failure;
use crate::script::play;
use crate::target::Target;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("05-expiry/GUIDE.md#the-code-in-the-order-you-would-write-it")
        .needs(&["05.3"])
}

pub(super) static CHECKS: &[Check] = &[
    check("05.20", "SET with EXAT or PXAT lets the key expire at a point in time", exat_and_pxat)
        .hint("The argument is a Unix time, in seconds or in milliseconds: no time is added to it."),
    check("05.21", "SET with KEEPTTL leaves the time to live as it is", keepttl)
        .hint("With KEEPTTL only the value changes. A key without a deadline stays without one.")
        .needs(&["05.20"]),
    check("05.22", "DEL takes the deadline with the key", del_takes_deadline)
        .hint("A new key with the same name must not inherit it. If deadlines lie in a table of their own, remove them there too.")
        .needs(&["05.6", "05.21"]),
    check("05.23", "SET with NX or XX depends on whether the key exists", nx_and_xx)
        .hint("When the condition does not hold, the answer is null, and neither value nor deadline changes.")
        .needs(&["05.20"]),
    check("05.24", "SET with GET answers the old value", get)
        .hint("Read before you write. Where there was no key the answer is null, even though the value is set."),
    check("05.25", "Options of SET combine, in any order and any case", combined)
        .hint("Read all options first, then act. With GET the answer is the old value, whether or not NX or XX let the new one in.")
        .needs(&["05.21", "05.23", "05.24"]),
    check("05.26", "Options of SET that contradict each other are a syntax error", contradictions)
        .hint("NX and XX exclude each other, and so do EX, PX, EXAT, PXAT and KEEPTTL. An option whose argument is missing is a syntax error as well.")
        .needs(&["05.23"]),
    check("05.27", "A time to live that is no number, not positive, or too large is refused", bad_times)
        .hint("Check the multiplication by 1000 and the addition of the present time for overflow. A refused SET changes nothing."),
    check("05.28", "A SET whose time has already passed leaves no key behind", set_in_the_past)
        .hint("EXAT 1 lies in 1970. The answer is OK; and the key is gone for whoever looks next.")
        .needs(&["05.20"]),
    check("05.29", "GETEX answers the value and changes when it expires", getex)
        .hint("Without an option GETEX is GET: the deadline stays. PERSIST takes it away.")
        .needs(&["05.3", "05.7"]),
    check("05.30", "GETEX of a missing key is null and makes none", getex_missing)
        .hint("There is nothing that could expire. Redis does not even look at the time then.")
        .needs(&["05.29"]),
    check("05.31", "GETEX refuses what is not its option, and times that are none", getex_errors)
        .hint("It takes one of EX, PX, EXAT, PXAT and PERSIST. Errors name the command: 'getex'.")
        .needs(&["05.29"]),
    check("05.32", "GETEX with a time that has passed answers the value and removes the key", getex_in_the_past)
        .hint("Answer first, then remove.")
        .needs(&["05.29"]),
    check("05.33", "An expired key is gone for the options of SET and for GETEX", gone)
        .hint("They look a key up as all commands do: in the keyspace, which looks at the deadline first.")
        .needs(&["05.12", "05.24", "05.29"]),
];

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

fn del_takes_deadline(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        SET @ v EX 100        -> +OK
        DEL @                 -> :1
        SET @ w KEEPTTL       -> +OK
        TTL @                 -> :-1
        EXPIRE @ 0            -> :1
        SET @ x KEEPTTL       -> +OK
        TTL @                 -> :-1
        GET @                 -> "x"
        "#,
    )
}

fn gone(target: &Target) -> Result<(), Failure> {
    gone_for(
        target,
        &[
            (&["GETEX"], "$-1\r\n"),
            (&["SET", "w", "XX"], "$-1\r\n"),
            (&["SET", "w", "GET"], "$-1\r\n"),
        ],
    )
}
