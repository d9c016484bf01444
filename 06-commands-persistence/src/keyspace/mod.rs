//! The state that clients read and change: keys, what they hold, and until when.
//!
//! Nothing here knows of sockets, files, or the protocol.

pub mod db;
pub mod pages;
pub mod small_bytes;
pub mod table;

pub use db::Keyspace;
pub use small_bytes::SmallBytes;
