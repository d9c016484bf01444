//! The parts of the load generator. Each knows only those that stand below it; parts on one line do not know
//! each other.
//!
//! ```text
//! cli, job                     flags become options; what the program does with them
//!  |
//! facts, live, stats           what a server says of itself; the line on the terminal; ratios with intervals
//!  |
//! report                       findings as tables, JSON, pages and pictures
//!  |
//! options                      all settings
//!  |
//! engine, null, process        the load itself; a server that does nothing; servers that are started
//!  |
//! cpu, replies                 clocks of CPU time; where a reply ends, and whether it is the right one
//!  |
//! control, errors, workload    single commands to a server; what went wrong; what is sent
//!  |
//! limits, output, target       open files; standard output; where a server is
//! ```

pub mod cli;
pub mod control;
pub mod cpu;
pub mod engine;
pub mod errors;
pub mod facts;
pub mod job;
pub mod limits;
pub mod live;
pub mod null;
pub mod options;
pub mod output;
pub mod process;
pub mod replies;
pub mod report;
pub mod stats;
pub mod target;
pub mod workload;
