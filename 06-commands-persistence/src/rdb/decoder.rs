//! Reads a file, item by item.
//!
//! A file is a stranger's word: it may be cut off, damaged, or made to harm. Whatever its bytes are, reading
//! ends with an error or with the end of the file. No length in it is believed before as many bytes have come.

use super::error::{Error, ErrorKind};
use super::source::Source;
use super::{
    FIRST_VERSION_WITH_CHECKSUM, MAGIC, READABLE_VERSIONS, ValueType, length, opcode, string,
};
use std::io::Read;

/// What a file holds, in its order.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<V> {
    /// A fact about the file, such as the version of the server that wrote it.
    Aux {
        /// What it is about: `redis-ver`.
        key: Vec<u8>,
        /// `7.0.15`
        value: Vec<u8>,
    },
    /// The keys that follow belong to the database with this number. Before the first of these, to number 0.
    SelectDb(u64),
    /// Makes room for keys; a hint that need not be true, and must not be trusted with memory.
    ResizeDb {
        /// How many keys the database has.
        keys: u64,
        /// How many of them expire.
        expires: u64,
    },
    /// The source of a library of functions, which belongs to the server and not to a database.
    Function(Vec<u8>),
    /// A key.
    Key {
        /// Its name.
        key: Vec<u8>,
        /// When it expires, in milliseconds since 1970. That may have passed.
        expires_at_ms: Option<i64>,
        /// What it holds.
        value: V,
    },
    /// The end of the file, whose checksum was right, or absent.
    Eof,
}

/// Reads the items of a file.
#[derive(Debug)]
pub struct Decoder<R> {
    source: Source<R>,
    version: u32,
    /// The expiry of the next key, if it came.
    expires_at_ms: Option<i64>,
    /// The key whose value is being read.
    key: Option<Vec<u8>>,
    ended: bool,
}

impl<R: Read> Decoder<R> {
    /// Reads a file's header from `reader`, which needs no buffer of its own.
    ///
    /// # Errors
    ///
    /// It is no RDB file, or not of a version that we read: [`READABLE_VERSIONS`].
    pub fn new(reader: R) -> Result<Self, Error> {
        let mut source = Source::new(reader);
        let version = read_header(&mut source).map_err(|kind| Error {
            offset: source.offset(),
            key: None,
            kind,
        })?;
        Ok(Self {
            source,
            version,
            expires_at_ms: None,
            key: None,
            ended: false,
        })
    }

    /// Reads up to the end of the next item. After the end of the file, the end again. `read` reads the value of a key,
    /// which is written in the form given.
    ///
    /// # Errors
    ///
    /// What is wrong with the file. Nobody can know where the next item would begin: further calls give the
    /// end of the file.
    pub fn next_event<V>(
        &mut self,
        read: impl FnOnce(&mut Source<R>, ValueType) -> Result<V, ErrorKind>,
    ) -> Result<Event<V>, Error> {
        if self.ended {
            return Ok(Event::Eof);
        }
        let event = self.read_event(read);
        self.ended = matches!(event, Ok(Event::Eof) | Err(_));
        event.map_err(|kind| Error {
            offset: self.source.offset(),
            key: self.key.take(),
            kind,
        })
    }

    fn read_event<V>(
        &mut self,
        read: impl FnOnce(&mut Source<R>, ValueType) -> Result<V, ErrorKind>,
    ) -> Result<Event<V>, ErrorKind> {
        let source = &mut self.source;
        loop {
            return match source.byte()? {
                opcode::EXPIRE_MILLIS => {
                    self.expires_at_ms = Some(i64::from_le_bytes(source.array()?));
                    continue;
                }
                opcode::EXPIRE_SECONDS => {
                    let seconds = i32::from_le_bytes(source.array()?);
                    self.expires_at_ms = Some(i64::from(seconds) * 1000);
                    continue;
                }
                // These help Redis to choose what to evict, and say nothing about the data.
                opcode::IDLE => {
                    length::read(source)?;
                    continue;
                }
                opcode::FREQUENCY => {
                    source.byte()?;
                    continue;
                }
                opcode::SLOT_INFO => {
                    for _ in 0..3 {
                        length::read(source)?;
                    }
                    continue;
                }
                opcode::AUX => Ok(Event::Aux {
                    key: string::read(source)?,
                    value: string::read(source)?,
                }),
                opcode::SELECT_DB => Ok(Event::SelectDb(length::read(source)?)),
                opcode::RESIZE_DB => Ok(Event::ResizeDb {
                    keys: length::read(source)?,
                    expires: length::read(source)?,
                }),
                opcode::FUNCTION => Ok(Event::Function(string::read(source)?)),
                opcode::FUNCTION_BEFORE_RELEASE => Err(ErrorKind::UnsupportedItem(
                    "a function of a release candidate of Redis 7.0",
                )),
                opcode::MODULE_AUX => Err(ErrorKind::UnsupportedItem("data of a module")),
                opcode::EOF => self.read_end(),
                byte => match ValueType::from_byte(byte) {
                    Some(form) => self.read_key(form, read),
                    None => Err(ErrorKind::UnknownItem(byte)),
                },
            };
        }
    }

    fn read_key<V>(
        &mut self,
        form: ValueType,
        read: impl FnOnce(&mut Source<R>, ValueType) -> Result<V, ErrorKind>,
    ) -> Result<Event<V>, ErrorKind> {
        // An error in the value is going to name the key.
        let key = self.key.insert(string::read(&mut self.source)?);
        let value = read(&mut self.source, form)?;
        let key = std::mem::take(key);
        self.key = None;
        let expires_at_ms = self.expires_at_ms.take();
        Ok(Event::Key {
            key,
            expires_at_ms,
            value,
        })
    }

    fn read_end<V>(&mut self) -> Result<Event<V>, ErrorKind> {
        if self.version >= FIRST_VERSION_WITH_CHECKSUM {
            let computed = self.source.checksum();
            let stored = u64::from_le_bytes(self.source.array()?);
            if stored != 0 && stored != computed {
                return Err(ErrorKind::Checksum { computed, stored });
            }
        }
        Ok(Event::Eof)
    }
}

fn read_header<R: Read>(source: &mut Source<R>) -> Result<u32, ErrorKind> {
    if &source.array()? != MAGIC {
        return Err(ErrorKind::NotRdb);
    }
    let digits: [u8; 4] = source.array()?;
    let mut version = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(ErrorKind::NotRdb);
        }
        version = version * 10 + u32::from(digit - b'0');
    }
    if READABLE_VERSIONS.contains(&version) {
        Ok(version)
    } else {
        Err(ErrorKind::Version(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items, of which keys must hold strings.
    fn events(file: &[u8]) -> Result<Vec<Event<Vec<u8>>>, Error> {
        let mut decoder = Decoder::new(file)?;
        let mut events = Vec::new();
        while events.last() != Some(&Event::Eof) {
            events.push(decoder.next_event(|source, form| match form {
                ValueType::String => string::read(source),
                other => Err(ErrorKind::UnsupportedType(other)),
            })?);
        }
        assert_eq!(decoder.next_event(|_, _| Ok(())).unwrap(), Event::Eof);
        Ok(events)
    }

    fn error(file: &[u8]) -> Error {
        events(file).expect_err("the file is broken")
    }

    /// A file of version 10 without a checksum.
    fn file(items: &[u8]) -> Vec<u8> {
        [b"REDIS0010", items, b"\xFF\0\0\0\0\0\0\0\0"].concat()
    }

    #[test]
    fn headers() {
        for bad in ["REDIX0010", "REDIS00 1", "hello, wo"] {
            assert!(matches!(error(bad.as_bytes()).kind, ErrorKind::NotRdb));
        }
        for (text, number) in [("REDIS0000", 0), ("REDIS0013", 13), ("REDIS9999", 9999)] {
            let kind = error(text.as_bytes()).kind;
            assert!(matches!(kind, ErrorKind::Version(version) if version == number));
        }
        // Before version 5 there is no checksum.
        for bytes in [b"REDIS0001\xFF", b"REDIS0004\xFF"] {
            assert_eq!(events(bytes).unwrap(), [Event::Eof]);
        }
        assert!(matches!(error(b"REDIS0005\xFF").kind, ErrorKind::Truncated));
    }

    #[test]
    fn what_stands_before_a_key_belongs_to_it() {
        let items = b"\xFD\xFF\xFF\xFF\xFF\x00\x01a\x01x\xF8\x05\xF9\x07\x00\x01b\x01y\
            \xFC\x01\0\0\0\0\0\0\0\xF9\x07\x00\x01c\x01z\xF5\x02fn\xF4\x01\x02\x03";
        let key = |name: &str, expires_at_ms, value: &str| Event::Key {
            key: name.into(),
            expires_at_ms,
            value: value.into(),
        };
        let expected = [
            key("a", Some(-1000), "x"),
            key("b", None, "y"),
            key("c", Some(1), "z"),
            Event::Function(b"fn".to_vec()),
            Event::Eof,
        ];
        assert_eq!(events(&file(items)).unwrap(), expected);
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let text = error(&file(b"\x0F\x03key\x01")).to_string();
        let expected = "after 14 bytes, in the value of key \"key\": \
            it is a stream (type 15), which this server does not have yet";
        assert_eq!(text, expected);
        let kind = error(&file(b"\xF7\0")).kind;
        assert!(matches!(kind, ErrorKind::UnsupportedItem(_)));
        let kind = error(&file(b"\x08")).kind;
        assert!(matches!(kind, ErrorKind::UnknownItem(8)));
    }
}
