//! The state of the server: which key holds which value.

use bytes::Bytes;
use std::collections::HashMap;

/// All keys and their values. Both are any bytes, up to 512 MiB each, and may be empty.
#[derive(Debug, Default)]
pub struct Keyspace {
    entries: HashMap<Bytes, Bytes>,
}

impl Keyspace {
    /// The value of `key`.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.entries.get(key).map(|value| &**value)
    }

    /// Whether `key` holds a value.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.entries.contains_key(key)
    }

    /// Makes `key` hold `value`, whatever it held before.
    ///
    /// Both are copied, although a request owns its arguments: they are parts of a read buffer, and one
    /// part that is kept, be it of three bytes, keeps the whole buffer.
    pub fn set(&mut self, key: &[u8], value: &[u8]) {
        let value = Bytes::copy_from_slice(value);
        match self.entries.get_mut(key) {
            Some(held) => *held = value,
            None => {
                self.entries.insert(Bytes::copy_from_slice(key), value);
            }
        }
    }

    /// Removes `key`. Whether it was there.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        self.entries.remove(key).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_any_bytes() {
        let mut keyspace = Keyspace::default();
        for bytes in [b"".as_slice(), b"a\r\n", &[0, 255]] {
            assert!(!keyspace.contains(bytes));
            keyspace.set(bytes, bytes);
            assert_eq!(keyspace.get(bytes), Some(bytes));
        }
    }

    #[test]
    fn a_second_value_replaces_the_first() {
        let mut keyspace = Keyspace::default();
        keyspace.set(b"k", b"a longer value");
        keyspace.set(b"k", b"v");
        assert_eq!(keyspace.get(b"k"), Some(b"v".as_slice()));
        assert!(keyspace.remove(b"k"));
        assert!(!keyspace.remove(b"k"));
        assert_eq!(keyspace.get(b"k"), None);
    }
}
