//! The tool behind `make check`, `make diff` `make copy` and `make carry`.

use anyhow::{Context, bail};
use lexopt::prelude::*;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use workshop::check::Order;
use workshop::checks::{self, Part};
use workshop::copies::Manifest;
use workshop::stage::Stage;
use workshop::{check, copy, diff};

const HELP: &str = "\
The workshop's tool.

Usage: workshop VERB

  check STAGE            check a stage's own server, up to the first failure;
                         06.0 is stage 06 up to its chapter 0
    --address ADDRESS    check yours, which listens there
    --all                go on behind a failure
    --only ID            try one check
  list                   list all checks
  diff STAGE             show what a stage changed against the one before
  copy STAGE             make a copy of a stage in my/, to do exercises on
  carry [FILE]           copy files that are to be the same to all later stages
  copies                 print the manifest of copies as the tree would have it";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The command line.
#[derive(Default)]
struct Words {
    words: Vec<String>,
    address: Option<SocketAddr>,
    all: bool,
    only: Option<String>,
    help: bool,
}

/// Whether what was asked for is as it should be.
fn run() -> anyhow::Result<bool> {
    let line = words()?;
    if line.help {
        println!("{HELP}");
        return Ok(true);
    }
    let words: Vec<&str> = line.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["check"] => check::check(order(None, &line)?),
        ["check", stage] => check::check(order(Some(stage), &line)?),
        ["list"] => Ok(check::list(&mut io::stdout().lock()).map(|()| true)?),
        ["diff"] => bail!("Which stage? make diff STAGE=05"),
        ["diff", stage] => diff::diff(Stage::parse(stage)?).map(|()| true),
        ["copy"] => bail!("Which stage? make copy STAGE=03"),
        ["copy", "7" | "07" | "07-benchmark"] => exercise(LOAD_GENERATOR).map(|()| true),
        ["copy", stage] => exercise(Stage::parse(stage)?).map(|()| true),
        ["carry"] => carry(None).map(|()| true),
        ["carry", file] => carry(Some(file)).map(|()| true),
        ["copies"] => {
            print!("{}", Manifest::of_tree()?);
            Ok(true)
        }
        _ => bail!("{HELP}"),
    }
}

fn words() -> anyhow::Result<Words> {
    let mut line = Words::default();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(word) => line.words.push(word.string()?),
            Long("address") => line.address = Some(address(&arguments.value()?.string()?)?),
            Long("all") => line.all = true,
            Long("only") => line.only = Some(arguments.value()?.string()?),
            Long("help") | Short('h') => line.help = true,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(line)
}

/// What is to be checked. One check says of which stage it is.
fn order(stage: Option<&str>, line: &Words) -> anyhow::Result<Order> {
    let only = line.only.as_deref().map(checks::find).transpose()?;
    let part = match (stage, only) {
        (Some(stage), _) => Part::parse(stage)?,
        (None, Some(check)) => Stage::parse(&check.first.to_string())?.into(),
        (None, None) => bail!(check::usage()),
    };
    Ok(Order {
        part,
        only,
        all: line.all,
        address: line.address,
    })
}

/// The stage that is no server.
const LOAD_GENERATOR: Stage = Stage {
    number: 7,
    folder: "07-benchmark",
};

fn exercise(stage: Stage) -> anyhow::Result<()> {
    let folder = copy::copy(stage)?;
    println!("{folder} is yours: cd {folder} && cargo run");
    if stage != LOAD_GENERATOR {
        let address = "ADDRESS=127.0.0.1:6380";
        println!(
            "Check it while it runs: make check STAGE={:02} {address}",
            stage.number
        );
    }
    Ok(())
}

/// An address such as `127.0.0.1:7000` or `localhost:7000`, or a port on this machine.
fn address(text: &str) -> anyhow::Result<SocketAddr> {
    let full = match text.parse::<u16>() {
        Ok(port) => format!("127.0.0.1:{port}"),
        Err(_) => text.into(),
    };
    full.to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .with_context(|| format!("{text:?} is no address; write it as 127.0.0.1:7000"))
}

fn carry(file: Option<&str>) -> anyhow::Result<()> {
    let overwritten = Manifest::read()?.carry(file)?;
    if overwritten.is_empty() {
        println!("All copies are the same already.");
    }
    for file in overwritten {
        println!("carried to {file}");
    }
    Ok(())
}
