//! The parts of the server. Each knows only those below it:
//!
//! ```text
//! main -> server -> connection -> session -> commands -> resp
//! ```

pub mod commands;
pub mod connection;
pub mod resp;
pub mod server;
pub mod session;
