//! Lines that may arrive in pieces.

/// Looks for the end of a line in bytes that grow, and looks at each byte once.
#[derive(Debug, Default)]
pub(super) struct LineScanner {
    /// Bytes of the current line already searched.
    searched: usize,
}

impl LineScanner {
    /// The position of `end` in `bytes`, which holds what has arrived of a line from its first byte on.
    /// After `None`, call again with the same bytes and more behind them; after a position, with the
    /// next line.
    pub(super) fn find(&mut self, bytes: &[u8], end: u8) -> Option<usize> {
        let fresh = bytes.get(self.searched..).unwrap_or_default();
        let Some(position) = fresh.iter().position(|byte| *byte == end) else {
            self.searched = bytes.len();
            return None;
        };
        let found = self.searched + position;
        self.searched = 0;
        Some(found)
    }

    /// Makes the next search of the same line begin at `position`.
    pub(super) fn resume_at(&mut self, position: usize) {
        self.searched = position;
    }
}
