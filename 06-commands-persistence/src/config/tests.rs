//! Tests of the table, of the command line and of CONFIG's three subcommands.

use super::*;
use std::ffi::OsString;

fn run(arguments: &[&str]) -> Config {
    match start(arguments).unwrap() {
        Startup::Run(config) => *config,
        Startup::Print(text) => panic!("{text}"),
    }
}

fn start(arguments: &[&str]) -> anyhow::Result<Startup> {
    Startup::from_arguments(arguments.iter().map(OsString::from))
}

fn refused(arguments: &[&str]) -> String {
    format!("{:#}", start(arguments).unwrap_err())
}

fn set(config: &mut Config, pairs: &[(&str, &str)]) -> Result<(), String> {
    let pairs: Vec<(&[u8], &[u8])> = pairs
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    let text = |error: SetError| String::from_utf8(error.text()).unwrap();
    config.set(&pairs, true).map(drop).map_err(text)
}

fn get(config: &Config, name: &str) -> String {
    let mut found = config.get([name.as_bytes()]);
    String::from_utf8(found.pop().unwrap().1).unwrap()
}

#[test]
fn names_are_unique_and_in_lower_case() {
    let mut names: Vec<&str> = TABLE.iter().flat_map(Parameter::names).collect();
    assert!(names.iter().all(|name| *name == name.to_ascii_lowercase()));
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn defaults_are_printed_as_they_are_written() {
    let config = Config::standard();
    for row in TABLE.iter().filter(|row| row.name != "dir") {
        assert_eq!(get(&config, row.name), row.default, "{}", row.name);
    }
    assert_eq!(
        config.dir,
        std::env::current_dir().unwrap().canonicalize().unwrap()
    );
}

#[test]
fn setting_what_is_printed_changes_nothing() {
    let mut configs = vec![Config::standard()];
    configs.push(run(&[
        "--save",
        "5 6",
        "--bind",
        "::1 -1.2.3.4",
        "--notify-keyspace-events",
        "mKgE",
        "--client-output-buffer-limit",
        "replica",
        "1gb",
        "2k",
        "3",
        "--shutdown-on-sigint",
        "now",
        "nosave",
        "--dbfilename",
        "a b",
        "--loglevel",
        "DEBUG",
        "--list-max-ziplist-size",
        "-2",
        "--hz",
        "9999",
    ]));
    for config in configs {
        for row in TABLE {
            let mut again = config.clone();
            let printed = (row.get)(&config).print();
            row.assign(&mut again, &[&printed]).unwrap();
            assert_eq!(again, config, "{}", row.name);
        }
    }
}

#[test]
fn flags_are_redis_servers() {
    assert_eq!(run(&["--port", "0", "--PORT", "7"]).port, 7);
    assert_eq!(run(&["--port 5"]).port, 5);
    assert_eq!(
        get(&run(&["--save", "60", "1", "--port", "0"]), "save"),
        "60 1"
    );
    assert_eq!(
        get(&run(&["--save", "60 1", "--save", "70 2"]), "save"),
        "60 1 70 2"
    );
    for none in [&["--save", ""][..], &["--save"], &["--save", "--port", "0"]] {
        assert_eq!(get(&run(none), "save"), "");
    }
    assert_eq!(
        run(&["--dbfilename", "--port", "--port", "1"])
            .dbfilename
            .as_os_str(),
        "--port"
    );
    assert_eq!(run(&["--bind", "::1", "1.2.3.4"]).bind, ["::1", "1.2.3.4"]);
}

#[test]
fn refusals_name_the_flag_and_the_reason() {
    for (arguments, text) in [
        (
            &["--port", "x"][..],
            "--port \"x\": argument couldn't be parsed into an integer",
        ),
        (
            &["--port", "70000"],
            "--port \"70000\": argument must be between 0 and 65535 inclusive",
        ),
        (&["--port"], "--port: wrong number of arguments"),
        (
            &["--port", "1", "2"],
            "--port \"1\" \"2\": wrong number of arguments",
        ),
        (
            &["--nosuch", "1"],
            "there is no parameter --nosuch; --help lists those there are",
        ),
        (
            &["--appendonly", "yes"],
            "--appendonly \"yes\": this server has no append-only file yet",
        ),
        (
            &["--dir", "/nonexistent"],
            "--dir \"/nonexistent\": No such file or directory",
        ),
        (&["-x"], "\"-x\" is not a flag"),
        (&["--"], "-- is not a flag"),
    ] {
        assert_eq!(refused(arguments), text);
    }
    assert!(refused(&["/nonexistent"]).starts_with("cannot read the config file /nonexistent"));
}

#[test]
fn help_names_every_parameter() {
    let Startup::Print(help) = start(&["--help"]).unwrap() else {
        panic!("no help");
    };
    assert!(
        TABLE
            .iter()
            .all(|row| help.contains(&format!("  --{} ", row.name)))
    );
    assert!(matches!(start(&["-v"]), Ok(Startup::Print(_))));
}

#[test]
fn config_get_takes_names_and_patterns() {
    let config = Config::standard();
    let found = config.get([&b"PORT"[..], b"port", b"Po*", b"nosuch"]);
    assert_eq!(found, [(b"PORT".to_vec(), b"6380".to_vec())]);
    assert_eq!(config.get([&b"list-max-*"[..]]).len(), 2);
}

#[test]
fn config_set_is_all_or_nothing() {
    let mut config = Config::standard();
    let failed = set(&mut config, &[("timeout", "5"), ("maxclients", "0")]);
    let text = "argument must be between 1 and 4294967295 inclusive";
    let start = "ERR CONFIG SET failed (possibly related to argument 'maxclients') - ";
    assert_eq!(failed, Err(format!("{start}{text}")));
    assert_eq!(config, Config::standard());
    set(&mut config, &[("timeout", "5"), ("maxclients", "7")]).unwrap();
    assert_eq!((config.timeout, config.maxclients), (5, 7));
}

#[test]
fn a_file_is_rewritten_in_place() {
    let directory = std::env::temp_dir().join(format!("step06-config-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let path = directory.join("redis.conf");
    let old = "# mine\nport 1\n\nsave 9 1\nsave 8 2\n# more\nlist-max-ziplist-size -2\nwrong x\n";
    std::fs::write(&path, old).unwrap();
    let unknown = "line 8: there is no parameter wrong; --help lists those there are";
    assert!(refused(&[path.to_str().unwrap()]).ends_with(unknown));
    let mut config = Config::standard();
    config.dir = "/tmp".into();
    config.port = 2;
    set(&mut config, &[("save", "7 3"), ("hz", "20")]).unwrap();
    file::rewrite(&config, &path).unwrap();
    let new = "# mine\nport 2\n\nsave 7 3\n\n# more\nlist-max-listpack-size -2\n# ??? wrong x\n\
               # Generated by CONFIG REWRITE\nhz 20\ndir /tmp\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), new);
    let again = run(&[path.to_str().unwrap()]);
    config.config_file = Some(path.clone());
    assert_eq!((&again.save, again.port, again.hz), (&config.save, 2, 20));
    std::fs::remove_dir_all(&directory).unwrap();
}
