//! What a call of the program found out, and the forms in which it is given away.
//!
//! ```text
//! files -> json ---------------------+
//!       -> html -> notices -> words -+-> latency, numbers, markup, model
//!               -> draw -------------+
//! lines, table, versus, ladder ------+-> summary, columns, text: what is printed
//! hdr: the interval log, written while a run goes on
//! ```

mod columns;
mod draw;
pub mod files;
pub mod hdr;
pub mod html;
pub mod json;
pub mod ladder;
mod latency;
pub mod lines;
mod markup;
pub mod model;
pub mod notices;
pub mod numbers;
#[cfg(test)]
mod samples;
pub mod summary;
pub mod table;
pub mod text;
pub mod versus;
pub mod words;
