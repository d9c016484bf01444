//! Where servers take turns.

use super::bound::{bound, is_busy};
use super::contender::Contender;
use super::work::Item;
use crate::engine::{self, Length, Load, Measured};
use crate::live::Live;
use crate::null::NullServer;
use crate::options::Options;
use crate::report::model::{Better, Case, Side, Turn, Turns};
use crate::stats::{Round, estimate};
use anyhow::bail;
use std::time::Duration;
use tokio::sync::watch;

/// How long this program is measured against a server that does nothing, and how many attempts there are: one
/// in which it was not busy tells nothing, as other programs had its processor, or the two shared one.
const CEILING_TIME: Duration = Duration::from_millis(400);
const CEILING_ATTEMPTS: usize = 3;

/// What the turns of a comparison have in common.
pub struct Arena<'a> {
    options: &'a Options,
    /// Whether the servers may be, and can be, emptied.
    emptied: bool,
    stop: watch::Receiver<bool>,
    /// The line of progress.
    pub live: Live,
    /// What this program reaches at most: replies per second, by depth.
    ceilings: Vec<(usize, f64)>,
}

/// The figures of a turn that are compared; NaN where one is not known.
struct Figures {
    throughput: f64,
    p50: f64,
    p99: f64,
    server_cpu: f64,
}

impl Figures {
    fn of(turn: &Turn) -> Self {
        let measured = &turn.measured;
        let cpu = turn.server_cpu.and_then(|cpu| measured.per_reply(cpu));
        Self {
            throughput: measured.throughput(),
            p50: measured.millis_at(50.0),
            p99: measured.millis_at(99.0),
            server_cpu: cpu.map_or(f64::NAN, |cpu| cpu.as_secs_f64()),
        }
    }
}

impl<'a> Arena<'a> {
    /// Nothing was measured yet.
    pub fn new(options: &'a Options, emptied: bool, stop: watch::Receiver<bool>) -> Self {
        Self {
            options,
            emptied,
            stop,
            live: Live::default(),
            ceilings: Vec::new(),
        }
    }

    /// Whether the user wants an end.
    pub fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// How fast this program gets against a server that does nothing: replies per second. `None` where it
    /// was not busy even then, so that the figure says nothing of it.
    ///
    /// # Errors
    /// When that server can't be started.
    pub async fn ceiling(&mut self, item: &Item, depth: usize) -> anyhow::Result<Option<f64>> {
        let null = NullServer::start(&item.likely_reply(), Duration::ZERO)?;
        let load = Load {
            pace: None,
            length: Length::Time(CEILING_TIME),
            verify: false,
            pipeline: depth,
            target: null.target(),
            ..self.options.load.clone()
        };
        self.live.begin(&format!(
            "-P {depth}: this program against a server that does nothing"
        ));
        for _ in 0..CEILING_ATTEMPTS {
            let measured = engine::run(&load, &item.workload, &mut self.live, &self.stop).await?;
            if measured.interrupted {
                break;
            }
            if is_busy(&load, &measured) {
                self.ceilings.push((depth, measured.throughput()));
                break;
            }
        }
        self.live.clear();
        Ok(self.ceiling_at(depth))
    }

    /// All rounds of one test of A and B. `None` when it was ended before the first round was over.
    ///
    /// # Errors
    /// When a server can't be reached, or a request fails: a comparison of failures would say nothing.
    pub async fn case(
        &mut self,
        item: &Item,
        depth: usize,
        mut pair: [&mut Contender; 2],
    ) -> anyhow::Result<Option<Case>> {
        let mut sums = [Turns::default(), Turns::default()];
        let mut rounds = Vec::new();
        let title = format!("{} -P {depth}", item.title);
        for contender in &mut pair {
            self.prepare(item, contender).await?;
        }
        'rounds: for round in 0..self.options.rounds {
            let mut turns = Vec::new();
            for (place, who) in [0, 1, 1, 0].into_iter().enumerate() {
                let Some(contender) = pair.get_mut(who) else {
                    continue;
                };
                let of = self.options.rounds;
                let (round, name) = (round + 1, contender.facts.name.clone());
                self.live
                    .begin(&format!("{title}, round {round} of {of}: {name}"));
                // Both servers get the same requests in a pair of turns, and others in the next.
                let seed = (2 * round + place / 2) as u64;
                turns.push((who, self.turn(item, depth, seed, contender).await?));
                if self.stopped() {
                    // A round without its end is none.
                    break 'rounds;
                }
            }
            let figures: Vec<Figures> = turns.iter().map(|(_, turn)| Figures::of(turn)).collect();
            rounds.extend(<[Figures; 4]>::try_from(figures));
            for (who, turn) in turns {
                if let Some(sum) = sums.get_mut(who) {
                    sum.add(turn);
                }
            }
        }
        if !self.stopped() {
            for contender in &mut pair {
                self.clean(contender).await?;
            }
        }
        self.live.clear();
        let [a, b] = sums;
        let sides = [self.side(pair[0], a, depth), self.side(pair[1], b, depth)];
        Ok(finished(title, depth, sides, &rounds))
    }

    /// Gives a server what a test wants to find.
    ///
    /// # Errors
    /// When it refuses that.
    pub async fn prepare(&mut self, item: &Item, contender: &mut Contender) -> anyhow::Result<()> {
        self.live
            .begin(&format!("{}: filling {}", item.title, contender.facts.name));
        self.clean(contender).await?;
        contender
            .fill(&item.workload, &mut self.live, &self.stop)
            .await
    }

    async fn clean(&self, contender: &mut Contender) -> anyhow::Result<()> {
        if self.emptied {
            contender.empty().await?;
        }
        Ok(())
    }

    /// One turn. What a test makes longer with every request is removed after it, and what it reads written
    /// again.
    ///
    /// # Errors
    /// When the server can't be reached, or a request fails.
    pub async fn turn(
        &mut self,
        item: &Item,
        depth: usize,
        seed: u64,
        contender: &mut Contender,
    ) -> anyhow::Result<Turn> {
        let mut workload = item.workload.clone();
        workload.seed = workload.seed.wrapping_add(seed << u32::BITS);
        let load = Load {
            pipeline: depth,
            target: contender.target.clone(),
            ..self.options.load.clone()
        };
        let turn = contender
            .turn(
                &load,
                &workload,
                self.ceiling_at(depth),
                &mut self.live,
                &self.stop,
            )
            .await?;
        ensure_sound(&turn.measured, &item.title, &contender.facts.name)?;
        if item.grows() {
            self.prepare(item, contender).await?;
        }
        Ok(turn)
    }

    fn side(&self, contender: &Contender, turns: Turns, depth: usize) -> Side {
        let (load, cpu) = (&self.options.load, turns.server_cpu);
        Side {
            name: contender.facts.name.clone(),
            server_cpu: turns.server_cpu_per_reply(),
            server_share: cpu.and_then(|cpu| turns.all.share(cpu)),
            bound: bound(load, &turns.all, cpu, self.ceiling_at(depth)),
            all: turns.all,
            throughputs: turns.throughputs,
        }
    }

    fn ceiling_at(&self, depth: usize) -> Option<f64> {
        let mut ceilings = self.ceilings.iter();
        ceilings
            .find(|(of, _)| *of == depth)
            .map(|(_, ceiling)| *ceiling)
    }
}

/// Refuses a turn of which the figures would say nothing.
///
/// # Errors
/// Requests failed, the schedule was not held, or no reply came.
fn ensure_sound(measured: &Measured, title: &str, name: &str) -> anyhow::Result<()> {
    if let Some((kind, errors)) = measured.errors.kinds().next() {
        let count = errors.count;
        bail!(
            "{count} requests of {} to {name} failed ({kind}): {}",
            title,
            errors.example
        );
    }
    // A turn that the user has ended counts nowhere, and is no failure.
    if let Some(reason) = measured.invalid().filter(|_| !measured.interrupted) {
        bail!("a turn of {title} on {name} is INVALID: {reason}");
    }
    Ok(())
}

fn finished(
    title: String,
    depth: usize,
    sides: [Side; 2],
    rounds: &[[Figures; 4]],
) -> Option<Case> {
    if rounds.is_empty() {
        return None;
    }
    let ratio = |figure: fn(&Figures) -> f64, better| {
        let rounds = rounds.iter().map(|round| round.each_ref().map(figure));
        estimate(&rounds.collect::<Vec<Round>>(), better)
    };
    let with_cpu = sides.iter().all(|side| side.server_cpu.is_some());
    Some(Case {
        title,
        pipeline: depth,
        sides,
        throughput: ratio(|turn| turn.throughput, Better::Higher),
        p50: ratio(|turn| turn.p50, Better::Lower),
        p99: ratio(|turn| turn.p99, Better::Lower),
        server_cpu: with_cpu.then(|| ratio(|turn| turn.server_cpu, Better::Lower)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Punctuality;

    #[test]
    fn a_turn_off_its_schedule_is_a_failure_unless_the_user_ended_it() {
        let mut measured = Measured {
            replies: 1,
            schedule: Some(Punctuality {
                rate: 1e6,
                due: 2,
                late_p99: 0,
                late_max: 0,
                invalid: Some("it was late".to_string()),
            }),
            ..Measured::default()
        };
        let error = ensure_sound(&measured, "GET", "redis").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a turn of GET on redis is INVALID: it was late"
        );
        measured.interrupted = true;
        assert!(ensure_sound(&measured, "GET", "redis").is_ok());
    }
}
