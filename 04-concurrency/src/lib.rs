//! The parts of the server. Each knows only those below it:
//!
//! ```text
//! main -> models -> connection -> session -> batch -> commands -> keyspace
//!                                    |                   |
//!                                    +----> resp <-------+
//! ```

pub mod batch;
pub mod commands;
pub mod connection;
pub mod keyspace;
pub mod models;
pub mod resp;
pub mod session;
