//! `zscope fields`: the field registry.

use std::io;
use std::process::ExitCode;

use crate::decode::registry;

use super::output::Output;

/// `zscope fields [PATTERN]`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Part of a name or meaning; every field without it
    pattern: Option<String>,
}

/// Prints name, type, whether Wireshark has it, and meaning.
pub fn run(a: &Args) -> io::Result<ExitCode> {
    let pattern = a.pattern.as_deref().unwrap_or_default().to_ascii_lowercase();
    let shown =
        |name: &str, label: &str| name.contains(&pattern) || label.to_ascii_lowercase().contains(&pattern);
    let mut rows: Vec<(&str, &str, &str, &str)> = registry::all()
        .map(|(_, d)| (d.name, d.kind.name(), if d.wireshark { "wireshark" } else { "zscope" }, d.label))
        .chain(
            registry::ALIASES.iter().map(|a| (a.name, a.fields[0].def().kind.name(), "wireshark", a.label)),
        )
        .filter(|r| shown(r.0, r.3))
        .collect();
    rows.sort_unstable();
    rows.dedup();
    let width = rows.iter().map(|r| r.0.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (name, kind, whose, label) in &rows {
        out.push_str(&format!("{name:width$}  {kind:16}  {whose:9}  {label}\n"));
    }
    let stdout = Output::stdout()?;
    let _ = stdout.write(out.as_bytes());
    stdout.finish()?;
    Ok(ExitCode::from(u8::from(rows.is_empty())))
}
