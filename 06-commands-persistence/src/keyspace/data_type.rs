//! What is asked of every type of value.

use super::digest::Digest;
use super::limits::Limits;
use crate::rdb::{Encoder, ErrorKind, Source, ValueType, string};
use crate::resp::integer;
use crate::small_bytes::{Origin, SmallBytes};
use std::io::Read;

/// A type of value: a string, a list, and so on.
pub trait DataType: Default {
    /// What TYPE calls it.
    const NAME: &'static str;

    /// Whether it can run out of elements, and the key must then go.
    const HAS_ELEMENTS: bool = false;

    /// The form in which [`save`](Self::save) writes it.
    const FORM: ValueType;

    /// Whether it has no elements, where it can run out of them.
    fn is_empty(&self) -> bool {
        false
    }

    /// Bytes of memory behind pointers, about. Does not look at the elements.
    fn size(&self) -> usize;

    /// In how many pieces that memory is, about.
    fn pieces(&self) -> usize {
        1
    }

    /// What OBJECT ENCODING calls the form in which redis-server would keep it.
    fn encoding(&self) -> &'static str;

    /// Adds its content to a fingerprint. What is in an order is mixed, what is in none is added.
    fn digest(&self, digest: &mut Digest);

    /// Writes it down.
    fn save(&self, encoder: &mut Encoder<'_>);

    /// Whether [`load`](Self::load) reads this form.
    fn reads(form: ValueType) -> bool {
        form == Self::FORM
    }

    /// Reads one that was written in this form, by whichever server.
    ///
    /// # Errors
    /// What is wrong with it.
    fn load<R: Read>(
        source: &mut Source<R>,
        form: ValueType,
        limits: &Limits,
    ) -> Result<Self, ErrorKind>;
}

impl DataType for SmallBytes {
    const NAME: &'static str = "string";
    const FORM: ValueType = ValueType::String;

    fn size(&self) -> usize {
        self.allocated()
    }

    fn encoding(&self) -> &'static str {
        /// Up to here Redis keeps a string in one block with what it knows of it, until it is changed.
        const EMBEDDED: usize = 44;
        match self.origin() {
            Origin::Given if integer::parse(self).is_some() => "int",
            Origin::Given | Origin::Result if self.len() <= EMBEDDED => "embstr",
            _ => "raw",
        }
    }

    fn digest(&self, digest: &mut Digest) {
        digest.mix(self);
    }

    fn save(&self, encoder: &mut Encoder<'_>) {
        encoder.element(self);
    }

    fn load<R: Read>(source: &mut Source<R>, _: ValueType, _: &Limits) -> Result<Self, ErrorKind> {
        Ok(string::read(source)?.into())
    }
}
