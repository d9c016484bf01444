//! One server that runs already, under one test after another.

use super::contender::Contender;
use super::exit_code;
use super::findings::{self, Files};
use super::log::Log;
use super::work::{self, Item};
use crate::engine::{Interval, Length, Load, Measured, Observer};
use crate::live::Live;
use crate::options::{Format, Options, Work};
use crate::output::{self, Closed, print, warn};
use crate::report::model::{Findings, Run};
use crate::report::{lines, table, text};
use hdrhistogram::Histogram;
use std::process::ExitCode;
use tokio::sync::watch;

/// Runs the tests and prints each as soon as it is done.
///
/// # Errors
/// When the server is not there, or a file can't be written.
pub async fn run(
    options: &Options,
    files: Files,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<ExitCode> {
    let contender = Contender::meet(&options.load.target, None)?;
    let findings = findings::new(options, vec![contender.facts.clone()]);
    let tagged = work::items(options).len() > 1;
    let log = options
        .hdr
        .as_deref()
        .map(|path| Log::create(path, findings.began, tagged));
    let mut single = Single {
        options,
        contender,
        findings,
        watchers: Watchers {
            live: Live::default(),
            log: log.transpose()?,
        },
        stop,
        width: text::width(output::columns()),
    };
    single.print_heading()?;
    loop {
        let failed = match single.all_tests().await {
            Ok(failed) => failed,
            Err(error) if error.is::<Closed>() => return Err(error),
            // What was found before is worth as much as it was.
            Err(error) => {
                single.findings.broken_off = Some(format!("{error:#}"));
                return single.finish(true, files).and(Err(error));
            }
        };
        if !options.repeat || failed || single.findings.interrupted {
            return single.finish(failed, files);
        }
        // Nothing of what was printed is kept: it could go on for ever.
        single.findings.runs.clear();
    }
}

/// Who sees a run while it goes on.
struct Watchers {
    live: Live,
    log: Option<Log>,
}

impl Observer for Watchers {
    fn ready(&mut self) {
        if let Some(log) = &mut self.log {
            log.ready();
        }
    }

    fn interval(&mut self, interval: &Interval, latencies: &Histogram<u64>, so_far: &Measured) {
        self.live.interval(interval, latencies, so_far);
        if let Some(log) = &mut self.log {
            log.interval(interval, latencies, so_far);
        }
    }
}

struct Single<'a> {
    options: &'a Options,
    contender: Contender,
    findings: Findings,
    watchers: Watchers,
    stop: watch::Receiver<bool>,
    /// Of what is printed.
    width: usize,
}

impl Single<'_> {
    /// Runs each test once. Returns whether one of them failed.
    async fn all_tests(&mut self) -> anyhow::Result<bool> {
        let mut failed = false;
        for item in work::items(self.options) {
            if *self.stop.borrow() {
                self.findings.interrupted = true;
                break;
            }
            let run = self.test(&item).await?;
            failed |= lines::fault(&run.measured).is_some() && !run.measured.interrupted;
            self.findings.interrupted |= run.measured.interrupted;
            self.print(&run)?;
            self.findings.runs.push(run);
        }
        let is_tests = matches!(self.options.work, Work::Tests(_));
        if let Some(line) = lines::ending(self.options.format, is_tests) {
            print(&format!("{line}\n"))?;
        }
        Ok(failed)
    }

    async fn test(&mut self, item: &Item) -> anyhow::Result<Run> {
        if self.options.load.verify {
            // A value can be held against its key only if this program wrote it.
            self.watchers
                .live
                .begin(&format!("{}: writing the keys", item.title));
            let (live, stop) = (&mut self.watchers.live, &self.stop);
            self.contender.fill(&item.workload, live, stop).await?;
        }
        let load = &self.options.load;
        let load = Load {
            length: item.requests.map_or(load.length, Length::Requests),
            ..load.clone()
        };
        self.watchers.live.begin(&item.title);
        if let Some(log) = &mut self.watchers.log {
            log.begin(&item.title, load.warm_up);
        }
        let (watchers, stop) = (&mut self.watchers, &self.stop);
        let turn = self
            .contender
            .turn(&load, &item.workload, None, watchers, stop)
            .await;
        self.watchers.live.clear();
        let turn = turn?;
        if let Some(log) = &mut self.watchers.log {
            log.end(&turn.measured);
        }
        Ok(turn.into_run(item.title.clone()))
    }

    fn print_heading(&self) -> anyhow::Result<()> {
        if let Some(heading) = lines::heading(self.options.format) {
            print(&format!("{heading}\n"))?;
        }
        if self.options.format == Format::Table {
            print(&table::heading(&self.findings, self.width))?;
        }
        Ok(())
    }

    fn print(&self, run: &Run) -> anyhow::Result<()> {
        let (title, measured) = (&run.title, &run.measured);
        match self.options.format {
            Format::Table => {
                return print(&table::run(run, self.options.precision, self.width));
            }
            Format::Quiet => print(&format!("{}\n", lines::quiet(title, measured)))?,
            Format::Csv => {
                print(&format!("{}\n", lines::csv(title, measured)))?;
                if let Some(fault) = lines::fault(measured) {
                    warn(&format!("{title}: {fault}"));
                }
            }
        }
        if measured.interrupted {
            warn(&format!(
                "{title}: interrupted, so this is a part of the run"
            ));
        }
        Ok(())
    }

    /// Writes the files, and says how it went.
    fn finish(mut self, failed: bool, files: Files) -> anyhow::Result<ExitCode> {
        if self.options.format == Format::Table {
            let end = table::end(&self.findings.runs, self.width);
            if !end.is_empty() {
                print(&format!("\n{end}"))?;
            }
        }
        if let Some(log) = self.watchers.log.take() {
            log.finish()?;
        }
        files.write(&self.findings)?;
        Ok(exit_code(self.findings.interrupted, failed))
    }
}
