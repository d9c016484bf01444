//! All that can be wrong with a file.

use super::{READABLE_VERSIONS, ValueType};
use std::{fmt, io};

/// Why a file cannot be read, and where.
#[derive(Debug)]
pub struct Error {
    /// How many bytes had been read when it was noticed.
    pub offset: u64,
    /// The key whose value was being read, if it was one.
    pub key: Option<Vec<u8>>,
    /// What is wrong.
    pub kind: ErrorKind,
}

/// What is wrong with a file.
#[derive(Debug)]
pub enum ErrorKind {
    /// The reader failed.
    Io(io::Error),
    /// The file ends in the middle of something.
    Truncated,
    /// The file does not begin with the letters and the digits of an RDB file.
    NotRdb,
    /// It is of a version that we do not read: see [`READABLE_VERSIONS`].
    Version(u32),
    /// In the place of an opcode or a type stands a byte that is neither.
    UnknownItem(u8),
    /// A type that we do not read.
    UnsupportedType(ValueType),
    /// An item that we do not read: what it is.
    UnsupportedItem(&'static str),
    /// In the place of a length stands something else.
    Length,
    /// A string is written in a way that there is not.
    StringEncoding(u8),
    /// A compressed string does not unpack: what is wrong with it.
    Lzf(&'static str),
    /// A block inside of a value is broken: what is wrong with it.
    Listpack(&'static str),
    /// As [`Listpack`](Self::Listpack).
    Ziplist(&'static str),
    /// As [`Listpack`](Self::Listpack).
    Intset(&'static str),
    /// A node of a list is neither a listpack (2) nor an element (1), but this.
    ListNode(u64),
    /// A set has a member twice, or a hash a field.
    Twice,
    /// A hash has a field without a value, or a sorted set a member without a score.
    OddLength,
    /// A stream does not make sense: what is wrong with it.
    Stream(&'static str),
    /// The score of a member is not a number.
    Score,
    /// The bytes are not those that were written.
    Checksum {
        /// What they give.
        computed: u64,
        /// What they should give.
        stored: u64,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {} bytes", self.offset)?;
        if let Some(key) = &self.key {
            write!(f, ", in the value of key \"{}\"", key.escape_ascii())?;
        }
        write!(f, ": {}", self.kind)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot read: {error}"),
            Self::Truncated => write!(f, "the file ends in the middle"),
            Self::NotRdb => write!(f, "this is not an RDB file"),
            Self::Version(version) => {
                let (first, last) = (READABLE_VERSIONS.start(), READABLE_VERSIONS.end());
                write!(
                    f,
                    "RDB version {version} is not one of {first} to {last}, which are read"
                )
            }
            Self::UnknownItem(byte) => write!(f, "no item begins with the byte {byte}"),
            Self::UnsupportedType(kind) => {
                write!(
                    f,
                    "it is a {} (type {}), which this server does not have yet",
                    kind.name(),
                    kind.byte()
                )
            }
            Self::UnsupportedItem(what) => write!(f, "not supported: {what}"),
            Self::Length => write!(f, "expected a length"),
            Self::StringEncoding(number) => write!(f, "strings have no encoding {number}"),
            Self::Lzf(what) => write!(f, "compressed string: {what}"),
            Self::Listpack(what) => write!(f, "listpack: {what}"),
            Self::Ziplist(what) => write!(f, "ziplist: {what}"),
            Self::Intset(what) => write!(f, "intset: {what}"),
            Self::ListNode(number) => write!(f, "lists have no nodes of kind {number}"),
            Self::Twice => write!(f, "a member or a field is there twice"),
            Self::OddLength => write!(f, "the last field or member stands alone"),
            Self::Stream(what) => write!(f, "stream: {what}"),
            Self::Score => write!(f, "a score is not a number"),
            Self::Checksum { computed, stored } => {
                write!(
                    f,
                    "the checksum is {computed:016x}, but should be {stored:016x}"
                )
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}
