//! A pointer to what is shared until somebody changes it.

use std::borrow::{Borrow, BorrowMut};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

static COPIED: AtomicUsize = AtomicUsize::new(0);

/// How many bytes were copied since the program started, since somebody changed what others wanted as it was.
pub fn copied() -> usize {
    COPIED.load(Ordering::Relaxed)
}

/// A pointer whose clones share what it points to. Whoever changes it makes a copy first, unless nobody else has it
/// (copy on write).
#[derive(Debug)]
pub struct Cow<T: ?Sized>(Arc<T>);

/// What a [`Cow`] may point to.
pub trait Content: Clone {
    /// How many bytes of memory a copy takes, without those that it shares.
    fn copy_size(&self) -> usize;
}

impl<T: Content> Cow<T> {
    /// The content, to be changed; copied first where others have it.
    #[inline]
    pub fn to_mut(&mut self) -> &mut T {
        self.own(|content| (content.copy_size(), content.clone().into()))
    }
}

impl<T: Clone> Cow<[T]> {
    /// The content, to be changed; copied first where others have it.
    #[inline]
    pub fn to_mut(&mut self) -> &mut [T] {
        self.own(|content| (size_of_val(content), content.iter().cloned().collect()))
    }
}

impl<T: ?Sized> Cow<T> {
    /// The content, to be changed, unless others have it.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.is_owned().then(|| self.owned())
    }

    /// The content, to be changed; in place of it its copy, with the size of that, where others have it.
    #[inline]
    fn own(&mut self, copy: impl FnOnce(&T) -> (usize, Self)) -> &mut T {
        if !self.is_owned() {
            self.replace(copy);
        }
        self.owned()
    }

    /// Apart, so that it does not keep what leads here from being inlined.
    #[cold]
    #[inline(never)]
    fn replace(&mut self, copy: impl FnOnce(&T) -> (usize, Self)) {
        let (size, copy) = copy(self);
        COPIED.fetch_add(size, Ordering::Relaxed);
        *self = copy;
    }

    /// Whether nobody else has it.
    #[inline]
    fn is_owned(&self) -> bool {
        let owned = Arc::strong_count(&self.0) == 1;
        // Whoever let go of it has done what it did with it before.
        fence(Ordering::Acquire);
        owned
    }

    /// The content, to be changed, where nobody else has it.
    #[inline]
    fn owned(&mut self) -> &mut T {
        debug_assert!(self.is_owned());
        // SAFETY: all who call this have seen that the count is one. So this is the only pointer to the content: weak ones
        // are never made, since the `Arc` does not leave this module. It stays the only one while the reference lives,
        // which borrows it. `Arc::get_mut` says the same in safe code, but has weak pointers to think of, by a locked
        // instruction. A SET comes by here three times, for the three levels of a table, and `examples/batch.rs` would
        // show that.
        unsafe { &mut *Arc::as_ptr(&self.0).cast_mut() }
    }
}

impl<T: ?Sized> Clone for Cow<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Default for Cow<T>
where
    Arc<T>: Default,
{
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> From<T> for Cow<T> {
    fn from(content: T) -> Self {
        Self(Arc::new(content))
    }
}

impl<T> FromIterator<T> for Cow<[T]> {
    fn from_iter<I: IntoIterator<Item = T>>(content: I) -> Self {
        Self(content.into_iter().collect())
    }
}

impl<T: ?Sized> Deref for Cow<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Borrow<T> for Cow<T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: Content> BorrowMut<T> for Cow<T> {
    fn borrow_mut(&mut self) -> &mut T {
        self.to_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Content for Vec<i32> {
        fn copy_size(&self) -> usize {
            size_of_val(self.as_slice())
        }
    }

    #[test]
    fn only_what_is_shared_is_copied() {
        let mut one = Cow::from(vec![1]);
        let place = std::ptr::from_ref::<Vec<i32>>(&one);
        one.to_mut().push(2);
        let other = one.clone();
        assert_eq!(std::ptr::from_ref::<Vec<i32>>(&one), place);
        let before = copied();
        one.to_mut().push(3);
        assert!(copied() > before);
        assert_eq!((&**one, &**other), (&[1, 2, 3][..], &[1, 2][..]));
        assert_eq!(std::ptr::from_ref::<Vec<i32>>(&other), place);
        drop(one);
        let mut last = other;
        last.to_mut().clear();
        assert_eq!(std::ptr::from_ref::<Vec<i32>>(&last), place);
    }

    #[test]
    fn threads_let_go_while_another_writes() {
        for _ in 0..200 {
            let mut numbers: Cow<[u64]> = (0..1_000).collect();
            let shared = numbers.clone();
            let reader = std::thread::spawn(move || shared.iter().sum::<u64>());
            numbers.to_mut().fill(7);
            assert_eq!(reader.join().unwrap(), 499_500);
            assert_eq!(numbers.iter().sum::<u64>(), 7_000);
        }
    }
}
