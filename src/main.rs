//! The `apigw-probe` command: parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    apigw_probe::cli::main(std::env::args_os())
}
