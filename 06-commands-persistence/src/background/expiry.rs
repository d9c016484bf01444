//! Active expiry: keys whose time is up are removed whether or not anybody asks for them.

use super::TICK;
use crate::commands;
use crate::server::shared::Shared;
use std::time::Duration;
use tokio::time::sleep;

/// The most keys removed in one go, while nobody else can use the keyspace: about a quarter of a
/// millisecond.
const MAX_EXPIRED: usize = 512;

/// The pause after a go that left expired keys behind. Others have the server meanwhile.
const CATCH_UP_PAUSE: Duration = Duration::from_millis(1);

/// Works for ever. However many keys there are to remove, it holds the server for [`MAX_EXPIRED`] of them only, and then
/// lets others have it.
pub async fn work(shared: Shared) {
    loop {
        let more = commands::expire(&mut shared.lock("expire"), MAX_EXPIRED);
        sleep(if more { CATCH_UP_PAUSE } else { TICK }).await;
    }
}
