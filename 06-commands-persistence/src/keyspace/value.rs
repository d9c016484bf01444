//! What a key can hold.
//!
//! A type is one implementation of [`DataType`], in a file of its own, and one line in the list below.

use super::SmallBytes;
use super::cow::Cow;
use super::data_type::DataType;
use super::digest::Digest;
use super::hash::Hash;
use super::limits::Limits;
use super::list::List;
use super::set::Set;
use super::sorted_set::SortedSet;
use super::stream::Stream;
use crate::rdb::{Encoder, ErrorKind, Source, ValueType};
use std::borrow::{Borrow, BorrowMut};
use std::io::Read;

/// A key holds another type than the command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// A type to be found in a [`Value`], and made one.
pub trait Kind: DataType + Into<Value> {
    /// The value, if it is of this type.
    fn of(value: &Value) -> Option<&Self>;

    /// The value, to be changed, if it is of this type.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
}

/// Defines the types of values, and passes on to each what is asked of any.
macro_rules! types {
    ($($(#[$doc:meta])* $variant:ident($held:ty): $kind:ty;)*) => {
        /// The value of a key. Small strings lie in place; everything else lies behind a pointer, so that a value
        /// is three words. Clones share what lies there.
        #[derive(Clone, Debug)]
        pub enum Value {
            $($(#[$doc])* $variant($held),)*
        }

        $(impl Kind for $kind {
            fn of(value: &Value) -> Option<&Self> {
                match value {
                    Value::$variant(held) => Some(held.borrow()),
                    _ => None,
                }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                match value {
                    Value::$variant(held) => Some(held.borrow_mut()),
                    _ => None,
                }
            }
        }

        impl From<$kind> for Value {
            fn from(kind: $kind) -> Self {
                Self::$variant(kind.into())
            }
        })*

        impl Value {
            /// The name of its type, as TYPE gives it.
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => <$kind>::NAME,)*
                }
            }

            /// The form in which it is written down.
            pub fn form(&self) -> ValueType {
                match self {
                    $(Self::$variant(_) => <$kind>::FORM,)*
                }
            }

            /// Whether it is a collection without elements, which no key may hold.
            pub fn is_empty_collection(&self) -> bool {
                match self {
                    $(Self::$variant(held) => DataType::is_empty(Borrow::<$kind>::borrow(held)),)*
                }
            }

            /// See [`DataType::size`].
            pub fn size(&self) -> usize {
                match self {
                    $(Self::$variant(held) => DataType::size(Borrow::<$kind>::borrow(held)),)*
                }
            }

            fn pieces(&self) -> usize {
                match self {
                    $(Self::$variant(held) => DataType::pieces(Borrow::<$kind>::borrow(held)),)*
                }
            }

            /// See [`DataType::encoding`].
            pub fn encoding(&self) -> &'static str {
                match self {
                    $(Self::$variant(held) => DataType::encoding(Borrow::<$kind>::borrow(held)),)*
                }
            }

            /// See [`DataType::digest`].
            pub fn digest(&self, digest: &mut Digest) {
                match self {
                    $(Self::$variant(held) => DataType::digest(Borrow::<$kind>::borrow(held), digest),)*
                }
            }

            /// Writes it down.
            pub fn save(&self, encoder: &mut Encoder<'_>) {
                match self {
                    $(Self::$variant(held) => DataType::save(Borrow::<$kind>::borrow(held), encoder),)*
                }
            }

            /// Reads one that was written in this form, by whichever server.
            ///
            /// # Errors
            /// What is wrong with it, or that there is no such type.
            pub fn load<R: Read>(
                source: &mut Source<R>,
                form: ValueType,
                limits: &Limits,
            ) -> Result<Self, ErrorKind> {
                $(if <$kind>::reads(form) {
                    return Ok(<$kind>::load(source, form, limits)?.into());
                })*
                Err(ErrorKind::UnsupportedType(form))
            }
        }
    };
}

types! {
    /// Bytes.
    String(SmallBytes): SmallBytes;
    /// A list; never empty while a key holds it.
    List(Cow<List>): List;
    /// A set; never empty while a key holds it.
    Set(Set): Set;
    /// A sorted set; never empty while a key holds it.
    SortedSet(SortedSet): SortedSet;
    /// A hash; never empty while a key holds it.
    Hash(Hash): Hash;
    /// A stream, which may be empty.
    Stream(Cow<Stream>): Stream;
}

/// Memory behind pointers, in pieces and in bytes, above which a value is freed by a thread of its own.
const MANY_PIECES: usize = 64;
const MANY_BYTES: usize = 1024 * 1024;

impl Value {
    /// Whether to free it takes long enough that clients should not wait for it.
    pub fn is_slow_to_free(&self) -> bool {
        self.pieces() > MANY_PIECES || self.size() > MANY_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_three_words() {
        assert_eq!(size_of::<Value>(), 24);
    }
}
