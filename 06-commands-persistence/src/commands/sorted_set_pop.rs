//! Commands on sorted sets: members taken from either end, at once or when there are some.

use super::row::*;

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[];
