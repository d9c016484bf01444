//! A fingerprint of what keys hold, as `DEBUG DIGEST` gives it: equal data has an equal one, on this server and on
//! redis-server, whatever the order in which a set or a hash keeps its elements.

use sha1_smol::Sha1;
use std::fmt;

/// The fingerprint. It begins as that of nothing: 20 zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(pub [u8; 20]);

impl Digest {
    /// Adds one part of several whose order does not matter.
    pub fn add(&mut self, part: &[u8]) {
        let part = Sha1::from(part).digest().bytes();
        for (byte, other) in self.0.iter_mut().zip(part) {
            *byte ^= other;
        }
    }

    /// Adds one part of several whose order matters.
    pub fn mix(&mut self, part: &[u8]) {
        self.add(part);
        self.0 = Sha1::from(self.0).digest().bytes();
    }

    /// Adds an element that has several parts of its own, such as a field with its value. The order of elements does
    /// not matter.
    pub fn add_element(&mut self, parts: &[&[u8]]) {
        let mut element = Self::default();
        for part in parts {
            element.mix(part);
        }
        self.add(&element.0);
    }
}

/// As forty hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
