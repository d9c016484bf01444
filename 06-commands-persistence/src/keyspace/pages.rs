//! A vector that grows without moving what it holds.

use std::mem;

/// Elements of a page.
pub const PAGE: usize = 32;

/// Room that the first page begins with: many vectors stay this small.
const FIRST: usize = 4;

/// A dense vector in pages of one size. To grow means to add a page, so nothing is ever copied, however
/// long the vector is. An allocator likes blocks of one size: one that is given back fits whoever asks next.
///
/// Every page has a stamp, a number in which whoever takes the pages one by one can note that a page is
/// taken.
#[derive(Debug)]
pub struct Pages<T> {
    /// All are full but the last, and none is empty.
    pages: Vec<Page<T>>,
    length: usize,
}

#[derive(Debug)]
struct Page<T> {
    stamp: u32,
    elements: Vec<T>,
}

/// Room for pages that others have left: empty vectors.
pub type Spare<T> = Vec<Vec<T>>;

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
        page.elements.get(position % PAGE)
    }

    /// The element at `position`, to be changed.
    pub fn get_mut(&mut self, position: usize) -> Option<&mut T> {
        let page = self.pages.get_mut(position / PAGE)?;
        page.elements.get_mut(position % PAGE)
    }

    /// Appends an element. If a page begins with it, that page gets this stamp.
    pub fn push(&mut self, element: T, stamp: u32) {
        self.push_reusing(element, stamp, &mut Spare::new());
    }

    /// The same, but a page that begins takes its room from `spare`, if there is some.
    pub fn push_reusing(&mut self, element: T, stamp: u32, spare: &mut Spare<T>) {
        self.length += 1;
        if let Some(Page { elements, .. }) = self.pages.last_mut()
            && elements.len() < PAGE
        {
            // The first page grows in steps; the others have all their room from the beginning.
            if elements.len() == elements.capacity() {
                elements.reserve_exact(elements.len().min(PAGE - elements.len()));
            }
            elements.push(element);
            return;
        }
        let room = if self.pages.is_empty() { FIRST } else { PAGE };
        let mut elements = spare.pop().unwrap_or_else(|| Vec::with_capacity(room));
        elements.push(element);
        self.pages.push(Page { stamp, elements });
    }

    /// Removes the element at `position`, and moves the last one into its place.
    pub fn swap_remove(&mut self, position: usize) -> Option<T> {
        if position >= self.length {
            return None;
        }
        let last = self.pages.last_mut()?;
        let mut element = last.elements.pop()?;
        if last.elements.is_empty() {
            self.pages.pop();
        }
        self.length -= 1;
        // Where the last one itself is meant, its place is gone by now.
        if let Some(place) = self.get_mut(position) {
            mem::swap(place, &mut element);
        }
        Some(element)
    }

    /// All elements, the first of them first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|page| &page.elements)
    }

    /// The elements of each page, from the first to the last.
    pub fn into_pages(self) -> impl Iterator<Item = Vec<T>> {
        self.pages.into_iter().map(|page| page.elements)
    }

    /// The elements from `start` to before `end`, the last of them first.
    pub fn downward(&self, start: usize, end: usize) -> impl Iterator<Item = &T> {
        (start..end).rev().filter_map(|position| self.get(position))
    }

    /// How many pages there are. Page `n` begins with the element at `n * PAGE`.
    pub fn page_count(&self) -> usize {
        self.pages.len()
    }

    /// The first page that has another stamp than this one.
    pub fn first_without(&self, stamp: u32) -> Option<usize> {
        self.pages.iter().position(|page| page.stamp != stamp)
    }

    /// Gives a page this stamp, and its elements if it had another one. None where it had it, or where there
    /// is no such page.
    pub fn stamp(&mut self, page: usize, stamp: u32) -> &[T] {
        match self.pages.get_mut(page) {
            Some(page) if page.stamp != stamp => {
                page.stamp = stamp;
                &page.elements
            }
            _ => &[],
        }
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
                pages.push(step, 0);
                vector.push(step);
            } else {
                let position = step * 7919 % vector.len();
                assert_eq!(
                    pages.swap_remove(position),
                    Some(vector.swap_remove(position))
                );
            }
            assert_eq!(pages.len(), vector.len());
            assert_eq!(pages.page_count(), vector.len().div_ceil(PAGE));
            assert_eq!(pages.is_empty(), vector.is_empty());
            assert_eq!(pages.get(step % 600), vector.get(step % 600));
        }
        for number in 0..500 {
            pages.push(number, 0);
            vector.push(number);
        }
        assert_eq!(pages.swap_remove(vector.len()), None);
        assert!(pages.downward(0, pages.len()).eq(vector.iter().rev()));
        assert!(pages.iter().eq(&vector));
        assert!(pages.into_pages().flatten().eq(vector));
    }

    #[test]
    fn a_page_gives_its_elements_once_for_each_stamp() {
        let mut pages = Pages::default();
        for number in 0..PAGE + 2 {
            pages.push(number, 1);
        }
        assert_eq!(pages.first_without(1), None);
        assert_eq!(pages.first_without(2), Some(0));
        assert_eq!(pages.stamp(0, 2).len(), PAGE);
        assert_eq!(pages.stamp(0, 2).len(), 0);
        assert_eq!(pages.first_without(2), Some(1));
        assert_eq!(pages.stamp(1, 2), [PAGE, PAGE + 1]);
        assert_eq!(pages.stamp(2, 2), [0; 0]);
        assert_eq!(pages.first_without(2), None);
    }
}
