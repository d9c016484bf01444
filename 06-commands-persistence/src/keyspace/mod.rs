//! The state that clients read and change: keys, what they hold, and until when.
//!
//! Nothing here knows of sockets, files, or the protocol. Values know how they are written down: see [`rdb`](crate::rdb).
//!
//! ```text
//! db (keys, deadlines, the one way to read) ---- key (the one way to change a value)
//!  |-- journal     what happened to which key, for the server ---- event
//!  |-- snapshot    all keys as they were at one moment
//!  |-- interest    keys that clients wait for or watch
//!  |-- reclaim     frees large values elsewhere
//!  |-- table ---- segment ---- pages ---- cow
//!  `-- value ---- list ---- packed,  set ---- intset,  hash,  sorted_set,  small_bytes
//!  `-- value ---- list ---- packed,  set,  stream,  small_bytes
//!  `-- value ---- list ---- packed,  set ---- intset,  hash,  sorted_set,  stream,  small_bytes
//! ```

pub mod counts;
pub mod cow;
pub mod data_type;
pub mod db;
pub mod digest;
pub mod event;
pub mod hash;
pub mod hyperloglog;
pub mod interest;
pub mod intset;
pub mod journal;
pub mod key;
pub mod limits;
pub mod list;
#[cfg(test)]
mod measure;
pub mod packed;
pub mod pages;
pub mod reclaim;
pub mod segment;
pub mod set;
pub mod snapshot;
pub mod sorted_set;
pub mod stream;
pub mod table;
pub mod value;

pub use crate::small_bytes::SmallBytes;
pub use db::Db;
pub use value::Value;
