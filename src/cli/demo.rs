//! What would it say? A probe of a simulated AWS side on loopback, for rehearsal and for people without an account.

use super::output::{self, OutputArgs};
use super::{Stop, print, runtime};
use crate::check::{Check, Intents};
use crate::lab::{Addresses, Lab, Scenario};
use crate::plan::Request;
use crate::probe::{Detour, Limits, Net, Resolver, Trust};
use crate::target::{Expectation, Target, TargetInput};
use clap::Args;
use std::fmt::Write as _;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// What is wrong in the simulation
    #[arg(long, value_name = "NAME", default_value = "healthy", value_parser = scenario)]
    scenario: &'static Scenario,
    /// List the scenarios
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    output: OutputArgs,
}

pub(super) fn run(args: &DemoArgs) -> Result<u8, Stop> {
    if args.list {
        return print(list().as_bytes());
    }
    let output = args.output.open()?;
    if !args.output.quiet {
        output::complain(&format!("simulated on loopback: {}: {}", args.scenario.name, args.scenario.description));
    }
    let report = runtime()?.block_on(async {
        let lab = Lab::start(args.scenario, Addresses::AsOnAws).await.map_err(Stop::host)?;
        Ok::<_, Stop>(check(&lab)?.run(&net(&lab)?, &[]).await)
    })?;
    args.output.tell(output, &report)
}
