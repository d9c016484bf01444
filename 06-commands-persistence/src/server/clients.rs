//! The table of clients.

use super::client::{Client, ClientId};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

/// All clients that are connected. To find one takes a few instructions: its place is part of its name.
#[derive(Debug, Default)]
pub struct Clients {
    places: Vec<Option<Box<Client>>>,
    /// Places without a client.
    free: Vec<usize>,
    /// The places of those who are there, in the order in which they came.
    by_number: BTreeMap<u64, usize>,
    /// How many there were, ever.
    total: u64,
}

impl Clients {
    /// A new client.
    pub fn add(&mut self, address: (SocketAddr, SocketAddr), now: Instant) -> &mut Client {
        let place = self.free.pop().unwrap_or(self.places.len());
        if place == self.places.len() {
            self.places.push(None);
        }
        self.total += 1;
        self.by_number.insert(self.total, place);
        let id = ClientId::new(self.total, place);
        // Not from input: the place was made above, if it was not there.
        self.places[place].insert(Box::new(Client::new(id, Some(address), now)))
    }

    /// Forgets a client.
    pub fn remove(&mut self, id: ClientId) -> Option<Box<Client>> {
        self.get(id)?;
        self.by_number.remove(&id.number());
        self.free.push(id.place());
        self.places.get_mut(id.place())?.take()
    }

    /// A client, if it is still there.
    #[inline]
    pub fn get(&self, id: ClientId) -> Option<&Client> {
        let client = self.places.get(id.place())?.as_deref()?;
        (client.id == id).then_some(client)
    }

    /// The same, to be changed.
    #[inline]
    pub fn get_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        let client = self.places.get_mut(id.place())?.as_deref_mut()?;
        (client.id == id).then_some(client)
    }

    /// All clients, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        let places = self.by_number.values();
        places.filter_map(|place| self.places.get(*place)?.as_deref())
    }

    /// Up to `limit` clients that came after the one with this number.
    pub fn after(&self, number: u64, limit: usize) -> Vec<ClientId> {
        let later = self.by_number.range(number.saturating_add(1)..).take(limit);
        later
            .map(|(number, place)| ClientId::new(*number, *place))
            .collect()
    }

    /// How many are connected.
    pub fn len(&self) -> usize {
        self.by_number.len()
    }

    /// Whether nobody is connected.
    pub fn is_empty(&self) -> bool {
        self.by_number.is_empty()
    }
}
