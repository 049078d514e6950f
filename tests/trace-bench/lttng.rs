//! LTTng-UST as a peer: a C program with two trace points, compiled here, and a session in
//! flight recorder mode.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Settings;

const SESSION: &str = "zscope-trace-bench";

/// A session with the peer's trace points on; ends when it is dropped.
pub struct Lttng {
    dir: PathBuf,
}

fn command(dir: &Path, program: &str, args: &[&str]) -> Result<String, String> {
    let out = Command::new(program)
        .args(args)
        .current_dir(dir)
        .env("LTTNG_HOME", dir)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    if out.status.success() {
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    } else {
        Err(format!("{program} {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim()))
    }
}

impl Lttng {
    /// Compiles the peer in a folder of its own and starts the session.
    pub fn start(dir: &Path) -> Result<Self, String> {
        let dir = dir.join(format!("trace-bench-lttng-{}", std::process::id()));
        std::fs::create_dir_all(&dir).map_err(|e| e.to_string())?;
        let this = Self { dir };
        let dir = &this.dir;
        for (name, text) in
            [("tp.h", include_str!("lttng_provider.h")), ("peer.c", include_str!("lttng_peer.c"))]
        {
            std::fs::write(dir.join(name), text).map_err(|e| e.to_string())?;
        }
        command(dir, "gcc", &["-O2", "-I.", "-o", "peer", "peer.c", "-llttng-ust", "-ldl", "-lpthread"])?;
        // Fails when one runs already, which will do.
        let _ = Command::new("lttng-sessiond")
            .args(["--daemonize", "--no-kernel"])
            .env("LTTNG_HOME", dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        command(dir, "lttng", &["create", SESSION, "--snapshot"])?;
        let channel = [
            "enable-channel",
            "-s",
            SESSION,
            "-u",
            "--overwrite",
            "--subbuf-size=1M",
            "--num-subbuf=4",
            "bench",
        ];
        command(dir, "lttng", &channel)?;
        command(dir, "lttng", &["enable-event", "-s", SESSION, "-u", "-c", "bench", "zbench:*"])?;
        command(dir, "lttng", &["start", SESSION])?;
        Ok(this)
    }

    /// Nanoseconds an event, of each thread.
    pub fn run(&self, kind: &str, threads: usize, s: &Settings) -> Result<Vec<f64>, String> {
        let peer = self.dir.join("peer");
        let args = [kind, &threads.to_string(), &s.batches.to_string(), &s.events.to_string()];
        let text = command(&self.dir, &peer.to_string_lossy(), &args)?;
        let all: Vec<f64> = text.lines().filter_map(|l| l.trim().parse().ok()).collect();
        if all.len() == threads { Ok(all) } else { Err(format!("the peer printed {text:?}")) }
    }
}

impl Drop for Lttng {
    fn drop(&mut self) {
        let _ = command(&self.dir, "lttng", &["destroy", SESSION]);
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
