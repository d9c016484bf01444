//! What clients are called inside the server.

/// Names a client. Those who came earlier are smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId {
    number: u64,
    place: usize,
}

impl ClientId {
    pub(super) const fn new(number: u64, place: usize) -> Self {
        Self { number, place }
    }

    /// Its number, in the order in which they came, as CLIENT ID gives it. No number is used twice.
    pub fn number(self) -> u64 {
        self.number
    }

    /// Where it is in the table of clients, for as long as it is there.
    pub(super) fn place(self) -> usize {
        self.place
    }
}
