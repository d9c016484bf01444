//! What is looked for: all that lies in a circle or in a rectangle. And which cells have it.

use super::place::{RADIUS, degrees, radians};
use super::{Area, Cell, FINEST, MERCATOR, Place};

/// Half of the Earth's circumference in the projection, in metres.
const HALF_EARTH: f64 = 20_037_726.37;

/// The cell in the middle and those around it, by how far they are in the east and in the north, in the order in which they
/// are searched.
const AROUND: [(i8, i8); 9] = [
    (0, 0),
    (0, 1),
    (0, -1),
    (1, 0),
    (-1, 0),
    (1, 1),
    (-1, 1),
    (1, -1),
    (-1, -1),
];

/// A shape on the Earth.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Its centre.
    pub center: Place,
    /// Its size.
    pub extent: Extent,
    /// How many metres the unit of the size has.
    pub unit: f64,
}

/// The size of a shape.
#[derive(Clone, Copy, Debug)]
pub enum Extent {
    /// A circle with this radius.
    Circle(f64),
    /// A rectangle, whose sides lie as the grid does: its width and its height.
    Rectangle(f64, f64),
}

impl Shape {
    /// How many metres it is from the centre to a place, if that is in the shape.
    pub fn distance(&self, place: Place) -> Option<f64> {
        match self.extent {
            Extent::Circle(radius) => {
                let distance = self.center.distance(place);
                (distance <= radius * self.unit).then_some(distance)
            }
            Extent::Rectangle(width, height) => {
                let beside = Place {
                    latitude: place.latitude,
                    ..self.center
                };
                let is_in = place.distance_north(self.center) <= height * self.unit / 2.
                    && place.distance(beside) <= width * self.unit / 2.;
                is_in.then(|| self.center.distance(place))
            }
        }
    }

    /// The cells that together have all that is in the shape, and more: at most nine of them.
    pub fn cells(&self) -> impl Iterator<Item = Cell> + use<> {
        let bounds = self.bounds();
        let mut steps = self.steps();
        let mut cell = MERCATOR.cell(self.center, steps);
        if steps > 1 && !is_covered(cell, bounds) {
            steps -= 1;
            cell = MERCATOR.cell(self.center, steps);
        }
        let area = MERCATOR.area(cell);
        let is_needed = move |(east, north): &(i8, i8)| {
            steps < 2
                || match east {
                    1 => area.max.longitude <= bounds.max.longitude,
                    -1 => area.min.longitude >= bounds.min.longitude,
                    _ => true,
                } && match north {
                    1 => area.max.latitude <= bounds.max.latitude,
                    -1 => area.min.latitude >= bounds.min.latitude,
                    _ => true,
                }
        };
        let around = AROUND.into_iter().filter(is_needed);
        let mut last = None;
        // In a coarse grid a cell is its neighbour's neighbour on the other side. The first one is not compared, as in Redis.
        around
            .enumerate()
            .filter_map(move |(index, (east, north))| {
                let next = cell.beside(east, north);
                let is_new = last != Some(next);
                if index > 0 {
                    last = Some(next);
                }
                is_new.then_some(next)
            })
    }

    /// The southern, western, northern and eastern limits of the shape.
    fn bounds(&self) -> Area {
        let (width, height) = match self.extent {
            Extent::Circle(radius) => (radius, radius),
            Extent::Rectangle(width, height) => (width / 2., height / 2.),
        };
        let (width, height) = (self.unit * width, self.unit * height);
        let Place {
            longitude,
            latitude,
        } = self.center;
        let north = degrees(height / RADIUS);
        // Meridians are nearest to each other at the side that is nearer to a pole.
        let widest = if latitude < 0. {
            latitude - north
        } else {
            latitude + north
        };
        let east = degrees(width / RADIUS / radians(widest).cos());
        let corner = |longitude, latitude| Place {
            longitude,
            latitude,
        };
        Area {
            min: corner(longitude - east, latitude - north),
            max: corner(longitude + east, latitude + north),
        }
    }

    /// How fine the grid may be, so that the shape should not be larger than a cell and those around it.
    fn steps(&self) -> u32 {
        let mut size = self.unit
            * match self.extent {
                Extent::Circle(radius) => radius,
                Extent::Rectangle(width, height) => {
                    ((width / 2.) * (width / 2.) + (height / 2.) * (height / 2.)).sqrt()
                }
            };
        if size == 0. {
            return FINEST;
        }
        let mut steps = 1_u32;
        while size < HALF_EARTH {
            size *= 2.;
            steps += 1;
        }
        // Cells get narrower towards the poles.
        let near_a_pole = [66., 80.].map(|limit| u32::from(self.center.latitude.abs() > limit));
        let coarser = 2 + near_a_pole.iter().sum::<u32>();
        steps.saturating_sub(coarser).clamp(1, FINEST)
    }
}

/// Whether a cell and those around it reach as far as these bounds.
fn is_covered(cell: Cell, bounds: Area) -> bool {
    let area = |east, north| MERCATOR.area(cell.beside(east, north));
    area(0, 1).max.latitude >= bounds.max.latitude
        && area(0, -1).min.latitude <= bounds.min.latitude
        && area(1, 0).max.longitude >= bounds.max.longitude
        && area(-1, 0).min.longitude <= bounds.min.longitude
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn near(random: &mut StdRng, center: Place, degrees: f64) -> Place {
        Place {
            longitude: center.longitude + random.random_range(-degrees..degrees),
            latitude: center.latitude + random.random_range(-degrees..degrees),
        }
    }

    #[test]
    fn what_is_in_a_shape_is_in_one_of_its_cells() {
        let mut random = StdRng::seed_from_u64(3);
        let mut seen = 0;
        for _ in 0..20_000 {
            let center = near(&mut random, Place::default(), 60.);
            let degrees = 10_f64.powf(random.random_range(-4.0..1.));
            let mut size = || random.random_range(1.0..150_000.) * degrees;
            let extent = match size() as u64 % 2 {
                0 => Extent::Circle(size()),
                _ => Extent::Rectangle(size(), size()),
            };
            let unit = 1.;
            let shape = Shape {
                center,
                extent,
                unit,
            };
            let place = near(&mut random, center, degrees);
            if shape.distance(place).is_some() {
                let score = MERCATOR.cell(place, FINEST).bits as f64;
                let holding = shape.cells().filter(|cell| cell.scores().contains(&score));
                assert_eq!(holding.count(), 1, "{shape:?} {place:?}");
                seen += 1;
            }
        }
        assert!(seen > 5_000, "{seen}");
    }

    #[test]
    fn the_finest_grid_is_taken_that_will_do() {
        let center = Place::default();
        let cells = |radius| {
            let extent = Extent::Circle(radius);
            let cells = Shape {
                center,
                extent,
                unit: 1.,
            }
            .cells();
            cells.map(|cell| cell.steps).collect::<Vec<_>>()
        };
        assert_eq!(cells(0.), [FINEST; 4]);
        // A cell is 2.4 km wide there.
        assert_eq!(cells(1_000.), [14; 4]);
        assert_eq!(cells(f64::INFINITY), [1; 4]);
    }
}
