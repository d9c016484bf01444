//! From memory to disk and back.
//!
//! - [`save`]: writes a snapshot while clients go on.
//! - [`load`]: reads one when the server starts.

pub mod load;
pub mod save;
