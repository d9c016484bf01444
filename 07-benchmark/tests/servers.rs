//! What stage 07 learns from real servers besides loading them.

use std::env;
use std::time::{Duration, Instant};
use step07_benchmark::control::{Control, Value};
use step07_benchmark::cpu::{self, ServerClock};
use step07_benchmark::facts;
use step07_benchmark::process::{Server, TemporaryDirectory};
use step07_benchmark::target::{Address, Target};

/// A redis-server with these further arguments. Where there is none the test is skipped, unless
/// `REQUIRE_REDIS=1` in the environment says that there must be one.
async fn redis(arguments: &[&str]) -> Option<Server> {
    let server = Server::start_redis(arguments).await.unwrap();
    if server.is_none() {
        let required = env::var("REQUIRE_REDIS").is_ok_and(|value| value == "1");
        assert!(!required, "REQUIRE_REDIS=1, and there is no redis-server");
        eprintln!("skipped: there is no redis-server");
    }
    server
}

fn refused(target: &Target) -> String {
    match Control::connect(target) {
        Ok(_) => panic!("connected"),
        Err(error) => format!("{error:#}"),
    }
}

fn clock(server: &Server) -> Option<ServerClock> {
    let control = Control::connect(&server.target()).unwrap();
    ServerClock::open(control, Some(server.id()))
}

fn cpu_time(server: &Server) -> Duration {
    cpu::process_time(server.id()).unwrap()
}

fn dbsize(control: &mut Control) -> i64 {
    match control.call(&[b"DBSIZE"]).unwrap() {
        Value::Integer(keys) => keys,
        other => panic!("{other:?}"),
    }
}

/// The server's own clock. One whose process is known is asked less: the system tells.
fn asked(server: &Server) -> ServerClock {
    let system = matches!(clock(server), Some(ServerClock::Process(_)));
    assert_eq!(system, cfg!(target_os = "linux"));
    let control = Control::connect(&server.target()).unwrap();
    ServerClock::open(control, None).unwrap()
}

/// Writes some keys, each beginning with `begin`.
fn fill(control: &mut Control, begin: &str, keys: usize) {
    for key in 0..keys {
        let key = format!("{begin}{key}");
        let set = control.call(&[b"SET", key.as_bytes(), b"value"]).unwrap();
        assert_eq!(set, Value::Text(b"OK".to_vec()));
    }
}

#[tokio::test]
async fn commands_are_answered_in_both_versions_of_the_protocol() {
    let Some(server) = redis(&["--maxclients", "77"]).await else {
        return;
    };
    for resp3 in [false, true] {
        let target = Target {
            resp3,
            ..server.target()
        };
        let mut control = Control::connect(&target).unwrap();
        control.flushdb().unwrap();
        fill(&mut control, "key:", 7);
        assert_eq!(dbsize(&mut control), 7);
        let settings = control.config_get("maxclients").unwrap().unwrap();
        assert_eq!(
            settings.into_iter().collect::<Vec<_>>(),
            [("maxclients".to_string(), "77".to_string())]
        );
        assert!(control.config_get("*").unwrap().unwrap().len() > 100);
        assert_eq!(
            control
                .config_get("no-such-setting")
                .unwrap()
                .unwrap()
                .len(),
            0
        );
        let info = control.info("server").unwrap().unwrap();
        assert_eq!(
            info.get("tcp_port"),
            Some(&server.address.port().to_string())
        );
        assert_eq!(control.info("no-such-section").unwrap().unwrap().len(), 0);
        let answer = control.call(&[b"CLIENT", b"INFO"]).unwrap();
        let Value::Text(answer) = answer else {
            panic!("{answer:?}");
        };
        let version = if resp3 { "resp=3" } else { "resp=2" };
        assert!(String::from_utf8_lossy(&answer).contains(version));
    }
}

#[tokio::test]
async fn each_database_is_counted_and_emptied_alone() {
    let Some(server) = redis(&[]).await else {
        return;
    };
    let [mut first, mut third] = [0, 3].map(|database| {
        let target = Target {
            database,
            ..server.target()
        };
        Control::connect(&target).unwrap()
    });
    fill(&mut first, "a", 2);
    fill(&mut third, "b", 5);
    assert_eq!((dbsize(&mut first), dbsize(&mut third)), (2, 5));
    third.flushdb().unwrap();
    assert_eq!((dbsize(&mut first), dbsize(&mut third)), (2, 0));
    let error = refused(&Target {
        database: 16,
        ..server.target()
    });
    assert!(
        error.ends_with("SELECT failed: ERR DB index is out of range"),
        "{error}"
    );
}

#[tokio::test]
async fn whether_a_command_is_known_is_asked_without_doing_it() {
    let Some(server) = redis(&["--requirepass", "hidden"]).await else {
        return;
    };
    let mut control = Control::connect(&Target {
        password: Some("hidden".to_string()),
        ..server.target()
    })
    .unwrap();
    fill(&mut control, "a", 2);
    for known in [
        "GET", "LPUSH", "PING", "FLUSHALL", "SHUTDOWN", "RESET", "QUIT", "MONITOR",
    ] {
        assert!(!control.is_unknown(known.as_bytes()).unwrap(), "{known}");
    }
    assert!(control.is_unknown(b"no such command").unwrap());
    assert!(control.is_unknown(b"").unwrap());
    assert_eq!(dbsize(&mut control), 2);
}

#[tokio::test]
async fn a_password_is_asked_for_and_kept_secret() {
    let Some(server) = redis(&["--requirepass", "hidden one"]).await else {
        return;
    };
    let with = |password: &str, resp3| Target {
        password: Some(password.to_string()),
        resp3,
        ..server.target()
    };
    let error = refused(&server.target());
    assert!(error.contains("wants a password (-a): NOAUTH"), "{error}");
    let error = refused(&Target {
        resp3: true,
        ..server.target()
    });
    assert!(error.contains("wants a password (-a): NOAUTH"), "{error}");
    let error = refused(&with("wrong one", false));
    assert!(error.contains("does not take this password"), "{error}");
    assert!(!error.contains("wrong one"), "{error}");
    for resp3 in [false, true] {
        let mut control = Control::connect(&with("hidden one", resp3)).unwrap();
        assert_eq!(dbsize(&mut control), 0);
        assert!(ServerClock::open(control, None).is_some());
    }
}

#[tokio::test]
async fn a_password_too_many_is_an_error() {
    let Some(server) = redis(&[]).await else {
        return;
    };
    let error = refused(&Target {
        password: Some("hidden".to_string()),
        ..server.target()
    });
    assert!(error.contains("AUTH failed: ERR AUTH"), "{error}");
}

#[tokio::test]
async fn users_have_their_own_passwords_and_rights() {
    let rights = "--user ann on >hidden ~* +@all -info -config -ping";
    let rights: Vec<&str> = rights.split(' ').collect();
    let Some(server) = redis(&rights).await else {
        return;
    };
    let ann = |password: &str| Target {
        user: Some("ann".to_string()),
        password: Some(password.to_string()),
        database: 2,
        ..server.target()
    };
    assert!(refused(&ann("wrong")).contains("does not take this password (-a, --user): WRONGPASS"));
    let mut control = Control::connect(&ann("hidden")).unwrap();
    fill(&mut control, "a", 3);
    assert_eq!(dbsize(&mut control), 3);
    // What she may not ask is no reason to fail.
    assert_eq!(control.info("server").unwrap(), None);
    assert_eq!(control.config_get("save").unwrap(), None);
    let described = facts::server(&mut control).unwrap();
    assert_eq!(described.name, format!("server at {}", server.address));
    assert_eq!(described.settings, []);
    let mut clock = asked(&server);
    assert!(matches!(clock, ServerClock::Info(_)));
    assert!(clock.read().is_some());
    assert!(ServerClock::open(control, None).is_none());
}

#[tokio::test]
async fn a_unix_socket_is_as_good() {
    let directory = TemporaryDirectory::new().unwrap();
    let path = directory.path().join("socket");
    let Some(server) = redis(&["--unixsocket", &path.to_string_lossy()]).await else {
        return;
    };
    let target = Target {
        address: Address::Unix(path.clone()),
        database: 1,
        ..server.target()
    };
    let mut control = Control::connect(&target).unwrap();
    fill(&mut control, "a", 4);
    assert_eq!(dbsize(&mut control), 4);
    let described = facts::server(&mut control).unwrap();
    assert_eq!(described.name, server.name);
    assert_eq!(described.address, path.to_string_lossy());
}

#[tokio::test]
async fn a_server_that_takes_nobody_any_more_says_so() {
    let Some(server) = redis(&["--maxclients", "1"]).await else {
        return;
    };
    // The connections with which its start was watched may not be closed yet.
    let deadline = Instant::now() + Duration::from_secs(20);
    let _only = loop {
        match Control::connect(&server.target()) {
            Ok(control) => break control,
            Err(error) => assert!(Instant::now() < deadline, "{error:#}"),
        }
    };
    let error = refused(&server.target());
    assert!(
        error.contains("takes no further connections: ERR max number"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_describes_itself() {
    let Some(server) = redis(&["--maxmemory", "64mb"]).await else {
        return;
    };
    let mut control = Control::connect(&server.target()).unwrap();
    let described = facts::server(&mut control).unwrap();
    assert_eq!(described.name, server.name);
    assert_eq!(described.address, server.address.to_string());
    let setting = |name| {
        let mut settings = described.settings.iter();
        let found = settings.find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(setting("save"), Some(""));
    assert_eq!(setting("appendonly"), Some("no"));
    assert_eq!(setting("maxmemory"), Some("67108864"));
    assert_eq!(setting("redis_mode"), Some("standalone"));
    assert_eq!(
        setting("tcp_port"),
        Some(server.address.port().to_string().as_str())
    );
    assert_eq!(setting("executable"), None);
}

/// Lets the server work until the system says that it has used so much CPU time more.
#[cfg(target_os = "linux")]
fn work(server: &Server, time: Duration) {
    let mut control = Control::connect(&server.target()).unwrap();
    let script = b"local n = 0 for i = 1, 300000 do n = n + i % 7 end return n";
    let end = cpu_time(server) + time;
    let deadline = Instant::now() + Duration::from_secs(60);
    while cpu_time(server) < end {
        let answer = control.call(&[b"EVAL", script, b"0"]).unwrap();
        assert!(matches!(answer, Value::Integer(_)));
        assert!(Instant::now() < deadline);
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_server_s_own_clock_and_the_system_s_agree() {
    let Some(server) = redis(&[]).await else {
        return;
    };
    let mut clock = asked(&server);
    assert!(matches!(clock, ServerClock::Info(_)));
    let before = (clock.read().unwrap(), cpu_time(&server));
    work(&server, Duration::from_millis(200));
    let after = (clock.read().unwrap(), cpu_time(&server));
    let (own, system) = (after.0 - before.0, after.1 - before.1);
    // 20 ms for the ticks, and some for what the server does between the two readings.
    assert!(
        own.abs_diff(system) < Duration::from_millis(40),
        "{own:?} and {system:?}"
    );
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_server_s_clock_counts_all_its_threads() {
    // Emptying a large database in the background is the work of another thread than the one that answers.
    let Some(server) = redis(&["--enable-debug-command", "yes"]).await else {
        return;
    };
    let mut control = Control::connect(&server.target()).unwrap();
    let filled = control.call(&[b"DEBUG", b"POPULATE", b"1000000"]).unwrap();
    assert_eq!(filled, Value::Text(b"OK".to_vec()));
    let mut clock = clock(&server).unwrap();
    let before = (
        clock.read().unwrap(),
        cpu_time(&server),
        main_thread(&mut control),
    );
    control.call(&[b"FLUSHALL", b"ASYNC"]).unwrap();
    wait_until_freed(&mut control);
    let after = (
        clock.read().unwrap(),
        cpu_time(&server),
        main_thread(&mut control),
    );
    let (own, system) = (after.0 - before.0, after.1 - before.1);
    assert!(
        own.abs_diff(system) < Duration::from_millis(40),
        "{own:?} and {system:?}"
    );
    assert!(own > 2 * (after.2 - before.2), "{own:?}");
}

/// Waits for redis-server's thread that frees memory.
#[cfg(target_os = "linux")]
fn wait_until_freed(control: &mut Control) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut pending = || {
        let info = control.info("memory").unwrap().unwrap();
        info.get("lazyfree_pending_objects").unwrap() != "0"
    };
    while pending() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What redis-server tells of its main thread alone.
#[cfg(target_os = "linux")]
fn main_thread(control: &mut Control) -> Duration {
    let info = control.info("cpu").unwrap().unwrap();
    let fields = ["used_cpu_user_main_thread", "used_cpu_sys_main_thread"];
    let seconds = fields.map(|field| info.get(field).unwrap().parse::<f64>().unwrap());
    Duration::from_secs_f64(seconds.iter().sum())
}

#[tokio::test]
async fn a_clock_survives_that_its_connection_is_closed() {
    let Some(server) = redis(&[]).await else {
        return;
    };
    let mut clock = clock(&server).unwrap();
    let before = clock.read().unwrap();
    let mut control = Control::connect(&server.target()).unwrap();
    control
        .call(&[b"CLIENT", b"KILL", b"TYPE", b"normal", b"SKIPME", b"yes"])
        .unwrap();
    assert!(clock.read().unwrap() >= before);
    drop(server);
    assert_eq!(clock.read(), None);
}

#[tokio::test]
async fn why_a_server_does_not_start_is_told() {
    let Some(version) = redis(&[]).await.map(|server| server.name.clone()) else {
        return;
    };
    let Err(error) = Server::start_redis(&["--no-such-setting", "1"]).await else {
        panic!("started");
    };
    let error = format!("{error:#}");
    assert!(
        error.starts_with(&format!("{version} ended at once")),
        "{error}"
    );
    assert!(error.contains("exit status: 1"), "{error}");
}
