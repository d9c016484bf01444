//! What a key can hold.

use super::SmallBytes;
use super::list::List;
use super::set::Set;

/// The value of a key. Small strings lie in place; everything else lies behind a pointer, so that a value
/// is three words.
#[derive(Debug)]
pub enum Value {
    /// Bytes.
    String(SmallBytes),
    /// A list; never empty while a key holds it.
    List(Box<List>),
    /// A set; never empty while a key holds it.
    Set(Box<Set>),
}

/// A key holds another type than the command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// A type of value, to be found in a [`Value`] and made anew. With it one set of methods of
/// [`KeyMut`](super::db::KeyMut) serves all types.
pub trait Kind: Sized {
    /// Whether it can run out of elements, and the key must then go.
    const HAS_ELEMENTS: bool = false;

    /// The value, if it is of this type.
    fn of(value: &Value) -> Option<&Self>;

    /// The value, to be changed, if it is of this type.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
}

/// The types that hold elements: a key that would hold none of them is no key.
pub trait Collection: Kind {
    /// A value without elements, to be filled at once.
    fn empty() -> Value;
}

impl Kind for SmallBytes {
    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::String(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        match value {
            Value::String(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl Kind for List {
    const HAS_ELEMENTS: bool = true;

    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        match value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }
}

impl Collection for List {
    fn empty() -> Value {
        Value::List(Box::default())
    }
}

impl Kind for Set {
    const HAS_ELEMENTS: bool = true;

    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::Set(set) => Some(set),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        match value {
            Value::Set(set) => Some(set),
            _ => None,
        }
    }
}

impl Collection for Set {
    fn empty() -> Value {
        Value::Set(Box::default())
    }
}

/// Memory behind pointers, in allocations and in bytes, above which a value is freed by a thread of its own.
const MANY_ALLOCATIONS: usize = 64;
const MANY_BYTES: usize = 1024 * 1024;

/// A string above this many bytes is worth to be shared instead of copied.
const LARGE_STRING: usize = 4 * 1024;

impl Value {
    /// The name of its type, as TYPE gives it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
        }
    }

    /// Bytes of memory behind pointers, about.
    pub fn size(&self) -> usize {
        match self {
            Self::String(bytes) => bytes.allocated(),
            Self::List(list) => list.allocated(),
            Self::Set(set) => set.pieces() * 64,
        }
    }

    /// Whether it is a collection without elements, which no key may hold.
    pub fn is_empty_collection(&self) -> bool {
        match self {
            Self::String(_) => false,
            Self::List(list) => list.is_empty(),
            Self::Set(set) => set.is_empty(),
        }
    }

    /// The same value in the same memory, where it is large and can be shared: what becomes of this one later does not
    /// change that one. `None` for a small one, and for a large set, whose members can't be shared yet.
    pub fn share_large(&self) -> Option<Self> {
        match self {
            Self::String(bytes) if bytes.len() > LARGE_STRING => Some(Self::String(bytes.clone())),
            Self::List(list) if list.node_count() > 1 => Some(Self::List(list.clone())),
            _ => None,
        }
    }

    /// Whether to free it takes long enough that clients should not wait for it.
    pub fn is_slow_to_free(&self) -> bool {
        match self {
            Self::String(bytes) => bytes.len() > MANY_BYTES,
            Self::List(list) => list.node_count() > MANY_ALLOCATIONS,
            Self::Set(set) => set.len() > MANY_ALLOCATIONS,
        }
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
