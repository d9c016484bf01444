//! The parts of the server. Each knows only those below it:
//!
//! ```text
//! main --> lifecycle --+--> net --> session -----+--> commands --+--> server (all that the lock guards)
//!                      |                         |               |      |       |           |       |
//!                      `--> background -----+----'               |      v       v           v       v
//!                                           |                    |     rdb  keyspace --> config   resp
//!                                           `--> persistence ----'      |       |           |       |
//!                                                                       `-------+-----+-----+-------'
//!                                                                                     v
//!                                                               file, clock, small_bytes, long_double, geo, glob, part, process, memory
//! ```
//!
//! Beside `config` stands `command`: what is known of each command. It knows requests, and so `resp`.

pub mod background;
pub mod clock;
pub mod command;
pub mod commands;
pub mod config;
pub mod file;
pub mod geo;
pub mod glob;
pub mod keyspace;
pub mod lifecycle;
pub mod long_double;
pub mod memory;
pub mod net;
pub mod part;
pub mod persistence;
pub mod process;
pub mod rdb;
pub mod resp;
pub mod server;
pub mod session;
pub mod small_bytes;

/// The version of Redis whose behaviour this is.
pub const REDIS_VERSION: &str = "7.0.15";
