//! Up to which size collections are kept in a compact form.

/// What the configuration says of it. A collection that has left its compact form does not come back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of hashes: `hash-max-listpack-entries` and `hash-max-listpack-value`.
    pub hash: Compact,
    /// Of sorted sets: `zset-max-listpack-entries` and `zset-max-listpack-value`.
    pub sorted_set: Compact,
    /// The most members of a set of integers: `set-max-intset-entries`.
    pub integers: usize,
    /// The most elements of a list's node, or a code for its bytes: `list-max-listpack-size`.
    pub list_node: i32,
    /// Of a stream's node: `stream-node-max-entries` and `stream-node-max-bytes`; 0 is any number.
    pub stream_node: Compact,
    /// The most bytes of a HyperLogLog in its sparse form: `hll-sparse-max-bytes`.
    pub sparse_bytes: usize,
}

/// The limits of a compact form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compact {
    /// The most elements.
    pub entries: usize,
    /// The most bytes: of one element, or of a node.
    pub bytes: usize,
}

impl Default for Limits {
    /// Redis's defaults.
    fn default() -> Self {
        let compact = |entries, bytes| Compact { entries, bytes };
        Self {
            hash: compact(512, 64),
            sorted_set: compact(128, 64),
            integers: 512,
            list_node: -2,
            stream_node: compact(100, 4096),
            sparse_bytes: 3000,
        }
    }
}
