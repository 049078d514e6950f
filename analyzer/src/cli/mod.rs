//! The command line of `zscope`.

pub mod export;
pub mod fields;
pub mod info;
pub mod input;
pub mod ipcs;
pub mod output;
pub mod owners;
pub mod packets;
pub mod sessions;
pub mod sql;
pub mod table;
pub mod unwrap;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Opens, decodes and explains what leaves a z/OS network, and anything Wireshark opens.
#[derive(Debug, Parser)]
#[command(name = "zscope", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What a trace is: layers, records, times, losses, damage
    Info(info::Args),
    /// The packets of a trace: one line each, fields, the field tree, JSON or CSV
    Packets(packets::Args),
    /// Packets into a file: pcapng, pcap, ctrace, csv, jsonl or parquet
    Export(export::Args),
    /// SQL over the packets, records, sessions, findings and anomalies of a trace
    Sql(sql::Args),
    /// Who talked to whom, what went wrong, and what to do about it
    Sessions(sessions::Args),
    /// The data set inside gzip, TERSE, XMIT or tape wrappers
    Unwrap(unwrap::UnwrapArgs),
    /// IPCS commands as z/OS users type them: CTRACE COMP(SYSTCPDA) and its reports
    Ipcs(ipcs::Args),
    /// The fields that filters, columns and exports know
    Fields(fields::Args),
}

/// Runs the program and returns its exit status: 0 when it did its work, 1 when nothing could
/// be read, 2 on bad usage.
#[must_use]
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Runs the program with these arguments, its own name first.
#[must_use]
pub fn run<T: Into<OsString> + Clone>(arguments: impl IntoIterator<Item = T>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(e) => {
            let code = u8::from(e.use_stderr()) * 2;
            let _ = e.print();
            return ExitCode::from(code);
        }
    };
    let result = match &cli.command {
        Command::Info(a) => info::run(a),
        Command::Packets(a) => packets::run(a),
        Command::Export(a) => export::run(a),
        Command::Sql(a) => sql::run(a),
        Command::Sessions(a) => sessions::run(a),
        Command::Unwrap(a) => unwrap::run(a),
        Command::Ipcs(a) => ipcs::run(a),
        Command::Fields(a) => fields::run(a),
    };
    match result {
        Ok(code) => code,
        Err(e) => {
            eprintln!("zscope: {e}");
            ExitCode::from(2)
        }
    }
}
