//! A grid over the Earth whose cells are numbers: a geohash.
//!
//! Each step halves longitude and latitude, and adds two bits: in which half it is. So a cell's number begins with the number of
//! the larger cell around it, and what lies in a cell is one range of numbers.
//!
//! ```text
//! one step            two steps
//! +------+------+     0101 0111 1101 1111
//! |  01  |  11  |     0100 0110 1100 1110
//! +------+------+     0001 0011 1001 1011
//! |  00  |  10  |     0000 0010 1000 1010
//! +------+------+
//! ```

use super::Place;
use std::ops::Range;

/// The most steps: 52 bits, which a floating-point number holds without loss.
pub const FINEST: u32 = 26;

/// Where bits of the longitude are.
const LONGITUDE: u64 = 0xaaaa_aaaa_aaaa_aaaa;
const LATITUDE: u64 = !LONGITUDE;

/// What a grid covers, and how far north and south.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    highest_latitude: f64,
}

/// As far as the Mercator projection is a square: what sorted sets hold are cells of it.
pub const MERCATOR: Grid = Grid {
    highest_latitude: 85.051_128_78,
};

/// From pole to pole: what GEOHASH answers, as others do.
pub const WHOLE: Grid = Grid {
    highest_latitude: 90.,
};

const HIGHEST_LONGITUDE: f64 = 180.;

/// A cell of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its number: two bits for each step.
    pub bits: u64,
    /// How often the grid was halved.
    pub steps: u32,
}

/// What a cell covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Its corner in the south-west.
    pub min: Place,
    /// Its corner in the north-east.
    pub max: Place,
}

impl Grid {
    /// Whether it covers this place.
    pub fn covers(self, place: Place) -> bool {
        place.longitude.abs() <= HIGHEST_LONGITUDE && place.latitude.abs() <= self.highest_latitude
    }

    /// The cell of a place that the grid covers.
    pub fn cell(self, place: Place, steps: u32) -> Cell {
        let number = |degrees: f64, highest: f64| {
            let offset = (degrees + highest) / (highest + highest);
            (offset * (1_u64 << steps) as f64) as u32
        };
        let longitude = number(place.longitude, HIGHEST_LONGITUDE);
        let latitude = number(place.latitude, self.highest_latitude);
        let bits = spread(latitude) | spread(longitude) << 1;
        Cell { bits, steps }
    }

    /// What a cell covers.
    pub fn area(self, cell: Cell) -> Area {
        let degrees = |number: u32, highest: f64| {
            let offset = f64::from(number) / (1_u64 << cell.steps) as f64;
            -highest + offset * (highest + highest)
        };
        let (longitude, latitude) = (gather(cell.bits >> 1), gather(cell.bits));
        let corner = |longitude, latitude| Place {
            longitude: degrees(longitude, HIGHEST_LONGITUDE),
            latitude: degrees(latitude, self.highest_latitude),
        };
        Area {
            min: corner(longitude, latitude),
            max: corner(longitude.wrapping_add(1), latitude.wrapping_add(1)),
        }
    }

    /// The centre of a cell. It is in the grid, whatever the number of the cell is.
    pub fn center(self, cell: Cell) -> Place {
        let Area { min, max } = self.area(cell);
        let between =
            |min: f64, max: f64, highest: f64| ((min + max) / 2.).clamp(-highest, highest);
        Place {
            longitude: between(min.longitude, max.longitude, HIGHEST_LONGITUDE),
            latitude: between(min.latitude, max.latitude, self.highest_latitude),
        }
    }
}

impl Cell {
    /// The cell whose number a sorted set holds as a score.
    pub fn of_score(score: f64) -> Self {
        const TWO_63: f64 = (1_u64 << 63) as f64;
        // Any score may stand there. A processor makes these numbers of what is no cell.
        let bits = match score {
            ..TWO_63 => (score as i64).cast_unsigned(),
            _ if score < 2. * TWO_63 => score as u64,
            _ => 0,
        };
        let steps = FINEST;
        Self { bits, steps }
    }

    /// The numbers of the finest cells in it, as scores.
    pub fn scores(self) -> Range<f64> {
        let score = |bits: u64| (bits << (2 * (FINEST - self.steps))) as f64;
        score(self.bits)..score(self.bits + 1)
    }

    /// The cell beside it, so many to the east and to the north: -1, 0 or 1. Behind the last one comes the first one.
    pub fn beside(self, east: i8, north: i8) -> Self {
        let longitude = self.moved(LONGITUDE, east);
        let latitude = self.moved(LATITUDE, north);
        Self {
            bits: longitude | latitude,
            ..self
        }
    }

    /// One of the two coordinates, in its bits, moved by one. The others are filled so that what is carried passes over them.
    fn moved(self, mask: u64, by: i8) -> u64 {
        let one = mask & mask.wrapping_neg();
        let moved = match by {
            0 => return self.bits & mask,
            1.. => (self.bits | !mask).wrapping_add(one),
            _ => (self.bits & mask).wrapping_sub(one),
        };
        moved & mask & (u64::MAX >> (u64::BITS - 2 * self.steps))
    }
}

/// Puts a zero before each bit.
fn spread(number: u32) -> u64 {
    let halves = [
        (16, 0xffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
    ];
    let rest = [(2, 0x3333_3333_3333_3333), (1, LATITUDE)];
    let steps = halves.into_iter().chain(rest);
    steps.fold(number.into(), |bits, (shift, mask): (u32, u64)| {
        (bits | bits << shift) & mask
    })
}

/// Takes every second bit.
fn gather(bits: u64) -> u32 {
    let halves = [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
    ];
    let rest = [(8, 0xffff_0000_ffff), (16, 0xffff_ffff)];
    let steps = halves.into_iter().chain(rest);
    let bits = steps.fold(bits & LATITUDE, |bits, (shift, mask): (u32, u64)| {
        (bits | bits >> shift) & mask
    });
    bits as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn place(longitude: f64, latitude: f64) -> Place {
        Place {
            longitude,
            latitude,
        }
    }

    #[test]
    fn numbers_are_those_of_redis() {
        for (longitude, latitude, bits) in [
            (13.361389, 38.115556, 3_479_099_956_230_698),
            (15.087269, 37.502669, 3_479_447_370_796_909),
            (-180., -85.05112878, 0),
            (0., 0., 3_377_699_720_527_872),
        ] {
            let cell = MERCATOR.cell(place(longitude, latitude), FINEST);
            assert_eq!(cell.bits, bits);
            assert_eq!(Cell::of_score(bits as f64), cell);
        }
    }

    #[test]
    fn a_place_is_in_its_cell_and_its_number_in_each_larger_one() {
        let mut random = StdRng::seed_from_u64(1);
        for _ in 0..1_000 {
            let place = place(
                random.random_range(-180.0..180.),
                random.random_range(-85.0..85.),
            );
            let finest = MERCATOR.cell(place, FINEST);
            for steps in 1..=FINEST {
                let cell = MERCATOR.cell(place, steps);
                let Area { min, max } = MERCATOR.area(cell);
                assert!(min.longitude <= place.longitude && place.longitude <= max.longitude);
                assert!(min.latitude <= place.latitude && place.latitude <= max.latitude);
                assert!(cell.scores().contains(&(finest.bits as f64)));
            }
        }
    }

    #[test]
    fn neighbours_touch_and_go_around_the_earth() {
        let mut random = StdRng::seed_from_u64(2);
        for _ in 0..1_000 {
            let steps = random.random_range(1..=FINEST);
            let bits = random.random_range(0..1_u64 << (2 * steps));
            let cell = Cell { bits, steps };
            assert_eq!(cell.beside(0, 0), cell);
            assert_eq!(cell.beside(1, -1).beside(-1, 1), cell);
            let (area, east) = (MERCATOR.area(cell), MERCATOR.area(cell.beside(1, 0)));
            assert_eq!(area.min.latitude, east.min.latitude);
            let is_last = area.max.longitude == 180.;
            let edge = if is_last { -180. } else { area.max.longitude };
            assert_eq!(east.min.longitude, edge);
        }
    }

    #[test]
    fn any_score_is_somewhere() {
        for score in [
            -1.,
            0.5,
            -0.,
            1e18,
            1e19,
            1e300,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ] {
            assert!(MERCATOR.covers(MERCATOR.center(Cell::of_score(score))));
        }
    }
}
