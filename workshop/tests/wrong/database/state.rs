//! What the server knows, and how a command is found.

use super::super::toy::parser::number;
use super::bugs::Bug;
use super::table::COMMANDS;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::TcpStream;
use std::sync::mpsc::Sender;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use workshop::client::bulk;

pub const OK: &[u8] = b"+OK\r\n";
pub const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
pub const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";
pub const SYNTAX: &str = "ERR syntax error";

/// A reply, or the text of an error.
pub type Outcome = Result<Vec<u8>, String>;
pub type List = VecDeque<Vec<u8>>;
pub type Set = BTreeSet<Vec<u8>>;
pub type Database = BTreeMap<Vec<u8>, Entry>;

#[derive(Clone)]
pub enum Value {
    Text(Vec<u8>),
    List(List),
    Set(Set),
}

#[derive(Clone)]
pub struct Entry {
    pub value: Value,
    pub deadline: Option<i64>,
}

pub struct Client {
    pub outbox: Sender<Vec<u8>>,
    pub socket: TcpStream,
    pub resp3: bool,
    pub name: Vec<u8>,
    pub database: usize,
    pub channels: Vec<Vec<u8>>,
    pub blocked: bool,
}

/// Who waits for a list.
pub struct Waiter {
    pub id: u64,
    pub database: usize,
    pub keys: Vec<Vec<u8>>,
    pub until: Option<Instant>,
}

pub struct State {
    pub bug: Option<Bug>,
    pub databases: Vec<Database>,
    pub clients: BTreeMap<u64, Client>,
    pub waiters: Vec<Waiter>,
    /// Who listens, by channel.
    pub channels: BTreeMap<Vec<u8>, Vec<u64>>,
    /// Database and type of protocol for all clients, with the bugs that are about that.
    pub shared: (usize, bool),
    pub saved: i64,
    last_id: u64,
}

/// How a conversation goes on.
pub enum Next {
    Go,
    Wait,
    Close,
}

pub fn integer(value: i64) -> Vec<u8> {
    format!(":{value}\r\n").into_bytes()
}

pub fn count(value: usize) -> Vec<u8> {
    integer(value as i64)
}

pub fn elements<'a>(elements: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let bulks: Vec<_> = elements.into_iter().map(bulk).collect();
    [format!("*{}\r\n", bulks.len()).into_bytes(), bulks.concat()].concat()
}

pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis() as i64
}

pub fn parsed(text: &[u8]) -> Result<i64, String> {
    number(text, None).ok_or_else(|| NOT_AN_INTEGER.into())
}

impl State {
    pub fn new(bug: Option<Bug>) -> Self {
        Self {
            bug,
            databases: vec![Database::new(); 16],
            clients: BTreeMap::new(),
            waiters: Vec::new(),
            channels: BTreeMap::new(),
            shared: (0, false),
            saved: 0,
            last_id: 0,
        }
    }

    pub fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub fn welcome(&mut self, outbox: Sender<Vec<u8>>, socket: TcpStream) -> u64 {
        self.last_id += 1;
        let client = Client {
            outbox,
            socket,
            resp3: false,
            name: Vec::new(),
            database: 0,
            channels: Vec::new(),
            blocked: false,
        };
        self.clients.insert(self.last_id, client);
        self.last_id
    }

    pub fn leave(&mut self, id: u64) {
        if !self.has(Bug::GoneWaitersTake) {
            self.waiters.retain(|waiter| waiter.id != id);
        }
        let channels = self.clients.remove(&id).map(|client| client.channels);
        let one_only = self.has(Bug::LeavesOneChannelOnly);
        if !self.has(Bug::GoneSubscribersCount) {
            for channel in channels
                .iter()
                .flatten()
                .take(if one_only { 1 } else { usize::MAX })
            {
                self.remove_listener(channel, id);
            }
        }
    }

    pub fn send(&self, id: u64, bytes: Vec<u8>) {
        if let Some(client) = self.clients.get(&id) {
            // A client whose writer has ended is about to leave.
            let _ = client.outbox.send(bytes);
        }
    }

    pub fn client(&mut self, id: u64) -> &mut Client {
        self.clients.get_mut(&id).unwrap()
    }

    pub fn resp3(&self, id: u64) -> bool {
        if self.has(Bug::HelloForAll) {
            return self.shared.1;
        }
        self.clients.get(&id).is_some_and(|client| client.resp3)
    }

    /// The number of the database that the client has selected.
    pub fn selected(&self, id: u64) -> usize {
        if self.has(Bug::SelectIsForAll) {
            return self.shared.0;
        }
        self.clients.get(&id).map_or(0, |client| client.database)
    }

    pub fn null(&self, id: u64) -> Vec<u8> {
        let new = self.resp3(id) && !self.has(Bug::NullsAsBefore);
        if new { b"_\r\n" } else { b"$-1\r\n".as_slice() }.to_vec()
    }

    pub fn null_array(&self, id: u64) -> Vec<u8> {
        let new = self.resp3(id) && !self.has(Bug::NullsAsBefore);
        if new { b"_\r\n" } else { b"*-1\r\n".as_slice() }.to_vec()
    }

    /// The keys that the client sees.
    pub fn database(&mut self, id: u64) -> &mut Database {
        let number = self.selected(id);
        &mut self.databases[number]
    }

    /// The entry of a key whose time is not up.
    pub fn entry(&mut self, id: u64, key: &[u8]) -> Option<&mut Entry> {
        let database = self.database(id);
        if database
            .get(key)?
            .deadline
            .is_some_and(|deadline| deadline <= now())
        {
            database.remove(key);
        }
        database.get_mut(key)
    }

    pub fn text(&mut self, id: u64, key: &[u8]) -> Result<Option<&mut Vec<u8>>, String> {
        match self.entry(id, key).map(|entry| &mut entry.value) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(WRONG_TYPE.into()),
        }
    }

    pub fn list(&mut self, id: u64, key: &[u8]) -> Result<Option<&mut List>, String> {
        match self.entry(id, key).map(|entry| &mut entry.value) {
            None => Ok(None),
            Some(Value::List(list)) => Ok(Some(list)),
            Some(_) => Err(WRONG_TYPE.into()),
        }
    }

    pub fn set(&mut self, id: u64, key: &[u8]) -> Result<Option<&mut Set>, String> {
        match self.entry(id, key).map(|entry| &mut entry.value) {
            None => Ok(None),
            Some(Value::Set(set)) => Ok(Some(set)),
            Some(_) => Err(WRONG_TYPE.into()),
        }
    }

    /// Gives the key a new value that lives for ever.
    pub fn store(&mut self, id: u64, key: &[u8], value: Value) {
        let entry = Entry {
            value,
            deadline: None,
        };
        self.database(id).insert(key.to_vec(), entry);
    }

    /// Answers a request, and then whoever waits for what it left.
    pub fn execute(&mut self, id: u64, args: &[Vec<u8>]) -> Next {
        let name = String::from_utf8_lossy(&args[0]).to_lowercase();
        let outcome = self.checked(id, &name, args);
        let refused = outcome.is_err();
        let reply = outcome.unwrap_or_else(|error| format!("-{error}\r\n").into_bytes());
        if !reply.is_empty() {
            self.send(id, reply);
        }
        if name == "quit" && !self.has(Bug::QuitExecutesTheRest) {
            return Next::Close;
        }
        if !(refused || name == "rename" && self.has(Bug::RenameWakesNobody)) {
            self.serve_waiters();
        }
        if self.client(id).blocked && !self.has(Bug::PipelineOvertakes) {
            Next::Wait
        } else {
            Next::Go
        }
    }

    fn checked(&mut self, id: u64, name: &str, args: &[Vec<u8>]) -> Outcome {
        let Some(row) = COMMANDS.iter().find(|row| row.0 == name) else {
            let name = String::from_utf8_lossy(&args[0]);
            return Err(format!(
                "ERR unknown command '{name}', with args beginning with: "
            ));
        };
        let (given, arity) = (args.len() as i64, row.1);
        let fits = given == arity || (arity < 0 && given >= -arity);
        let lenient = self.has(Bug::ArityOfFewOnly) && arity > 0 && given > arity;
        if !(fits || lenient) {
            return Err(format!(
                "ERR wrong number of arguments for '{name}' command"
            ));
        }
        self.allowed(id, name, args)?;
        self.dispatch(id, name, args)
    }

    fn dispatch(&mut self, id: u64, name: &str, args: &[Vec<u8>]) -> Outcome {
        match name {
            "get" | "getex" | "set" | "incr" | "decr" | "incrby" | "decrby" | "append"
            | "strlen" | "mget" | "mset" | "setnx" | "getset" => {
                self.string_command(id, name, args)
            }
            "lpush" | "rpush" | "lpop" | "rpop" | "llen" | "lrange" | "lindex" | "lset"
            | "ltrim" | "lrem" => self.list_command(id, name, args),
            "sadd" | "srem" | "smembers" | "sismember" | "scard" => {
                self.set_command(id, name, args)
            }
            "ping" | "subscribe" | "unsubscribe" | "publish" => {
                Ok(self.pubsub_command(id, name, args))
            }
            "blpop" => self.blpop(id, args),
            "echo" | "command" | "info" | "config" | "client" | "save" | "bgsave" | "lastsave"
            | "hello" | "quit" => self.server_command(id, name, args),
            _ => self.key_command(id, name, args),
        }
    }
}
