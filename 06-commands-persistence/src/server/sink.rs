//! Writes down the keys of a snapshot in the format of its file.

use crate::clock::UnixMillis;
use crate::keyspace::snapshot::{Sink, Taken};
use crate::keyspace::value::Value;
use crate::rdb::Encoder;
use std::fmt;
use std::mem;

/// The keys of one database.
pub struct RdbSink {
    encoder: Encoder,
    taken: Taken,
    /// Bytes of the large values among them.
    large_bytes: usize,
}

impl RdbSink {
    /// With or without compression.
    pub fn new(compress: bool) -> Self {
        Self {
            encoder: Encoder::new(compress),
            taken: Taken::default(),
            large_bytes: 0,
        }
    }
}

impl fmt::Debug for RdbSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RdbSink")
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}

impl Sink for RdbSink {
    fn entry(&mut self, key: &[u8], value: &Value, deadline: Option<UnixMillis>) {
        match value.share_large() {
            Some(value) => {
                self.large_bytes += value.size();
                self.taken.large.push((key.into(), value, deadline));
            }
            None => encode(
                &mut self.encoder,
                &mut self.taken.bytes,
                (key, value, deadline),
            ),
        }
    }

    fn take(&mut self) -> Taken {
        self.large_bytes = 0;
        mem::take(&mut self.taken)
    }

    fn pending(&self) -> usize {
        self.taken.bytes.len() + self.large_bytes
    }
}

/// Appends a key to the bytes for the file.
pub fn encode(
    encoder: &mut Encoder,
    out: &mut Vec<u8>,
    (key, value, deadline): (&[u8], &Value, Option<UnixMillis>),
) {
    let expires = deadline.map(|deadline| deadline.0);
    match value {
        Value::String(bytes) => encoder.string(out, key, expires, bytes),
        Value::List(list) => encoder.list(out, key, expires, list.len(), list.iter()),
        Value::Set(set) => encoder.set(out, key, expires, set.len(), set.iter()),
    }
}
