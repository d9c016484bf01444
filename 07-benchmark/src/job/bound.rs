//! Who limited a run's throughput.

use crate::report::model::Bound;

/// Who uses more of a core than this may be what limits the throughput.
pub const BUSY: f64 = 0.8;

/// So near to what the generator reached against a server that does nothing, it shows its own limit.
const NEAR_CEILING: f64 = 0.85;

/// What is known of a run. Shares are of one core: 1.0 is all of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence {
    /// Whether requests came at a fixed rate.
    pub paced: bool,
    /// The share of each of the generator's threads.
    pub own: Option<f64>,
    /// The server's share.
    pub server: Option<f64>,
    /// Replies per second.
    pub throughput: f64,
    /// Replies per second of a server that does nothing.
    pub ceiling: Option<f64>,
}

/// Judges a run.
pub fn judge(evidence: Evidence) -> Bound {
    let at_ceiling = evidence
        .ceiling
        .is_some_and(|most| evidence.throughput > NEAR_CEILING * most);
    match (evidence.own, evidence.server) {
        _ if evidence.paced => Bound::Schedule,
        (Some(own), _) if own > BUSY => Bound::Client,
        _ if at_ceiling => Bound::Client,
        (Some(_), Some(server)) if server <= BUSY => Bound::Neither,
        (_, Some(server)) if server > BUSY => Bound::Server,
        _ => Bound::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busy_one_is_the_bound_and_the_generator_is_suspected_first() {
        let evidence = |own, server| Evidence {
            own,
            server,
            throughput: 50.0,
            ..Evidence::default()
        };
        let cases = [
            (Some(0.95), Some(0.95), Bound::Client),
            (Some(0.5), Some(0.95), Bound::Server),
            (Some(0.5), Some(0.5), Bound::Neither),
            (Some(0.5), None, Bound::Unknown),
            (None, Some(0.95), Bound::Server),
            (None, None, Bound::Unknown),
        ];
        for (own, server, bound) in cases {
            assert_eq!(judge(evidence(own, server)), bound, "{own:?} {server:?}");
        }
        let near = Evidence {
            ceiling: Some(55.0),
            ..evidence(Some(0.5), Some(0.9))
        };
        assert_eq!(judge(near), Bound::Client);
        assert_eq!(
            judge(Evidence {
                paced: true,
                ..near
            }),
            Bound::Schedule
        );
    }
}
