//! How many keys the parts of a table hold.

/// Segments whose keys are counted together.
const GROUP: usize = 32;

/// Groups whose keys are counted together.
const REGION: usize = 64;

/// Counts of keys for groups of segments, and for regions of groups. With them the key with a given number
/// is found in few steps, and so is the next segment that isn't empty: at ten million keys there are ten
/// regions.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    groups: Vec<usize>,
    regions: Vec<usize>,
}

impl Counts {
    /// Notes that a segment got so many keys more, or less where it is negative.
    pub fn change(&mut self, segment: usize, by: isize) {
        add(&mut self.groups, segment / GROUP, by);
        add(&mut self.regions, segment / (GROUP * REGION), by);
    }

    /// The first segment of the group that holds the key with this number, and the number which that key has
    /// within the group.
    pub fn find(&self, mut number: usize) -> (usize, usize) {
        let region = pass(self.regions.iter().copied(), &mut number);
        let groups = self.groups.iter().skip(region * REGION).copied();
        let group = region * REGION + pass(groups, &mut number);
        (group * GROUP, number)
    }

    /// This segment, or, where it begins a group without keys, the next one that begins a group with some.
    pub fn skip_empty(&self, mut segment: usize) -> usize {
        loop {
            if is_empty(&self.regions, segment, GROUP * REGION) {
                segment += GROUP * REGION;
            } else if is_empty(&self.groups, segment, GROUP) {
                segment += GROUP;
            } else {
                return segment;
            }
        }
    }
}

/// How many of these counts come before the key with this number. It is made smaller by their sum.
pub fn pass(counts: impl Iterator<Item = usize>, number: &mut usize) -> usize {
    let mut passed = 0;
    for count in counts {
        if *number < count {
            break;
        }
        *number -= count;
        passed += 1;
    }
    passed
}

fn add(counts: &mut Vec<usize>, part: usize, by: isize) {
    if counts.len() <= part {
        counts.resize(part + 1, 0);
    }
    if let Some(count) = counts.get_mut(part) {
        // It can't fall below zero: only keys that were counted are removed.
        *count = count.wrapping_add_signed(by);
    }
}

fn is_empty(counts: &[usize], segment: usize, size: usize) -> bool {
    segment.is_multiple_of(size) && counts.get(segment / size) == Some(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_what_adding_up_finds() {
        let lengths: Vec<usize> = (0..10_000).map(|n| (n / 700 % 2) * (n % 3)).collect();
        let mut counts = Counts::default();
        for (segment, length) in lengths.iter().enumerate() {
            counts.change(segment, *length as isize + 1);
            counts.change(segment, -1);
        }
        let mut before = 0;
        for (segment, length) in lengths.iter().enumerate() {
            for number in before..before + length {
                let (group, mut within) = counts.find(number);
                let passed = pass(lengths[group..].iter().copied(), &mut within);
                assert_eq!((group + passed, within), (segment, number - before));
            }
            before += length;
            let next = counts.skip_empty(segment);
            assert!(lengths[segment..next.min(10_000)].iter().all(|n| *n == 0));
        }
        assert_eq!(counts.skip_empty(0), 21 * GROUP);
        assert_eq!(counts.skip_empty(1), 1);
    }
}
