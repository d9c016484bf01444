//! How the stages' programs begin and end.

use std::net::TcpListener;
use std::process::{Command, ExitStatus};
use std::time::Duration;
use workshop::process::Process;
use workshop::server::{Server, program};
use workshop::stage::{STAGES, Stage};
use workshop::target::Target;

const DEADLINE: Duration = Duration::from_secs(10);

/// Runs a stage's program to its end: how it ended, and what it wrote to standard error.
fn run(stage: Stage, flags: &[&str]) -> (ExitStatus, String) {
    let mut command = Command::new(program(stage).unwrap());
    let mut process = Process::start(command.args(flags)).unwrap();
    let status = process.wait(DEADLINE).unwrap();
    (status, process.errors())
}

fn ends_in_order_on(signal: &str, stage: Stage) {
    let mut server = Server::start(stage).unwrap();
    // With a client that is there, and one that is in the midst of something.
    let target = Target::new(server.address());
    let _idle = target.connect().unwrap();
    let mut busy = target.connect().unwrap();
    busy.send("*1\r\n$4\r\nPI").unwrap();
    let process = server.process();
    let sent = Command::new("kill")
        .args([signal, &process.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let status = process.wait(DEADLINE).unwrap();
    assert_eq!(status.code(), Some(0), "{} on {signal}", stage.folder);
}

#[test]
fn sigint_ends_every_stage_with_exit_code_0() {
    for stage in STAGES {
        ends_in_order_on("-INT", stage);
    }
}

#[test]
fn sigterm_ends_every_stage_with_exit_code_0() {
    for stage in STAGES {
        ends_in_order_on("-TERM", stage);
    }
}

#[test]
fn every_model_of_stage_04_ends_in_order() {
    for model in ["sequential", "threads", "tasks", "actor"] {
        let mut server = Server::start_with(STAGES[3], &["--model", model]).unwrap();
        Target::new(server.address())
            .connect()
            .unwrap()
            .settle()
            .unwrap();
        let process = server.process();
        let id = process.id().to_string();
        Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert_eq!(process.wait(DEADLINE).unwrap().code(), Some(0), "{model}");
    }
}

#[test]
fn a_busy_port_is_an_error_that_names_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for stage in STAGES {
        let (status, errors) = run(stage, &["--port", &address.port().to_string()]);
        assert!(!status.success(), "{}", stage.folder);
        assert!(
            errors.contains(&address.to_string()),
            "{}: {errors}",
            stage.folder
        );
    }
}

#[test]
fn help_is_printed() {
    for stage in STAGES {
        let mut command = Command::new(program(stage).unwrap());
        let mut process = Process::start(command.arg("--help")).unwrap();
        let mut lines = Vec::new();
        while let Ok(line) = process.line(DEADLINE) {
            lines.push(line);
        }
        let help = lines.join("\n");
        assert!(process.wait(DEADLINE).unwrap().success());
        for word in ["Usage", "--port", "--bind"] {
            assert!(help.contains(word), "{}: {help}", stage.folder);
        }
    }
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    for stage in STAGES {
        for flags in [
            ["--surprise"].as_slice(),
            &["surprise"],
            &["--port"],
            &["--port", "x"],
            &["--port", "65536"],
            &["--bind", "nowhere"],
        ] {
            let (status, errors) = run(stage, flags);
            assert!(!status.success(), "{} {flags:?}", stage.folder);
            assert!(!errors.trim().is_empty(), "{} {flags:?}", stage.folder);
        }
    }
    let (status, errors) = run(STAGES[3], &["--model", "surprise"]);
    assert!(!status.success() && errors.contains("surprise"), "{errors}");
}

#[test]
fn another_address_can_be_bound() {
    for stage in STAGES {
        let server = Server::start_with(stage, &["--bind", "127.0.0.1"]).unwrap();
        assert!(server.address().ip().is_loopback());
        assert_ne!(server.address().port(), 0);
    }
}
