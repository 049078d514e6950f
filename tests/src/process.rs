//! Runs other programs: with a time limit for tests, with resource counts for benchmarks.

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How a program ended and what it said.
#[derive(Debug, Clone)]
pub struct Output {
    /// Exit code; `None` when a signal or the time limit ended it.
    pub code: Option<i32>,
    /// Everything it wrote to standard output.
    pub stdout: Vec<u8>,
    /// Everything it wrote to standard error.
    pub stderr: Vec<u8>,
    /// True when the time limit ended it.
    pub timed_out: bool,
}

impl Output {
    /// Standard error as text.
    #[must_use]
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// Runs a program to its end, or for `limit`, whichever is shorter.
///
/// # Errors
/// When it cannot be started.
pub fn run(command: &mut Command, limit: Duration) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (ended, stdout, stderr) = thread::scope(|s| {
        let out = s.spawn(move || read_all(out));
        let err = s.spawn(move || read_all(err));
        let ended = wait(&mut child, limit);
        (ended, out.join().unwrap_or_default(), err.join().unwrap_or_default())
    });
    let (status, timed_out) = ended?;
    Ok(Output { code: status.code(), stdout, stderr, timed_out })
}

fn read_all(from: Option<impl Read>) -> Vec<u8> {
    let mut all = Vec::new();
    if let Some(mut from) = from {
        // What was read before an error is kept; the exit code tells the rest.
        let _ = from.read_to_end(&mut all);
    }
    all
}

fn wait(child: &mut Child, limit: Duration) -> io::Result<(ExitStatus, bool)> {
    let begin = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, false));
        }
        if begin.elapsed() > limit {
            child.kill()?;
            return Ok((child.wait()?, true));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

/// What a program used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Elapsed time.
    pub wall: Duration,
    /// Processor time, user and system.
    pub cpu: Duration,
    /// Largest resident set, in bytes.
    pub memory: u64,
}

/// Runs a program with its output thrown away and counts what it used.
///
/// # Errors
/// When it cannot be started, or does not end with exit code 0.
pub fn measure(command: &mut Command) -> io::Result<Usage> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begin = Instant::now();
    let child = command.spawn()?;
    let (status, used) = wait4(child.id())?;
    let wall = begin.elapsed();
    if !status.success() {
        return Err(io::Error::other(format!("{} ended with {status}", name(command))));
    }
    let time = |t: libc::timeval| {
        Duration::from_secs(t.tv_sec.unsigned_abs()) + Duration::from_micros(t.tv_usec.unsigned_abs())
    };
    Ok(Usage {
        wall,
        cpu: time(used.ru_utime) + time(used.ru_stime),
        memory: used.ru_maxrss.unsigned_abs() * 1024,
    })
}

/// The program's name without its folder.
fn name(command: &Command) -> String {
    Path::new(command.get_program()).file_name().unwrap_or_default().display().to_string()
}

/// Waits for one child and takes its resource counts, which the standard library drops.
fn wait4(pid: u32) -> io::Result<(ExitStatus, libc::rusage)> {
    let pid = libc::pid_t::try_from(pid).map_err(io::Error::other)?;
    let mut status = 0;
    // SAFETY: a rusage is plain numbers, for which all zero bytes are a value.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live variables of the types that the call fills.
        let got = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut used) };
        if got == pid {
            return Ok((ExitStatus::from_raw(status), used));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_hangs_is_ended() {
        let out = run(Command::new("sleep").arg("60"), Duration::from_millis(50)).expect("sleep exists");
        assert!(out.timed_out);
        assert_eq!(out.code, None);
    }

    #[test]
    fn output_and_exit_code_arrive() {
        let out = run(Command::new("sh").args(["-c", "echo a; echo b >&2; exit 3"]), Duration::from_secs(10))
            .expect("sh exists");
        assert_eq!((out.code, &out.stdout[..], &out.stderr[..]), (Some(3), &b"a\n"[..], &b"b\n"[..]));
    }

    #[test]
    fn processor_time_and_memory_are_counted() {
        let used =
            measure(Command::new("sh").args(["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]))
                .expect("sh exists");
        assert!(used.cpu > Duration::ZERO && used.memory > 100_000, "{used:?}");
    }
}
