//! As much of Markdown as the guides use.

use std::fs;
use std::path::{Path, PathBuf};
use workshop::copy::COPIES;
use workshop::stage::root;

/// A page: its prose, with the code blocks taken out, and the code blocks.
pub struct Page {
    /// Where it is, from the root of the repository.
    pub path: PathBuf,
    pub prose: Vec<String>,
    pub blocks: Vec<Block>,
}

/// A block of code between fences.
pub struct Block {
    /// The line of its opening fence.
    pub line: usize,
    /// What stands behind the opening fence.
    pub info: String,
    pub code: Vec<String>,
}

impl Page {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        let (mut prose, mut blocks) = (Vec::new(), Vec::new());
        let mut open: Option<Block> = None;
        for (index, line) in text.lines().enumerate() {
            let fence = line.trim_start().strip_prefix("```");
            match (fence, open.take()) {
                (Some(info), None) => {
                    let info = info.trim().to_string();
                    let (line, code) = (index + 1, Vec::new());
                    open = Some(Block { line, info, code });
                }
                (Some(_), Some(block)) => blocks.push(block),
                (None, Some(mut block)) => {
                    block.code.push(line.to_string());
                    open = Some(block);
                }
                (None, None) => prose.push(line.to_string()),
            }
        }
        assert!(
            open.is_none(),
            "{}: a code block stays open",
            path.display()
        );
        Self {
            path,
            prose,
            blocks,
        }
    }

    /// The page at this path from the root, if there is one.
    pub fn find(path: &str) -> Option<Self> {
        root().join(path).is_file().then(|| Self::read(path.into()))
    }

    /// The folder it lies in, from the root of the repository.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap()
    }

    /// The headings of this depth, without their marks.
    pub fn headings(&self, depth: usize) -> Vec<&str> {
        let marks = format!("{} ", "#".repeat(depth));
        let heading = |line: &'_ String| line.starts_with(&marks);
        let lines = self.prose.iter().filter(|line| heading(line));
        lines.map(|line| line[marks.len()..].trim()).collect()
    }

    /// What links and pictures point to.
    pub fn targets(&self) -> Vec<String> {
        let prose = without_code(&self.prose.join("\n"));
        let mut targets = Vec::new();
        for part in prose.split("](").skip(1) {
            let target = part.split(')').next().unwrap_or_default();
            targets.push(target.split(' ').next().unwrap_or_default().to_string());
        }
        for mark in ["src=\"", "srcset=\"", "href=\""] {
            let parts = prose.split(mark).skip(1);
            targets.extend(parts.map(|part| part.split('"').next().unwrap().to_string()));
        }
        targets
    }

    /// What stands between backquotes in the prose.
    pub fn code_in_prose(&self) -> Vec<String> {
        code_in(&self.prose)
    }

    /// The same, below the heading that begins like this and above the next one.
    pub fn code_in_section(&self, heading: &str) -> Option<Vec<String>> {
        let is_start = |line: &String| {
            line.strip_prefix("## ")
                .is_some_and(|text| text.starts_with(heading))
        };
        let start = self.prose.iter().position(is_start)?;
        let section = self.prose.iter().skip(start + 1);
        let section = section.take_while(|line| !line.starts_with("## "));
        Some(code_in(&section.cloned().collect::<Vec<_>>()))
    }

    /// The names by which links reach this page's headings, as they are made on the web.
    pub fn anchors(&self) -> Vec<String> {
        let headings = self.prose.iter().filter(|line| line.starts_with('#'));
        headings
            .map(|line| {
                let text = line.trim_start_matches('#').trim().to_lowercase();
                let kept = text
                    .chars()
                    .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
                kept.map(|letter| if letter == ' ' { '-' } else { letter })
                    .collect()
            })
            .collect()
    }
}

fn code_in(prose: &[String]) -> Vec<String> {
    let prose = prose.join("\n");
    let parts = prose.split('`').skip(1).step_by(2);
    parts.map(|part| part.replace('\n', " ")).collect()
}

fn without_code(prose: &str) -> String {
    prose.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// All pages of the repository.
pub fn pages() -> Vec<Page> {
    files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(Page::read)
        .collect()
}

/// All files of the repository, from its root, without what is built, belongs to git, or is somebody's copy.
pub fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder))
            .unwrap()
            .map(Result::unwrap)
        {
            let name = entry.file_name();
            let path = folder.join(&name);
            let is_ours = name != ".git" && name != "target" && name != COPIES;
            match entry.file_type().unwrap().is_dir() {
                true if is_ours => folders.push(path),
                false if is_ours => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}
