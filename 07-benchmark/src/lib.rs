//! The parts of the load generator. Each knows only those below it:
//!
//! ```text
//! main -> compare -> process
//!    |       |
//!    +-------+-----> report -> load -> replies, workload
//! ```

pub mod compare;
pub mod load;
pub mod process;
pub mod replies;
pub mod report;
pub mod workload;
