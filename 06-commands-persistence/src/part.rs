//! Parts of slices whose bounds are our own: a wrong one is a fault of the program, not of its input.

use std::slice::SliceIndex;

/// Gives parts without panicking.
pub trait Part<T> {
    /// The part in `range`. Where that is not within the slice nothing; in a debug build it panics, so that tests find it.
    fn part<R: SliceIndex<[T], Output = [T]>>(&self, range: R) -> &[T];

    /// The same, to be changed.
    fn part_mut<R: SliceIndex<[T], Output = [T]>>(&mut self, range: R) -> &mut [T];
}

impl<T> Part<T> for [T] {
    #[inline]
    fn part<R: SliceIndex<[T], Output = [T]>>(&self, range: R) -> &[T] {
        let part = self.get(range);
        debug_assert!(part.is_some(), "a wrong span of {}", self.len());
        part.unwrap_or_default()
    }

    #[inline]
    fn part_mut<R: SliceIndex<[T], Output = [T]>>(&mut self, range: R) -> &mut [T] {
        let length = self.len();
        let part = self.get_mut(range);
        debug_assert!(part.is_some(), "a wrong span of {length}");
        part.unwrap_or_default()
    }
}
