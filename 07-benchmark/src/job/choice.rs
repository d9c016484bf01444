//! Which of the tests that were asked for a server can be sent.

use super::contender::Contender;
use super::work::{self, Item};
use crate::options::Options;
use anyhow::ensure;

/// The longest value that is pushed onto a list. A turn may bring some millions of them.
const MAX_PUSHED: usize = 500;

/// What is measured: without what only prepares tests, as every test is prepared here anyway.
pub fn measured(options: &Options) -> Vec<Item> {
    work::items(options)
        .into_iter()
        .filter(|item| !item.prepares)
        .collect()
}

/// Without those of which the server does not know a command. What is left out is remarked.
///
/// # Errors
/// When the server can't be reached.
pub fn known(
    items: Vec<Item>,
    server: &Contender,
    remarks: &mut Vec<String>,
) -> anyhow::Result<Vec<Item>> {
    let mut known = Vec::new();
    for item in items {
        let mut unknown = None;
        for name in item.names() {
            if !server.knows(&name)? {
                unknown = Some(name);
            }
        }
        match unknown {
            Some(name) => remarks.push(format!(
                "Left out: {name}, which {} does not know.",
                server.facts.name
            )),
            None => known.push(item),
        }
    }
    Ok(known)
}

/// Without those that would fill a server's memory. What is left out is remarked.
pub fn bounded(
    items: Vec<Item>,
    emptied: bool,
    value: usize,
    remarks: &mut Vec<String>,
) -> Vec<Item> {
    let fits = |item: &Item| {
        let why = too_large(item, emptied, value);
        remarks.extend(why.iter().cloned());
        why.is_none()
    };
    items.into_iter().filter(fits).collect()
}

/// Why a test would fill a server's memory, if it would.
fn too_large(item: &Item, emptied: bool, value: usize) -> Option<String> {
    let title = &item.title;
    if !item.grows() {
        None
    } else if !emptied {
        Some(format!(
            "Left out: {title}, as without FLUSHDB its data would pile up."
        ))
    } else if value > MAX_PUSHED {
        Some(format!(
            "Left out: {title}, as lists of values above {MAX_PUSHED} bytes would fill the memory."
        ))
    } else {
        None
    }
}

/// Refuses to measure nothing.
///
/// # Errors
/// There is nothing.
pub fn ensure_some(items: &[Item], remarks: &[String]) -> anyhow::Result<()> {
    ensure!(
        !items.is_empty(),
        "nothing is left to measure. {}",
        remarks.join(" ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Command, Workload};

    fn item(line: &str) -> Item {
        let command = Command::of(line.split(' '));
        Item {
            title: command.title(),
            workload: Workload::single(command),
            requests: None,
            prepares: false,
        }
    }

    #[test]
    fn what_grows_needs_a_server_that_is_emptied_and_small_values() {
        let (push, set) = (item("LPUSH list __data__"), item("SET key __data__"));
        assert_eq!(too_large(&push, true, MAX_PUSHED), None);
        let large = too_large(&push, true, MAX_PUSHED + 1).unwrap();
        assert!(large.contains("LPUSH list __data__, as lists of values above 500 bytes"));
        assert!(too_large(&push, false, 1).unwrap().contains("pile up"));
        for emptied in [false, true] {
            assert_eq!(too_large(&set, emptied, 1_000_000), None);
        }
    }

    #[test]
    fn nothing_is_not_measured() {
        let remarks = ["Left out: this.".to_string(), "Left out: that.".to_string()];
        let error = ensure_some(&[], &remarks).unwrap_err().to_string();
        assert_eq!(
            error,
            "nothing is left to measure. Left out: this. Left out: that."
        );
        assert!(ensure_some(&[item("PING")], &remarks).is_ok());
    }
}
