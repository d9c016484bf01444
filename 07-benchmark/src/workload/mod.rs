//! What is sent: commands, the keys and values in them, and their bytes.

mod catalogue;
mod command;
mod numbers;
mod requests;

pub use catalogue::{TESTS, Test, find};
pub use command::{Command, Expected};
pub use numbers::{KeyPattern, Numbers, Seat};
pub use requests::{Note, Requests, mark, request_length};

/// Sizes of values in bytes: each between the two is as likely as any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// At least 1.
    pub least: usize,
    /// At least `least`.
    pub most: usize,
}

impl Sizes {
    /// Values that are all alike.
    pub const fn fixed(size: usize) -> Self {
        Self {
            least: size,
            most: size,
        }
    }
}

/// What a run sends.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The commands, each with its weight; one at least.
    pub commands: Vec<(Command, u32)>,
    /// Different numbers in the place of `__rand_int__`; 0: always the same.
    pub keys: u64,
    /// Which of them come how often.
    pub pattern: KeyPattern,
    /// Sizes of the values.
    pub sizes: Sizes,
    /// The same seed gives the same requests again.
    pub seed: u64,
    /// Whether a value begins with the number of its key, so that a reply can be held against its request; a
    /// short one is the number's last digits. Without, it is a row of `x`, as redis-benchmark sends it.
    pub marked: bool,
    /// Whether all that its commands read was written before.
    pub filled: bool,
}

impl Workload {
    /// One command, again and again.
    pub fn single(command: Command) -> Self {
        Self {
            commands: vec![(command, 1)],
            keys: 0,
            pattern: KeyPattern::Uniform,
            sizes: Sizes::fixed(3),
            seed: 0,
            marked: false,
            filled: false,
        }
    }

    /// Whether what was written before must still be there: it all was, and no command may have removed it.
    pub fn keeps(&self) -> bool {
        let mut commands = self.commands.iter();
        self.filled && commands.all(|(command, _)| command.keeps())
    }

    /// The longest request that it makes, in bytes.
    pub fn longest_request(&self) -> usize {
        let lengths = self
            .commands
            .iter()
            .map(|(command, _)| request_length(command, self.sizes.most));
        lengths.max().unwrap_or(0)
    }
}
