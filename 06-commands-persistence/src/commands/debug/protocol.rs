//! A reply of each type that there is.

use crate::commands::{Call, CommandError, Outcome};
use crate::resp::reply::{Protocol, Reply};

/// Redis's number, with no more digits than that.
#[expect(clippy::approx_constant)]
const DOUBLE: f64 = 3.141;

const UNKNOWN_TYPE: CommandError = CommandError::new(
    "ERR Wrong protocol type name. Please use one of the following: \
    string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
);
const NOT_IN_RESP2: CommandError = CommandError::new("ERR RESP2 is not supported by this command");

/// `DEBUG PROTOCOL type`: for those who write clients.
pub fn reply(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(2)?.to_ascii_lowercase();
    let is_resp3 = call.reply.protocol() == Protocol::Resp3;
    let reply = &mut *call.reply;
    match name.as_slice() {
        b"string" => reply.bulk(b"Hello World"),
        b"integer" => reply.integer(12345),
        b"double" => reply.double(DOUBLE),
        b"bignum" => reply.big_number("1234567999999999999999999999999999999"),
        b"null" => reply.null(),
        b"array" => numbers(reply, Reply::array),
        b"set" => numbers(reply, Reply::set),
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.integer(number);
                reply.boolean(number == 1);
            }
        }
        b"attrib" => {
            if is_resp3 {
                reply.attributes(1);
                reply.bulk(b"key-popularity");
                reply.array(2);
                reply.bulk(b"key:123");
                reply.integer(90);
            }
            reply.bulk(b"Some real reply following the attribute");
        }
        b"push" if !is_resp3 => return Err(NOT_IN_RESP2),
        b"push" => {
            reply.push(2);
            reply.named_integer("server-cpu-usage", 42);
            reply.bulk(b"Some real reply following the push reply");
        }
        b"verbatim" => reply.verbatim(b"This is a verbatim\nstring"),
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        _ => return Err(UNKNOWN_TYPE),
    }
    Ok(())
}

fn numbers(reply: &mut Reply, head: fn(&mut Reply, usize)) {
    head(reply, 3);
    (0..3).for_each(|number| reply.integer(number));
}
