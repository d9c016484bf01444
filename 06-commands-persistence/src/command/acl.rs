//! Categories of commands, by which rights are given: `+@read`, `-@dangerous`.

use super::flags;

/// On keys, whatever they hold.
pub const KEYSPACE: u32 = 1;
/// Reads what keys hold.
pub const READ: u32 = 1 << 1;
/// Changes what keys hold.
pub const WRITE: u32 = 1 << 2;
/// On sets.
pub const SET: u32 = 1 << 3;
/// On sorted sets.
pub const SORTEDSET: u32 = 1 << 4;
/// On lists.
pub const LIST: u32 = 1 << 5;
/// On hashes.
pub const HASH: u32 = 1 << 6;
/// On strings.
pub const STRING: u32 = 1 << 7;
/// On the bits of strings.
pub const BITMAP: u32 = 1 << 8;
/// On HyperLogLogs.
pub const HYPERLOGLOG: u32 = 1 << 9;
/// On places on the Earth.
pub const GEO: u32 = 1 << 10;
/// On streams.
pub const STREAM: u32 = 1 << 11;
/// On channels.
pub const PUBSUB: u32 = 1 << 12;
/// For whoever runs the server.
pub const ADMIN: u32 = 1 << 13;
/// Takes little time, whatever the data.
pub const FAST: u32 = 1 << 14;
/// All that is not fast.
pub const SLOW: u32 = 1 << 15;
/// May wait.
pub const BLOCKING: u32 = 1 << 16;
/// Does harm in the wrong hands.
pub const DANGEROUS: u32 = 1 << 17;
/// On connections.
pub const CONNECTION: u32 = 1 << 18;
/// On transactions.
pub const TRANSACTION: u32 = 1 << 19;
/// On scripts.
pub const SCRIPTING: u32 = 1 << 20;

/// Their names, in Redis's order, which is that of the bits.
pub const NAMES: &str = "@keyspace @read @write @set @sortedset @list @hash @string @bitmap @hyperloglog @geo @stream \
    @pubsub @admin @fast @slow @blocking @dangerous @connection @transaction @scripting";

/// The category with this name, without its `@`.
pub fn find(name: &[u8]) -> Option<u32> {
    let mut names = NAMES.split(' ').map(|known| known.trim_start_matches('@'));
    let bit = names.position(|known| known.as_bytes().eq_ignore_ascii_case(name))?;
    Some(1 << bit)
}

/// The categories that follow from what kind of command it is.
pub fn of_flags(flags: u32) -> u32 {
    let follow = [
        (flags::WRITE, WRITE),
        (flags::READONLY, READ),
        (flags::ADMIN, ADMIN | DANGEROUS),
        (flags::PUBSUB, PUBSUB),
        (flags::BLOCKING, BLOCKING),
    ];
    let follow = follow.iter().filter(|(flag, _)| flags & flag != 0);
    let pace = if flags & flags::FAST == 0 { SLOW } else { FAST };
    follow.fold(pace, |sum, (_, category)| sum | category)
}
