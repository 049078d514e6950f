//! `zstack`: runs live nodes. The only program that has both the stack and the analyzer in it, so
//! that `zstack demo` can show what its traces say.

mod demo;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs live TCP/IP nodes that trace themselves.
#[derive(Parser)]
#[command(name = "zstack", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Two LPARs and their clients in memory, with problems: runs them, traces them, finds what is wrong
    Demo(demo::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Demo(a) => demo::run(&a),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(e) if e.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("zstack: {e}");
            ExitCode::FAILURE
        }
    }
}
