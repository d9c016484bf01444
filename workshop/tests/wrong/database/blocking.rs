//! BLPOP.

use super::bugs::Bug;
use super::state::{Outcome, State, Value, WRONG_TYPE, Waiter, elements};
use std::io;
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// So many wait, that with the bug that is about that they get the same.
const CROWD: usize = 50;

const POLL: Duration = Duration::from_millis(4);

impl State {
    pub fn blpop(&mut self, id: u64, args: &[Vec<u8>]) -> Outcome {
        let (timeout, keys) = args[1..].split_last().unwrap();
        let seconds = self.seconds(timeout)?;
        let mut keys = keys.to_vec();
        if self.has(Bug::KeysByName) {
            keys.sort();
        }
        for key in &keys {
            let found = self.list(id, key).map(|list| list.is_some());
            match found {
                Err(_) if self.has(Bug::WrongTypeIsPassedOver) => {}
                Err(error) => return Err(error),
                Ok(false) => {}
                Ok(true) => return Ok(self.handed_over(id, key)),
            }
        }
        let waiter = Waiter {
            id,
            database: self.selected(id),
            keys,
            until: (seconds > 0.0).then(|| Instant::now() + Duration::from_secs_f64(seconds)),
        };
        self.waiters.push(waiter);
        self.client(id).blocked = true;
        Ok(Vec::new())
    }

    fn seconds(&self, text: &[u8]) -> Result<f64, String> {
        let seconds = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse::<f64>().ok());
        let seconds = seconds.filter(|seconds| seconds.is_finite());
        let seconds = seconds.ok_or("ERR timeout is not a float or out of range")?;
        match seconds {
            ..0.0 if self.has(Bug::NegativeIsForEver) => Ok(0.0),
            ..0.0 => Err("ERR timeout is negative".into()),
            0.0 if self.has(Bug::ZeroIsNotForEver) => Ok(0.1),
            _ if self.has(Bug::TimeoutIsHalved) => Ok(seconds / 2.0),
            _ => Ok(seconds),
        }
    }

    /// Takes the first element of a list that has one, for somebody who waited.
    fn handed_over(&mut self, id: u64, key: &[u8]) -> Vec<u8> {
        let list = self.list(id, key).ok().flatten();
        let element = list.and_then(|list| list.pop_front()).unwrap_or_default();
        self.tidy(id, key);
        if self.has(Bug::BlpopWithoutKey) {
            return elements([&element]);
        }
        elements([&key.to_vec(), &element])
    }

    /// Serves whoever waits for what there is.
    pub fn serve_waiters(&mut self) {
        let mut places: Vec<usize> = (0..self.waiters.len()).collect();
        if self.has(Bug::LastWaiterFirst) {
            places.reverse();
        }
        let mut served = Vec::new();
        for place in places {
            if !served.is_empty() && self.has(Bug::OnePushOneWaiter) {
                break;
            }
            if self.serve(place) {
                served.push(place);
            }
        }
        if self.has(Bug::ServedTwice) {
            return;
        }
        served.sort_unstable();
        for place in served.into_iter().rev() {
            self.waiters.remove(place);
        }
    }

    /// Whether the waiter was served.
    fn serve(&mut self, place: usize) -> bool {
        let Waiter {
            id, database, keys, ..
        } = &self.waiters[place];
        let (id, database, keys) = (*id, *database, keys.clone());
        let everywhere = self.has(Bug::WaitsInAllDatabases);
        let woken = self.has(Bug::OtherTypesWake);
        let stays = self.has(Bug::EmptiedListStays);
        let copies = self.has(Bug::CrowdsGetTheSame) && self.waiters.len() > CROWD;
        for (number, key) in
            (0..self.databases.len()).flat_map(|number| keys.iter().map(move |key| (number, key)))
        {
            if number != database && !everywhere {
                continue;
            }
            let reply = match self.databases[number]
                .get_mut(key)
                .map(|entry| &mut entry.value)
            {
                None => continue,
                Some(Value::List(list)) => {
                    let Some(element) = list.pop_front() else {
                        continue;
                    };
                    if copies {
                        list.push_front(element.clone());
                    }
                    if list.is_empty() && !stays {
                        self.databases[number].remove(key);
                    }
                    elements([key, &element])
                }
                Some(_) if woken => format!("-{WRONG_TYPE}\r\n").into_bytes(),
                Some(_) => continue,
            };
            self.send(id, reply);
            if let Some(client) = self.clients.get_mut(&id) {
                client.blocked = false;
            }
            return true;
        }
        false
    }

    /// Whether the client goes on waiting; it is told when its time is up.
    fn still_waits(&mut self, id: u64) -> bool {
        if !self.client(id).blocked {
            return false;
        }
        let until = self
            .waiters
            .iter()
            .find(|waiter| waiter.id == id)
            .and_then(|waiter| waiter.until);
        if until.is_none_or(|until| until > Instant::now()) {
            return true;
        }
        let reply = if self.has(Bug::TimeoutIsNullBulk) {
            b"$-1\r\n".to_vec()
        } else {
            self.null_array(id)
        };
        self.send(id, reply);
        self.client(id).blocked = false;
        if !self.has(Bug::GivenUpStillWaits) {
            self.waiters.retain(|waiter| waiter.id != id);
        }
        false
    }
}

/// Waits until the client is served, or its time is up, or it leaves.
pub fn wait(state: &Mutex<State>, id: u64, socket: &TcpStream) -> io::Result<()> {
    socket.set_read_timeout(Some(POLL))?;
    while state.lock().unwrap().still_waits(id) {
        match socket.peek(&mut [0]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => std::thread::sleep(POLL),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) => {}
            Err(error) => return Err(error),
        }
    }
    socket.set_read_timeout(None)
}
