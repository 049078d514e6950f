//! `zscope info`: what a trace is.

use std::io;
use std::process::ExitCode;

use super::input::Input;

/// `zscope info FILE… [--json]`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,
    /// One JSON object for each file
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(_a: &Args) -> io::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
