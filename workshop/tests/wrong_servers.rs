//! Servers that are wrong, and the checks that must say so. A check that a wrong server passes is a
//! bug, found here.

mod wrong;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use workshop::check::{Colours, Order, run};
use workshop::checks::{self, Check};
use workshop::stage::STAGES;
use workshop::target::Target;
use wrong::toy::Bug;
use wrong::{database, toy};

/// Enough for servers in the same process, and short enough to wait for often.
const SHORT: Duration = Duration::from_millis(300);

/// Enough for one that answers, of the checks that find a bug by waiting in vain.
const PATIENT: Duration = Duration::from_secs(5);

/// How many checks wait at the same time.
const AT_ONCE: usize = 8;

/// Serves each client in a thread until the process ends.
fn serve(client: fn(TcpStream) -> io::Result<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || client(socket));
        }
    });
    address
}

/// The ids of those checks that the server passes.
fn passed(
    address: SocketAddr,
    deadline: Duration,
    checks: Vec<&'static Check>,
) -> Vec<&'static str> {
    let target = Target {
        deadline,
        ..Target::new(address)
    };
    let waiting = Mutex::new(checks.into_iter());
    let passed = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(check) = waiting.lock().unwrap().next() else {
                return;
            };
            if check.run(&target).is_ok() {
                passed.lock().unwrap().push(check.id);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let mut passed = passed.into_inner().unwrap();
    passed.sort_unstable();
    passed
}

fn all() -> Vec<&'static Check> {
    checks::all().collect()
}

#[test]
fn a_server_that_never_answers_passes_nothing() {
    let silent = serve(|mut socket| io::copy(&mut socket, &mut io::sink()).map(drop));
    assert_eq!(passed(silent, SHORT, all()), [""; 0]);
}

#[test]
fn a_server_that_never_reads_passes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(passed(address, SHORT, all()), [""; 0]);
    drop(listener);
}

#[test]
fn a_server_that_says_ok_to_everything_passes_nothing() {
    let eager = serve(|mut socket| {
        let mut buffer = [0; 4096];
        while socket.read(&mut buffer)? > 0 {
            socket.write_all(b"+OK\r\n")?;
        }
        Ok(())
    });
    assert_eq!(passed(eager, SHORT, all()), [""; 0]);
}

#[test]
fn a_server_that_closes_at_once_passes_nothing() {
    let curt = serve(|socket| {
        drop(socket);
        Ok(())
    });
    assert_eq!(passed(curt, SHORT, all()), [""; 0]);
}

#[test]
fn an_address_where_nobody_listens_passes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(passed(address, SHORT, all()), [""; 0]);
}

/// It serves all clients at once, and so fails the check that a second client waits.
#[test]
fn an_echo_server_passes_what_is_about_echoes() {
    let echo = serve(|mut socket| {
        let mut writer = socket.try_clone()?;
        io::copy(&mut socket, &mut writer).map(drop)
    });
    let echoes = ["01.1", "01.2", "01.3", "01.4", "01.5", "01.6", "01.7"];
    assert_eq!(passed(echo, Duration::from_secs(2), all()), echoes);
}

/// Servers that are wrong in a more ordinary way: an echo that is nearly right.
#[test]
fn an_echo_with_a_mistake_fails() {
    type Mistake = (fn(TcpStream) -> io::Result<()>, &'static str);
    let mistakes: [Mistake; 5] = [
        (wrong::echo::whole_buffer, "01.1"),
        (wrong::echo::by_line, "01.3"),
        (wrong::echo::as_text, "01.4"),
        (wrong::echo::first_write_only, "01.7"),
        (wrong::echo::stays_open, "01.5"),
    ];
    for (mistake, id) in mistakes {
        let passed = passed(serve(mistake), SHORT, all());
        assert!(!passed.contains(&id), "{id} is passed by its mistake");
    }
}

/// The checks that redis-server passes, of the stages given.
fn checks_of(stages: RangeInclusive<u8>) -> Vec<&'static Check> {
    let wanted = |check: &&Check| check.redis() && stages.contains(&check.first);
    checks::all().filter(wanted).collect()
}

/// The ids of those checks that the server fails.
fn failed(address: SocketAddr, checks: Vec<&'static Check>) -> Vec<&'static str> {
    let ids: Vec<&str> = checks.iter().map(|check| check.id).collect();
    let passed = passed(address, PATIENT, checks);
    ids.into_iter().filter(|id| !passed.contains(id)).collect()
}

/// The toys below are right where they have no bug: otherwise their bugs would prove nothing.
#[test]
fn a_toy_without_bugs_passes_what_redis_passes() {
    assert_eq!(failed(toy::serve(None), checks_of(1..=5)), [""; 0]);
}

/// It knows the commands of chapter 0. One check after the other: one of them empties the server.
#[test]
fn a_database_without_bugs_passes_what_redis_passes() {
    let address = database::serve(None);
    let is_known = |check: &&Check| check.chapter() == Some(0);
    for check in checks_of(6..=6).into_iter().filter(is_known) {
        assert_eq!(failed(address, vec![check]), [""; 0]);
    }
}

/// The bugs that are not found by their check. Most of the time is spent in waiting for an answer that
/// does not come: so several are tried at once. A machine that is busy for a moment can hide that a key is
/// gone some milliseconds early, so that what escapes is looked at again.
fn escaped<Bug: Copy + Send + Sync>(
    bugs: &[(Bug, &'static str)],
    serve: fn(Option<Bug>) -> SocketAddr,
) -> Vec<(Bug, &'static str)> {
    let escapes = |(bug, id): &(Bug, &str)| {
        let check: Vec<_> = checks::all().filter(|check| check.id == *id).collect();
        check.is_empty()
            || (0..3).all(|_| !passed(serve(Some(*bug)), SHORT, check.clone()).is_empty())
    };
    thread::scope(|scope| {
        let part = bugs.len().div_ceil(AT_ONCE);
        let parts: Vec<_> = bugs
            .chunks(part)
            .map(|bugs| scope.spawn(move || bugs.iter().copied().filter(escapes).collect()))
            .collect();
        let found = parts.into_iter().map(|part| part.join().unwrap());
        found.collect::<Vec<Vec<_>>>().concat()
    })
}

/// Each bug is one that a learner's server may have, and the check it is paired with finds it.
#[test]
fn every_bug_of_the_toy_is_found_by_its_check() {
    assert_eq!(escaped(toy::BUGS, toy::serve), []);
}

#[test]
fn every_bug_of_the_database_is_found_by_its_check() {
    assert_eq!(escaped(database::BUGS, database::serve), []);
}

/// What `make check` prints on a learner's server.
fn printed(address: SocketAddr, stage: usize, all: bool) -> String {
    let target = Target {
        deadline: PATIENT,
        ..Target::new(address)
    };
    let order = Order {
        part: STAGES[stage - 1].into(),
        only: None,
        all,
        address: Some(address),
    };
    let mut out = Vec::new();
    run(order, &target, Colours::NONE, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The first failure is the one to mend, and names the mistake.
#[test]
fn the_first_failure_tells_the_cause() {
    for (bug, id, cause) in [
        (Bug::LineFeedsAlone, "02.1", "end with \\n alone"),
        (Bug::NamesInUpperCaseOnly, "02.4", "any case"),
        (
            Bug::OneRequestPerRead,
            "02.5",
            "3 requests were sent at once",
        ),
        (Bug::ForgetsHalfRequests, "02.6", "sent in pieces"),
        (Bug::PingIgnoresItsMessage, "02.9", "without an argument"),
        (Bug::ArityInOtherWords, "02.15", "Then must follow"),
        (Bug::NoInlineCommands, "02.17", "inline command"),
        (Bug::MissingIsMinusOne, "03.3", "the integer -1"),
    ] {
        let printed = printed(toy::serve(Some(bug)), 3, false);
        let failed = printed.matches("FAILED").count();
        let first = format!("{id}  FAILED");
        let fits = printed.contains(&first) && printed.contains(cause) && failed == 1;
        assert!(fits, "{bug:?}\n{printed}");
    }
}

#[test]
fn what_needs_a_failed_check_is_skipped_and_what_fails_alike_is_grouped() {
    let printed = printed(toy::serve(Some(Bug::NamesInUpperCaseOnly)), 3, true);
    for line in [
        "02.17  skipped: needs 02.4",
        "02.18  skipped: needs 02.17",
        "2 failed, 7 skipped\nMend first: 02.4 Names",
        "02.4  the same cause: 03.5\n",
        "02.4  wait for it: 02.17 02.18 02.19 02.24 02.25 03.14 03.15\n",
    ] {
        assert!(printed.contains(line), "{line}\n{printed}");
    }
}

#[test]
fn a_learner_s_echo_may_serve_many_at_once() {
    let echo = serve(|mut socket| {
        let mut writer = socket.try_clone()?;
        io::copy(&mut socket, &mut writer).map(drop)
    });
    let printed = printed(echo, 1, false);
    assert!(printed.contains("01.8  note "), "{printed}");
    assert!(printed.ends_with("7 checks passed\n"), "{printed}");
}

/// And each check finds one, so that none of them says nothing.
#[test]
fn every_check_of_stage_06_finds_a_bug() {
    let finds = |check: &&Check| database::BUGS.iter().any(|(_, id)| *id == check.id);
    let idle: Vec<_> = checks_of(6..=6)
        .into_iter()
        .filter(|check| !finds(check))
        .collect();
    let idle: Vec<_> = idle.iter().map(|check| check.id).collect();
    assert_eq!(idle, [""; 0]);
}
