//! Files that are there as a whole, or not at all: written under another name beside their place, and renamed.
//!
//! Whoever reads a report while the next one is written sees the old one; a full disk leaves it as it was.

use anyhow::Context;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that takes its place when it is complete. Dropped before, it leaves nothing behind.
#[derive(Debug)]
pub struct Pending {
    file: BufWriter<File>,
    /// Under which name it is written until then; `None` for a device or a pipe, which stays what it is.
    temporary: Option<Temporary>,
    path: PathBuf,
}

impl Pending {
    /// Creates the file under another name in the same directory. It also shows early, before a long run, that
    /// the path is of no use.
    ///
    /// # Errors
    /// The directory is missing or can't be written to, or the path is a directory.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        Self::open(path).with_context(|| format!("can't write {}", path.display()))
    }

    fn open(path: &Path) -> io::Result<Self> {
        let special = fs::metadata(path).is_ok_and(|known| !known.is_file());
        if special {
            return Ok(Self {
                file: BufWriter::new(OpenOptions::new().write(true).open(path)?),
                temporary: None,
                path: path.to_path_buf(),
            });
        }
        // A link is not replaced by a file: what it leads to is.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let temporary = Temporary(beside(&path));
        Ok(Self {
            file: BufWriter::new(create_anew(&temporary.0)?),
            temporary: Some(temporary),
            path,
        })
    }

    /// Writes `text`, which is all there is, and puts the file in its place.
    ///
    /// # Errors
    /// As [`Pending::commit`].
    pub fn complete(mut self, text: &str) -> anyhow::Result<()> {
        self.write_all(text.as_bytes())
            .with_context(|| format!("can't write {}", self.path.display()))?;
        self.commit()
    }

    /// Puts the file in its place, over the one that is there.
    ///
    /// # Errors
    /// Those of the file system, with the path; what was there before is unchanged.
    pub fn commit(mut self) -> anyhow::Result<()> {
        self.put_in_place()
            .with_context(|| format!("can't write {}", self.path.display()))
    }

    fn put_in_place(&mut self) -> io::Result<()> {
        self.file.flush()?;
        let Some(temporary) = &self.temporary else {
            return Ok(());
        };
        // Else the new name could reach the disk before the bytes do.
        self.file.get_ref().sync_data()?;
        fs::rename(&temporary.0, &self.path)
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Creates a file. What an earlier process has left at its name is removed, and no link followed.
fn create_anew(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Removed with its owner; after a rename there is nothing left to remove.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nobody is left to tell, and a file too many harms nobody.
        let _ = fs::remove_file(&self.0);
    }
}

/// The name under which a file is written: its own, and this process's number.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A directory that is removed with its owner.
    struct Directory(PathBuf);

    impl Directory {
        fn new() -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("step07-files-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
            entries
                .map(|entry| name(entry).into_string().unwrap())
                .collect()
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn write(path: &Path, text: &str) -> anyhow::Result<()> {
        Pending::create(path)?.complete(text)
    }

    #[test]
    fn a_file_is_written_over_the_old_one_and_nothing_else_stays() {
        let directory = Directory::new();
        let path = directory.0.join("a.json");
        fs::write(&path, "old").unwrap();
        write(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "new");
        assert_eq!(directory.names(), ["a.json"]);
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_the_old_one() {
        let directory = Directory::new();
        let path = directory.0.join("a.hlog");
        fs::write(&path, "old").unwrap();
        let mut file = Pending::create(&path).unwrap();
        file.write_all(b"half of").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(directory.names(), ["a.hlog"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_link_stays_a_link() {
        let directory = Directory::new();
        let (target, link) = (directory.0.join("target"), directory.0.join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write(&link, "new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(target).unwrap(), "new");
    }

    #[test]
    #[cfg(unix)]
    fn a_link_at_the_name_of_the_unfinished_file_leads_nowhere() {
        let directory = Directory::new();
        let (victim, path) = (directory.0.join("victim"), directory.0.join("a.json"));
        fs::write(&victim, "mine").unwrap();
        std::os::unix::fs::symlink(&victim, beside(&path)).unwrap();
        write(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(victim).unwrap(), "mine");
        assert_eq!(fs::read_to_string(path).unwrap(), "new");
    }

    #[test]
    #[cfg(unix)]
    fn a_device_stays_a_device() {
        let null = Path::new("/dev/null");
        write(null, "new").unwrap();
        assert!(!fs::metadata(null).unwrap().is_file());
    }

    #[test]
    fn errors_name_the_path() {
        let directory = Directory::new();
        let missing = directory.0.join("missing").join("a.json");
        for path in [missing.as_path(), directory.0.as_path()] {
            let error = Pending::create(path).unwrap_err();
            let text = format!("{error:#}");
            assert!(text.contains(path.to_str().unwrap()), "{text}");
        }
    }
}
