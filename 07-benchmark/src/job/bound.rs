//! Who limited a run's throughput.

use crate::engine::{Load, Measured};
use crate::report::model::Bound;
use std::time::Duration;

/// Who uses more of a core than this may be what limits the throughput.
const BUSY: f64 = 0.8;

/// So near to what the generator reached against a server that does nothing, it shows its own limit.
const NEAR_CEILING: f64 = 0.85;

/// Judges what was measured under a load, with the CPU time of the server, and with the throughput of a server
/// that does nothing, as far as they are known.
pub fn bound(
    load: &Load,
    measured: &Measured,
    server_cpu: Option<Duration>,
    ceiling: Option<f64>,
) -> Bound {
    let at_ceiling = ceiling.is_some_and(|most| measured.throughput() > NEAR_CEILING * most);
    let server = server_cpu.and_then(|cpu| measured.share(cpu));
    match (own_share(load, measured), server) {
        _ if load.pace.is_some() => Bound::Schedule,
        (Some(own), _) if own > BUSY => Bound::Client,
        _ if at_ceiling => Bound::Client,
        (Some(_), Some(server)) if server <= BUSY => Bound::Neither,
        (_, Some(server)) if server > BUSY => Bound::Server,
        _ => Bound::Unknown,
    }
}

/// Whether this program was so busy that it may be what was measured.
pub fn is_busy(load: &Load, measured: &Measured) -> bool {
    own_share(load, measured).is_some_and(|own| own > BUSY)
}

/// How much of a core each thread of this program used.
fn own_share(load: &Load, measured: &Measured) -> Option<f64> {
    let share = measured.own_share()?;
    Some(share / load.threads as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Arrivals, Pace};
    use crate::target::Target;

    #[test]
    fn the_busy_one_is_the_bound_and_the_generator_is_suspected_first() {
        let mut load = Load::once(&Target::tcp("localhost", 1), 50);
        let second = Duration::from_secs(1);
        let measured = |own: Option<f64>| Measured {
            replies: 50,
            time: second,
            whole_time: second,
            own_cpu: own.map(Duration::from_secs_f64),
            ..Measured::default()
        };
        let cases = [
            (Some(0.95), Some(0.95), Bound::Client),
            (Some(0.5), Some(0.95), Bound::Server),
            (Some(0.5), Some(0.5), Bound::Neither),
            (Some(0.5), None, Bound::Unknown),
            (None, Some(0.95), Bound::Server),
            (None, None, Bound::Unknown),
        ];
        for (own, server, expected) in cases {
            let server_cpu = server.map(Duration::from_secs_f64);
            let found = bound(&load, &measured(own), server_cpu, None);
            assert_eq!(found, expected, "{own:?} {server:?}");
        }
        // A share is that of each thread.
        load.threads = 2;
        assert!(!is_busy(&load, &measured(Some(0.95))) && is_busy(&load, &measured(Some(1.7))));
        let near = |load: &Load| bound(load, &measured(Some(0.5)), Some(second), Some(55.0));
        assert_eq!(near(&load), Bound::Client);
        load.pace = Some(Pace {
            rate: 1.0,
            arrivals: Arrivals::Constant,
        });
        assert_eq!(near(&load), Bound::Schedule);
    }
}
