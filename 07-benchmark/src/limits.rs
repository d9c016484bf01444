//! How many files, and so connections, this process may have open.

use anyhow::{Context, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files beside the connections: those of the threads' runtimes, reports, pipes to servers.
const OTHERS: usize = 32;

/// Files of a thread's runtime.
const OF_A_THREAD: usize = 4;

/// Makes room for so many connections and threads: raises the limit as far as this process may.
///
/// # Errors
/// It may not.
pub fn make_room(connections: usize, threads: usize) -> anyhow::Result<()> {
    let files = (connections + threads * OF_A_THREAD + OTHERS) as u64;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| files <= current) {
        return Ok(());
    }
    let most = limit.maximum.unwrap_or(u64::MAX);
    ensure!(
        files <= most,
        "{connections} connections need {files} open files, and this process may have {most}: \
         take fewer, or raise the limit (ulimit -Hn) as root"
    );
    let raised = Rlimit {
        current: Some(files),
        ..limit
    };
    setrlimit(Resource::Nofile, raised)
        .with_context(|| format!("cannot raise the limit of open files to {files}: see ulimit -n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_that_goes() {
        let most = getrlimit(Resource::Nofile).maximum;
        let below = most.map_or(4_000, |most| most.min(4_000)) as usize;
        let connections = below - OTHERS - OF_A_THREAD;
        make_room(connections, 1).unwrap();
        let now = getrlimit(Resource::Nofile);
        assert!(now.current.is_none_or(|now| now >= below as u64), "{now:?}");
        if let Some(most) = most {
            let error = make_room(most as usize, 1).unwrap_err().to_string();
            assert!(error.contains("ulimit"), "{error}");
        }
    }
}
