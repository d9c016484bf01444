//! Sockets, and the tasks that look after them.

pub mod connection;
pub mod listener;
