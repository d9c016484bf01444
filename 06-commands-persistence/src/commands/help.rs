//! Commands that are told by their second argument what to do.

use super::{Call, CommandError, Outcome};

/// A container without a subcommand, or with one that there is not.
pub fn container(call: &mut Call<'_>) -> Outcome {
    let name = call.arg(1)?;
    Err(CommandError::unknown_subcommand(call.command.name, name))
}

/// `<container> HELP`: what subcommands it has.
pub fn help(call: &mut Call<'_>) -> Outcome {
    let chapter = call.server.config.chapter;
    let found = call.server.commands.find(call.arg(0)?, chapter);
    let (_, container) = found.ok_or_else(|| CommandError::unknown(call.args))?;
    let name = container.name.to_ascii_uppercase();
    let mut lines = vec![format!(
        "{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    )];
    for row in call.server.commands.subcommands(container, chapter) {
        lines.push(row.own_name().to_ascii_uppercase());
        lines.push(format!("    {}", row.summary));
    }
    call.reply.array(lines.len());
    for line in lines {
        call.reply.simple(&line);
    }
    Ok(())
}
