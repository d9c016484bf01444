//! A vector that grows without moving what it holds, and whose clones share it.

use crate::keyspace::cow::Cow;
use std::mem;

/// Elements of a page.
pub const PAGE: usize = 32;

/// Room that the first page begins with: many vectors stay this small.
const FIRST: usize = 4;

/// A dense vector in pages of one size. To grow means to add a page, so nothing is ever copied, however
/// long the vector is. An allocator likes blocks of one size: one that is given back fits whoever asks next.
///
/// A clone shares the pages. Whoever changes a page first makes a copy of that one.
#[derive(Clone, Debug)]
pub struct Pages<T> {
    /// Each holds [`PAGE`] elements, but the last one may have room behind them. None is empty.
    pages: Vec<Page<T>>,
    length: usize,
}

/// Places of elements, some of them free.
type Page<T> = Cow<[Option<T>]>;

/// Pages that others have left: all their places are free.
pub type Spare<T> = Vec<Page<T>>;

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            length: 0,
        }
    }
}

impl<T> Pages<T> {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The element at `position`.
    pub fn get(&self, position: usize) -> Option<&T> {
        let page = self.pages.get(position / PAGE)?;
        page.get(position % PAGE)?.as_ref()
    }

    /// How many bytes of memory a clone takes.
    pub fn copy_size(&self) -> usize {
        self.pages.len() * size_of::<Page<T>>()
    }

    /// All elements, the first of them first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|page| page.iter().flatten())
    }

    /// The elements from `start` to before `end`, the last of them first.
    pub fn downward(&self, start: usize, end: usize) -> impl Iterator<Item = &T> {
        (start..end).rev().filter_map(|position| self.get(position))
    }
}

impl<T: Clone> Pages<T> {
    /// The element at `position`, to be changed.
    #[inline]
    pub fn get_mut(&mut self, position: usize) -> Option<&mut T> {
        self.place(position)?.as_mut()
    }

    /// Appends an element.
    pub fn push(&mut self, element: T) {
        self.push_reusing(element, &mut Spare::new());
    }

    /// The same, but a page that begins is taken from `spare`, if there is one.
    pub fn push_reusing(&mut self, element: T, spare: &mut Spare<T>) {
        let position = self.length;
        self.length += 1;
        if self.place(position).is_none() {
            self.make_room(spare);
        }
        if let Some(place) = self.place(position) {
            *place = Some(element);
        }
    }

    /// Removes the element at `position`, and moves the last one into its place.
    pub fn swap_remove(&mut self, position: usize) -> Option<T> {
        let last = self
            .length
            .checked_sub(1)
            .filter(|last| position <= *last)?;
        let mut element = self.place(last)?.take()?;
        self.length = last;
        self.pages.truncate(last.div_ceil(PAGE));
        // Where the last one itself is meant, its place is free by now.
        if let Some(place) = self.get_mut(position) {
            mem::swap(place, &mut element);
        }
        Some(element)
    }

    /// Calls `visit` for each element, the first of them first. Gives the pages to be used again.
    pub fn drain(self, mut visit: impl FnMut(T, &mut Spare<T>)) {
        let mut spare = Spare::new();
        for mut page in self.pages {
            for element in page.to_mut().iter_mut().filter_map(Option::take) {
                visit(element, &mut spare);
            }
            // The first one may be a small one.
            if page.len() == PAGE {
                spare.push(page);
            }
        }
    }

    /// All elements, the first of them first. Lets go of each page when its elements are given.
    pub fn consume(self) -> impl Iterator<Item = T> {
        let pages = self.pages.into_iter();
        pages.flat_map(|page| page.iter().flatten().cloned().collect::<Vec<_>>())
    }

    #[inline]
    fn place(&mut self, position: usize) -> Option<&mut Option<T>> {
        let page = self.pages.get_mut(position / PAGE)?;
        page.to_mut().get_mut(position % PAGE)
    }

    /// Adds a page. The first one grows in steps; the others have all their room from the beginning.
    fn make_room(&mut self, spare: &mut Spare<T>) {
        let free = |count| std::iter::repeat_with(|| None).take(count);
        if let [first] = self.pages.as_mut_slice()
            && first.len() < PAGE
        {
            let held = first.to_mut().iter_mut().map(Option::take);
            let held: Vec<_> = held.collect();
            let room = held.len();
            *first = held.into_iter().chain(free(room)).collect();
            return;
        }
        let room = if self.pages.is_empty() { FIRST } else { PAGE };
        self.pages
            .push(spare.pop().unwrap_or_else(|| free(room).collect()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_what_a_vector_does() {
        let (mut pages, mut vector) = (Pages::default(), Vec::new());
        for step in 0..5_000_usize {
            // Grows to some hundreds, and shrinks to nothing again.
            let grows = (step / 500).is_multiple_of(2);
            if grows || vector.is_empty() {
                pages.push(step);
                vector.push(step);
            } else {
                let position = step * 7919 % vector.len();
                assert_eq!(
                    pages.swap_remove(position),
                    Some(vector.swap_remove(position))
                );
            }
            assert_eq!(pages.len(), vector.len());
            assert_eq!(pages.pages.len(), vector.len().div_ceil(PAGE));
            assert_eq!(pages.is_empty(), vector.is_empty());
            assert_eq!(pages.get(step % 600), vector.get(step % 600));
        }
        for number in 0..500 {
            pages.push(number);
            vector.push(number);
        }
        assert_eq!(pages.swap_remove(vector.len()), None);
        assert!(pages.downward(0, pages.len()).eq(vector.iter().rev()));
        assert!(pages.iter().eq(&vector));
        let mut drained = Vec::new();
        pages.drain(|element, _| drained.push(element));
        assert_eq!(drained, vector);
    }
}
