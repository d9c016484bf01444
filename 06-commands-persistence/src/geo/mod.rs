//! Places on the Earth: how one becomes a number, how far it is from one to another, and which numbers are near.
//!
//! ```text
//! shape (what is looked for, and the cells that cover it) ---- cell (a grid, whose cells are numbers)
//!                                                     `------- place (longitude, latitude, distance)
//! ```
//!
//! The order of the operations on floating-point numbers decides about last digits, and so it is Redis's throughout.

mod cell;
mod place;
mod shape;

pub use cell::{Area, Cell, FINEST, Grid, MERCATOR, WHOLE};
pub use place::Place;
pub use shape::{Extent, Shape};
