//! Writes down the keys of a snapshot in the format of its file.

use crate::clock::UnixMillis;
use crate::keyspace::snapshot::Sink;
use crate::keyspace::value::Value;
use crate::rdb::Encoder;
use std::fmt;

/// The keys of one database.
pub struct RdbSink {
    encoder: Encoder,
    bytes: Vec<u8>,
}

impl RdbSink {
    /// With or without compression.
    pub fn new(compress: bool) -> Self {
        Self {
            encoder: Encoder::new(compress),
            bytes: Vec::new(),
        }
    }
}

impl fmt::Debug for RdbSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RdbSink")
            .field("pending", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Sink for RdbSink {
    fn entry(&mut self, key: &[u8], value: &Value, deadline: Option<UnixMillis>) {
        let expires = deadline.map(|deadline| deadline.0);
        let (encoder, out) = (&mut self.encoder, &mut self.bytes);
        match value {
            Value::String(bytes) => encoder.string(out, key, expires, bytes),
            Value::List(list) => encoder.list(out, key, expires, list.len(), list.iter()),
            Value::Set(set) => encoder.set(out, key, expires, set.len(), set.iter()),
        }
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    fn pending(&self) -> usize {
        self.bytes.len()
    }
}
