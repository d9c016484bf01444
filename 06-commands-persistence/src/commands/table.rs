//! The command table: all that is known of each command, one row each.

use super::{
    Call, Outcome, config, connection, describe, expiry, generic, help, info, list, persistence,
    pubsub, server, set, string,
};

/// A row of the table.
pub struct Command {
    /// In lower case, as it appears in errors. A subcommand has that of its container before it: `client|id`.
    pub name: &'static str,
    /// How many arguments a request must have, the name included; negative: at least as many.
    pub arity: i32,
    /// What kind of command it is: any of the flags below, added together.
    pub flags: u32,
    /// Which arguments are keys.
    pub keys: Keys,
    /// Where Redis's documentation puts it.
    pub group: &'static str,
    /// The version of Redis that brought it.
    pub since: &'static str,
    /// The chapter of the guide that brings it. A server that was started with a smaller number does not know it.
    pub chapter: u8,
    /// The function that executes it.
    pub run: fn(&mut Call<'_>) -> Outcome,
    /// What it does, in one line.
    pub summary: &'static str,
}

/// Which arguments of a request are keys.
pub struct Keys {
    /// Index of the first key; 0 where there is none.
    pub first: i32,
    /// Index of the last key; -1 is the last argument.
    pub last: i32,
    /// Distance from one key to the next.
    pub step: i32,
}

/// It may change the keyspace.
pub const WRITE: u32 = 1;
/// It reads the keyspace and changes nothing.
pub const READONLY: u32 = 1 << 1;
/// It may need more memory.
pub const DENYOOM: u32 = 1 << 2;
/// It may be used while a snapshot is loaded.
pub const LOADING: u32 = 1 << 3;
/// It may be used while data may be out of date.
pub const STALE: u32 = 1 << 4;
/// Its time does not grow with the data.
pub const FAST: u32 = 1 << 5;
/// It is for whoever runs the server.
pub const ADMIN: u32 = 1 << 6;
/// It is about channels.
pub const PUBSUB: u32 = 1 << 7;
/// Scripts can't use it.
pub const NOSCRIPT: u32 = 1 << 8;
/// It may wait.
pub const BLOCKING: u32 = 1 << 9;
/// It may be used before a password is given.
pub const NO_AUTH: u32 = 1 << 10;
/// It can't be part of a transaction.
pub const NO_MULTI: u32 = 1 << 11;
/// Its time depends on nothing but the number of its arguments, and is about a microsecond for a few. COMMAND does not tell.
pub const BRIEF: u32 = 1 << 13;
/// It is told by its second argument what to do, and has a row for each of these. COMMAND does not tell.
pub const CONTAINER: u32 = 1 << 14;
/// RESP2 allows it while the client listens to channels. COMMAND does not tell.
pub const WHILE_SUBSCRIBED: u32 = 1 << 12;

/// The flags with their names, in Redis's order.
const FLAG_NAMES: [(u32, &str); 12] = [
    (WRITE, "write"),
    (READONLY, "readonly"),
    (DENYOOM, "denyoom"),
    (LOADING, "loading"),
    (STALE, "stale"),
    (FAST, "fast"),
    (ADMIN, "admin"),
    (PUBSUB, "pubsub"),
    (NOSCRIPT, "noscript"),
    (BLOCKING, "blocking"),
    (NO_AUTH, "no_auth"),
    (NO_MULTI, "no_multi"),
];

const NO_KEYS: Keys = keys(0, 0, 0);
const ONE_KEY: Keys = keys(1, 1, 1);
const TWO_KEYS: Keys = keys(1, 2, 1);
const ALL_KEYS: Keys = keys(1, -1, 1);
const KEYS_BUT_LAST: Keys = keys(1, -2, 1);
const PAIRS: Keys = keys(1, -1, 2);

/// Every command, sorted by name.
#[rustfmt::skip]
pub static TABLE: &[Command] = &[
    //  name                arity flags                                                           keys           group         since     ch. function                    summary
    row("append",            3, WRITE | DENYOOM | FAST | BRIEF,                                 ONE_KEY,       "string",     "2.0.0",  0, string::append,             "Appends to a string."),
    row("bgsave",           -1, ADMIN | NOSCRIPT,                                               NO_KEYS,       "server",     "1.0.0",  0, persistence::bgsave,        "Writes a snapshot in the background."),
    row("blpop",            -3, WRITE | NOSCRIPT | BLOCKING,                                    KEYS_BUT_LAST, "list",       "2.0.0",  2, list::blpop,                "Takes the first element of a list, and waits for one."),
    row("brpop",            -3, WRITE | NOSCRIPT | BLOCKING,                                    KEYS_BUT_LAST, "list",       "2.0.0",  2, list::brpop,                "Takes the last element of a list, and waits for one."),
    row("client",           -2, CONTAINER,                                                      NO_KEYS,       "connection", "2.4.0",  0, help::container,            "Commands about the connection."),
    row("client|getname",    2, NOSCRIPT | LOADING | STALE,                                     NO_KEYS,       "connection", "2.6.9",  0, connection::client_getname, "Gives the name of the connection."),
    row("client|help",       2, LOADING | STALE,                                                NO_KEYS,       "connection", "5.0.0",  0, help::help,                 "Lists the subcommands."),
    row("client|id",         2, NOSCRIPT | LOADING | STALE,                                     NO_KEYS,       "connection", "5.0.0",  0, connection::client_id,      "Gives the number of the connection."),
    row("client|setname",    3, NOSCRIPT | LOADING | STALE,                                     NO_KEYS,       "connection", "2.6.9",  0, connection::client_setname, "Names the connection."),
    row("command",          -1, CONTAINER | LOADING | STALE,                                    NO_KEYS,       "server",     "2.8.13", 0, describe::command,          "Describes the commands of this server."),
    row("command|count",     2, LOADING | STALE,                                                NO_KEYS,       "server",     "2.8.13", 0, describe::count,            "Counts the commands."),
    row("command|docs",     -2, LOADING | STALE,                                                NO_KEYS,       "server",     "7.0.0",  0, describe::docs,             "Tells what commands are for."),
    row("command|help",      2, LOADING | STALE,                                                NO_KEYS,       "server",     "5.0.0",  0, help::help,                 "Lists the subcommands."),
    row("command|info",     -2, LOADING | STALE,                                                NO_KEYS,       "server",     "2.8.13", 0, describe::info,             "Describes commands: arity, flags, keys."),
    row("command|list",     -2, LOADING | STALE,                                                NO_KEYS,       "server",     "7.0.0",  0, describe::list,             "Names the commands."),
    row("config",           -2, CONTAINER,                                                      NO_KEYS,       "server",     "2.0.0",  0, help::container,            "Commands about the configuration."),
    row("config|get",       -3, ADMIN | NOSCRIPT | LOADING | STALE,                             NO_KEYS,       "server",     "2.0.0",  0, config::get,                "Shows parameters."),
    row("config|help",       2, LOADING | STALE,                                                NO_KEYS,       "server",     "5.0.0",  0, help::help,                 "Lists the subcommands."),
    row("config|resetstat",  2, ADMIN | NOSCRIPT | LOADING | STALE,                             NO_KEYS,       "server",     "2.0.0",  0, config::resetstat,          "Sets the statistics of INFO to zero."),
    row("config|rewrite",    2, ADMIN | NOSCRIPT | LOADING | STALE,                             NO_KEYS,       "server",     "2.8.0",  0, config::rewrite,            "Writes the configuration back to its file."),
    row("config|set",       -4, ADMIN | NOSCRIPT | LOADING | STALE,                             NO_KEYS,       "server",     "2.0.0",  0, config::set,                "Changes parameters."),
    row("dbsize",            1, READONLY | FAST,                                                NO_KEYS,       "server",     "1.0.0",  0, server::dbsize,             "Counts the keys."),
    row("decr",              2, WRITE | DENYOOM | FAST | BRIEF,                                 ONE_KEY,       "string",     "1.0.0",  0, string::decr,               "Makes an integer one less."),
    row("decrby",            3, WRITE | DENYOOM | FAST | BRIEF,                                 ONE_KEY,       "string",     "1.0.0",  0, string::decrby,             "Makes an integer less."),
    row("del",              -2, WRITE,                                                          ALL_KEYS,      "generic",    "1.0.0",  0, generic::del,               "Removes keys."),
    row("echo",              2, LOADING | STALE | FAST | BRIEF,                                 NO_KEYS,       "connection", "1.0.0",  0, connection::echo,           "Answers with the given message."),
    row("exists",           -2, READONLY | FAST | BRIEF,                                        ALL_KEYS,      "generic",    "1.0.0",  0, generic::exists,            "Counts which of the keys exist."),
    row("expire",           -3, WRITE | FAST | BRIEF,                                           ONE_KEY,       "generic",    "1.0.0",  0, expiry::expire,             "Lets a key expire after seconds."),
    row("expireat",         -3, WRITE | FAST,                                                   ONE_KEY,       "generic",    "1.2.0",  0, expiry::expireat,           "Lets a key expire at a Unix time in seconds."),
    row("expiretime",        2, READONLY | FAST,                                                ONE_KEY,       "generic",    "7.0.0",  0, expiry::expiretime,         "Gives the Unix time in seconds at which a key expires."),
    row("flushall",         -1, WRITE,                                                          NO_KEYS,       "server",     "1.0.0",  0, server::flushall,           "Removes all keys of all databases."),
    row("flushdb",          -1, WRITE,                                                          NO_KEYS,       "server",     "1.0.0",  0, server::flushdb,            "Removes all keys of the database."),
    row("get",               2, READONLY | FAST | BRIEF,                                        ONE_KEY,       "string",     "1.0.0",  0, string::get,                "Gives the value of a key."),
    row("getex",            -2, WRITE | FAST,                                                   ONE_KEY,       "string",     "6.2.0",  0, string::getex,              "Gives the value of a key and changes when it expires."),
    row("getset",            3, WRITE | DENYOOM | FAST | BRIEF,                                 ONE_KEY,       "string",     "1.0.0",  0, string::getset,             "Sets a key, and gives its old value."),
    row("hello",            -1, NOSCRIPT | LOADING | STALE | FAST | NO_AUTH,                    NO_KEYS,       "connection", "6.0.0",  0, connection::hello,          "Chooses the protocol, and says who is there."),
    row("incr",              2, WRITE | DENYOOM | FAST | BRIEF,                                 ONE_KEY,       "string",     "1.0.0",  0, string::incr,               "Makes an integer one more."),
    row("incrby",            3, WRITE | DENYOOM | FAST | BRIEF,                                 ONE_KEY,       "string",     "1.0.0",  0, string::incrby,             "Makes an integer more."),
    row("info",             -1, LOADING | STALE,                                                NO_KEYS,       "server",     "1.0.0",  0, info::info,                 "Tells how the server is doing."),
    row("keys",              2, READONLY,                                                       NO_KEYS,       "generic",    "1.0.0",  0, generic::keys,              "Lists the keys that match a pattern."),
    row("lastsave",          1, LOADING | STALE | FAST,                                         NO_KEYS,       "server",     "1.0.0",  0, persistence::lastsave,      "Gives the time of the last snapshot."),
    row("lindex",            3, READONLY,                                                       ONE_KEY,       "list",       "1.0.0",  0, list::lindex,               "Gives an element of a list."),
    row("llen",              2, READONLY | FAST | BRIEF,                                        ONE_KEY,       "list",       "1.0.0",  0, list::llen,                 "Counts the elements of a list."),
    row("lpop",             -2, WRITE | FAST | BRIEF,                                           ONE_KEY,       "list",       "1.0.0",  0, list::lpop,                 "Takes elements from the head of a list."),
    row("lpush",            -3, WRITE | DENYOOM | FAST | BRIEF,                                 ONE_KEY,       "list",       "1.0.0",  0, list::lpush,                "Adds elements to the head of a list."),
    row("lrange",            4, READONLY,                                                       ONE_KEY,       "list",       "1.0.0",  0, list::lrange,               "Gives a part of a list."),
    row("lrem",              4, WRITE,                                                          ONE_KEY,       "list",       "1.0.0",  0, list::lrem,                 "Removes equal elements from a list."),
    row("lset",              4, WRITE | DENYOOM,                                                ONE_KEY,       "list",       "1.0.0",  0, list::lset,                 "Replaces an element of a list."),
    row("ltrim",             4, WRITE,                                                          ONE_KEY,       "list",       "1.0.0",  0, list::ltrim,                "Keeps a part of a list."),
    row("mget",             -2, READONLY | FAST | BRIEF,                                        ALL_KEYS,      "string",     "1.0.0",  0, string::mget,               "Gives the values of several keys."),
    row("mset",             -3, WRITE | DENYOOM | BRIEF,                                        PAIRS,         "string",     "1.0.1",  0, string::mset,               "Makes several keys hold values."),
    row("persist",           2, WRITE | FAST,                                                   ONE_KEY,       "generic",    "2.2.0",  0, expiry::persist,            "Lets a key live for ever."),
    row("pexpire",          -3, WRITE | FAST | BRIEF,                                           ONE_KEY,       "generic",    "2.6.0",  0, expiry::pexpire,            "Lets a key expire after milliseconds."),
    row("pexpireat",        -3, WRITE | FAST,                                                   ONE_KEY,       "generic",    "2.6.0",  0, expiry::pexpireat,          "Lets a key expire at a Unix time in milliseconds."),
    row("pexpiretime",       2, READONLY | FAST,                                                ONE_KEY,       "generic",    "7.0.0",  0, expiry::pexpiretime,        "Gives the Unix time in milliseconds at which a key expires."),
    row("ping",             -1, FAST | WHILE_SUBSCRIBED | BRIEF,                                NO_KEYS,       "connection", "1.0.0",  0, connection::ping,           "Answers, to show that the server is there."),
    row("pttl",              2, READONLY | FAST | BRIEF,                                        ONE_KEY,       "generic",    "2.6.0",  0, expiry::pttl,               "Gives the milliseconds a key has left."),
    row("publish",           3, PUBSUB | LOADING | STALE | FAST,                                NO_KEYS,       "pubsub",     "2.0.0",  7, pubsub::publish,            "Sends a message to all who listen to a channel."),
    row("quit",             -1, LOADING | STALE | FAST | NOSCRIPT | NO_AUTH | WHILE_SUBSCRIBED, NO_KEYS,       "connection", "1.0.0",  0, connection::quit,           "Ends the connection."),
    row("randomkey",         1, READONLY,                                                       NO_KEYS,       "generic",    "1.0.0",  0, generic::randomkey,         "Gives any key."),
    row("rename",            3, WRITE,                                                          TWO_KEYS,      "generic",    "1.0.0",  0, generic::rename,            "Gives a key another name."),
    row("rpop",             -2, WRITE | FAST | BRIEF,                                           ONE_KEY,       "list",       "1.0.0",  0, list::rpop,                 "Takes elements from the tail of a list."),
    row("rpush",            -3, WRITE | DENYOOM | FAST | BRIEF,                                 ONE_KEY,       "list",       "1.0.0",  0, list::rpush,                "Adds elements to the tail of a list."),
    row("sadd",             -3, WRITE | DENYOOM | FAST | BRIEF,                                 ONE_KEY,       "set",        "1.0.0",  0, set::sadd,                  "Adds members to a set."),
    row("save",              1, ADMIN | NOSCRIPT | NO_MULTI,                                    NO_KEYS,       "server",     "1.0.0",  0, persistence::save,          "Writes a snapshot, and waits for it."),
    row("scard",             2, READONLY | FAST | BRIEF,                                        ONE_KEY,       "set",        "1.0.0",  0, set::scard,                 "Counts the members of a set."),
    row("select",            2, LOADING | STALE | FAST,                                         NO_KEYS,       "connection", "1.0.0",  0, connection::select,         "Chooses a database."),
    row("set",              -3, WRITE | DENYOOM | BRIEF,                                        ONE_KEY,       "string",     "1.0.0",  0, string::set,                "Makes a key hold a value."),
    row("setnx",             3, WRITE | DENYOOM | FAST | BRIEF,                                 ONE_KEY,       "string",     "1.0.0",  0, string::setnx,              "Sets a key that does not exist."),
    row("shutdown",         -1, ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI,                  NO_KEYS,       "server",     "1.0.0",  0, persistence::shutdown,      "Ends the server."),
    row("sismember",         3, READONLY | FAST | BRIEF,                                        ONE_KEY,       "set",        "1.0.0",  0, set::sismember,             "Tells whether something is a member of a set."),
    row("smembers",          2, READONLY,                                                       ONE_KEY,       "set",        "1.0.0",  0, set::smembers,              "Gives all members of a set."),
    row("srem",             -3, WRITE | FAST | BRIEF,                                           ONE_KEY,       "set",        "1.0.0",  0, set::srem,                  "Removes members from a set."),
    row("strlen",            2, READONLY | FAST | BRIEF,                                        ONE_KEY,       "string",     "2.2.0",  0, string::strlen,             "Gives the length of a string."),
    row("subscribe",        -2, PUBSUB | NOSCRIPT | LOADING | STALE | WHILE_SUBSCRIBED,         NO_KEYS,       "pubsub",     "2.0.0",  7, pubsub::subscribe,          "Listens to channels."),
    row("time",              1, LOADING | STALE | FAST,                                         NO_KEYS,       "server",     "2.6.0",  0, server::time,               "Gives the time."),
    row("ttl",               2, READONLY | FAST | BRIEF,                                        ONE_KEY,       "generic",    "1.0.0",  0, expiry::ttl,                "Gives the seconds a key has left."),
    row("type",              2, READONLY | FAST | BRIEF,                                        ONE_KEY,       "generic",    "1.0.0",  0, generic::type_of,           "Names the type of what a key holds."),
    row("unlink",           -2, WRITE | FAST,                                                   ALL_KEYS,      "generic",    "4.0.0",  0, generic::del,               "Removes keys."),
    row("unsubscribe",      -1, PUBSUB | NOSCRIPT | LOADING | STALE | WHILE_SUBSCRIBED,         NO_KEYS,       "pubsub",     "2.0.0",  7, pubsub::unsubscribe,        "Listens to channels no more."),
];

#[allow(clippy::too_many_arguments)] // One for each column of the table.
const fn row(
    name: &'static str,
    arity: i32,
    flags: u32,
    keys: Keys,
    group: &'static str,
    since: &'static str,
    chapter: u8,
    run: fn(&mut Call<'_>) -> Outcome,
    summary: &'static str,
) -> Command {
    Command {
        name,
        arity,
        flags,
        keys,
        group,
        since,
        chapter,
        run,
        summary,
    }
}

const fn keys(first: i32, last: i32, step: i32) -> Keys {
    Keys { first, last, step }
}

/// How many places [`INDEX`] has: a power of two, and so many that most names have one to themselves.
const PLACES: usize = 1024;

/// Where in the table the command with a name stands. Made when the program is compiled: the search begins at the place
/// that [`hash`] gives and goes on to the first one that is empty, 0. The others hold the number of a row, plus one.
static INDEX: [u16; PLACES] = {
    assert!(TABLE.len() * 2 < PLACES);
    let mut index = [0; PLACES];
    let mut row = 0;
    while row < TABLE.len() {
        let mut place = hash(TABLE[row].name.as_bytes());
        while index[place] != 0 {
            place = (place + 1) % PLACES;
        }
        index[place] = row as u16 + 1;
        row += 1;
    }
    index
};

/// A place for a name, whatever its case (FNV-1a).
const fn hash(name: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut rest = name;
    while let [byte, more @ ..] = rest {
        hash = (hash ^ byte.to_ascii_lowercase() as u32).wrapping_mul(0x0100_0193);
        rest = more;
    }
    (hash ^ hash >> 16) as usize % PLACES
}

/// No command has a longer name, and a longer one is not looked for.
const MAX_NAME: usize = 32;

/// The command with this name, in whatever case it is written, and the number of its row; of the commands up to this
/// chapter.
pub fn find(name: &[u8], chapter: u8) -> Option<(usize, &'static Command)> {
    if name.len() > MAX_NAME {
        return None;
    }
    let mut place = hash(name);
    loop {
        let row = usize::from(*INDEX.get(place)?).checked_sub(1)?;
        let command = TABLE.get(row)?;
        if command.name.as_bytes().eq_ignore_ascii_case(name) {
            return (command.chapter <= chapter).then_some((row, command));
        }
        place = (place + 1) % PLACES;
    }
}

/// The subcommand of a container that has this name.
pub fn find_subcommand(
    container: &Command,
    name: &[u8],
    chapter: u8,
) -> Option<(usize, &'static Command)> {
    if name.len() > MAX_NAME {
        return None;
    }
    find(&[container.name.as_bytes(), b"|", name].concat(), chapter)
}

/// All rows up to this chapter, those of subcommands among them.
pub fn rows(chapter: u8) -> impl Iterator<Item = &'static Command> + Clone {
    TABLE.iter().filter(move |row| row.chapter <= chapter)
}

/// The commands up to this chapter, without subcommands.
pub fn commands(chapter: u8) -> impl Iterator<Item = &'static Command> + Clone {
    rows(chapter).filter(|row| !row.name.contains('|'))
}

/// The subcommands of a container, up to this chapter.
pub fn subcommands(
    container: &'static str,
    chapter: u8,
) -> impl Iterator<Item = &'static Command> + Clone {
    rows(chapter).filter(move |row| {
        let own = row.name.strip_prefix(container);
        own.is_some_and(|own| own.starts_with('|'))
    })
}

impl Command {
    /// Whether it has this flag.
    pub fn is(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether a request may have this many arguments, the name included.
    pub fn accepts(&self, args: usize) -> bool {
        let arity = self.arity.unsigned_abs() as usize;
        if self.arity < 0 {
            args >= arity
        } else {
            args == arity
        }
    }

    /// The names of the command's flags.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> + Clone {
        let flags = self.flags;
        FLAG_NAMES
            .into_iter()
            .filter_map(move |(flag, name)| (flags & flag != 0).then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_by_name_in_lower_case() {
        assert!(TABLE.is_sorted_by(|row, next| row.name < next.name));
        for row in TABLE {
            assert_eq!(row.name, row.name.to_ascii_lowercase());
        }
    }

    #[test]
    fn names_are_found_in_any_case() {
        for row in TABLE {
            for name in [row.name.to_ascii_uppercase(), row.name.to_string()] {
                assert_eq!(find(name.as_bytes(), u8::MAX).unwrap().1.name, row.name);
            }
            assert!(row.name.len() <= MAX_NAME);
        }
        let client = find(b"client", 0).unwrap().1;
        let found = find_subcommand(client, b"SetName", 0).unwrap().1;
        assert_eq!(found.name, "client|setname");
        assert!(find_subcommand(client, b"get", 0).is_none());
        for name in ["", "ge", "gett", "zzz", "\0"] {
            assert!(find(name.as_bytes(), u8::MAX).is_none());
        }
    }

    #[test]
    fn later_chapters_are_not_found() {
        assert!(find(b"publish", 7).is_some());
        assert!(find(b"publish", 6).is_none());
        assert!(rows(6).all(|row| row.name != "publish"));
    }

    #[test]
    fn an_arity_is_exact_or_a_minimum() {
        let (get, del) = (find(b"get", 0).unwrap().1, find(b"del", 0).unwrap().1);
        assert_eq!(
            [1, 2, 3].map(|args| get.accepts(args)),
            [false, true, false]
        );
        assert_eq!([1, 2, 9].map(|args| del.accepts(args)), [false, true, true]);
    }
}
