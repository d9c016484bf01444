//! The commands of stage 05.

use super::Bug;
use super::commands::{Data, NULL, OK, Outcome, integer};
use super::parser::number;
use std::time::{SystemTime, UNIX_EPOCH};
use workshop::client::bulk;

const NOT_AN_INTEGER: &str = "value is not an integer or out of range";

/// Milliseconds since 1970.
pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64
}

/// The options of SET and GETEX.
#[derive(Default)]
struct Options {
    nx: bool,
    xx: bool,
    get: bool,
    keep: bool,
    persist: bool,
    time: Option<(String, Vec<u8>)>,
}

fn options(args: &[Vec<u8>], bug: Option<Bug>) -> Result<Options, String> {
    let syntax = || "syntax error".to_string();
    let mut options = Options::default();
    let mut args = args.iter();
    let mut clocks = 0;
    while let Some(arg) = args.next() {
        let name = String::from_utf8_lossy(arg).to_lowercase();
        let late = options.time.is_some() && bug == Some(Bug::OptionsInOrderOnly);
        match name.as_str() {
            "nx" | "xx" | "get" if late => return Err(syntax()),
            "nx" => options.nx = true,
            "xx" => options.xx = true,
            "get" => options.get = true,
            "keepttl" => (options.keep, clocks) = (true, clocks + 1),
            "persist" => (options.persist, clocks) = (true, clocks + 1),
            "ex" | "px" | "exat" | "pxat" => {
                clocks += 1;
                options.time = Some((name, args.next().ok_or_else(syntax)?.clone()));
            }
            _ if bug == Some(Bug::SetTakesAnything) => {}
            _ => return Err(syntax()),
        }
    }
    let contradiction = clocks > 1 || (options.nx && options.xx);
    if contradiction && bug != Some(Bug::ContradictionsAreFine) {
        return Err(syntax());
    }
    Ok(options)
}

/// The point in time that a number means in a unit such as `ex`.
fn point(unit: &str, amount: i64, bug: Option<Bug>) -> Option<i64> {
    let seconds = unit.starts_with('e') && bug != Some(Bug::ExInMillis);
    let relative = !unit.ends_with("at") || bug == Some(Bug::ExatFromNow);
    let factor = if seconds { 1000 } else { 1 };
    let base = if relative { now() } else { 0 };
    if bug == Some(Bug::NoOverflowCheck) {
        return Some(amount.wrapping_mul(factor).wrapping_add(base));
    }
    amount.checked_mul(factor)?.checked_add(base)
}

fn deadline(options: &Options, command: &str, bug: Option<Bug>) -> Result<Option<i64>, String> {
    let Some((unit, amount)) = &options.time else {
        return Ok(None);
    };
    let amount = number(amount, bug).ok_or(NOT_AN_INTEGER)?;
    let invalid = || format!("invalid expire time in '{command}' command");
    if amount <= 0 {
        return Err(invalid());
    }
    let deadline = point(unit, amount, bug).ok_or_else(invalid)?;
    if bug == Some(Bug::PastIsRefused) && deadline < now() {
        return Err(invalid());
    }
    Ok(Some(deadline))
}

impl Data {
    pub fn remove_expired(&mut self, bug: Option<Bug>) {
        if bug != Some(Bug::NeverExpires) && bug != Some(Bug::OnlyGetExpires) {
            let now = now();
            self.entries
                .retain(|_, entry| entry.deadline.is_none_or(|deadline| deadline > now));
        }
    }

    pub fn set(&mut self, args: &[Vec<u8>], bug: Option<Bug>) -> Outcome {
        let (key, value) = (&args[1], &args[2]);
        let options = options(&args[3..], bug)?;
        if options.persist {
            return Err("syntax error".into());
        }
        let mut deadline = deadline(&options, "set", bug)?;
        let held = self
            .look(key, bug)
            .map(|entry| (entry.value.clone(), entry.deadline));
        let nx = options.nx && bug != Some(Bug::NxIsIgnored);
        let refused = (nx && held.is_some()) || (options.xx && held.is_none());
        if refused && bug == Some(Bug::RefusedNxChangesDeadline) {
            self.look(key, bug)
                .into_iter()
                .for_each(|entry| entry.deadline = deadline);
        }
        let keep = options.keep && bug != Some(Bug::KeepTtlDrops);
        if keep || (bug == Some(Bug::SetKeepsDeadline) && options.time.is_none()) {
            deadline = held.as_ref().and_then(|held| held.1);
            if held.is_none() && bug == Some(Bug::DelLeavesDeadline) {
                deadline = self.ghosts.get(key).copied().flatten();
            }
        }
        if !refused {
            self.store(key, value, deadline, bug);
        }
        Ok(match held {
            _ if options.get && bug == Some(Bug::GetAnswersNewValue) => bulk(value),
            Some((old, _)) if options.get => bulk(old),
            None if options.get => NULL.to_vec(),
            _ if refused => NULL.to_vec(),
            _ => OK.to_vec(),
        })
    }

    pub fn getex(&mut self, args: &[Vec<u8>], bug: Option<Bug>) -> Outcome {
        let options = options(&args[2..], bug)?;
        let keep = options.keep && bug != Some(Bug::GetexTakesKeepTtl);
        if options.nx || options.xx || options.get || keep {
            return Err("syntax error".into());
        }
        if bug == Some(Bug::GetexLooksAtTimeFirst) {
            deadline(&options, "getex", bug)?;
        }
        let Some(entry) = self.look(&args[1], bug) else {
            return Ok(NULL.to_vec());
        };
        let deadline = deadline(&options, "getex", bug)?;
        let past = deadline.is_some_and(|deadline| deadline < now());
        if past && bug == Some(Bug::GetexKeepsThePast) {
            return Ok(bulk(&entry.value));
        }
        if options.time.is_some() || options.persist || bug == Some(Bug::GetexDropsDeadline) {
            entry.deadline = deadline;
        }
        Ok(bulk(&entry.value))
    }

    pub fn expire(&mut self, name: &str, args: &[Vec<u8>], bug: Option<Bug>) -> Outcome {
        if bug == Some(Bug::TimeBeforeOptions) {
            number(&args[2], bug).ok_or(NOT_AN_INTEGER)?;
        }
        let conditions = conditions(&args[3..], bug)?;
        let amount = number(&args[2], bug).ok_or(NOT_AN_INTEGER)?;
        let millis = name.starts_with('p') && bug != Some(Bug::PexpireInSeconds);
        let unit = match (millis, name.ends_with("at")) {
            (false, false) => "ex",
            (true, false) => "px",
            (false, true) => "exat",
            (true, true) => "pxat",
        };
        let invalid = || format!("invalid expire time in '{name}' command");
        let deadline = point(unit, amount, bug).ok_or_else(invalid)?;
        if bug == Some(Bug::PastIsOne) && deadline < now() {
            return Err(invalid());
        }
        let changed = match self.look(&args[1], bug) {
            Some(entry) if conditions.allow(entry.deadline, deadline, bug) => {
                entry.deadline = Some(deadline);
                true
            }
            _ => bug == Some(Bug::ExpireAlwaysOne),
        };
        self.look(&args[1], bug.filter(|bug| *bug != Bug::OnlyGetExpires));
        Ok(integer(i64::from(changed)))
    }

    pub fn time_left(&mut self, name: &str, key: &[u8], bug: Option<Bug>) -> Vec<u8> {
        let Some(entry) = self.look(key, bug) else {
            return integer(if bug == Some(Bug::NoKeyLivesForEver) {
                -1
            } else {
                -2
            });
        };
        let Some(deadline) = entry.deadline else {
            return integer(-1);
        };
        let millis = if name.ends_with("ttl") {
            deadline.saturating_sub(now())
        } else {
            deadline
        };
        let cut = match bug {
            Some(Bug::TimesAreCut) => name.ends_with("time"),
            Some(Bug::TtlIsCut) => name.ends_with("ttl"),
            _ => false,
        };
        let half = if cut { 0 } else { 500 };
        integer(if name.starts_with('p') {
            millis
        } else {
            millis.saturating_add(half) / 1000
        })
    }

    pub fn persist(&mut self, key: &[u8], bug: Option<Bug>) -> Vec<u8> {
        let had_one = self
            .look(key, bug)
            .is_some_and(|entry| entry.deadline.take().is_some());
        integer(i64::from(had_one || bug == Some(Bug::PersistAlwaysOne)))
    }
}

/// NX, XX, GT and LT.
#[derive(Default)]
struct Conditions([bool; 4]);

fn conditions(args: &[Vec<u8>], bug: Option<Bug>) -> Result<Conditions, String> {
    let mut found = [false; 4];
    for arg in args {
        let name = String::from_utf8_lossy(arg).to_lowercase();
        let place = ["nx", "xx", "gt", "lt"]
            .iter()
            .position(|known| *known == name);
        let place =
            place.ok_or_else(|| format!("Unsupported option {}", String::from_utf8_lossy(arg)))?;
        if bug == Some(Bug::LastConditionCounts) {
            found = [false; 4];
        }
        found[place] = true;
    }
    match found {
        [true, xx, gt, lt] if xx || gt || lt => {
            Err("NX and XX, GT or LT options at the same time are not compatible".into())
        }
        [_, _, true, true] => Err("GT and LT options at the same time are not compatible".into()),
        _ => Ok(Conditions(found)),
    }
}

impl Conditions {
    fn allow(&self, held: Option<i64>, new: i64, bug: Option<Bug>) -> bool {
        let [nx, xx, gt, lt] = self.0;
        let later = match held {
            Some(held) => new > held,
            None => bug == Some(Bug::GtWithoutDeadline),
        };
        let earlier =
            held.is_none_or(|held| new < held || (new == held && bug == Some(Bug::LtOnEqual)));
        let free = held.is_none() && bug != Some(Bug::NxAboutTheKey);
        (!nx || free) && (!xx || held.is_some()) && (!gt || later) && (!lt || earlier)
    }
}
