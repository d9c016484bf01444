//! The table of clients.

use super::client::{Client, ClientId};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

/// All clients that are connected, in the order in which they came.
#[derive(Debug, Default)]
pub struct Clients {
    connected: BTreeMap<ClientId, Option<Box<Client>>>,
    /// How many there were, ever.
    total: u64,
}

impl Clients {
    /// A new client.
    pub fn add(&mut self, address: (SocketAddr, SocketAddr), now: Instant) -> &mut Client {
        self.total += 1;
        let client = Box::new(Client::new(self.total, Some(address), now));
        self.connected.entry(self.total).or_default().insert(client)
    }

    /// Forgets a client.
    pub fn remove(&mut self, id: ClientId) -> Option<Box<Client>> {
        self.connected.remove(&id).flatten()
    }

    /// Takes a client out for the time that one of its commands runs. `None` where there is no such client, or it is
    /// out already.
    pub fn take(&mut self, id: ClientId) -> Option<Box<Client>> {
        self.connected.get_mut(&id)?.take()
    }

    /// Puts a client back that was taken out, unless it was removed meanwhile.
    pub fn put_back(&mut self, client: Box<Client>) {
        if let Some(place) = self.connected.get_mut(&client.id) {
            *place = Some(client);
        }
    }

    /// A client, unless it is out.
    pub fn get(&self, id: ClientId) -> Option<&Client> {
        self.connected.get(&id)?.as_deref()
    }

    /// A client, unless it is out.
    pub fn get_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        self.connected.get_mut(&id)?.as_deref_mut()
    }

    /// All clients that are not out.
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.connected.values().filter_map(Option::as_deref)
    }

    /// Up to `limit` clients that came after the one with this number.
    pub fn after(&mut self, id: ClientId, limit: usize) -> impl Iterator<Item = &mut Client> {
        self.connected
            .range_mut(id.saturating_add(1)..)
            .take(limit)
            .filter_map(|(_, client)| client.as_deref_mut())
    }

    /// How many are connected.
    pub fn len(&self) -> usize {
        self.connected.len()
    }

    /// Whether nobody is connected.
    pub fn is_empty(&self) -> bool {
        self.connected.is_empty()
    }

    /// How many there were since the server started.
    pub fn total(&self) -> u64 {
        self.total
    }
}
