//! Sockets, and the tasks that look after them.

pub mod background;
pub mod connection;
pub mod lifecycle;
pub mod listener;
