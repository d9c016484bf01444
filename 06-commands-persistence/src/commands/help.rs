//! Commands that are told by their second argument what to do.

use super::{Call, CommandError, Outcome, table};

/// A container without a subcommand, or with one that there is not.
pub fn container(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    Err(CommandError::unknown_subcommand(call.command.name, name))
}

/// `<container> HELP`: what subcommands it has.
pub fn help(call: &mut Call<'_>) -> Outcome {
    let container = call.command.name.split('|').next().unwrap_or_default();
    let name = container.to_ascii_uppercase();
    let mut lines = vec![format!(
        "{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    )];
    for row in table::subcommands(container, call.server.config.chapter) {
        let own = row.name.rsplit('|').next().unwrap_or_default();
        lines.push(own.to_ascii_uppercase());
        lines.push(format!("    {}", row.summary));
    }
    call.reply.array(lines.len());
    for line in lines {
        call.reply.simple(&line);
    }
    Ok(())
}
