//! The server to load: where it is, and how a connection to it begins.

use std::fmt;
use std::path::PathBuf;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A name or an IP address, and a port.
    Tcp {
        /// The name or address; IPv6 without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A server, and what each connection to it says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where it listens.
    pub address: Address,
    /// The user of AUTH; only together with a password.
    pub user: Option<String>,
    /// The password of AUTH.
    pub password: Option<String>,
    /// The database that SELECT chooses; 0 needs none.
    pub database: u32,
    /// Whether to speak RESP3 (HELLO 3).
    pub resp3: bool,
}

impl Target {
    /// A server at a TCP address, without a password.
    pub fn tcp(host: &str, port: u16) -> Self {
        Self {
            address: Address::Tcp {
                host: host.to_string(),
                port,
            },
            user: None,
            password: None,
            database: 0,
            resp3: false,
        }
    }

    /// The commands with which a connection begins, in order; each must be answered, and not by an error.
    pub fn greeting(&self) -> Vec<Vec<String>> {
        let mut commands = Vec::new();
        if let Some(password) = &self.password {
            let words = ["AUTH".to_string()].into_iter().chain(self.user.clone());
            commands.push(words.chain([password.clone()]).collect());
        }
        if self.resp3 {
            commands.push(vec!["HELLO".to_string(), "3".to_string()]);
        }
        if self.database > 0 {
            commands.push(vec!["SELECT".to_string(), self.database.to_string()]);
        }
        commands
    }
}

/// A command in RESP: an array of bulk strings.
pub fn encoded(words: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
