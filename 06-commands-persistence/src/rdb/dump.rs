//! One value by itself: what the command DUMP gives and RESTORE takes.
//!
//! ```text
//!  type   value   version (2)   CRC-64 of all before (8)
//! ```

use super::crc64::Crc64;
use super::encoder::Encoder;
use super::error::ErrorKind;
use super::source::Source;
use super::{VERSION, ValueType};

/// How many bytes there are beside those of the value.
pub const FRAME: usize = 11;

/// A value in this form, which `save` writes.
pub fn write(form: ValueType, save: impl FnOnce(&mut Encoder<'_>)) -> Vec<u8> {
    let mut payload = vec![form.byte()];
    let mut encoder = Encoder::new(&mut payload, true);
    save(&mut encoder);
    encoder.flush();
    seal(&mut payload);
    payload
}

/// Appends what stands behind the form and the value.
pub fn seal(payload: &mut Vec<u8>) {
    payload.extend_from_slice(&(VERSION as u16).to_le_bytes());
    let mut crc = Crc64::new();
    crc.update(payload);
    payload.extend_from_slice(&crc.value().to_le_bytes());
}

/// What a payload holds, form and value, if nothing is wrong with what stands behind them.
///
/// # Errors
///
/// The checksum is wrong (here, unlike in a file, 0 does not stand for none), or the version is newer than [`VERSION`].
pub fn unseal(payload: &[u8]) -> Result<&[u8], ErrorKind> {
    let (sealed, stored) = payload.split_last_chunk().ok_or(ErrorKind::Truncated)?;
    let (content, version) = sealed.split_last_chunk().ok_or(ErrorKind::Truncated)?;
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
    Ok(content)
}

/// Reads a value, which was [unsealed](unseal), by `load`, which is told its form.
///
/// # Errors
///
/// The value is broken. What follows a whole value does not matter, as it does not to Redis.
pub fn read<'p, V>(
    content: &'p [u8],
    load: impl FnOnce(&mut Source<&'p [u8]>, ValueType) -> Result<V, ErrorKind>,
) -> Result<V, ErrorKind> {
    let (form, value) = content.split_first().ok_or(ErrorKind::Truncated)?;
    let form = ValueType::from_byte(*form).ok_or(ErrorKind::UnknownItem(*form))?;
    load(&mut Source::with_buffer(value, value.len()), form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rdb::elements;

    fn members(payload: &[u8]) -> Result<Vec<String>, ErrorKind> {
        read(unseal(payload)?, |source, form| {
            let mut all = Vec::new();
            elements::strings(source, form, |member| {
                all.push(member.escape_ascii().to_string());
                Ok(())
            })?;
            Ok(all)
        })
    }

    #[test]
    fn a_value_reads_back() {
        let mut payload = write(ValueType::Set, |encoder| encoder.elements(2, ["a", "b"]));
        assert_eq!(members(&payload).unwrap(), ["a", "b"]);
        for end in 0..payload.len() {
            assert!(members(&payload[..end]).is_err());
        }
        for place in 0..payload.len() {
            payload[place] ^= 1;
            assert!(members(&payload).is_err());
            payload[place] ^= 1;
        }
    }

    #[test]
    fn what_redis_refuses() {
        let cases = [(11, 0), (VERSION as u16, 1)];
        for (version, damage) in cases {
            let mut payload = vec![ValueType::Set.byte(), 1, 1, b'a'];
            payload.extend(version.to_le_bytes());
            let mut crc = Crc64::new();
            crc.update(&payload);
            payload.extend((crc.value() ^ damage).to_le_bytes());
            assert!(members(&payload).is_err());
        }
    }
}
