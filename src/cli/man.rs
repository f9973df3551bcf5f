//! What does the manual say? One page from the same definition as the command line.

use std::io::{self, Write as _};

/// One page for the command and all that it can be told.
pub(super) fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let whole = clap_mangen::Man::new(command.clone());
    whole.render_title(&mut page)?;
    whole.render_name_section(&mut page)?;
    whole.render_synopsis_section(&mut page)?;
    whole.render_description_section(&mut page)?;
    whole.render_options_section(&mut page)?;
    whole.render_subcommands_section(&mut page)?;
    for sub in command.get_subcommands() {
        let name = format!("apigw-probe {}", sub.get_name());
        let man = clap_mangen::Man::new(sub.clone().bin_name(&name));
        writeln!(page, ".SH \"{}\"", name.to_uppercase())?;
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    // as it stands: a formatter would fill the lines
    write!(
        page,
        ".SH EXAMPLES AND EXIT STATUS\n.nf\n{}\n.fi\n",
        super::EXAMPLES.replace('\\', "\\e").replace('-', "\\-")
    )?;
    whole.render_version_section(&mut page)?;
    Ok(page)
}
