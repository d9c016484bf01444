//! Wrong servers.

pub mod echo;
pub mod toy;
