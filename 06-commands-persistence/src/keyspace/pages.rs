//! A vector that grows without moving what it holds.

/// Elements of a page.
const PAGE: usize = 32;

/// Room that the first page begins with: many vectors stay this small.
const FIRST: usize = 4;

/// A dense vector in pages of one size. To grow means to add a page, so nothing is ever copied, however
/// long the vector is. An allocator likes blocks of one size: one that is given back fits whoever asks next.
#[derive(Debug)]
pub struct Pages<T> {
    /// All are full but the last, and none is empty.
    pages: Vec<Vec<T>>,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: Vec::new() }
    }
}

impl<T> Pages<T> {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        match self.pages.split_last() {
            Some((last, full)) => full.len() * PAGE + last.len(),
            None => 0,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// The element at `position`.
    pub fn get(&self, position: usize) -> Option<&T> {
        self.pages.get(position / PAGE)?.get(position % PAGE)
    }

    /// The element at `position`, to be changed.
    pub fn get_mut(&mut self, position: usize) -> Option<&mut T> {
        self.pages
            .get_mut(position / PAGE)?
            .get_mut(position % PAGE)
    }

    /// Appends an element.
    pub fn push(&mut self, element: T) {
        if let Some(last) = self.pages.last_mut().filter(|last| last.len() < PAGE) {
            // The first page grows in steps; the others have all their room from the beginning.
            if last.len() == last.capacity() {
                last.reserve_exact(last.len().min(PAGE - last.len()));
            }
            last.push(element);
            return;
        }
        let mut page = Vec::with_capacity(if self.pages.is_empty() { FIRST } else { PAGE });
        page.push(element);
        self.pages.push(page);
    }

    /// Removes the element at `position`, and moves the last one into its place.
    pub fn swap_remove(&mut self, position: usize) -> Option<T> {
        if position >= self.len() {
            return None;
        }
        let last = self.pages.last_mut()?;
        let mut element = last.pop()?;
        if last.is_empty() {
            self.pages.pop();
        }
        // Where the last one itself is meant, its place is gone by now.
        if let Some(place) = self.get_mut(position) {
            std::mem::swap(place, &mut element);
        }
        Some(element)
    }

    /// The elements from `start` to before `end`, the last of them first.
    pub fn downward(&self, start: usize, end: usize) -> impl Iterator<Item = &T> {
        (start..end).rev().filter_map(|position| self.get(position))
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
            assert_eq!(pages.is_empty(), vector.is_empty());
            assert_eq!(pages.get(step % 600), vector.get(step % 600));
        }
        assert_eq!(pages.swap_remove(vector.len()), None);
        assert!(pages.downward(0, pages.len()).eq(vector.iter().rev()));
    }
}
