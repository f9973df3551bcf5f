//! What did the round leave open? A few requests more, told before they are sent.

use super::output::{Format, OutputArgs, complain};
use crate::check::Check;
use crate::diagnosis::Inquiry;
use crate::probe::{Limits, Net};
use crate::report::Report;
use std::time::Duration;

/// Asks what a round leaves open, if anything, and explains it anew.
pub(super) async fn experiment(check: &Check, net: &Net, report: Report, output: &OutputArgs) -> Report {
    let inquiries = check.inquiries(&report);
    if inquiries.is_empty() {
        if output.verbose > 0 {
            complain(&format!("experiment: nothing to ask of {}, nothing more is sent", report.round.target.name));
        }
        return report;
    }
    announce(&report.round.target.name, &inquiries);
    let timeout = match output.format {
        // its caller has set a time for all of it
        Format::Nagios => check.limits.timeout.saturating_sub(report.round.took).max(LEAST_TIMEOUT),
        Format::Text | Format::Json | Format::Prometheus => check.limits.timeout,
    };
    let limits = Limits { timeout, ..check.limits };
    check.experiment(report, inquiries, &limits, net).await
}

fn announce(target: &str, inquiries: &[Inquiry]) {
    let count = inquiries.len();
    complain(&format!("experiment: {count} more request{} to {target}", if count == 1 { "" } else { "s" }));
    for Inquiry { question, plan } in inquiries {
        let to = plan.connect_to.map(|ip| format!(" to {ip}")).unwrap_or_default();
        complain(&format!("experiment: {question}{to}: {}", question.words()));
    }
}

const LEAST_TIMEOUT: Duration = Duration::from_millis(500);
