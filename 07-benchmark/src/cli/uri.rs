//! The URI of a server: `redis://[user:password@]host[:port][/database]`.

use super::values::{Parsed, bare};
use super::words::digit;

/// What a URI says; `None` for what it leaves out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Uri {
    /// The user of AUTH.
    pub user: Option<String>,
    /// The password of AUTH.
    pub password: Option<String>,
    /// Where the server is; IPv6 without brackets.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// The database to select.
    pub database: Option<u32>,
}

/// Reads a URI as redis-cli does: what is before the first `@` is a password, or a user and a password, with
/// `%HH` for bytes. Unlike redis-cli it takes an IPv6 address in brackets, takes an empty user for none, and
/// refuses a port or a database that is no number.
///
/// # Errors
/// Anything else, and TLS.
pub fn parse(text: &str) -> Parsed<Uri> {
    let rest = behind_scheme(text)?;
    let (login, rest) = match rest.split_once('@') {
        Some((login, rest)) => (login, rest),
        None => ("", rest),
    };
    let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, password) = credentials(login)?;
    let (host, port) = host_and_port(place)?;
    Ok(Uri {
        user,
        password,
        host,
        port,
        database: number(database, "the database")?,
    })
}

fn behind_scheme(text: &str) -> Parsed<&str> {
    let takes = || "takes redis://[user:password@]host[:port][/database]".to_string();
    let (scheme, rest) = text.split_once("://").ok_or_else(takes)?;
    match scheme.to_ascii_lowercase().as_str() {
        "redis" => Ok(rest),
        "rediss" => Err("this program does not speak TLS; redis:// goes without".to_string()),
        _ => Err(takes()),
    }
}

fn credentials(login: &str) -> Parsed<(Option<String>, Option<String>)> {
    if login.is_empty() {
        return Ok((None, None));
    }
    let (user, password) = login.split_once(':').unwrap_or(("", login));
    let user = decoded(user)?;
    Ok((
        Some(user).filter(|user| !user.is_empty()),
        Some(decoded(password)?),
    ))
}

fn host_and_port(place: &str) -> Parsed<(Option<String>, Option<u16>)> {
    let colon = place.rsplit_once(':').filter(|_| !place.ends_with(']'));
    let (host, port) = colon.unwrap_or((place, ""));
    let host = bare(host).ok_or_else(|| "an IPv6 address stands in brackets: [::1]".to_string())?;
    let host = Some(host.to_string()).filter(|host| !host.is_empty());
    let port = number(port, "the port")?;
    if port == Some(0) {
        return Err("the port is a number from 1 to 65535".to_string());
    }
    Ok((host, port))
}

fn number<T: std::str::FromStr>(text: &str, what: &str) -> Parsed<Option<T>> {
    match text {
        "" => Ok(None),
        _ => match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!("{what} is no number: {text}")),
        },
    }
}

/// Puts bytes in the place of each `%HH`.
fn decoded(text: &str) -> Parsed<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = match (byte, behind) {
            (b'%', [high, low, behind @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                bytes.push(digit(*high) << 4 | digit(*low));
                behind
            }
            (b'%', _) => return Err("two hexadecimal digits must follow each %".to_string()),
            _ => {
                bytes.push(*byte);
                behind
            }
        };
    }
    String::from_utf8(bytes).map_err(|_| "user and password must be UTF-8".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Option<String> {
        Some(value.to_string())
    }

    #[test]
    fn every_part_may_be_left_out() {
        let all = Uri {
            user: text("me"),
            password: text("secret"),
            host: text("db.example"),
            port: Some(7000),
            database: Some(3),
        };
        assert_eq!(parse("redis://me:secret@db.example:7000/3").unwrap(), all);
        assert_eq!(parse("REDIS://").unwrap(), Uri::default());
        let uri = parse("redis://db.example").unwrap();
        assert_eq!(
            (uri.host, uri.port, uri.database),
            (text("db.example"), None, None)
        );
        let uri = parse("redis://:7000/").unwrap();
        assert_eq!((uri.host, uri.port, uri.database), (None, Some(7000), None));
        assert_eq!(parse("redis:///2").unwrap().database, Some(2));
    }

    #[test]
    fn a_login_is_a_password_or_a_user_with_one() {
        let login = |uri| {
            let uri = parse(uri).unwrap();
            (uri.user, uri.password)
        };
        assert_eq!(login("redis://secret@h"), (None, text("secret")));
        assert_eq!(login("redis://:secret@h"), (None, text("secret")));
        assert_eq!(login("redis://me:@h"), (text("me"), text("")));
        assert_eq!(login("redis://me:a:b@h"), (text("me"), text("a:b")));
        assert_eq!(login("redis://@h"), (None, None));
        assert_eq!(
            login("redis://m%65:p%40%2Fw%3a@h"),
            (text("me"), text("p@/w:"))
        );
    }

    #[test]
    fn ipv6_stands_in_brackets() {
        let uri = parse("redis://[::1]:7000").unwrap();
        assert_eq!((uri.host, uri.port), (text("::1"), Some(7000)));
        let uri = parse("redis://[::1]").unwrap();
        assert_eq!((uri.host, uri.port), (text("::1"), None));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (uri, part) in [
            ("localhost:6379", "takes redis://"),
            ("http://localhost", "takes redis://"),
            ("rediss://localhost", "TLS"),
            ("redis://h:x", "the port is no number"),
            ("redis://h:70000", "the port is no number"),
            ("redis://h:0", "1 to 65535"),
            ("redis://h/x", "the database is no number"),
            ("redis://::1:7000", "brackets"),
            ("redis://p%4@h", "hexadecimal"),
            ("redis://p%zz@h", "hexadecimal"),
            ("redis://%ff@h", "UTF-8"),
        ] {
            let problem = parse(uri).unwrap_err();
            assert!(problem.contains(part), "{uri}: {problem}");
        }
    }
}
