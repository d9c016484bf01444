//! Wrong servers.

pub mod database;
pub mod echo;
pub mod toy;
