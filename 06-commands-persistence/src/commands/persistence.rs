//! Commands on snapshots.

use super::call::Then;
use super::options::at_most_one_of;
use super::row::*;
use super::{Call, CommandError, Outcome};
use crate::server::blocked::Blocked;
use crate::server::client::unix_seconds;
use crate::server::jobs::{Job, Shutdown};

/// The rows of these commands.
pub const COMMANDS: &[Row] = &[
    CH0.plain("bgsave", -1, bgsave, OPERATOR | NO_ASYNC_LOADING)
        .about("1.0.0", "Writes a snapshot in the background."),
    CH0.plain("lastsave", 1, lastsave, ANYTIME | FAST)
        .acl(acl::ADMIN | acl::DANGEROUS)
        .tips(&["nondeterministic_output"])
        .about("1.0.0", "Gives the time of the last snapshot."),
    CH0.plain("save", 1, save, OPERATOR | NO_ASYNC_LOADING | NO_MULTI)
        .about("1.0.0", "Writes a snapshot, and waits for it."),
    CH0.plain(
        "shutdown",
        -1,
        shutdown,
        OPERATOR | ANYTIME | NO_MULTI | ALLOW_BUSY,
    )
    .about("1.0.0", "Ends the server."),
];

/// `SAVE`: a snapshot, which the client waits for. Redis makes everybody wait; here it is only the one who asks.
/// <https://redis.io/docs/latest/commands/save/>
pub fn save(call: &mut Call<'_>) -> Outcome {
    begin(call)?;
    call.server.saving.in_foreground = true;
    call.server.saving.waiting.push(call.client);
    call.then = Then::Block(Blocked::on_job());
    Ok(())
}

/// `BGSAVE [SCHEDULE]`: a snapshot, in the background. <https://redis.io/docs/latest/commands/bgsave/>
pub fn bgsave(call: &mut Call<'_>) -> Outcome {
    at_most_one_of(&[b"schedule"], call)?;
    begin(call)?;
    call.reply.simple("Background saving started");
    Ok(())
}

fn begin(call: &mut Call<'_>) -> Outcome {
    if !call.server.begin_save() {
        return Err(CommandError::new("ERR Background save already in progress"));
    }
    Ok(())
}

/// `LASTSAVE`: when the last snapshot was completed, in Unix seconds. <https://redis.io/docs/latest/commands/lastsave/>
pub fn lastsave(call: &mut Call<'_>) -> Outcome {
    let last = unix_seconds(call.server.saving.last);
    call.reply.integer(last);
    Ok(())
}

/// `SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE]`: ends the server. There is no reply unless it fails.
/// <https://redis.io/docs/latest/commands/shutdown/>
pub fn shutdown(call: &mut Call<'_>) -> Outcome {
    let mut shutdown = Shutdown {
        client: Some(call.client),
        ..Shutdown::default()
    };
    for option in call.args.from(1) {
        match option.to_ascii_lowercase().as_slice() {
            b"save" if shutdown.save.is_none() => shutdown.save = Some(true),
            b"nosave" if shutdown.save.is_none() => shutdown.save = Some(false),
            b"now" => {}
            b"force" => shutdown.force = true,
            b"abort" if call.args.len() == 2 => {
                return Err(CommandError::new("ERR No shutdown in progress."));
            }
            _ => return Err(CommandError::SYNTAX),
        }
    }
    call.server.jobs.push(Job::Shutdown(shutdown));
    call.then = Then::Block(Blocked::on_job());
    Ok(())
}
