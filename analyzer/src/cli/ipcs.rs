//! `zscope ipcs`: IPCS commands as users of z/OS type them.

use std::fs;
use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, Helper};

use crate::ipcs::command;
use crate::ipcs::interpreter::{Interpreter, Outcome};
use crate::ipcs::parse_options::{self, Kind};
use crate::ipcs::run::{Emit, Setup};
use crate::ipcs::text::Lines;
use crate::ipcs::zone::{Clock, Zone};
use crate::ipcs::{operand, report::heading};
use crate::source::frame::Timestamp;

use super::input::{self, Asked, Input};
use super::output::Output;

/// `zscope ipcs FILE… [-c COMMAND]… [--script FILE]`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,
    /// A command; may be given again. Without any, commands come from standard input
    #[arg(short = 'c', value_name = "COMMAND")]
    commands: Vec<String>,
    /// A file of commands
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Print the zscope commands that mean the same, instead of running anything
    #[arg(long)]
    show_query: bool,
    /// Where the SNIFFER option writes
    #[arg(long, value_name = "OUT")]
    sniffer: Option<PathBuf>,
    /// Time zone of the traced system, for LOCAL and for commands that name none
    #[arg(long, allow_hyphen_values = true, value_name = "+HH:MM", value_parser = zone)]
    tz: Option<Zone>,
}

fn zone(text: &str) -> Result<Zone, String> {
    operand::zone(text).map(Zone::Offset).ok_or_else(|| "an offset such as -05:00 is expected".into())
}

/// Runs the command.
pub fn run(a: &Args) -> io::Result<ExitCode> {
    let setup = Setup {
        files: a.input.files.clone(),
        options: a.input.options(None),
        settings: a.input.settings(Asked::default()),
        workers: a.input.workers(),
        zone: a.tz,
        sniffer: a.sniffer.clone(),
    };
    let mut shell = Shell {
        interpreter: Interpreter::new(setup, a.show_query),
        out: Plain { out: Output::stdout()?, text: String::new(), day: None, listening: true },
        lines: Lines::default(),
        status: 0,
        ended: false,
    };
    for c in &a.commands {
        shell.lines(c.lines());
    }
    if let Some(path) = &a.script {
        let text =
            fs::read(path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
        shell.lines(String::from_utf8_lossy(&text).lines());
    }
    if a.commands.is_empty() && a.script.is_none() {
        if a.input.files.iter().any(|f| f.as_os_str() == "-") {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "standard input is the trace, so commands have to come from -c or --script",
            ));
        }
        if io::stdin().is_terminal() { shell.prompt()? } else { shell.standard_input()? }
    }
    shell.finish()
}

/// Text to standard output, with a line for each new day.
struct Plain {
    out: Output,
    text: String,
    day: Option<(i64, u8, u8)>,
    listening: bool,
}

/// Text gathered before it is written.
const BUFFER: usize = 256 << 10;

impl Emit for Plain {
    fn text(&mut self, text: &str) -> bool {
        self.text.push_str(text);
        self.listening
    }

    fn record(&mut self, _: Timestamp, clock: &Clock, text: &str) -> bool {
        if self.day.replace(clock.day()) != Some(clock.day()) {
            self.text.push_str(&heading::date(clock));
        }
        self.text.push_str(text);
        if self.text.len() >= BUFFER { self.flush() } else { self.listening }
    }

    fn flush(&mut self) -> bool {
        self.listening &= self.out.write(self.text.as_bytes());
        self.text.clear();
        self.listening
    }
}

struct Shell {
    interpreter: Interpreter,
    out: Plain,
    lines: Lines,
    status: u8,
    ended: bool,
}

impl Shell {
    /// Takes lines of commands; the end of them ends the last one.
    fn lines<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        for l in lines {
            if let Some(c) = self.lines.push(l) {
                self.run(&c);
            }
        }
        if let Some(c) = self.lines.finish() {
            self.run(&c);
        }
    }

    /// Runs one command.
    fn run(&mut self, command: &str) {
        // A line that begins with an asterisk or a comment is a remark.
        let plain = command.trim_start();
        let remark = plain.starts_with('*')
            || (plain.starts_with("/*")
                && plain.trim_end().ends_with("*/")
                && plain.matches("*/").count() == 1);
        if self.ended || remark || !self.out.listening {
            return;
        }
        self.out.day = None;
        let outcome = self.interpreter.run(command, &mut self.out);
        self.out.flush();
        match outcome {
            Outcome::Done(reports) => {
                for r in &reports {
                    // Exit status 1 says that nothing could be read.
                    let read =
                        r.inputs.is_empty() && r.failed.is_empty() || input::conclude(r) == ExitCode::SUCCESS;
                    let none = r.inputs.is_empty() && !r.failed.is_empty();
                    if !read || none {
                        self.status = self.status.max(1);
                    }
                }
            }
            Outcome::Wrong(m) => {
                eprint!("{}", m.show(command));
                self.status = 2;
            }
            Outcome::Failed(e) => {
                eprintln!("zscope: {e}");
                self.status = 2;
            }
            Outcome::End => self.ended = true,
        }
    }

    /// Commands from a pipe or a file.
    fn standard_input(&mut self) -> io::Result<()> {
        for line in io::stdin().lock().lines() {
            if let Some(c) = self.lines.push(&line?) {
                self.run(&c);
            }
            if self.ended {
                break;
            }
        }
        if let Some(c) = self.lines.finish() {
            self.run(&c);
        }
        Ok(())
    }

    /// A prompt with history and completion.
    fn prompt(&mut self) -> io::Result<()> {
        let mut editor: Editor<Words, DefaultHistory> = Editor::new().map_err(io::Error::other)?;
        editor.set_helper(Some(Words::new()));
        println!("IPCS commands as zscope knows them; HELP lists them, END ends.");
        while !self.ended && self.out.listening {
            let prompt = match (self.lines.is_open(), self.interpreter.is_merging()) {
                (true, _) => "    > ",
                (_, true) => "MERGE> ",
                _ => "IPCS> ",
            };
            match editor.readline(prompt) {
                Ok(line) => {
                    if let Some(c) = self.lines.push(&line) {
                        let _ = editor.add_history_entry(c.as_str());
                        self.run(&c);
                    }
                }
                // The line is given up, the prompt stays.
                Err(ReadlineError::Interrupted) => self.lines = Lines::default(),
                Err(ReadlineError::Eof) => break,
                Err(e) => return Err(io::Error::other(e)),
            }
        }
        // What went wrong was seen when it happened.
        self.status = 0;
        Ok(())
    }

    fn finish(self) -> io::Result<ExitCode> {
        let mut status = self.status;
        if let Some(what) = self.interpreter.unfinished() {
            eprintln!("zscope: {what}");
            status = 2;
        }
        self.out.out.finish()?;
        Ok(ExitCode::from(status))
    }
}

/// Completes commands and keywords.
struct Words {
    words: Vec<&'static str>,
}

impl Words {
    fn new() -> Self {
        let mut words = command::verbs();
        words.extend(command::ctrace_keywords());
        words.extend(parse_options::keywords(Kind::Packets));
        words.extend(["SYSTCPDA", "SYSTCPIP", "SYSTCPIS", "SYSTCPOT", "SYSTCPRE", "SYSTCPRT", "SYSTCPIK"]);
        words.sort_unstable();
        words.dedup();
        Self { words }
    }
}

impl Completer for Words {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = &line[..pos];
        let start = before.rfind([' ', '(', ',']).map_or(0, |n| n + 1);
        let word = before[start..].to_ascii_uppercase();
        let fits = self.words.iter().filter(|w| !word.is_empty() && w.starts_with(&word));
        Ok((start, fits.map(|w| (*w).to_owned()).collect()))
    }
}

impl Hinter for Words {
    type Hint = String;
}
impl Highlighter for Words {}
impl Validator for Words {}
impl Helper for Words {}
