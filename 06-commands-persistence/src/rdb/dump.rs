//! One value by itself: what the command DUMP gives and RESTORE takes.
//!
//! ```text
//!  type   value   version (2)   CRC-64 of all before (8)
//! ```

use super::crc64::Crc64;
use super::error::ErrorKind;
use super::source::Source;
use super::value::{self, Value};
use super::{VERSION, ValueType};

/// Appends what stands behind the type and the value, which `payload` must hold and nothing else.
pub fn seal(payload: &mut Vec<u8>) {
    payload.extend_from_slice(&(VERSION as u16).to_le_bytes());
    let mut crc = Crc64::new();
    crc.update(payload);
    payload.extend_from_slice(&crc.value().to_le_bytes());
}

/// Reads a value.
///
/// # Errors
///
/// The checksum is wrong (here, unlike in a file, 0 does not stand for none), the version is newer than
/// [`VERSION`], or the value is broken. What follows a whole value does not matter, as it does not to Redis.
pub fn open(payload: &[u8]) -> Result<Value, ErrorKind> {
    let (sealed, stored) = payload.split_last_chunk().ok_or(ErrorKind::Truncated)?;
    let (value, version) = sealed.split_last_chunk().ok_or(ErrorKind::Truncated)?;
    let version = u16::from_le_bytes(*version).into();
    if version > VERSION {
        return Err(ErrorKind::Version(version));
    }
    let mut crc = Crc64::new();
    crc.update(sealed);
    let (computed, stored) = (crc.value(), u64::from_le_bytes(*stored));
    if stored != computed {
        return Err(ErrorKind::Checksum { computed, stored });
    }
    let (kind, value) = value.split_first().ok_or(ErrorKind::Truncated)?;
    let kind = ValueType::from_byte(*kind).ok_or(ErrorKind::UnknownItem(*kind))?;
    value::read(&mut Source::with_buffer(value, value.len()), kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rdb::Encoder;

    #[test]
    fn a_value_reads_back() {
        let mut payload = vec![ValueType::Set.byte()];
        Encoder::new(true).elements(&mut payload, 2, ["a", "b"]);
        seal(&mut payload);
        let expected = Value::Set(["a", "b"].into_iter().collect());
        assert_eq!(open(&payload).unwrap(), expected);
        for end in 0..payload.len() {
            assert!(open(&payload[..end]).is_err());
        }
        for place in 0..payload.len() {
            payload[place] ^= 1;
            assert!(open(&payload).is_err());
            payload[place] ^= 1;
        }
    }

    #[test]
    fn what_redis_refuses() {
        let cases = [(11, 0), (VERSION as u16, 1)];
        for (version, damage) in cases {
            let mut payload = vec![ValueType::String.byte(), 1, b'a'];
            payload.extend(version.to_le_bytes());
            let mut crc = Crc64::new();
            crc.update(&payload);
            payload.extend((crc.value() ^ damage).to_le_bytes());
            assert!(open(&payload).is_err());
        }
    }
}
