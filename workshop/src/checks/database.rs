//! Databases to have for oneself: what counts or removes all keys can be checked in no other.

use crate::client::{Client, request};
use crate::failure::Failure;
use crate::reply::Reply;

/// How many databases a server has.
const DATABASES: u8 = 16;

/// Runs `body` in an empty database other than 0, and empties it again. Checks that run at the same
/// time begin to look for one at different numbers, `wanted` and then down.
///
/// # Errors
/// None is empty, or what `body` says.
pub(super) fn in_empty_database(
    client: &mut Client,
    wanted: u8,
    body: impl FnOnce(&mut Client) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for number in (1..=wanted).rev() {
        select(client, number)?;
        if client.integer(&["DBSIZE"])? == 0 {
            let result = body(client);
            // A server that does not pass may not answer this either. There is nothing more to do.
            let _ = client.send(request(&["FLUSHDB"]));
            return result.and_then(|()| client.expect("+OK\r\n"));
        }
    }
    let expected = format!("a database from 1 to {wanted} that is empty");
    Err(Failure::new(
        expected,
        "none: empty one of them with FLUSHDB",
    ))
}

/// Whether the server holds keys that no check has made. The names of theirs begin with an id.
///
/// # Errors
/// SELECT or KEYS do not work.
pub(super) fn holds_other_data(client: &mut Client) -> Result<bool, Failure> {
    for number in 0..DATABASES {
        select(client, number)?;
        let keys = client.query(&["KEYS", "*"])?;
        let keys = keys.array().unwrap_or_default();
        if !keys.iter().filter_map(Reply::bulk).all(is_of_a_check) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn select(client: &mut Client, number: u8) -> Result<(), Failure> {
    client.ask(&["SELECT", &number.to_string()], "+OK\r\n")
}

fn is_of_a_check(key: &[u8]) -> bool {
    super::all().any(|check| {
        let rest = key.strip_prefix(check.id.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b":"))
    })
}
