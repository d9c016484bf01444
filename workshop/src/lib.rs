//! The parts of the workshop's tool.
//!
//! ```text
//! main -> check, diff, copy, copies  what the verbs do
//!         findings -> diagnosis      what is probably wrong with a server that fails
//!         checks -> target, client   what a server must do, seen from outside
//!         server                     servers to try the checks on
//! ```

pub mod check;
pub mod checks;
pub mod client;
pub mod copies;
pub mod copy;
pub mod diagnosis;
pub mod diff;
pub mod failure;
pub mod findings;
pub mod process;
pub mod reply;
pub mod requests;
pub mod script;
pub mod server;
pub mod stage;
pub mod target;
