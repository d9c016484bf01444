//! The end of the page: how the figures came about.

use super::section;
use super::table::{row, table, words};
use crate::report::markup::{Node, tag};
use crate::report::model::{Findings, Machine, Server};

/// Settings, servers and the machine.
pub fn sections(findings: &Findings) -> Vec<Node> {
    let settings = table("Settings of the call", &[], pairs(&findings.settings));
    let machine = machine(&findings.machine);
    let servers = findings.servers.iter().map(server);
    vec![
        section("How it was done")
            .with(settings)
            .with(machine)
            .all(servers),
    ]
}

fn pairs(pairs: &[(String, String)]) -> impl Iterator<Item = Node> {
    pairs.iter().map(|(name, value)| row(name, [words(value)]))
}

fn machine(machine: &Machine) -> Node {
    let gibibytes = |bytes| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    let known = [
        ("system", Some(machine.system.clone())),
        ("processor", machine.processor.clone()),
        (
            "cores for the load generator",
            Some(machine.cores.to_string()),
        ),
        ("memory", machine.memory.map(gibibytes)),
    ];
    let rows = known
        .into_iter()
        .filter_map(|(name, value)| Some(row(name, [words(value?)])));
    table("The machine of the load generator", &[], rows)
}

/// A server's own settings are many: they are shown on demand.
fn server(server: &Server) -> Node {
    let title = format!("{} at {}", server.name, server.address);
    if server.settings.is_empty() {
        return tag("p").text(format!(
            "Server: {title}. It tells nothing of its settings."
        ));
    }
    let caption = format!("What {title} says of itself");
    tag("details")
        .with(tag("summary").text(format!("Server: {title}")))
        .with(table(&caption, &[], pairs(&server.settings)))
}
