//! Runs a CTRACE command: one pass over the inputs, records in order to the reports.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::application::Application;
use super::command::{Ctrace, ReportType};
use super::inputs::{self, Facts};
use super::options::Detail;
use super::parse_options::Kind as Formatter;
use super::record::{Kind, Record};
use super::report::session::Sessions;
use super::report::sniffer::Sniffer;
use super::report::statistics::Statistics;
use super::report::streams::Streams;
use super::report::{Look, dump, event, format, heading, option, summary};
use super::zone::{Clock, Zone};
use crate::decode::ctx::Settings;
use crate::export::select::Select;
use crate::filter::Filter;
use crate::pipeline::{self, Decoded, Report, Work};
use crate::source::Options;
use crate::source::frame::{Batch, Timestamp};

/// Where the text of a report goes.
pub trait Emit: Send {
    /// Text outside the records. False when nobody listens any more.
    fn text(&mut self, text: &str) -> bool;

    /// A record's text, and when it was.
    fn record(&mut self, time: Timestamp, clock: &Clock, text: &str) -> bool;

    /// Everything so far may be written.
    fn flush(&mut self) -> bool {
        true
    }
}

/// What a run needs besides the command.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The inputs.
    pub files: Vec<PathBuf>,
    /// How they are read.
    pub options: Options,
    /// How they are decoded.
    pub settings: Settings,
    /// Threads.
    pub workers: usize,
    /// The time zone of commands that name none, and what LOCAL stands for.
    pub zone: Option<Zone>,
    /// Where SNIFFER writes.
    pub sniffer: Option<PathBuf>,
}

impl Setup {
    /// The time zone of a command. LOCAL is what `--tz` says.
    #[must_use]
    pub fn zone_of(&self, c: &Ctrace) -> Zone {
        match (c.zone, self.zone) {
            (Some(Zone::Local), Some(z)) | (None, Some(z)) => z,
            (Some(z), _) => z,
            (None, None) => Zone::Gmt,
        }
    }

    /// The files that a command reads.
    #[must_use]
    pub fn files_of<'a>(&'a self, c: &'a Ctrace) -> &'a [PathBuf] {
        c.input.as_ref().map_or(&self.files, std::slice::from_ref)
    }
}

/// Moves a time of the command's zone to GMT.
#[must_use]
pub fn to_gmt(t: Timestamp, zone: Zone) -> Timestamp {
    Timestamp { secs: t.secs - zone.seconds(), ..t }
}

/// Runs a command. Returns what the pipeline found out.
pub fn ctrace(c: &Ctrace, setup: &Setup, emit: &mut dyn Emit) -> io::Result<Report> {
    let zone = setup.zone_of(c);
    let facts: Vec<Facts> = setup.files_of(c).iter().map(|p| inputs::look(p, &setup.options)).collect();
    let (files, mut remarks) = chosen(c, facts);
    if matches!(c.zone, Some(Zone::Local)) && setup.zone.is_none_or(|z| z == Zone::Local) {
        remarks.push(
            "LOCAL: the trace does not say the system's time zone, times are GMT; name it with TZ(+hh:mm)"
                .into(),
        );
    }
    remarks.extend(c.notes.iter().cloned());
    let sniffer = match c.options.sniffer {
        None => None,
        Some(o) => {
            let path = setup.sniffer.as_ref().ok_or_else(|| {
                io::Error::other(
                    "SNIFFER needs a file: --sniffer OUT.pcapng, or ALLOC F(SNIFFER) DA('out.pcapng')",
                )
            })?;
            let file = Sniffer::create(path, o)
                .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
            Some((o, file))
        }
    };
    emit.text(&top(c, &files, &remarks));
    if let Some((o, _)) = &sniffer {
        emit.text(&Sniffer::selected(*o));
    }
    let text = c.selection().filter();
    let filter = match text.is_empty() {
        true => None,
        false => Some(Filter::parse(&text).map_err(|e| io::Error::other(format!("{text}: {e}")))?),
    };
    let systems = files.iter().map(|f| f.system.clone().unwrap_or_default()).collect();
    let engine = Mutex::new(Engine {
        c,
        zone,
        systems,
        leap_seconds: setup.settings.leap_seconds,
        page: setup.settings.codepage,
        start: c.start.map(|t| to_gmt(t, zone)),
        stop: c.stop.map(|t| to_gmt(t, zone)),
        nr: 0,
        passed: 0,
        ended: false,
        statistics: Statistics::default(),
        sniffer: sniffer.map(|s| s.1),
        sessions: c.options.session.map(Sessions::new),
        streams: c.options.streams.map(Streams::new),
        bad_sums: 0,
        offloaded: 0,
        text: String::new(),
        emit,
    });
    let applications =
        matches!(c.options.format, Some(Detail::Detail)) || c.options.basic == Some(Detail::Detail);
    let workers = (0..setup.workers)
        .map(|_| Worker {
            select: filter.as_ref().map(Select::new),
            applications: applications.then(Application::default),
            texts: Vec::new(),
            passed: Vec::new(),
            input: 0,
            engine: &engine,
        })
        .collect();
    let paths: Vec<PathBuf> = files.into_iter().map(|f| f.path).collect();
    let settings = Settings { applications, ..setup.settings.clone() };
    let report = pipeline::run(&paths, &setup.options, &settings, workers);
    engine.into_inner().unwrap_or_else(PoisonError::into_inner).finish(&report)?;
    Ok(report)
}

/// The inputs that SYSNAME and SUB let through, and remarks about the others.
fn chosen(c: &Ctrace, facts: Vec<Facts>) -> (Vec<Facts>, Vec<String>) {
    let mut remarks = Vec::new();
    let files = facts
        .into_iter()
        .filter(|f| {
            let name = f.path.display();
            if let (Some(want), Some(is)) = (&c.sysname, &f.system)
                && want != is
            {
                remarks.push(format!("{name}: SYSNAME({is}), not {want}"));
                return false;
            }
            // A subname has several parts where a component has several traces of one stack.
            if let (false, Some(is)) = (c.subnames.is_empty(), &f.subname)
                && !c.subnames.iter().any(|s| s == is)
            {
                remarks.push(format!("{name}: SUBNAME(({is})), not (({}))", c.subnames.join(".")));
                return false;
            }
            true
        })
        .collect();
    (files, remarks)
}

/// What stands above the records.
fn top(c: &Ctrace, files: &[Facts], remarks: &[String]) -> String {
    let mut systems: Vec<&str> = files.iter().filter_map(|f| f.system.as_deref()).collect();
    systems.dedup();
    let mut subs: Vec<String> = c.subnames.clone();
    if subs.is_empty() {
        subs = files.iter().filter_map(|f| f.subname.clone()).collect();
        subs.dedup();
    }
    let dsname = files.iter().map(|f| f.path.display().to_string()).collect::<Vec<_>>().join(",");
    let system = if systems.is_empty() { c.sysname.clone().unwrap_or_default() } else { systems.join(",") };
    let mut t = heading::echo(c, &system, &subs, &dsname);
    for r in remarks {
        t.push_str(r);
        t.push('\n');
    }
    let o = &c.options;
    if o.option {
        t.push_str(&option::print(c));
    }
    if o.hprdiag.is_some() {
        t.push_str(
            "HPRDIAG: HPR is not decoded yet; EE packets are counted under their ports by STATISTICS\n",
        );
    }
    let events = c.kind() == Formatter::Events;
    if o.summary && !events {
        t.push_str(summary::LEGEND);
    }
    if events && c.report != ReportType::Tally || o.format.is_some() || o.dump.is_some() || o.basic.is_some()
    {
        t.push_str(heading::COMMON);
    }
    if o.summary && !events {
        t.push_str(summary::headings(&c.component));
    }
    t
}

struct Worker<'a, 'e> {
    select: Option<Select>,
    applications: Option<Application>,
    /// What the decoders said about the frames that passed, by their place in the batch.
    texts: Vec<(usize, String)>,
    passed: Vec<bool>,
    input: usize,
    engine: &'a Mutex<Engine<'e>>,
}

impl Work for Worker<'_, '_> {
    fn decode(&mut self, batch: &Decoded<'_>) {
        self.input = batch.input;
        self.passed.clear();
        match &mut self.select {
            Some(s) => self.passed.extend_from_slice(s.pass(batch)),
            None => self.passed.resize(batch.batch.frames.len(), true),
        }
        self.texts.clear();
        let Some(sink) = &mut self.applications else { return };
        let (texts, passed) = (&mut self.texts, &self.passed);
        let mut next = 0;
        let at = std::cell::Cell::new(0);
        batch.frames(
            sink,
            |sink, _, _| {
                sink.clear();
                at.set(next);
                next += 1;
                passed.get(at.get()) == Some(&true)
            },
            |c, _| {
                let text = c.sink.text();
                if !text.is_empty() {
                    texts.push((at.get(), text));
                }
            },
        );
    }

    fn deliver(&mut self, batch: &Batch) -> bool {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        engine.batch(batch, self.input, &mut self.passed, &self.texts)
    }
}

/// What runs in the records' order.
struct Engine<'a> {
    c: &'a Ctrace,
    zone: Zone,
    systems: Vec<String>,
    leap_seconds: i64,
    page: formats::ebcdic::CodePage,
    start: Option<Timestamp>,
    stop: Option<Timestamp>,
    nr: u64,
    passed: u64,
    ended: bool,
    statistics: Statistics,
    sniffer: Option<Sniffer>,
    sessions: Option<Sessions>,
    streams: Option<Streams>,
    bad_sums: u64,
    offloaded: u64,
    text: String,
    emit: &'a mut dyn Emit,
}

impl Engine<'_> {
    /// Deals with a batch; false ends the run.
    fn batch(&mut self, batch: &Batch, input: usize, passed: &mut [bool], texts: &[(usize, String)]) -> bool {
        let mut texts = texts.iter().peekable();
        let mut go_on = true;
        for (i, (f, pass)) in batch.frames.iter().zip(passed.iter_mut()).enumerate() {
            let application = texts.next_if(|(at, _)| *at == i).map_or("", |(_, t)| t);
            if self.ended {
                *pass = false;
                continue;
            }
            let mut r = Record::new(batch, f, self.leap_seconds);
            *pass = self.takes(&mut r) && *pass && self.numbered(&r);
            if *pass {
                go_on &= self.record(&r, input, application);
                self.ended |= self.passed >= self.c.options.limit;
            }
            self.ended |= self.c.limit.is_some_and(|n| self.nr >= n);
        }
        if let Some(s) = &mut self.sniffer {
            s.batch(batch, passed);
        }
        go_on && self.emit.flush() && !self.ended
    }

    /// What CTRACE itself selects by; gives the record its number.
    fn takes(&mut self, r: &mut Record<'_>) -> bool {
        if !r.is_of(&self.c.component)
            || self.start.is_some_and(|t| r.entry_time < t)
            || self.stop.is_some_and(|t| r.entry_time > t)
        {
            return false;
        }
        self.nr += 1;
        self.statistics.read += 1;
        r.nr = self.nr;
        let ids = &self.c.entry_ids;
        ids.is_empty() || ids.iter().any(|(a, b)| (*a..=*b).contains(&r.id.0.into()))
    }

    fn numbered(&self, r: &Record<'_>) -> bool {
        self.c.options.wants_record(r.nr)
    }

    /// A record that passed everything.
    fn record(&mut self, r: &Record<'_>, input: usize, application: &str) -> bool {
        self.passed += 1;
        self.statistics.count(r);
        let c = self.c;
        let o = &c.options;
        if o.statistics.is_some() {
            self.statistics.tabulate(r, o);
        }
        let look = Look {
            component: &c.component,
            options: o,
            zone: self.zone,
            sysname: self.systems.get(input).map_or("", String::as_str),
            page: self.page,
        };
        self.text.clear();
        let t = &mut self.text;
        if c.kind() == Formatter::Events {
            if c.report != ReportType::Tally {
                format::common(t, r, &look);
                event::record(t, r, &look, c.report);
            }
        } else if o.per_record() {
            if o.format.is_some() || o.dump.is_some() || o.basic.is_some() {
                format::common(t, r, &look);
            }
            if o.basic.is_some() {
                format::basic(t, r);
                if o.basic == Some(Detail::Detail) && o.format.is_none() {
                    t.push_str(application);
                }
            }
            match (o.format, r.kind) {
                (Some(_), Kind::Event) => event::record(t, r, &look, ReportType::Short),
                (Some(d), _) => format::record(t, r, &look, d, application),
                (None, _) => {}
            }
            if let Some(n) = o.dump {
                dump::record(t, r, &look, n as usize);
            }
            if o.summary {
                summary::record(t, r, &look);
            }
        }
        if let Some(s) = &mut self.streams {
            s.record(r);
        }
        if let Some(s) = &mut self.sessions {
            s.record(t, r, o, self.zone);
        }
        let (time, clock) = (if o.tod { r.time } else { r.entry_time }, look.clock(r));
        self.checksums(r);
        if self.text.is_empty() {
            return true;
        }
        self.emit.record(time, &clock, &self.text)
    }

    /// One message for each packet whose checksum is wrong, below it.
    fn checksums(&mut self, r: &Record<'_>) {
        use std::fmt::Write as _;
        let Some(detail) = self.c.options.checksum else { return };
        let report = self.c.options.per_record() || self.c.options.statistics.is_some();
        if !report || matches!(r.kind, Kind::Data | Kind::Smc) {
            return;
        }
        let sums = [("IP header", r.packet.ip_checksum()), ("protocol", r.packet.checksum())];
        for (what, sum) in sums {
            match sum {
                Some(super::packet::Checksum::Offloaded(_)) => self.offloaded += 1,
                Some(s) if s.is_wrong() => {
                    self.bad_sums += 1;
                    if self.c.options.per_record() {
                        let _ = writeln!(
                            self.text,
                            "  Checksum of the {what} in record {} is wrong: {}",
                            r.nr,
                            s.text()
                        );
                        if detail == Detail::Detail && self.c.options.dump.is_none() {
                            let mut text = String::new();
                            dump::record(&mut text, r, &self.look(""), usize::MAX);
                            self.text.push_str(&text);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn look<'s>(&'s self, sysname: &'s str) -> Look<'s> {
        Look {
            component: &self.c.component,
            options: &self.c.options,
            zone: self.zone,
            sysname,
            page: self.page,
        }
    }

    /// The reports at the end.
    fn finish(mut self, report: &Report) -> io::Result<()> {
        use std::fmt::Write as _;
        let mut t = String::new();
        let o = &self.c.options;
        if self.bad_sums > 0 {
            let _ = writeln!(t, "{} checksum(s) were wrong", self.bad_sums);
        }
        if self.offloaded > 0 && o.per_record() {
            let _ = writeln!(t, "{} checksum(s) were left to the adapter and not verified", self.offloaded);
        }
        if let Some(d) = o.statistics {
            t.push_str(&self.statistics.print(report, self.zone, d, o.reassembly.is_some()));
        }
        if let Some(s) = &self.sessions {
            t.push_str(&s.print(o, self.zone));
        }
        if let Some(mut s) = self.streams.take() {
            t.push_str(&s.print(&self.look("")));
        }
        if let Some(s) = self.sniffer.take() {
            t.push_str(&s.finish(report)?);
        }
        if self.passed == 0 && !report.inputs.is_empty() {
            let _ =
                writeln!(t, "No records were selected; {} of COMP({}) were read", self.nr, self.c.component);
        }
        self.emit.text(&t);
        self.emit.flush();
        Ok(())
    }
}
