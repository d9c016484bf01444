use super::*;
use std::io::{BufRead, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// How long a connection of these tests waits.
const SHORT: Duration = Duration::from_secs(1);

/// When a test that waits for nothing must be over.
const LONG: Duration = Duration::from_secs(60);

/// A server that serves one connection after another with `converse`.
fn serve(converse: impl Fn(TcpStream) -> io::Result<()> + Send + 'static) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            socket.set_read_timeout(Some(LONG)).unwrap();
            // Ends with an error when the other side has hung up.
            let _ = converse(socket);
        }
    });
    Target::tcp("127.0.0.1", port)
}

/// A server that answers the requests of a connection with these replies, and then is silent.
fn replying(replies: &'static [&'static [u8]]) -> Target {
    serve(move |socket| {
        let mut socket = BufReader::new(socket);
        for reply in replies {
            next_request(&mut socket)?;
            socket.get_mut().write_all(reply)?;
        }
        next_request(&mut socket).map(drop)
    })
}

/// The words of the next request.
fn next_request(socket: &mut BufReader<TcpStream>) -> io::Result<Vec<String>> {
    let words = number(socket)?;
    (0..words).map(|_| word(socket)).collect()
}

fn word(socket: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut bytes = vec![0; number(socket)? + 2];
    socket.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_string())
}

fn number(socket: &mut BufReader<TcpStream>) -> io::Result<usize> {
    let mut line = String::new();
    socket.read_line(&mut line)?;
    let number = line.get(1..).and_then(|text| text.trim_end().parse().ok());
    number.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn connect(target: &Target) -> Control {
    Control::connect_within(target, LONG).unwrap()
}

/// The error with which connecting fails.
fn refused(target: &Target) -> String {
    match Control::connect_within(target, SHORT) {
        Ok(_) => panic!("connected"),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn the_greeting_comes_first_and_once() {
    let (sender, requests) = std::sync::mpsc::channel();
    let target = Target {
        user: Some("ann".to_string()),
        password: Some("secret".to_string()),
        database: 3,
        resp3: true,
        ..serve(move |socket| {
            let mut socket = BufReader::new(socket);
            loop {
                sender.send(next_request(&mut socket)?.join(" ")).unwrap();
                socket.get_mut().write_all(b"+OK\r\n")?;
            }
        })
    };
    let mut control = connect(&target);
    control.flushdb().unwrap();
    control.flushdb().unwrap();
    drop(control);
    let requests: Vec<String> = requests.iter().take(6).collect();
    let expected = [
        "AUTH ann secret",
        "HELLO 3",
        "SELECT 3",
        "DBSIZE",
        "FLUSHDB",
        "FLUSHDB",
    ];
    assert_eq!(requests, expected);
}

const DBSIZE: &[&[u8]] = &[b"DBSIZE"];

#[test]
fn answers_are_read_as_what_they_mean() {
    let mut control = connect(&replying(&[
        b"+PONG\r\n",
        b"$35\r\n# CPU\r\nused_cpu_sys:1.5\r\nlist:a:b\r\n\r\n",
        b"=16\r\ntxt:mode:cluster\r\n",
        b"-ERR unknown command 'INFO'\r\n",
        b"*4\r\n$4\r\nsave\r\n$0\r\n\r\n$2\r\nhz\r\n$2\r\n10\r\n",
        b"%1\r\n$4\r\nsave\r\n$6\r\n3600 1\r\n",
        b"*0\r\n",
        b"-NOPERM this user has no permissions\r\n",
        b":1\r\n",
        b"-ERR unknown command 'FLUSHDB'\r\n",
    ]));
    let map = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        Some(pairs.collect::<BTreeMap<_, _>>())
    };
    let cpu = map(&[("used_cpu_sys", "1.5"), ("list", "a:b")]);
    assert_eq!(control.info("cpu").unwrap(), cpu);
    assert_eq!(control.info("server").unwrap(), map(&[("mode", "cluster")]));
    assert_eq!(control.info("server").unwrap(), None);
    let settings = map(&[("hz", "10"), ("save", "")]);
    assert_eq!(control.config_get("*").unwrap(), settings);
    assert_eq!(
        control.config_get("save").unwrap(),
        map(&[("save", "3600 1")])
    );
    assert_eq!(control.config_get("no-such").unwrap(), map(&[]));
    assert_eq!(control.config_get("save").unwrap(), None);
    assert!(control.flushdb().is_err());
    let error = control.flushdb().unwrap_err().to_string();
    assert!(error.contains("FLUSHDB at 127.0.0.1:"), "{error}");
    assert!(
        error.ends_with(": ERR unknown command 'FLUSHDB'"),
        "{error}"
    );
}

#[test]
fn a_place_where_nobody_listens_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = refused(&Target::tcp("127.0.0.1", port));
    let begin = format!("cannot connect to 127.0.0.1:{port}: ");
    assert!(error.starts_with(&begin), "{error}");
    assert!(error.ends_with("is the server running?"), "{error}");
    let error = refused(&Target {
        address: Address::Unix("/no/such/socket".into()),
        ..Target::tcp("", 0)
    });
    assert!(
        error.starts_with("cannot connect to /no/such/socket: "),
        "{error}"
    );
    assert!(error.ends_with("is the server running?"), "{error}");
}

#[test]
fn refusals_are_explained_and_passwords_kept_secret() {
    for (reply, part) in [
        (
            b"-NOAUTH Authentication required.\r\n".as_slice(),
            "wants a password (-a): NOAUTH ",
        ),
        (
            b"-WRONGPASS invalid username-password pair\r\n",
            "does not take this password",
        ),
        (
            b"-LOADING Redis is loading\r\n",
            "still loading its data: LOADING ",
        ),
        (
            b"-DENIED Redis is running in protected mode\r\n",
            "from elsewhere: DENIED ",
        ),
        (
            b"-ERR max number of clients reached\r\n",
            "no further connections: ERR max",
        ),
        (
            b"-ERR unknown command 'AUTH', with args beginning with: 'hidden'\r\n",
            "AUTH failed: ERR unknown command 'AUTH', with args beginning with: '***'",
        ),
    ] {
        let server = serve(move |mut socket| {
            socket.write_all(reply)?;
            socket.read_exact(&mut [0; 4])
        });
        let target = Target {
            password: Some("hidden".to_string()),
            ..server.clone()
        };
        let error = refused(&target);
        assert!(error.contains(part), "{error}");
        assert!(!error.contains("hidden"), "{error}");
        // A server without a password may say so to the first question; some know no DBSIZE, and are none the
        // worse for it.
        let connected = Control::connect_within(&server, SHORT).is_ok();
        assert_eq!(connected, part.starts_with("AUTH"), "{part}");
    }
}

/// A server whose second answer is this, again and again.
fn hostile(start: &'static [u8], then: &'static [u8]) -> Target {
    serve(move |mut socket| {
        socket.write_all(b"+PONG\r\n")?;
        socket.write_all(start)?;
        // More than a client should take; not endless, as a test must end that finds no limit.
        for _ in 0..256 {
            socket
                .write_all(&then.repeat((64 * 1024_usize).checked_div(then.len()).unwrap_or(0)))?;
        }
        socket.read_to_end(&mut Vec::new()).map(drop)
    })
}

#[test]
fn hostile_answers_end_with_an_error() {
    for (start, then, part) in [
        (b"+".as_slice(), b"x".as_slice(), "does not end"),
        (b"$99999999999\r\n", b"", "has the number"),
        (b"$4000000000\r\n", b"x", "larger than 64 MiB"),
        (b"*4000000000\r\n", b":1\r\n", "larger than 64 MiB"),
        (b"*1\r\n", b"*1\r\n", "nested too deeply"),
        (b"HTTP/1.1 400 Bad Request\r\n", b"", "begins with 'H'"),
    ] {
        let mut control = connect(&hostile(start, then));
        let error = format!("{:#}", control.info("server").unwrap_err());
        assert!(error.starts_with("INFO at 127.0.0.1:"), "{error}");
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn silence_ends_with_an_error_and_not_later_than_allowed() {
    for start in [b"".as_slice(), b"$5\r\nab", b"*2\r\n:1\r\n", b"+O"] {
        let mut control = Control::connect_within(&hostile(start, b""), SHORT).unwrap();
        let begin = Instant::now();
        let error = format!("{:#}", control.info("server").unwrap_err());
        assert!(error.ends_with("no answer within 1s"), "{error}");
        assert!(begin.elapsed() < LONG / 2);
    }
}

#[test]
fn an_answer_that_comes_byte_by_byte_has_one_deadline_for_all() {
    let target = serve(|mut socket| {
        socket.write_all(b"+PONG\r\n:")?;
        for _ in 0..200 {
            socket.write_all(b"1")?;
            thread::sleep(SHORT / 20);
        }
        Ok(())
    });
    let mut control = Control::connect_within(&target, SHORT).unwrap();
    let error = format!("{:#}", control.call(DBSIZE).unwrap_err());
    assert!(error.ends_with("no answer within 1s"), "{error}");
}

#[test]
fn a_server_that_does_not_read_is_not_waited_for_either() {
    let target = serve(|mut socket| {
        socket.write_all(b"+PONG\r\n")?;
        thread::sleep(LONG);
        Ok(())
    });
    let mut control = Control::connect_within(&target, SHORT).unwrap();
    let error = control.call(&[b"ECHO", &vec![b'x'; 64 << 20]]).unwrap_err();
    let error = format!("{error:#}");
    assert!(error.ends_with("no answer within 1s"), "{error}");
}

#[test]
fn after_a_failure_the_next_call_has_a_connection_of_its_own() {
    let connections = AtomicU64::new(0);
    let target = serve(move |socket| {
        let mut socket = BufReader::new(socket);
        next_request(&mut socket)?;
        socket.get_mut().write_all(b"+PONG\r\n")?;
        next_request(&mut socket)?;
        match connections.fetch_add(1, Ordering::Relaxed) {
            // Ends when the other side gives the connection up.
            0 => next_request(&mut socket).map(drop),
            1 => socket.get_mut().write_all(b":1\r"),
            number => socket
                .get_mut()
                .write_all(format!(":{number}\r\n").as_bytes()),
        }
    });
    let mut control = Control::connect_within(&target, SHORT).unwrap();
    let error = format!("{:#}", control.call(DBSIZE).unwrap_err());
    assert!(error.ends_with("no answer within 1s"), "{error}");
    let error = format!("{:#}", control.call(DBSIZE).unwrap_err());
    assert!(
        error.ends_with("the server closed the connection"),
        "{error}"
    );
    assert_eq!(control.call(DBSIZE).unwrap(), Value::Integer(2));
}

#[test]
fn a_server_without_transactions_is_asked_by_the_name_alone() {
    let target = serve(|socket| {
        let mut socket = BufReader::new(socket);
        loop {
            let request = next_request(&mut socket)?.join(" ");
            let reply = match request.as_str() {
                "DBSIZE" => ":0",
                "GET" => "-ERR wrong number of arguments for 'get' command",
                _ => "-ERR unknown command",
            };
            socket
                .get_mut()
                .write_all(format!("{reply}\r\n").as_bytes())?;
        }
    });
    let mut control = connect(&target);
    assert!(!control.is_unknown(b"GET").unwrap());
    assert!(!control.is_unknown(b"DBSIZE").unwrap());
    assert!(control.is_unknown(b"LPUSH").unwrap());
}

#[test]
fn a_server_that_refuses_transactions_is_not_asked() {
    let target = replying(&[b"+PONG\r\n", b"-NOPERM this user has no permissions\r\n"]);
    assert!(!connect(&target).is_unknown(b"FLUSHALL").unwrap());
}
