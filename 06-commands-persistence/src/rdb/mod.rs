//! RDB, the format of Redis's snapshots: a whole keyspace as one run of bytes.
//!
//! Nothing in here knows how the server keeps its data, or where the bytes come from and go to. The
//! [`Encoder`] writes to anything that is [`std::io::Write`], the [`Decoder`] reads from [`std::io::Read`].
//!
//! A file from beginning to end. What stands in `[ ]` is a string or a length as described below:
//!
//! ```text
//!  REDIS0010                               five letters, and the version in four digits
//!  FA [redis-ver] [7.0.15]                 auxiliary fields: facts about the file, pairs of strings
//!  FA [ctime] [1700000000]
//!  FE [0]                                  what follows belongs to database 0
//!  FB [2] [1]                              it has 2 keys, 1 of them with an expiry: tables can be sized
//!  00 [greeting] [hello]                   a key: the type of its value, its name, its value
//!  FC d2 02 96 49 00 00 00 00              an expiry, in milliseconds, belongs to the next key
//!  01 [queue] [3] [a] [b] [c]              a list of three elements
//!  FE [1]                                  on to database 1
//!  ...
//!  FF                                      the end
//!  8 bytes                                 the CRC-64 of all bytes up to here, or 0 for none
//! ```
//!
//! So a file is a row of items, each led by one byte: an [`opcode`], which are the numbers from the top, or
//! the [`ValueType`] of a key, which are those from the bottom. Nothing says how long an item is as a whole.
//! A reader that meets a byte it does not know cannot step over it, and gives up.
//!
//! - [`length`]: numbers in 1, 2, 5 or 9 bytes.
//! - [`string`]: a length and bytes; or a number in 1, 2 or 4 bytes; or bytes compressed by [`lzf`].
//! - [`encoder`] and [`decoder`]: files. [`elements`]: what a key holds. [`dump`]: one value by itself.
//! - [`listpack`], [`ziplist`], [`intset`]: how Redis keeps small collections in memory. It writes such a
//!   block into the file as it is, in the place of one string. We have to read these, but need not write
//!   them: Redis also loads the plain forms, a count followed by the elements.
//! - [`crc64`]: the checksum. [`error`]: all that can be wrong with a file.
//!
//! Numbers inside of items have their low byte first, but for lengths, which have their high byte first.

pub mod crc64;
pub mod decoder;
pub mod dump;
pub mod elements;
pub mod encoder;
pub mod error;
pub mod intset;
pub mod length;
pub mod listpack;
pub mod lzf;
mod packed;
pub mod source;
pub mod string;
pub mod ziplist;

pub use crc64::Crc64;
pub use decoder::{Decoder, Event};
pub use encoder::Encoder;
pub use error::{Error, ErrorKind};
pub use source::Source;

use std::ops::RangeInclusive;

/// What a file begins with, before the four digits of its version.
pub const MAGIC: &[u8; 5] = b"REDIS";

/// The version we write, which is that of Redis 7.0.
pub const VERSION: u32 = 10;

/// The versions we read: from Redis's first to that of Redis 7.4.
pub const READABLE_VERSIONS: RangeInclusive<u32> = 1..=12;

/// The first version that ends with a checksum.
pub const FIRST_VERSION_WITH_CHECKSUM: u32 = 5;

/// Bytes that lead an item which is no key.
pub mod opcode {
    /// Redis 7.4 in a cluster: a slot's number, how many keys it has, and how many of them expire.
    pub const SLOT_INFO: u8 = 0xF4;
    /// The source of a library of functions.
    pub const FUNCTION: u8 = 0xF5;
    /// The same, as release candidates of Redis 7.0 wrote it.
    pub const FUNCTION_BEFORE_RELEASE: u8 = 0xF6;
    /// Data of a module that belongs to no key.
    pub const MODULE_AUX: u8 = 0xF7;
    /// For how many seconds the next key has not been used: a length.
    pub const IDLE: u8 = 0xF8;
    /// How often the next key is used: one byte, on a logarithmic scale.
    pub const FREQUENCY: u8 = 0xF9;
    /// An auxiliary field: two strings.
    pub const AUX: u8 = 0xFA;
    /// How many keys the database has, and how many of them expire: two lengths.
    pub const RESIZE_DB: u8 = 0xFB;
    /// When the next key expires: milliseconds since 1970, as a signed number of 8 bytes.
    pub const EXPIRE_MILLIS: u8 = 0xFC;
    /// When the next key expires: seconds since 1970, as a signed number of 4 bytes. No longer written.
    pub const EXPIRE_SECONDS: u8 = 0xFD;
    /// The number of the database that follows: a length.
    pub const SELECT_DB: u8 = 0xFE;
    /// The end of the file, but for the checksum.
    pub const EOF: u8 = 0xFF;
}

/// Defines the types with their numbers and names, and finds a type by its number.
macro_rules! value_types {
    ($($variant:ident = $number:literal, $name:literal;)*) => {
        /// The byte before a key: what the key holds, and in which form it is written.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum ValueType {
            $(#[doc = concat!("A ", $name, ".")] $variant = $number,)*
        }

        impl ValueType {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The type with this number.
            pub fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// What it is, for messages: "hash as listpack".
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

value_types! {
    String = 0, "string";
    List = 1, "list";
    Set = 2, "set";
    SortedSetText = 3, "sorted set with scores as text";
    Hash = 4, "hash";
    SortedSet = 5, "sorted set";
    ModuleBeforeRelease = 6, "value of a module, as before Redis 4.0";
    Module = 7, "value of a module";
    HashZipmap = 9, "hash as zipmap, as before Redis 2.6";
    ListZiplist = 10, "list as ziplist";
    SetIntset = 11, "set as intset";
    SortedSetZiplist = 12, "sorted set as ziplist";
    HashZiplist = 13, "hash as ziplist";
    ListQuicklist = 14, "list as quicklist of ziplists";
    Stream = 15, "stream";
    HashListpack = 16, "hash as listpack";
    SortedSetListpack = 17, "sorted set as listpack";
    ListQuicklist2 = 18, "list as quicklist of listpacks";
    Stream2 = 19, "stream of Redis 7.0";
    SetListpack = 20, "set as listpack";
    Stream3 = 21, "stream of Redis 7.2";
    HashExpiresBeforeRelease = 22, "hash with expiring fields, as before Redis 7.4";
    HashListpackExpiresBeforeRelease = 23, "hash as listpack with expiring fields, as before Redis 7.4";
    HashExpires = 24, "hash with expiring fields";
    HashListpackExpires = 25, "hash as listpack with expiring fields";
}

impl ValueType {
    /// Its number in the file.
    pub fn byte(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_found_by_its_number() {
        for &kind in ValueType::ALL {
            assert_eq!(ValueType::from_byte(kind.byte()), Some(kind));
        }
        assert_eq!(ValueType::from_byte(8), None);
        assert_eq!(ValueType::from_byte(26), None);
    }
}
