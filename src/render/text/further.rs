//! What was asked beyond the paths, and what came of it: the canary and the experiments.

use crate::observation::{Canary, Experiment};
use crate::plan::Plan;
use crate::render::style::{Ink, TextStyle};
use crate::render::words::{canary_words, ended};
use crate::render::wrap::Wrapped;
use crate::report::Report;
use crate::target::{HostName, Target};
use std::fmt;

/// Writes a line for the canary, and a question with its answer for each experiment; nothing if there are none.
pub(super) fn write(f: &mut fmt::Formatter<'_>, report: &Report, style: &TextStyle) -> fmt::Result {
    let round = &report.round;
    if let Some(canary) = &round.canary {
        let words = format!("canary ({}): {}", what(canary), canary_words(canary, &round.target));
        let answered = canary.is_answered(&round.target);
        let (mark, ink) = if answered { ("!", Ink::Bad) } else { (" ", Ink::Faint) };
        writeln!(f, "{} {}", style.paint(Ink::Bad, mark), style.paint(ink, prose(&words, 2, style)))?;
    }
    let count = round.experiments.len();
    if count == 0 {
        return Ok(());
    }
    let title = format!("experiment: {count} more request{}", if count == 1 { "" } else { "s" });
    writeln!(f, "\n{}", style.paint(Ink::Strong, &title))?;
    for Experiment { question, seen } in &round.experiments {
        writeln!(f, "  {}", prose(&format!("{question}: {}", question.words()), 4, style))?;
        let answer = format!("{} → {}", sent(&seen.plan, &round.target), ended(seen, &round.target));
        writeln!(f, "    {}", prose(&answer, 4, style))?;
    }
    Ok(())
}

fn what(canary: &Canary) -> String {
    format!("{} on {}", canary.api, canary.seen.plan.path)
}

/// What was sent, with the names in words, since they are long; `-v` and JSON have them in full.
fn sent(plan: &Plan, target: &Target) -> String {
    let to = plan.connect_to.map(|ip| format!(" to {ip}")).unwrap_or_default();
    let endpoint = target.endpoint.as_ref().map(|endpoint| &endpoint.name);
    let called = |name: &HostName| match name {
        name if *name == target.invoke_name() => "the API's name".to_owned(),
        name if target.alias_name().as_ref() == Some(name) => "the alias".to_owned(),
        name if endpoint == Some(name) => "the endpoint's name".to_owned(),
        name => name.to_string(),
    };
    let id = plan.api_id().map(|id| format!(", x-apigw-api-id: {id}")).unwrap_or_default();
    format!("SNI: {}, Host: {}{id}{to}", called(&plan.sni), called(&plan.host))
}

fn prose<'t>(text: &'t str, indent: usize, style: &TextStyle) -> Wrapped<'t> {
    Wrapped { text, column: indent, indent, width: style.width }
}
