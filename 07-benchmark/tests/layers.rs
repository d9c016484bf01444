//! The picture in `lib.rs` is true: each part of the program knows only those below it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The parts with their place in the picture, counted from the top.
fn layers(lib: &str) -> BTreeMap<String, usize> {
    let picture = lib.split("//! ```").nth(1).unwrap();
    let lines = picture.lines().filter_map(|line| line.strip_prefix("//! "));
    let lines = lines.filter(|line| line.starts_with(char::is_alphabetic));
    let parts = lines.enumerate().flat_map(|(place, line)| {
        let names = line.split("  ").next().unwrap().split(", ");
        names.map(move |name| (name.to_string(), place))
    });
    parts.collect()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let all = paths.flat_map(|path| match path.is_dir() {
        true => sources(&path),
        false => vec![path],
    });
    all.collect()
}

/// The parts that a text names as `crate::part`.
fn known(text: &str) -> BTreeSet<String> {
    let names = text.split("crate::").skip(1).map(|behind| {
        let part = |character: &char| character.is_alphanumeric() || *character == '_';
        behind.chars().take_while(part).collect()
    });
    names.collect()
}

#[test]
fn each_part_knows_only_those_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(root.join("lib.rs")).unwrap();
    let layers = layers(&lib);
    let modules = lib.lines().filter_map(|line| line.strip_prefix("pub mod "));
    let modules: BTreeSet<_> = modules.map(|name| name.trim_end_matches(';')).collect();
    assert_eq!(
        layers.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        modules
    );
    for path in sources(&root) {
        let place = path.strip_prefix(&root).unwrap().with_extension("");
        let part = place.iter().next().unwrap().to_str().unwrap();
        // The program itself stands above all of them.
        let Some(layer) = layers.get(part) else {
            continue;
        };
        for other in known(&fs::read_to_string(&path).unwrap()) {
            let below = layers.get(&other).is_some_and(|below| below > layer);
            assert!(below || other == part, "{} knows {other}", path.display());
        }
    }
}
