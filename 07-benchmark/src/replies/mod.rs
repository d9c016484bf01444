//! Replies: where they end, whether they are errors, and whether they are what the request must get.

mod check;
mod scanner;

pub use check::{Checked, Counted, Judged, Pending, Rules};
pub use scanner::{ReplyScanner, Watch};
