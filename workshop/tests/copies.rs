//! The manifest of copies is what the tree is, in both directions.

use std::fs;
use workshop::copies::{MANIFEST, Manifest};
use workshop::stage::{STAGES, root};

#[test]
fn the_tree_is_as_the_manifest_says() {
    let (written, tree) = (Manifest::read().unwrap(), Manifest::of_tree().unwrap());
    let differences: Vec<String> = tree
        .to_string()
        .lines()
        .filter(|line| !written.to_string().contains(line))
        .map(str::to_string)
        .collect();
    assert!(
        written == tree,
        "{MANIFEST} is not what the tree is. Meant? Then write it anew, as its first lines say. \
         The tree has: {differences:#?}"
    );
}

#[test]
fn the_manifest_is_written_as_the_tool_writes_it() {
    let text = fs::read_to_string(root().join(MANIFEST)).unwrap();
    assert_eq!(text, Manifest::read().unwrap().to_string());
}

#[test]
fn the_manifest_has_every_pair_of_neighbours() {
    let pairs: Vec<_> = Manifest::read()
        .unwrap()
        .0
        .iter()
        .map(|step| (step.from, step.to))
        .collect();
    let expected: Vec<_> = STAGES.windows(2).map(|pair| (pair[0], pair[1])).collect();
    assert_eq!(pairs, expected);
}
