//! What the server does when nobody asks for anything.

pub mod expiry;
pub mod snapshot;

use crate::memory::{self, Release};
use crate::server::Server;
use crate::server::client::Client;
use crate::server::shared::Shared;
use std::time::Duration;
use tokio::time::sleep;

/// How often it looks what there is to do.
const TICK: Duration = Duration::from_millis(100);

/// The most clients that are looked at in one go.
const MAX_CLIENTS: usize = 1000;

/// Works for ever.
pub async fn work(shared: Shared) {
    tokio::spawn(expiry::work(shared.clone()));
    let mut seen = 0;
    let mut release = Release::default();
    loop {
        sleep(TICK).await;
        let mut server = shared.lock("tick");
        let elapsed = server.clock.read().since(&server.last_tick);
        server.clock.adjust();
        server.last_tick = server.clock.read();
        let commands = server.stats.commands;
        server.stats.rate.sample(commands, elapsed);
        look_after_clients(&mut server, &mut seen);
        server.save_if_due();
        if release.is_due(commands, memory::used()) {
            server.reclaimer.run(memory::release_free);
        }
    }
}

/// Disconnects clients that have been idle for too long, or have more waiting to be sent than they may. Looks at some of
/// them in each tick, and at all in turn.
fn look_after_clients(server: &mut Server, seen: &mut u64) {
    let now = server.last_tick.instant;
    let timeout = Duration::from_secs(server.config.timeout.into());
    let limits = server.config.client_output_buffer_limit;
    let next = server.clients.after(*seen, MAX_CLIENTS);
    *seen = next.last().map_or(0, |id| id.number());
    for id in next {
        let Some(client) = server.clients.get_mut(id) else {
            continue;
        };
        if client.exceeds(&limits, now) {
            server.stats.output_limit_disconnections += 1;
            client.kill();
        } else if is_idle(client, timeout, now) {
            log::debug!("client {} was idle for too long", id.number());
            client.kill();
        }
    }
}

/// Whoever waits or listens is not idle.
fn is_idle(client: &mut Client, timeout: Duration, now: std::time::Instant) -> bool {
    !timeout.is_zero()
        && client.blocked.is_none()
        && !client.is_subscriber()
        && client.is_silent_for(timeout, now)
}
