//! Child processes that end with whoever started them.

use anyhow::{Context, bail};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The most of a process's standard error that is kept.
const MAX_KEPT: usize = 64 * 1024;

/// How often to look whether a process has ended: the system offers no wait with a deadline.
const POLL: Duration = Duration::from_millis(5);

/// A running process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    errors: Arc<Mutex<Vec<u8>>>,
    /// Nothing is ever sent: it closes when the last of standard error is kept.
    reading: Receiver<()>,
}

impl Process {
    /// Starts a command with its output captured. Both streams are read all the time, so that it can
    /// never come to wait for us.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, lines) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // Nobody may want to know any more; the pipe is emptied all the same.
                    let _ = sender.send(line);
                }
            });
        }
        let errors = Arc::default();
        let (closed, reading) = mpsc::channel();
        if let Some(output) = child.stderr.take() {
            let errors = Arc::clone(&errors);
            thread::spawn(move || {
                keep(output, &errors);
                drop(closed);
            });
        }
        Ok(Self {
            child,
            lines,
            errors,
            reading,
        })
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard output.
    ///
    /// # Errors
    /// None comes before the deadline, or it has ended.
    pub fn line(&mut self, deadline: Duration) -> anyhow::Result<String> {
        match self.lines.recv_timeout(deadline) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => bail!("it printed nothing within {deadline:?}"),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.wait(deadline)?;
                bail!("it ended with {status}: {}", self.errors().trim())
            }
        }
    }

    /// What it has printed on standard error.
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&kept(&self.errors)).into_owned()
    }

    /// Waits for its end, and until all that it printed on standard error is kept.
    ///
    /// # Errors
    /// It does not end before the deadline.
    pub fn wait(&mut self, deadline: Duration) -> anyhow::Result<ExitStatus> {
        let limit = Instant::now() + deadline;
        loop {
            let ended = self.child.try_wait();
            if let Some(status) = ended.context("cannot wait for a process")? {
                // A process that it has started may hold the stream open: that is no reason to fail.
                let left = limit.saturating_duration_since(Instant::now());
                let _ = self.reading.recv_timeout(left);
                return Ok(status);
            }
            if Instant::now() >= limit {
                bail!("it did not end within {deadline:?}");
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails for a process that has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep(mut output: impl Read, errors: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = output.read(&mut buffer) {
        let mut kept = kept(errors);
        if kept.len() < MAX_KEPT {
            kept.extend_from_slice(buffer.get(..length).unwrap_or_default());
        }
    }
}

fn kept(errors: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    errors.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_its_end_all_is_kept_that_it_printed() {
        let mut command = Command::new("sh");
        command.args(["-c", "(sleep 0.1; echo late >&2) & echo early >&2; exit 3"]);
        let mut process = Process::start(&mut command).unwrap();
        let status = process.wait(Duration::from_secs(20)).unwrap();
        assert_eq!(status.code(), Some(3));
        assert_eq!(process.errors(), "early\nlate\n");
    }
}
