//! Snapshots: a thread of its own writes each of them.

use crate::clock::Reading;
use crate::persistence::save;
use crate::server::shared::Shared;
use tokio::task::spawn_blocking;

/// Writes the snapshot that was [begun](crate::server::Server::freeze), and tells those who wait for it. Whether it was written.
pub async fn write(shared: Shared) -> bool {
    let begun = shared.lock("snapshot").clock.read();
    let writer = shared.clone();
    let result = spawn_blocking(move || save::save(&writer)).await;
    let result = result.unwrap_or_else(|panic| Err(anyhow::Error::new(panic)));
    let succeeded = result.is_ok();
    match &result {
        Ok(bytes) => log::info!("snapshot written: {bytes} bytes"),
        Err(error) => log::error!("snapshot failed: {error:#}"),
    }
    finish_saving(&shared, &begun, succeeded);
    succeeded
}

fn finish_saving(shared: &Shared, begun: &Reading, succeeded: bool) {
    let mut server = shared.lock("snapshot");
    let now = server.clock.read();
    let took = now.since(begun);
    for client in server.saving.end(now.unix(), took, succeeded) {
        server.unblock(client, |reply| {
            if succeeded {
                reply.simple("OK");
            } else {
                reply.error(b"ERR");
            }
        });
    }
}

/// Begins a snapshot, and writes it; nobody else is served any more. Whether it was written.
pub async fn write_the_last(shared: &Shared) -> bool {
    {
        let mut server = shared.lock("shutdown");
        server.now = server.clock.read();
        server.freeze();
        server.saving.in_foreground = true;
    }
    write(shared.clone()).await
}
