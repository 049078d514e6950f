//! Writes the files of `samples/ctrace/` anew: see `tests::ctrace_samples`.

use std::process::ExitCode;
use tests::{ctrace_samples, workspace};

fn main() -> ExitCode {
    let dir = workspace::root().join("samples/ctrace");
    let mut files: Vec<_> = ctrace_samples::all().into_iter().map(|s| (s.name, s.bytes)).collect();
    files.push(("README.md", ctrace_samples::readme().into_bytes()));
    let made = std::fs::create_dir_all(&dir)
        .and_then(|()| files.iter().try_for_each(|(name, bytes)| std::fs::write(dir.join(name), bytes)));
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("make-ctrace-samples: {}: {why}", dir.display());
            ExitCode::FAILURE
        }
    }
}
