//! The parts of the server. Each knows only those below it:
//!
//! ```text
//! main -> server -> session -> commands -> keyspace
//!                                 |
//!                                 +------> resp
//! ```

pub mod commands;
pub mod keyspace;
pub mod resp;
pub mod server;
pub mod session;
