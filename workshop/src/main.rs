//! The tool behind `make check`, `make diff` and `make carry`.

use anyhow::{Context, bail};
use lexopt::prelude::*;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use workshop::checks::Part;
use workshop::copies::Manifest;
use workshop::stage::Stage;
use workshop::{check, diff};

const HELP: &str = "\
The workshop's tool.

Usage: workshop VERB

  check STAGE [ADDRESS]  check a stage's own server, or yours at ADDRESS;
                         06.0 is stage 06 up to its chapter 0
  list                   list all checks
  diff STAGE             show what a stage changed against the one before
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

/// Whether what was asked for is as it should be.
fn run() -> anyhow::Result<bool> {
    let words = match words()? {
        Some(words) => words,
        None => {
            println!("{HELP}");
            return Ok(true);
        }
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["check"] => bail!(check::usage()),
        ["check", stage] => check::check(Part::parse(stage)?, None),
        ["check", stage, to] => check::check(Part::parse(stage)?, Some(address(to)?)),
        ["list"] => Ok(check::list(&mut io::stdout().lock()).map(|()| true)?),
        ["diff"] => bail!("Which stage? make diff STAGE=05"),
        ["diff", stage] => diff::diff(Stage::parse(stage)?).map(|()| true),
        ["carry"] => carry(None).map(|()| true),
        ["carry", file] => carry(Some(file)).map(|()| true),
        ["copies"] => {
            print!("{}", Manifest::of_tree()?);
            Ok(true)
        }
        _ => bail!("{HELP}"),
    }
}

/// The words of the command line. `None` when they ask for help.
fn words() -> anyhow::Result<Option<Vec<String>>> {
    let mut words = Vec::new();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(word) => words.push(word.string()?),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(words))
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
