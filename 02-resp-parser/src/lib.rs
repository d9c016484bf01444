//! The parts of the server. Each knows only those below it:
//!
//! ```text
//! main -> server -> session -> commands -> resp
//! ```

pub mod commands;
pub mod resp;
pub mod server;
pub mod session;
