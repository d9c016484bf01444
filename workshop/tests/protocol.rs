//! The protocol sheet of stage 02 says what redis-server does, and what the stage does.

use std::fs;
use workshop::failure::Failure;
use workshop::server::Server;
use workshop::stage::{STAGES, root};
use workshop::target::Target;

/// A row of the sheet: the bytes sent, the bytes answered, and whether the connection is closed then.
struct Row {
    line: String,
    sent: Vec<u8>,
    answered: Vec<u8>,
    closes: bool,
}

fn rows() -> Vec<Row> {
    let sheet = fs::read_to_string(root().join("02-resp-parser/PROTOCOL.md")).unwrap();
    sheet.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let line = line.strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = line.split(" | ").collect();
    let [sent, answered, then] = cells.as_slice() else {
        return None;
    };
    let closes = match then.trim() {
        "goes on" => false,
        "closes" => true,
        _ => return None,
    };
    let code = |cell: &str| cell.split('`').nth(1).map(bytes).unwrap_or_default();
    Some(Row {
        line: line.into(),
        sent: code(sent),
        answered: code(answered),
        closes,
    })
}

fn bytes(text: &str) -> Vec<u8> {
    let pairs = [("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t")];
    let plain = |text: String, (from, to): (&str, &str)| text.replace(from, to);
    pairs.into_iter().fold(text.into(), plain).into_bytes()
}

fn holds(target: &Target, row: &Row) -> Result<(), Failure> {
    let mut client = target.connect()?;
    client.send(&row.sent)?;
    client.expect(&row.answered)?;
    if row.closes {
        client.expect_end()
    } else {
        client.settle()
    }
}

fn all_hold(server: &Server) {
    let target = Target::new(server.address());
    let rows = rows();
    assert!(rows.len() > 30, "only {} rows were found", rows.len());
    for row in rows {
        holds(&target, &row).unwrap_or_else(|failure| panic!("{}\n{failure}", row.line));
    }
}

#[test]
fn the_sheet_is_right_about_redis() {
    match Server::start_redis().unwrap() {
        Some(server) => all_hold(&server),
        None => eprintln!("skipped: there is no redis-server on the PATH"),
    }
}

#[test]
fn the_sheet_is_right_about_the_stage() {
    all_hold(&Server::start(STAGES[1]).unwrap());
}
