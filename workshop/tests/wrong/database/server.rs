//! Commands about the server and the connection.

use super::bugs::Bug;
use super::state::{OK, Outcome, SYNTAX, State, count, elements, integer, now, parsed};
use super::table::COMMANDS;
use workshop::client::bulk;

const CONFIG: [(&str, &str); 3] = [("appendonly", "no"), ("databases", "16"), ("save", "")];

fn head(kind: char, length: usize) -> Vec<u8> {
    format!("{kind}{length}\r\n").into_bytes()
}

impl State {
    pub fn server_command(&mut self, id: u64, name: &str, args: &[Vec<u8>]) -> Outcome {
        match name {
            "echo" => Ok(bulk(&args[1])),
            "command" => self.command(args),
            "info" => Ok(self.info(id, &args[1..])),
            "config" => self.config(id, args),
            "client" => self.client_command(id, args),
            "save" => {
                self.saved = now() / 1000;
                Ok(OK.to_vec())
            }
            "bgsave" => self.bgsave(&args[1..]),
            "lastsave" if self.has(Bug::LastsaveIsZero) => Ok(integer(0)),
            "lastsave" => Ok(integer(self.saved)),
            "hello" => self.hello(id, &args[1..]),
            _ => Ok(OK.to_vec()),
        }
    }

    fn unknown(&self, command: &str, subcommand: &[u8]) -> String {
        let mut subcommand = String::from_utf8_lossy(subcommand).into_owned();
        if self.has(Bug::SubcommandInLowerCase) {
            subcommand = subcommand.to_lowercase();
        }
        format!("ERR unknown subcommand '{subcommand}'. Try {command} HELP.")
    }

    fn command_docs(&self) -> Vec<u8> {
        let field = if self.has(Bug::DocsWithoutSummary) {
            "since"
        } else {
            "summary"
        };
        let document =
            |name: &str| [bulk(name), head('*', 2), bulk(field), bulk("A text.")].concat();
        let rows = COMMANDS.iter().flat_map(|(name, ..)| document(name));
        head('*', 2 * COMMANDS.len())
            .into_iter()
            .chain(rows)
            .collect()
    }

    fn command(&self, args: &[Vec<u8>]) -> Outcome {
        if let Some(subcommand) = args.get(1) {
            return match subcommand.to_ascii_lowercase().as_slice() {
                b"count" if self.has(Bug::CountsWrong) => Ok(integer(0)),
                b"count" => Ok(integer(COMMANDS.len() as i64)),
                b"docs" => Ok(self.command_docs()),
                _ => Err(self.unknown("COMMAND", subcommand)),
            };
        }
        let mut reply = head('*', COMMANDS.len());
        for (name, arity, keys, flag) in COMMANDS {
            let flag = if self.has(Bug::CommandForgetsWrites) {
                "fast"
            } else {
                flag
            };
            reply.extend(
                [
                    head('*', 6),
                    bulk(name),
                    integer(*arity),
                    elements([&flag.into()]),
                ]
                .concat(),
            );
            reply.extend(keys.map(integer).concat());
        }
        Ok(reply)
    }

    fn info(&mut self, id: u64, asked: &[Vec<u8>]) -> Vec<u8> {
        let clients = self.clients.len();
        let sections = [
            ("Server", vec!["redis_version:7.0.15".into()]),
            ("Clients", vec![format!("connected_clients:{clients}")]),
            ("Keyspace", self.keyspace()),
        ];
        let asked: Vec<String> = asked
            .iter()
            .map(|word| String::from_utf8_lossy(word).to_lowercase())
            .collect();
        let everything = ["default", "all", "everything"];
        let wanted = |name: &str| {
            asked.is_empty()
                || asked
                    .iter()
                    .any(|word| *word == name.to_lowercase() || everything.contains(&word.as_str()))
        };
        let end = if self.has(Bug::InfoIsOneLine) {
            " "
        } else {
            "\r\n"
        };
        let mut text = String::new();
        for (name, lines) in sections {
            if wanted(name) || self.has(Bug::InfoIgnoresSections) {
                let gap = if text.is_empty() { "" } else { end };
                text.push_str(&format!("{gap}# {name}{end}"));
                lines
                    .iter()
                    .for_each(|line| text.push_str(&format!("{line}{end}")));
            }
        }
        if self.resp3(id) {
            return format!("={}\r\ntxt:{text}\r\n", text.len() + 4).into_bytes();
        }
        bulk(text)
    }

    fn keyspace(&self) -> Vec<String> {
        let databases = self.databases.iter().enumerate();
        let full = databases.filter(|(_, database)| !database.is_empty());
        full.map(|(number, database)| {
            let with_deadline = database.values().filter(|entry| entry.deadline.is_some());
            let expires = if self.has(Bug::InfoCountsNoDeadlines) {
                0
            } else {
                with_deadline.count()
            };
            format!(
                "db{number}:keys={},expires={expires},avg_ttl=0",
                database.len()
            )
        })
        .collect()
    }

    fn config(&mut self, id: u64, args: &[Vec<u8>]) -> Outcome {
        if !args[1].eq_ignore_ascii_case(b"get") {
            return Err(self.unknown("CONFIG", &args[1]));
        }
        if args.len() < 3 {
            return Err("ERR wrong number of arguments for 'config|get' command".into());
        }
        let patterns = if self.has(Bug::ConfigTakesOnePattern) {
            &args[2..3]
        } else {
            &args[2..]
        };
        let patterns: Vec<String> = patterns
            .iter()
            .map(|pattern| String::from_utf8_lossy(pattern).into_owned())
            .collect();
        let mut pairs = Vec::new();
        for (name, value) in CONFIG {
            let exact = patterns
                .iter()
                .find(|pattern| pattern.eq_ignore_ascii_case(name));
            let wild = patterns.iter().any(|pattern| {
                pattern
                    .strip_suffix('?')
                    .is_some_and(|head| name.starts_with(head))
            });
            if exact.is_some() || wild {
                let name = exact.map_or(name, String::as_str);
                pairs.extend([bulk(name), bulk(value)]);
            }
        }
        let head = if self.resp3(id) {
            head('%', pairs.len() / 2)
        } else {
            head('*', pairs.len())
        };
        Ok([head, pairs.concat()].concat())
    }

    fn client_command(&mut self, id: u64, args: &[Vec<u8>]) -> Outcome {
        let subcommand = String::from_utf8_lossy(&args[1]).to_lowercase();
        let arity = match subcommand.as_str() {
            "id" | "getname" => 2,
            "setname" => 3,
            _ => return Err(self.unknown("CLIENT", &args[1])),
        };
        if args.len() != arity {
            return Err(format!(
                "ERR wrong number of arguments for 'client|{subcommand}' command"
            ));
        }
        match subcommand.as_str() {
            "id" if self.has(Bug::IdsAreReused) => Ok(count(self.clients.range(..=id).count())),
            "id" => Ok(integer(id as i64)),
            "getname" if self.client(id).name.is_empty() => Ok(self.null(id)),
            "getname" => Ok(bulk(&self.client(id).name)),
            _ => self.set_name(id, &args[2]),
        }
    }

    fn set_name(&mut self, id: u64, name: &[u8]) -> Outcome {
        let printable = name.iter().all(|byte| (b'!'..=b'~').contains(byte));
        if !printable && !self.has(Bug::NamesWithBlanks) {
            return Err(
                "ERR Client names cannot contain spaces, newlines or special characters.".into(),
            );
        }
        self.client(id).name = name.to_vec();
        Ok(OK.to_vec())
    }

    fn bgsave(&mut self, options: &[Vec<u8>]) -> Outcome {
        match options {
            [] => {}
            [option] if option.eq_ignore_ascii_case(b"schedule") => {}
            _ => return Err(SYNTAX.into()),
        }
        self.saved = now() / 1000;
        Ok(b"+Background saving started\r\n".to_vec())
    }

    fn hello(&mut self, id: u64, args: &[Vec<u8>]) -> Outcome {
        let before = self.resp3(id);
        let mut wanted = before;
        if let Some(version) = args.first() {
            let version = parsed(version)
                .map_err(|_| "ERR Protocol version is not an integer or out of range")?;
            if self.has(Bug::HelloSwitchesOnError) {
                self.client(id).resp3 = version >= 3;
            }
            wanted = match version {
                2 => false,
                3 => true,
                _ => return Err("NOPROTO unsupported protocol version".into()),
            };
        }
        self.hello_options(id, args.get(1..).unwrap_or_default())?;
        self.client(id).resp3 = wanted;
        self.shared.1 = wanted;
        let map = if self.has(Bug::HelloAnswersInOldVersion) {
            before
        } else {
            self.resp3(id)
        };
        let pairs = [
            [bulk("server"), bulk("redis")],
            [bulk("version"), bulk("7.0.15")],
            [bulk("proto"), integer(if wanted { 3 } else { 2 })],
            [bulk("id"), integer(id as i64)],
            [bulk("mode"), bulk("standalone")],
            [bulk("role"), bulk("master")],
            [bulk("modules"), head('*', 0)],
        ];
        let head = if map {
            head('%', pairs.len())
        } else {
            head('*', 2 * pairs.len())
        };
        Ok([head, pairs.concat().concat()].concat())
    }

    fn hello_options(&mut self, id: u64, options: &[Vec<u8>]) -> Result<(), String> {
        match options {
            [] => Ok(()),
            [option, name] if option.eq_ignore_ascii_case(b"setname") => {
                if !self.has(Bug::HelloForgetsTheName) {
                    self.client(id).name.clone_from(name);
                }
                Ok(())
            }
            [option, ..] => {
                let option = String::from_utf8_lossy(option);
                Err(format!("ERR Syntax error in HELLO option '{option}'"))
            }
        }
    }
}
