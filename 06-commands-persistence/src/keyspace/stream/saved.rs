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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rdb::dump;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn id(ms: u64) -> StreamId {
        StreamId::new(ms, 0)
    }

    /// A stream in several nodes, with deleted entries, and a group in which two consumers have some.
    fn sample() -> Stream {
        let mut stream = Stream::default();
        let limits = crate::keyspace::limits::Compact {
            entries: 4,
            bytes: 0,
        };
        for ms in 1..=10 {
            let parts = [b"field".as_slice(), b"value", b"number", b"-1234"];
            stream.append(
                id(ms),
                parts.into_iter().take(if ms == 7 { 2 } else { 4 }),
                &limits,
            );
        }
        stream.delete(id(3));
        let mut group = Group::new(id(8), Some(7));
        for (name, ids) in [(b"alice".as_slice(), 1..=4), (b"bob", 5..=5)] {
            group.see(name, UnixMillis(70));
            for ms in ids {
                let pending = Pending {
                    consumer: name.into(),
                    delivered_at: UnixMillis(60),
                    deliveries: ms,
                };
                group.assign(id(ms), pending);
            }
        }
        stream.add_group(b"workers", group);
        stream.add_group(b"idle", Group::new(id(0), None));
        stream
    }

    /// The stream as a file of a server has it that knows nothing of its past, or tells when consumers were active.
    fn saved(stream: &Stream, form: ValueType) -> Vec<u8> {
        dump::write(form, |encoder| match form {
            ValueType::Stream2 => stream.save(encoder),
            _ => save_as(stream, encoder, form == ValueType::Stream3),
        })
    }

    fn save_as(stream: &Stream, encoder: &mut Encoder<'_>, is_newer: bool) {
        encoder.length(stream.nodes.len() as u64);
        for (first, node) in stream.nodes.iter() {
            encoder.element(&first.to_bytes());
            encoder.element(node.block());
        }
        encoder.length(stream.length as u64);
        save_id(encoder, stream.last_id);
        if is_newer {
            save_id(encoder, stream.first_id);
            save_id(encoder, stream.max_deleted_id);
            encoder.length(stream.entries_added);
        }
        encoder.length(1);
        encoder.element(b"workers");
        save_id(encoder, id(10));
        if is_newer {
            encoder.length(7);
        }
        encoder.length(1);
        encoder.raw(&id(9).to_bytes());
        encoder.raw(&60_i64.to_le_bytes());
        encoder.length(2);
        encoder.length(1);
        encoder.element(b"carol");
        encoder.raw(&70_i64.to_le_bytes());
        if is_newer {
            encoder.raw(&71_i64.to_le_bytes());
        }
        encoder.length(1);
        encoder.raw(&id(9).to_bytes());
    }

    fn load(payload: &[u8]) -> Result<Stream, ErrorKind> {
        dump::read(dump::unseal(payload)?, |source, form| {
            Stream::load(source, form, &Limits::default())
        })
    }

    #[test]
    fn what_is_saved_reads_back() {
        let stream = sample();
        let payload = saved(&stream, ValueType::Stream2);
        assert_eq!(saved(&load(&payload).unwrap(), ValueType::Stream2), payload);
        let empty = Stream::default();
        let payload = saved(&empty, ValueType::Stream2);
        assert_eq!(saved(&load(&payload).unwrap(), ValueType::Stream2), payload);
    }

    #[test]
    fn files_of_older_and_newer_servers() {
        let stream = sample();
        for form in [ValueType::Stream, ValueType::Stream3] {
            let read = load(&saved(&stream, form)).unwrap();
            assert_eq!((read.len(), read.first_id()), (9, id(1)));
            let group = read.group(b"workers").unwrap();
            let pending = group.pending().get(id(9)).unwrap();
            assert_eq!((&*pending.consumer, pending.deliveries), (&b"carol"[..], 2));
            // An old server did not count: what was there when it was read is all that there ever was.
            let counts = (read.entries_added, read.max_deleted_id, group.entries_read);
            let expected = match form {
                ValueType::Stream => (9, StreamId::MIN, Some(9)),
                _ => (10, id(3), Some(7)),
            };
            assert_eq!(counts, expected);
        }
    }

    #[test]
    fn the_fingerprint_is_that_of_redis() {
        let mut stream = Stream::default();
        let limits = Limits::default().stream_node;
        let parts = [b"a".as_slice(), b"1", b"b", b"two"];
        stream.append(StreamId::new(5, 1), parts.into_iter(), &limits);
        stream.append(StreamId::new(6, 0), parts.into_iter().take(2), &limits);
        let mut digest = Digest::default();
        // Redis begins with the number of the type.
        digest.mix(&6_u32.to_be_bytes());
        DataType::digest(&stream, &mut digest);
        let hex: String = digest.0.iter().map(|byte| format!("{byte:02x}")).collect();
        // DEBUG DIGEST-VALUE of the same.
        assert_eq!(hex, "b13a1d841934fd5a13d7d23b136ab7173f37d2de");
    }

    /// Whatever is in a file, it is read or refused; and what is read can be used.
    #[test]
    fn damage_never_panics() {
        let mut random = StdRng::seed_from_u64(13);
        let mut accepted = 0;
        for form in [ValueType::Stream, ValueType::Stream2, ValueType::Stream3] {
            let payload = saved(&sample(), form);
            let value = &payload[1..payload.len() - 10];
            for _ in 0..6_000 {
                let mut bytes = value.to_vec();
                for _ in 0..random.random_range(1..3) {
                    let place = random.random_range(0..bytes.len());
                    bytes[place] = random.random();
                }
                bytes.truncate(random.random_range(bytes.len() / 2..bytes.len() * 3));
                let mut source = Source::with_buffer(&bytes[..], bytes.len());
                if let Ok(mut stream) = Stream::load(&mut source, form, &Limits::default()) {
                    accepted += 1;
                    exercise(&mut stream);
                }
            }
        }
        assert!(accepted > 100, "{accepted}");
    }

    fn exercise(stream: &mut Stream) {
        use super::super::{Trim, TrimTo};
        let all: Vec<_> = stream
            .range(StreamId::MIN, StreamId::MAX)
            .map(|entry| entry.id)
            .collect();
        assert_eq!(all.len(), stream.len());
        assert!(all.is_sorted());
        assert_eq!(
            stream.range_back(StreamId::MIN, StreamId::MAX).count(),
            all.len()
        );
        DataType::digest(stream, &mut Digest::default());
        for (_, group) in stream.groups() {
            stream.lag(group);
        }
        if let Some(next) = stream.last_id().next() {
            let parts = [b"field".as_slice(), b"x"];
            stream.append(next, parts.into_iter(), &Limits::default().stream_node);
        }
        for id in all.iter().take(3) {
            assert!(stream.delete(*id));
        }
        let (to, is_rough, limit) = (TrimTo::Length(0), false, None);
        stream.trim(&Trim {
            to,
            is_rough,
            limit,
        });
        assert!(stream.is_empty());
    }
}
