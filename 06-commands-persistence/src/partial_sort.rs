//! Sorting of which only the beginning is wanted.

use std::cmp::Ordering;

/// Fewer elements are sorted by insertion.
const FEW: usize = 7;
/// From more elements than these the pivot is the median of nine, and not of three.
const MANY: usize = 40;

/// Puts the first `wanted` of the elements, as `compare` orders them, in order at the beginning; the others follow in any
/// order. For `n` elements it takes the time of `n` comparisons, and of `log(wanted)` more for each one that is wanted.
///
/// Elements that are equal come in the order in which Redis has them: this is quicksort as in Jon Bentley and Douglas McIlroy,
/// "Engineering a sort function" (1993), but parts that nobody wants are left as they are.
pub fn sort_first<T>(items: &mut [T], wanted: usize, compare: impl Fn(&T, &T) -> Ordering) {
    // Far more than chance takes. Only elements that were chosen to be bad pivots come to an end there.
    let rounds = 4 * (items.len() | 1).ilog2();
    sort_part(items, wanted, rounds, &compare);
}

fn sort_part<T>(
    mut items: &mut [T],
    mut wanted: usize,
    mut rounds: u32,
    compare: &impl Fn(&T, &T) -> Ordering,
) {
    while items.len() >= FEW {
        let Some(left) = rounds.checked_sub(1) else {
            return items.sort_by(compare);
        };
        rounds = left;
        let pivot = pivot(items, compare);
        items.swap(0, pivot);
        let (less, greater) = partition(items, compare);
        sort_part(items.split_at_mut(less).0, wanted, rounds, compare);
        let before = items.len() - greater;
        if wanted <= before {
            return;
        }
        wanted -= before;
        items = items.split_at_mut(before).1;
    }
    for next in 1..items.len() {
        let mut at = next;
        while at > 0 && order(items, at - 1, at, compare).is_gt() {
            items.swap(at - 1, at);
            at -= 1;
        }
    }
}

fn order<T>(
    items: &[T],
    one: usize,
    other: usize,
    compare: &impl Fn(&T, &T) -> Ordering,
) -> Ordering {
    let both = items.get(one).zip(items.get(other));
    both.map_or(Ordering::Equal, |(one, other)| compare(one, other))
}

/// An element that has about as many before it as behind it.
fn pivot<T>(items: &[T], compare: &impl Fn(&T, &T) -> Ordering) -> usize {
    let order = |one, other| order(items, one, other, compare);
    let median = |a, b, c| {
        if order(a, b).is_lt() {
            match (order(b, c).is_lt(), order(a, c).is_lt()) {
                (true, _) => b,
                (_, true) => c,
                _ => a,
            }
        } else {
            match (order(b, c).is_gt(), order(a, c).is_lt()) {
                (true, _) => b,
                (_, true) => a,
                _ => c,
            }
        }
    };
    let (middle, last) = (items.len() / 2, items.len() - 1);
    if items.len() == FEW {
        return middle;
    }
    if items.len() <= MANY {
        return median(0, middle, last);
    }
    let far = items.len() / 8;
    median(
        median(0, far, 2 * far),
        median(middle - far, middle, middle + far),
        median(last - 2 * far, last - far, last),
    )
}

/// Puts what comes before the first element before what is equal to it, and that before all others. How many come before it,
/// and how many behind it.
fn partition<T>(items: &mut [T], compare: &impl Fn(&T, &T) -> Ordering) -> (usize, usize) {
    // While it works, what is equal lies at both ends:
    // equal .. left, less .. low, not looked at .. high, greater .. right, equal
    let end = items.len();
    let (mut left, mut low, mut high, mut right) = (1, 1, end - 1, end - 1);
    loop {
        while low <= high && order(items, low, 0, compare).is_le() {
            if order(items, low, 0, compare).is_eq() {
                items.swap(left, low);
                left += 1;
            }
            low += 1;
        }
        while low <= high && order(items, high, 0, compare).is_ge() {
            if order(items, high, 0, compare).is_eq() {
                items.swap(high, right);
                right -= 1;
            }
            high -= 1;
        }
        if low > high {
            break;
        }
        items.swap(low, high);
        low += 1;
        high -= 1;
    }
    let (less, greater) = (low - left, right - high);
    swap_parts(items, 0, low, left.min(less));
    swap_parts(items, low, end, greater.min(end - 1 - right));
    (less, greater)
}

/// Exchanges `count` elements from `from` on with those up to `to`.
fn swap_parts<T>(items: &mut [T], from: usize, to: usize, count: usize) {
    for distance in 0..count {
        items.swap(from + distance, to - count + distance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::cell::Cell;

    #[test]
    fn the_first_ones_are_in_order_and_none_is_lost() {
        let mut random = StdRng::seed_from_u64(6);
        for _ in 0..2_000 {
            let (length, values) = (random.random_range(0..200), random.random_range(1..300));
            let items: Vec<u32> = (0..length)
                .map(|_| random.random_range(0..values))
                .collect();
            let wanted = random.random_range(0..=items.len());
            let mut sorted = items.clone();
            sorted.sort_unstable();
            let mut partly = items;
            sort_first(&mut partly, wanted, u32::cmp);
            assert_eq!(partly[..wanted], sorted[..wanted]);
            partly.sort_unstable();
            assert_eq!(partly, sorted);
        }
    }

    #[test]
    fn few_comparisons_are_made_of_any_order() {
        const ITEMS: usize = 100_000;
        let shapes: [fn(usize) -> usize; 4] =
            [|at| at, |at| ITEMS - at, |_| 0, |at| at.min(ITEMS - at)];
        for shape in shapes {
            let mut items: Vec<_> = (0..ITEMS).map(shape).collect();
            let comparisons = Cell::new(0);
            sort_first(&mut items, 10, |one, other| {
                comparisons.set(comparisons.get() + 1);
                one.cmp(other)
            });
            assert!(comparisons.get() < 20 * ITEMS, "{}", comparisons.get());
        }
    }
}
