//! A client that waits for its replies.

use crate::PATIENCE;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};

/// A connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects to a port of this machine.
    pub fn connect(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        Self::new(stream).unwrap()
    }

    /// A client that is connected already.
    ///
    /// # Errors
    /// The system's, where it refuses a time limit.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        // Some tests have thousands.
        let stream = BufReader::with_capacity(512, stream);
        Ok(Self { stream })
    }

    /// The socket.
    pub fn socket(&mut self) -> &mut TcpStream {
        self.stream.get_mut()
    }

    /// Sends bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) {
        self.socket().write_all(bytes).unwrap();
    }

    /// Sends a request.
    pub fn send(&mut self, words: &[&str]) {
        self.write(&request(words));
    }

    /// Sends a request, and gives the reply in short: `OK`, `-ERR ...`, `:1`, `some text`, `nil`, `[a b]`.
    pub fn ask(&mut self, words: &[&str]) -> String {
        self.send(words);
        self.reply()
    }

    /// The same, where the server may have hung up.
    ///
    /// # Errors
    /// It has.
    pub fn try_ask(&mut self, words: &[&str]) -> io::Result<String> {
        self.socket().write_all(&request(words))?;
        self.try_reply()
    }

    /// The next reply, in short.
    pub fn reply(&mut self) -> String {
        self.try_reply().unwrap()
    }

    /// The next reply, in short.
    ///
    /// # Errors
    /// None came.
    pub fn try_reply(&mut self) -> io::Result<String> {
        let line = self.line()?;
        let (kind, rest) = line.split_at(1);
        let number = || rest.parse::<i64>().unwrap();
        Ok(match kind {
            "+" => rest.into(),
            "_" => "nil".into(),
            "$" | "*" if rest == "-1" => "nil".into(),
            "$" | "=" => {
                let mut content = vec![0; number() as usize + 2];
                self.stream.read_exact(&mut content)?;
                content.truncate(content.len() - 2);
                String::from_utf8_lossy(&content).into_owned()
            }
            "*" | ">" | "~" => self.elements(number())?,
            "%" => self.elements(number() * 2)?,
            _ => line,
        })
    }

    fn elements(&mut self, count: i64) -> io::Result<String> {
        let elements: io::Result<Vec<String>> = (0..count).map(|_| self.try_reply()).collect();
        Ok(format!("[{}]", elements?.join(" ")))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().into())
    }

    /// Says that no more will be sent.
    pub fn end_of_input(&mut self) {
        self.socket().shutdown(Shutdown::Write).unwrap();
    }

    /// Whether the server has hung up, perhaps after more bytes.
    pub fn is_closed(&mut self) -> bool {
        match io::copy(&mut self.stream, &mut io::sink()) {
            Ok(_) => true,
            Err(error) => !matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            ),
        }
    }

    /// Whether the server has hung up already.
    pub fn has_ended(&mut self) -> bool {
        self.socket().set_nonblocking(true).unwrap();
        let peeked = self.socket().peek(&mut [0; 1]);
        self.socket().set_nonblocking(false).unwrap();
        match peeked {
            Ok(count) => count == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    /// All bytes until the server hangs up.
    pub fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// A field of INFO.
    pub fn info(&mut self, field: &str) -> String {
        let info = self.ask(&["INFO", "everything"]);
        let value = info.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name == field).then(|| value.to_string())
        });
        value.unwrap_or_else(|| panic!("INFO has no {field}"))
    }

    /// A field of INFO, as a number.
    pub fn info_number(&mut self, field: &str) -> u64 {
        self.info(field).parse().unwrap()
    }
}

/// The bytes of a request.
pub fn request(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend_from_slice(word.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
