//! A place, and how far it is to another.

/// The Earth's radius in metres, as that of a ball.
pub(super) const RADIUS: f64 = 6_372_797.560856;

/// A place, in degrees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// From -180 in the west to 180 in the east.
    pub longitude: f64,
    /// From south to north.
    pub latitude: f64,
}

impl Place {
    /// How many metres it is to another place, along the surface of a ball (by the haversine formula).
    pub fn distance(self, other: Self) -> f64 {
        let east = radians(other.longitude) - radians(self.longitude);
        let v = (east / 2.).sin();
        if v == 0. {
            return self.distance_north(other);
        }
        let (from, to) = (radians(self.latitude), radians(other.latitude));
        let u = ((to - from) / 2.).sin();
        let a = u * u + from.cos() * to.cos() * v * v;
        2. * RADIUS * a.sqrt().asin()
    }

    /// How many metres it is to the parallel of another place.
    pub fn distance_north(self, other: Self) -> f64 {
        RADIUS * (radians(other.latitude) - radians(self.latitude)).abs()
    }
}

pub(super) fn radians(degrees: f64) -> f64 {
    degrees * (std::f64::consts::PI / 180.)
}

pub(super) fn degrees(radians: f64) -> f64 {
    radians / (std::f64::consts::PI / 180.)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::{FINEST, MERCATOR};

    #[test]
    fn distances_are_those_of_redis() {
        // As a sorted set gives them back.
        let place = |longitude, latitude| {
            let place = Place {
                longitude,
                latitude,
            };
            MERCATOR.center(MERCATOR.cell(place, FINEST))
        };
        for (from, to, expected) in [
            (
                (13.361389, 38.115556),
                (15.087269, 37.502669),
                "166274.1516",
            ),
            ((-180., 0.), (180., 0.), "0.2983"),
            ((0., -85.), (0., 85.), "18908470.9226"),
            ((0., 85.), (180., 85.), "1112263.0774"),
        ] {
            let distance = place(from.0, from.1).distance(place(to.0, to.1));
            assert_eq!(format!("{distance:.4}"), expected);
        }
    }
}
