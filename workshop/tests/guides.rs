//! What the guides say is so: links lead somewhere, code stands in the sources, commands exist.

mod markdown;

use markdown::{Block, Page, files, pages};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use workshop::checks;
use workshop::stage::{STAGES, Stage, root};

/// The outline that all guides share.
const HEADINGS: [&str; 11] = [
    "What you will be able to do",
    "Try it first",
    "The idea",
    "Predict before you run",
    "The code, in the order you would write it",
    "The Rust idiom",
    "The traps",
    "What is left out",
    "Questions",
    "Answers",
    "Read next",
];

/// A line that stands for lines left out.
const ELISION: &str = "// ...";

/// The stages with a guide of one page; the last one's is split in chapters.
fn guided() -> impl Iterator<Item = Stage> {
    STAGES.into_iter().filter(|stage| stage.number <= 5)
}

fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn every_stage_has_its_pages() {
    let mut wanted = vec![
        "06-commands-persistence/README.md".to_string(),
        "07-benchmark/README.md".into(),
    ];
    for stage in guided() {
        for page in ["README.md", "GUIDE.md", "EXERCISES.md"] {
            wanted.push(format!("{}/{page}", stage.folder));
        }
    }
    wanted.retain(|page| !root().join(page).is_file());
    assert_none("pages that are missing", &wanted);
}

#[test]
fn links_and_pictures_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        for target in page.targets() {
            if !leads_somewhere(&page, &target) {
                broken.push(format!("{}: {target}", page.path.display()));
            }
        }
    }
    assert_none("links that lead nowhere", &broken);
}

fn leads_somewhere(page: &Page, target: &str) -> bool {
    if ["http://", "https://", "mailto:"]
        .iter()
        .any(|scheme| target.starts_with(scheme))
    {
        return true;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() {
        root().join(&page.path)
    } else {
        root().join(page.folder()).join(path)
    };
    if anchor.is_empty() || path.extension().is_none_or(|extension| extension != "md") {
        return path.exists();
    }
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    pages()
        .iter()
        .filter(|other| {
            root()
                .join(&other.path)
                .canonicalize()
                .is_ok_and(|other| other == path)
        })
        .any(|other| other.anchors().iter().any(|known| known == anchor))
}

#[test]
fn checks_say_where_to_read() {
    let home = Page::find("README.md").unwrap();
    let lost = checks::all().filter(|check| !leads_somewhere(&home, check.guide));
    let lost: Vec<String> = lost
        .map(|check| format!("{}: {}", check.id, check.guide))
        .collect();
    assert_none("pages that checks send readers to", &lost);
}

#[test]
fn guides_follow_the_outline() {
    for stage in guided() {
        if let Some(page) = Page::find(&format!("{}/GUIDE.md", stage.folder)) {
            assert_eq!(page.headings(2), HEADINGS, "{}", page.path.display());
        }
    }
}

#[test]
fn code_in_guides_stands_in_the_sources() {
    let mut wrong = Vec::new();
    for page in pages() {
        let blocks = page.blocks.iter().filter(|block| block.info == "rust");
        for block in blocks {
            if let Err(reason) = stands_in_the_sources(&page, block) {
                wrong.push(format!("{}:{}: {reason}", page.path.display(), block.line));
            }
        }
    }
    assert_none(
        "code that is not from the tree (sketches are fenced ```rust,sketch)",
        &wrong,
    );
}

fn stands_in_the_sources(page: &Page, block: &Block) -> Result<(), String> {
    let (first, code) = block.code.split_first().ok_or("it is empty")?;
    let name = first
        .strip_prefix("// ")
        .ok_or("its first line names no file")?;
    let source = source(page, name).ok_or_else(|| format!("there is no {name}"))?;
    let source: Vec<&str> = source.lines().map(str::trim_end).collect();
    let mut from = 0;
    for piece in code.split(|line| line.trim() == ELISION) {
        let piece: Vec<&str> = trim_empty(piece);
        if piece.is_empty() {
            continue;
        }
        from = find(&source, from, &piece).ok_or_else(|| {
            format!("these lines are not in {name}, or not in this order: {piece:#?}")
        })?;
    }
    if from == 0 {
        Err("it shows nothing".into())
    } else {
        Ok(())
    }
}

/// The file that a block names: in the page's stage, or from the root.
fn source(page: &Page, name: &str) -> Option<String> {
    // A page may lie below its stage's folder.
    page.path
        .ancestors()
        .map(|folder| root().join(folder).join(name))
        .find_map(|path| fs::read_to_string(path).ok())
}

fn trim_empty(lines: &[String]) -> Vec<&str> {
    let mut lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let empty = lines.iter().take_while(|line| line.is_empty()).count();
    lines.split_off(empty)
}

/// Where, from `from` on, these lines stand one after the other, all of them indented by the same. Gives
/// the place behind them.
fn find(source: &[&str], from: usize, piece: &[&str]) -> Option<usize> {
    let windows = source.get(from..)?.windows(piece.len());
    let place = windows.enumerate().find(|(_, lines)| is_same(lines, piece));
    Some(from + place?.0 + piece.len())
}

fn is_same(lines: &[&str], piece: &[&str]) -> bool {
    let indent = lines[0].strip_suffix(piece[0]);
    let Some(indent) = indent.filter(|indent| indent.trim().is_empty()) else {
        return false;
    };
    lines.iter().zip(piece).all(|(line, wanted)| {
        line == wanted && line.is_empty() || line.strip_prefix(indent) == Some(wanted)
    })
}

#[test]
fn readmes_name_every_file_of_their_stage() {
    let mut missing = Vec::new();
    for stage in STAGES {
        let Some(page) = Page::find(&format!("{}/README.md", stage.folder)) else {
            continue;
        };
        // The first stage has changed nothing: it names its files wherever it likes.
        let named = match page.code_in_section("What changed") {
            None if stage.previous().is_none() => page.code_in_prose(),
            None => {
                missing.push(format!("{}: What changed", page.path.display()));
                continue;
            }
            Some(named) => named,
        };
        let files = stage.sources().unwrap().into_iter();
        let unnamed = files.filter(|file| !named.contains(file));
        missing.extend(unnamed.map(|file| format!("{}: {file}", page.path.display())));
    }
    assert_none("what READMEs leave out", &missing);
}

#[test]
fn targets_of_make_exist() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let known = make_targets(&makefile);
    let mut unknown = Vec::new();
    for page in pages() {
        let code = page
            .blocks
            .iter()
            .flat_map(|block| block.code.iter().cloned());
        for line in page.code_in_prose().into_iter().chain(code) {
            for target in used_targets(&line) {
                if !known.contains(target) {
                    unknown.push(format!("{}: {line}", page.path.display()));
                }
            }
        }
    }
    assert_none("targets that the Makefile does not have", &unknown);
}

/// What stands in front of a colon, and the stages, whose rule names them by a variable.
fn make_targets(makefile: &str) -> BTreeSet<String> {
    let rules = makefile
        .lines()
        .filter(|line| !line.starts_with(['\t', '#', '.']))
        .filter_map(|line| line.split_once(':'))
        .filter(|(_, rest)| !rest.starts_with('='));
    let mut targets: BTreeSet<String> = rules
        .flat_map(|(names, _)| names.split_whitespace().map(str::to_string))
        .collect();
    targets.extend(STAGES.map(|stage| stage.folder.to_string()));
    targets
}

/// The targets of a line that calls make, perhaps behind a prompt.
fn used_targets(line: &str) -> Vec<&str> {
    let line = line.trim().trim_start_matches("$ ");
    let Some(arguments) = line.strip_prefix("make ") else {
        return Vec::new();
    };
    // Variables are no targets, and what follows the first of them may hold spaces in quotes.
    let words = arguments.split_whitespace();
    words
        .take_while(|word| {
            word.chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        })
        .filter(|word| !word.starts_with('-'))
        .collect()
}

#[test]
fn no_file_tells_of_the_machine_it_was_written_on() {
    // Written so that this file does not hold them.
    let paths = [
        ["/wo", "rk/"],
        ["/tm", "p/"],
        ["/ro", "ot/"],
        ["/ho", "me/"],
    ]
    .map(|halves| halves.concat());
    let mut found = Vec::new();
    for file in files() {
        let Ok(text) = fs::read_to_string(root().join(&file)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if paths.iter().any(|path| line.contains(path)) {
                found.push(format!(
                    "{}:{}: {}",
                    file.display(),
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    assert_none("paths of a machine", &found);
}

/// The rules above are worth something only if they find what is wrong.
mod finds {
    use super::*;

    fn block(lines: &[&str]) -> Block {
        let code = lines.iter().map(|line| line.to_string()).collect();
        Block {
            line: 1,
            info: "rust".into(),
            code,
        }
    }

    fn page(text: &str) -> Page {
        Page {
            path: PathBuf::from("01-tcp-echo/GUIDE.md"),
            prose: text.lines().map(str::to_string).collect(),
            blocks: Vec::new(),
        }
    }

    #[test]
    fn code_that_is_not_in_the_file() {
        let source = Path::new("src/stage.rs");
        let here = Page {
            path: PathBuf::from("workshop/README.md"),
            ..page("")
        };
        let head = format!("// {}", source.display());
        let good = block(&[
            &head,
            "pub fn package(self) -> String {",
            "    format!(\"step{}\", self.folder)",
            "// ...",
            "pub fn root() -> &'static Path {",
        ]);
        assert_eq!(stands_in_the_sources(&here, &good), Ok(()));
        for bad in [
            block(&[]),
            block(&["fn main() {}"]),
            block(&["// src/nowhere.rs", "fn main() {}"]),
            block(&[
                &head,
                "pub fn package(self) -> String {",
                "format!(\"step{}\", self.folder)",
            ]),
            block(&[&head, "pub fn package(self) -> Text {"]),
            block(&[
                &head,
                "pub fn root() -> &'static Path {",
                "// ...",
                "pub fn package(self) -> String {",
            ]),
            block(&[&head, "// ..."]),
        ] {
            assert!(
                stands_in_the_sources(&here, &bad).is_err(),
                "{:?}",
                bad.code
            );
        }
    }

    #[test]
    fn links_that_lead_nowhere() {
        let page = page("[a](src/main.rs) ![b](none.svg \"title\") `[c](d)` <img src=\"e.svg\">");
        assert_eq!(page.targets(), ["src/main.rs", "none.svg", "e.svg"]);
        assert!(leads_somewhere(&page, "src/main.rs"));
        assert!(leads_somewhere(&page, "../Makefile"));
        assert!(leads_somewhere(&page, "https://redis.io/"));
        for broken in ["none.svg", "../none", "#nothing", "src/none.rs#L3"] {
            assert!(!leads_somewhere(&page, broken), "{broken}");
        }
    }

    #[test]
    fn targets_of_make() {
        assert_eq!(used_targets("$ make check STAGE=05"), ["check"]);
        assert_eq!(
            used_targets("make 05-expiry ARGS=\"--port 6400\""),
            ["05-expiry"]
        );
        assert_eq!(used_targets("makes nothing"), [""; 0]);
        let known = make_targets("A := b:c\nall: one\nONE ?= 2\n07-benchmark:\n\t@echo x: y\n");
        assert!(known.contains("all") && known.contains("07-benchmark"));
        assert!(!known.contains("A") && !known.contains("one"));
    }
}
