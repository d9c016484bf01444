//! The findings of a job, and the files that are written of them.

use crate::facts;
use crate::options::{Arrivals, Job, Length, Options, Pace, Work};
use crate::report::files::Pending;
use crate::report::model::{Findings, Server};
use crate::report::numbers::thousands;
use crate::report::{html, json};
use crate::workload::{KeyPattern, Sizes};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Findings of a job that has just begun.
pub fn new(options: &Options, servers: Vec<Server>) -> Findings {
    Findings {
        generator: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_string(),
        began: SystemTime::now(),
        machine: facts::machine(),
        settings: settings(options),
        servers,
        runs: Vec::new(),
        comparison: None,
        interrupted: false,
        broken_off: None,
    }
}

/// The files that were asked for. They are begun before the measurement, so that a path that is of no use
/// shows before it, not after it.
pub struct Files {
    json: Option<Pending>,
    html: Option<Pending>,
    /// `--picture`, which the ladder takes out and draws itself.
    pub picture: Option<Pending>,
}

impl Files {
    /// Begins them.
    ///
    /// # Errors
    /// When one can't be written.
    pub fn create(options: &Options) -> anyhow::Result<Self> {
        let create = |path: &Option<PathBuf>| path.as_deref().map(Pending::create).transpose();
        Ok(Self {
            json: create(&options.json)?,
            html: create(&options.html)?,
            picture: create(&options.picture)?,
        })
    }

    /// Puts the findings in their places.
    ///
    /// # Errors
    /// When one can't be written.
    pub fn write(self, findings: &Findings) -> anyhow::Result<()> {
        if let Some(file) = self.json {
            file.complete(&json::document(findings))?;
        }
        if let Some(file) = self.html {
            file.complete(&html::page(findings))?;
        }
        Ok(())
    }
}

/// The settings of a call, in the order in which to show them.
fn settings(options: &Options) -> Vec<(String, String)> {
    let mut all = vec![
        ("clients", options.load.clients.to_string()),
        ("threads", options.load.threads.to_string()),
    ];
    match options.load.pace {
        Some(Pace { rate, arrivals }) => {
            let arrivals = match arrivals {
                Arrivals::Constant => "constant",
                Arrivals::Poisson => "poisson",
            };
            all.push(("rate", format!("{rate} requests/s")));
            all.push(("arrivals", arrivals.to_string()));
        }
        None if matches!(options.job, Job::Compare(_) | Job::Ladder(_)) => {}
        None => {
            let window = if options.load.sliding { " sliding" } else { "" };
            all.push(("pipeline", format!("{}{window}", options.load.pipeline)));
        }
    }
    all.push(("length", length(options.load.length)));
    if !options.load.warm_up.is_zero() {
        all.push(("warm-up", seconds(options.load.warm_up)));
    }
    all.push(("values", sizes(options.sizes)));
    all.push(("keys", thousands(options.keys.max(1) as f64)));
    if options.keys > 1 {
        all.push(("key pattern", pattern(options.pattern)));
    }
    if let Work::Mix(mix) = &options.work {
        all.extend(mix.iter().map(|(command, weight)| {
            let title = command.title();
            ("command", format!("{title} (weight {weight})"))
        }));
    }
    all.push(("seed", options.seed.to_string()));
    let flags = [
        ("verify", options.load.verify),
        ("a connection for each batch", !options.load.keep_alive),
        ("RESP3", options.load.target.resp3),
    ];
    all.extend(
        flags
            .into_iter()
            .filter(|(_, set)| *set)
            .map(|(name, _)| (name, "yes".to_string())),
    );
    if options.load.target.database > 0 {
        all.push(("database", options.load.target.database.to_string()));
    }
    all.into_iter()
        .map(|(name, value)| (name.to_string(), value))
        .collect()
}

fn length(length: Length) -> String {
    match length {
        Length::Requests(requests) => format!("{} requests", thousands(requests as f64)),
        Length::Time(time) => seconds(time),
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

fn sizes(sizes: Sizes) -> String {
    if sizes.least == sizes.most {
        format!("{} bytes", sizes.most)
    } else {
        format!("{} to {} bytes", sizes.least, sizes.most)
    }
}

fn pattern(pattern: KeyPattern) -> String {
    match pattern {
        KeyPattern::Uniform => "uniform".to_string(),
        KeyPattern::Sequential => "sequential".to_string(),
        KeyPattern::Gauss { deviation } => format!("gauss:{deviation}"),
        KeyPattern::Zipf { exponent } => format!("zipf:{exponent}"),
    }
}
