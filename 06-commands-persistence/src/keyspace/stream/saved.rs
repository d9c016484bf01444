//! How a stream is written down, and read from the forms of Redis 5 to 7.2.
//!
//! ```text
//!  [nodes]   for each: [its id, 16 bytes] [its listpack]
//!  [length] [last id: ms] [seq]
//!  [first id: ms] [seq] [largest deleted id: ms] [seq] [entries added]       since Redis 7.0
//!  [groups]  for each: [name] [last id: ms] [seq] [entries read, since 7.0]
//!            [pending]    for each: id (16)  delivered at (8)  [deliveries]
//!            [consumers]  for each: [name]  seen at (8)  active at (8), since 7.2
//!                         [pending]  for each: id (16)
//! ```

use super::group::{Consumer, Group, Pending};
use super::id::StreamId;
use super::node::Node;
use super::{Cow, SmallBytes, Stream};
use crate::clock::UnixMillis;
use crate::keyspace::data_type::DataType;
use crate::keyspace::digest::Digest;
use crate::keyspace::limits::Limits;
use crate::rdb::{Encoder, ErrorKind, Source, ValueType, length, string};
use crate::resp::integer::MAX_TEXT;
use std::collections::HashMap;
use std::io::Read;

impl DataType for Stream {
    const NAME: &'static str = "stream";
    const FORM: ValueType = ValueType::Stream2;

    /// Looks at the groups, not at what is in them.
    fn size(&self) -> usize {
        let groups: usize = self.groups().map(|(_, group)| group.size()).sum();
        self.bytes + self.nodes.size() + groups
    }

    fn pieces(&self) -> usize {
        let groups: usize = self.groups().map(|(_, group)| group.pieces()).sum();
        self.nodes.len() + groups
    }

    fn encoding(&self) -> &'static str {
        "stream"
    }

    fn digest(&self, digest: &mut Digest) {
        let mut digits = [0; MAX_TEXT];
        for entry in self.range(StreamId::MIN, StreamId::MAX) {
            digest.mix(format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
            for (field, value) in entry.fields {
                digest.mix(field.text(&mut digits));
                digest.mix(value.text(&mut digits));
            }
        }
    }

    fn save(&self, encoder: &mut Encoder<'_>) {
        encoder.length(self.nodes.len() as u64);
        for (first, node) in self.nodes.iter() {
            encoder.element(&first.to_bytes());
            encoder.element(node.block());
        }
        encoder.length(self.length as u64);
        for id in [self.last_id, self.first_id, self.max_deleted_id] {
            save_id(encoder, id);
        }
        encoder.length(self.entries_added);
        encoder.length(self.groups.len() as u64);
        for (name, group) in self.groups() {
            encoder.element(name);
            save_group(encoder, group);
        }
    }

    fn reads(form: ValueType) -> bool {
        use ValueType::{Stream, Stream2, Stream3};
        matches!(form, Stream | Stream2 | Stream3)
    }

    fn load<R: Read>(
        source: &mut Source<R>,
        form: ValueType,
        _: &Limits,
    ) -> Result<Self, ErrorKind> {
        let mut stream = Self::default();
        let has_past = form != ValueType::Stream;
        load_nodes(&mut stream, source)?;
        let last_node = stream.last().map_or(StreamId::MIN, |entry| entry.id);
        if length::read(source)? != stream.length as u64 {
            return Err(ErrorKind::Stream("it has not as many entries as it states"));
        }
        stream.last_id = load_id(source)?;
        if stream.last_id < last_node {
            return Err(ErrorKind::Stream(
                "an entry has a larger id than the last one",
            ));
        }
        stream.find_first_id();
        stream.entries_added = stream.length as u64;
        if has_past {
            // What is stated as the first one is what we have found.
            load_id(source)?;
            stream.max_deleted_id = load_id(source)?;
            stream.entries_added = length::read(source)?;
        }
        for _ in 0..length::read(source)? {
            let name = string::read(source)?;
            let group = load_group(&stream, source, form)?;
            if !stream.add_group(&name, group) {
                return Err(ErrorKind::Twice);
            }
        }
        Ok(stream)
    }
}

fn save_id(encoder: &mut Encoder<'_>, id: StreamId) {
    encoder.length(id.ms);
    encoder.length(id.seq);
}

fn load_id<R: Read>(source: &mut Source<R>) -> Result<StreamId, ErrorKind> {
    Ok(StreamId::new(length::read(source)?, length::read(source)?))
}

fn load_raw_id<R: Read>(source: &mut Source<R>) -> Result<StreamId, ErrorKind> {
    Ok(StreamId::from_bytes(source.array()?))
}

fn load_time<R: Read>(source: &mut Source<R>) -> Result<UnixMillis, ErrorKind> {
    Ok(UnixMillis(i64::from_le_bytes(source.array()?)))
}

fn load_nodes<R: Read>(stream: &mut Stream, source: &mut Source<R>) -> Result<(), ErrorKind> {
    let (mut before, mut last_live) = (None, None);
    for _ in 0..length::read(source)? {
        let key = string::read(source)?.try_into();
        let key = key.map_err(|_| ErrorKind::Stream("the id of a node is not 16 bytes"))?;
        let first = StreamId::from_bytes(key);
        if before.max(last_live).is_some_and(|before| first <= before) {
            return Err(ErrorKind::Stream("nodes are not in order"));
        }
        let (node, last) = Node::check(string::read(source)?, first).map_err(ErrorKind::Stream)?;
        (before, last_live) = (Some(first), last.or(last_live));
        stream.length += node.live();
        stream.bytes += node.block().len();
        stream.nodes.insert(first, Cow::from(node));
    }
    Ok(())
}

fn save_group(encoder: &mut Encoder<'_>, group: &Group) {
    save_id(encoder, group.last_id);
    encoder.length(group.entries_read.unwrap_or(-1).cast_unsigned());
    encoder.length(group.pending().len() as u64);
    for (id, pending) in group.pending().iter() {
        encoder.raw(&id.to_bytes());
        encoder.raw(&pending.delivered_at.0.to_le_bytes());
        encoder.length(pending.deliveries);
    }
    encoder.length(group.consumers().len() as u64);
    for (name, consumer) in group.consumers() {
        encoder.element(name);
        encoder.raw(&consumer.seen_at.0.to_le_bytes());
        encoder.length(consumer.pending().len() as u64);
        for (id, ()) in consumer.pending().iter() {
            encoder.raw(&id.to_bytes());
        }
    }
}

fn load_group<R: Read>(
    stream: &Stream,
    source: &mut Source<R>,
    form: ValueType,
) -> Result<Group, ErrorKind> {
    let last_id = load_id(source)?;
    let entries_read = match form {
        ValueType::Stream => stream.entries_up_to(last_id),
        _ => Some(length::read(source)?.cast_signed()).filter(|read| *read >= 0),
    };
    let mut group = Group::new(last_id, entries_read);
    let mut pending = load_pending(source)?;
    for _ in 0..length::read(source)? {
        let name: SmallBytes = string::read(source)?.into();
        let seen_at = load_time(source)?;
        if form == ValueType::Stream3 {
            load_time(source)?;
        }
        if !group.add_consumer(&name, Consumer::new(seen_at)) {
            return Err(ErrorKind::Twice);
        }
        for _ in 0..length::read(source)? {
            let id = load_raw_id(source)?;
            let (delivered_at, deliveries) = pending.remove(&id).ok_or(ErrorKind::Stream(
                "a consumer has an entry that is not pending, or that another one has",
            ))?;
            let consumer = name.clone();
            let pending = Pending {
                consumer,
                delivered_at,
                deliveries,
            };
            group.assign(id, pending);
        }
    }
    if !pending.is_empty() {
        return Err(ErrorKind::Stream(
            "an entry is pending, and no consumer has it",
        ));
    }
    Ok(group)
}

/// Entries that are pending in a group, whose consumers come later: when they were delivered, and how often.
fn load_pending<R: Read>(
    source: &mut Source<R>,
) -> Result<HashMap<StreamId, (UnixMillis, u64)>, ErrorKind> {
    let mut pending = HashMap::new();
    for _ in 0..length::read(source)? {
        let id = load_raw_id(source)?;
        let delivered = (load_time(source)?, length::read(source)?);
        if pending.insert(id, delivered).is_some() {
            return Err(ErrorKind::Twice);
        }
    }
    Ok(pending)
}
