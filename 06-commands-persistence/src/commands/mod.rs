//! What the server can do.
//!
//! A command is one function and one row of the [`table`]. The functions stand in a file for each
//! group of commands, as Redis's documentation groups them.

mod algebra;
mod bit;
mod bitfield;
mod call;
mod config;
mod connection;
mod debug;
mod describe;
mod dump;
mod error;
mod execute;
mod expiry;
mod generic;
mod hash;
mod help;
mod hyperloglog;
mod info;
mod lcs;
mod list;
mod list_pop;
mod number;
mod object;
mod options;
mod persistence;
mod pubsub;
mod random;
pub mod row;
mod scan;
mod server;
mod set;
mod sort;
mod sorted_set;
mod sorted_set_algebra;
mod sorted_set_bounds;
mod sorted_set_pop;
mod sorted_set_range;
mod stream;
mod stream_claim;
mod stream_group;
mod stream_id;
mod stream_info;
mod stream_read;
mod string;
pub mod table;
mod transfer;

pub use call::{Call, Effect, Outcome, Then};
pub use error::CommandError;
pub use execute::{Next, call, execute, expire, read_clock, settle};
