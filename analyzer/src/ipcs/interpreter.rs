//! Runs one command after the other and keeps what lasts between them: SETDEF, the SNIFFER file,
//! an open MERGE.

use std::io;

use super::command::{self, Command, Ctrace};
use super::message::Message;
use super::parse_options::{self, Kind};
use super::run::{Emit, Setup};
use super::{merge, query, run};
use crate::pipeline::Report;

/// How a command ended.
#[derive(Debug)]
pub enum Outcome {
    /// It ran; what was found out about the inputs that it read.
    Done(Vec<Report>),
    /// It cannot be read.
    Wrong(Message),
    /// It cannot be run.
    Failed(io::Error),
    /// END.
    End,
}

/// The state between commands.
#[derive(Debug)]
pub struct Interpreter {
    setup: Setup,
    /// Print zscope's own commands instead of running anything.
    show_query: bool,
    merging: Option<Vec<Ctrace>>,
}

impl Interpreter {
    /// Begins with the inputs of the command line.
    #[must_use]
    pub const fn new(setup: Setup, show_query: bool) -> Self {
        Self { setup, show_query, merging: None }
    }

    /// True between MERGE and MERGEEND.
    #[must_use]
    pub const fn is_merging(&self) -> bool {
        self.merging.is_some()
    }

    /// Runs a command.
    pub fn run(&mut self, text: &str, emit: &mut dyn Emit) -> Outcome {
        match command::parse(text) {
            Ok(c) => self.command(c, text, emit).unwrap_or_else(Outcome::Failed),
            Err(m) => Outcome::Wrong(m),
        }
    }

    fn command(&mut self, c: Command, text: &str, emit: &mut dyn Emit) -> io::Result<Outcome> {
        let mut say = |t: &str| {
            emit.text(t);
            emit.flush();
            Ok(Outcome::Done(Vec::new()))
        };
        match c {
            Command::End => Ok(Outcome::End),
            Command::Note(t) => say(&format!("{t}\n")),
            Command::Help(about) => say(&help(about.as_deref())),
            Command::ShowQuery(inner) => match *inner {
                Command::Ctrace(c) => say(&query::show(&c, &self.setup)),
                _ => Ok(Outcome::Wrong(Message::new(0, text.len(), "SHOWQUERY explains a CTRACE command"))),
            },
            Command::SetDef(path, zone) => {
                if let Some(p) = path {
                    self.setup.files = vec![p];
                }
                self.setup.zone = zone.or(self.setup.zone);
                Ok(Outcome::Done(Vec::new()))
            }
            Command::AllocSniffer(p) => {
                self.setup.sniffer = Some(p);
                Ok(Outcome::Done(Vec::new()))
            }
            Command::Query(component) => {
                if self.show_query {
                    let files: Vec<String> =
                        self.setup.files.iter().map(|p| p.display().to_string()).collect();
                    return say(&format!("zscope info {}\n", files.join(" ")));
                }
                let zone = self.setup.zone.unwrap_or_default();
                let (t, failed) = query::components(component.as_deref(), &self.setup, zone);
                let report = Report { failed, ..Report::default() };
                emit.text(&t);
                emit.flush();
                Ok(Outcome::Done(vec![report]))
            }
            Command::Merge if self.merging.is_some() => {
                Ok(Outcome::Wrong(Message::new(0, text.len(), "MERGE is open already; MERGEEND comes first")))
            }
            Command::Merge => {
                self.merging = Some(Vec::new());
                Ok(Outcome::Done(Vec::new()))
            }
            Command::MergeEnd => match self.merging.take() {
                None => Ok(Outcome::Wrong(Message::new(0, text.len(), "MERGEEND without MERGE"))),
                Some(_) if self.show_query => Ok(Outcome::Done(Vec::new())),
                Some(list) => merge::run(&list, &self.setup, emit).map(Outcome::Done),
            },
            Command::Ctrace(c) => self.ctrace(*c, text, emit),
        }
    }

    fn ctrace(&mut self, mut c: Ctrace, text: &str, emit: &mut dyn Emit) -> io::Result<Outcome> {
        if self.show_query {
            emit.text(&query::show(&c, &self.setup));
            emit.flush();
            return Ok(Outcome::Done(Vec::new()));
        }
        let Some(list) = &mut self.merging else {
            return run::ctrace(&c, &self.setup, emit).map(|r| Outcome::Done(vec![r]));
        };
        if c.options.sniffer.is_some() {
            return Ok(Outcome::Wrong(Message::new(
                text.to_ascii_uppercase().find("SNIF").unwrap_or(0),
                4,
                "SNIFFER must not be used inside MERGE, where each CTRACE would replace the file; \
                 one CTRACE over all the files writes them into one",
            )));
        }
        // A later SETDEF must not change what was asked for here.
        if c.input.is_none()
            && let [only] = &self.setup.files[..]
        {
            c.input = Some(only.clone());
        }
        c.zone = Some(self.setup.zone_of(&c));
        list.push(c);
        Ok(Outcome::Done(Vec::new()))
    }

    /// What is left open at the end of the commands.
    #[must_use]
    pub fn unfinished(&self) -> Option<&'static str> {
        self.merging.as_ref().map(|_| "MERGE has no MERGEEND: nothing of it was run")
    }
}

fn help(about: Option<&str>) -> String {
    let list = |words: Vec<&str>| {
        let mut t = String::new();
        let mut width = 0;
        for w in words {
            if width + w.len() > 72 {
                t.push('\n');
                width = 0;
            }
            t.push_str(if width == 0 { "  " } else { " " });
            t.push_str(w);
            width += w.len() + 1;
        }
        t.push('\n');
        t
    };
    match about {
        Some(w) if !w.is_empty() && "OPTIONS".starts_with(w) => {
            let mut t = String::from("OPTIONS of SYSTCPDA and SYSTCPOT:\n");
            t += &list(parse_options::keywords(Kind::Packets));
            t += "OPTIONS of SYSTCPIS besides:\n  CORRELATOR ENTRYID GROUP INSTANCE PROBEID TYPE\n";
            t += "OPTIONS of the other components:\n";
            t + &list(parse_options::keywords(Kind::Events))
        }
        Some(w) if !w.is_empty() && "CTRACE".starts_with(w) => {
            "Keywords of CTRACE:\n".to_owned() + &list(command::ctrace_keywords())
        }
        _ => {
            "Commands; HELP CTRACE and HELP OPTIONS list their keywords:\n".to_owned()
                + &list(command::verbs())
                + "Every word may be shortened while it stays unambiguous; + or - at the end of a line continues it.\n"
        }
    }
}
