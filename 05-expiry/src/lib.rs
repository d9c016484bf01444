//! The parts of the server. Each knows only those below it:
//!
//! ```text
//! main -> server -> connection -> session -> batch -> commands -> keyspace
//!                                    |                   |
//!                                    +----> resp <-------+   +-> clock
//! ```

pub mod batch;
pub mod clock;
pub mod commands;
pub mod connection;
pub mod keyspace;
pub mod resp;
pub mod server;
pub mod session;
