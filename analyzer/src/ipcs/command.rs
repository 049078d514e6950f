//! Commands: CTRACE and what stands around it.

use std::path::PathBuf;

use super::keyword::{self, Table};
use super::message::Message;
use super::operand::{self, Range};
use super::options::{DUMP_ALL, Detail, Options};
use super::parse_options::{self, Kind};
use super::select::{self, Group, Selection};
use super::text::{self, Item};
use super::zone::Zone;
use crate::source::frame::Timestamp;

/// A command, ready to run.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// CTRACE with COMP.
    Ctrace(Box<Ctrace>),
    /// CTRACE QUERY: which components there are; one of them, or all.
    Query(Option<String>),
    /// MERGE: what follows is put in one order, up to MERGEEND.
    Merge,
    /// The end of MERGE.
    MergeEnd,
    /// ALLOC F(SNIFFER) DA('file').
    AllocSniffer(PathBuf),
    /// SETDEF: the file, and the time zone.
    SetDef(Option<PathBuf>, Option<Zone>),
    /// SHOWQUERY command: what it is in zscope's own words (ours).
    ShowQuery(Box<Self>),
    /// HELP, about something.
    Help(Option<String>),
    /// END.
    End,
    /// Accepted, with no effect here; what to tell the user.
    Note(String),
}

/// How much CTRACE prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReportType {
    /// SHORT.
    #[default]
    Short,
    /// SUMMARY.
    Summary,
    /// FULL.
    Full,
    /// TALLY.
    Tally,
}

impl ReportType {
    /// The keyword.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Short => "SHORT",
            Self::Summary => "SUMMARY",
            Self::Full => "FULL",
            Self::Tally => "TALLY",
        }
    }
}

/// A CTRACE command.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ctrace {
    /// COMP.
    pub component: String,
    /// SYSNAME.
    pub sysname: Option<String>,
    /// SUB.
    pub subnames: Vec<String>,
    /// Report type.
    pub report: ReportType,
    /// GMT, LOCAL or TZ, if any was named.
    pub zone: Option<Zone>,
    /// START, in the command's time zone.
    pub start: Option<Timestamp>,
    /// STOP.
    pub stop: Option<Timestamp>,
    /// LIMIT: records that reach the formatter at most.
    pub limit: Option<u64>,
    /// ENTIDLIST.
    pub entry_ids: Vec<Range>,
    /// JOBLIST and JOBNAME.
    pub jobs: Vec<String>,
    /// ASIDLIST.
    pub asids: Vec<Range>,
    /// DSNAME, PATH or FILE: another input than that of the command line.
    pub input: Option<PathBuf>,
    /// OPTIONS.
    pub options: Options,
    /// OPTIONS as they were typed, for the heading.
    pub options_text: String,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Ctrace {
    /// What the records have to be besides START, STOP, ENTIDLIST and numbers.
    #[must_use]
    pub fn selection(&self) -> Selection {
        let mut s = self.options.selection.clone();
        if !self.jobs.is_empty() {
            let fields = ["frame.interface_name", "systcpip.jobname"];
            s.add(Group::Job, select::names(&fields, &self.jobs));
        }
        if !self.asids.is_empty() {
            let fields =
                ["pth.asid", "systcpip.home_asid", "systcpip.primary_asid", "systcpip.secondary_asid"];
            s.add(Group::AddressSpace, select::any_within(&fields, &self.asids, true));
        }
        s
    }

    /// Which formatter prints it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        kind_of(&self.component)
    }
}

/// The formatter of a component.
#[must_use]
pub fn kind_of(component: &str) -> Kind {
    match component {
        "SYSTCPDA" | "SYSTCPOT" => Kind::Packets,
        "SYSTCPIS" => Kind::Intrusions,
        _ => Kind::Events,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Alloc,
    Ctrace,
    End,
    Free,
    Help,
    Merge,
    MergeEnd,
    SetDef,
    ShowQuery,
    Later(&'static str),
}

const VERBS: Table<'static, Verb> = &[
    ("ALLOCATE", Verb::Alloc),
    ("CTRACE", Verb::Ctrace),
    ("END", Verb::End),
    ("EXIT", Verb::End),
    ("FREE", Verb::Free),
    ("GTFTRACE", Verb::Later("GTF traces")),
    ("HELP", Verb::Help),
    ("MERGE", Verb::Merge),
    ("MERGEEND", Verb::MergeEnd),
    ("QUIT", Verb::End),
    ("SETDEF", Verb::SetDef),
    ("SHOWQUERY", Verb::ShowQuery),
    ("TCPIPCS", Verb::Later("dumps")),
    ("VERBEXIT", Verb::Later("dumps")),
    ("VTAMMAP", Verb::Later("dumps")),
];

/// Verbs that a prompt completes.
#[must_use]
pub fn verbs() -> Vec<&'static str> {
    VERBS.iter().map(|(n, _)| *n).collect()
}

/// Reads a command.
pub fn parse(command: &str) -> Result<Command, Message> {
    let mut items = text::parse(command)?;
    // IPCS in front of its own subcommand is how TSO users type it.
    if items.len() > 1 && items[0].upper() == "IPCS" && items[0].args.is_none() {
        items.remove(0);
    }
    command_of(&items, command)
}

fn command_of(items: &[Item], command: &str) -> Result<Command, Message> {
    let Some((verb, rest)) = items.split_first() else {
        return Err(Message::new(0, 1, "there is no command here"));
    };
    Ok(match keyword::find(VERBS, verb, "IPCS as zscope knows it")? {
        Verb::Ctrace => ctrace(verb, rest, command)?,
        Verb::Merge => Command::Merge,
        Verb::MergeEnd => Command::MergeEnd,
        Verb::End => Command::End,
        Verb::Help => Command::Help(rest.first().map(Item::upper)),
        Verb::ShowQuery => Command::ShowQuery(Box::new(command_of(rest, command)?)),
        Verb::Alloc => allocate(verb, rest)?,
        Verb::Free => {
            Command::Note("FREE: nothing is allocated here; SNIFFER files are closed when written".into())
        }
        Verb::SetDef => set_default(rest)?,
        Verb::Later(what) => {
            return Err(verb.wrong(format!("{} reads {what}, which zscope does not read yet", verb.upper())));
        }
    })
}

/// `ALLOC F(SNIFFER) DATASET('out.pcapng') LRECL(1600) ...`: only the file counts.
fn allocate(verb: &Item, rest: &[Item]) -> Result<Command, Message> {
    let mut sniffer = false;
    let mut path = None;
    for i in rest {
        match i.upper().as_str() {
            "F" | "FI" | "FILE" | "DD" | "DDNAME" => match i.args() {
                [n] if n.upper() == "SNIFFER" => sniffer = true,
                _ => return Err(i.wrong("only the file SNIFFER can be allocated here")),
            },
            "DA" | "DSN" | "DATASET" | "DSNAME" | "PATH" => path = Some(file_of(i)?),
            // Space, record format and the like are those of a z/OS data set.
            _ => {}
        }
    }
    match (sniffer, path) {
        (true, Some(p)) => Ok(Command::AllocSniffer(p)),
        _ => Err(verb.wrong("ALLOC needs F(SNIFFER) and DA('file')")),
    }
}

fn file_of(i: &Item) -> Result<PathBuf, Message> {
    match i.args() {
        [n] if !n.text.is_empty() => Ok(PathBuf::from(&n.text)),
        _ => Err(i.wrong(format!("{} needs the name of a file", i.upper()))),
    }
}

/// Words of CTRACE and of SETDEF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum W {
    Asids,
    Comp,
    Dump(&'static str),
    EntIds,
    Exception,
    File,
    Gmt,
    Ignored,
    Jobs,
    Limit,
    Live,
    Local,
    Options,
    Query,
    Report(ReportType),
    Start,
    Stop,
    Sub,
    Sysname,
    Tz,
    UserExit,
    All,
}

const CTRACE: Table<'static, W> = &[
    ("ACTIVE", W::Live),
    ("ALL", W::All),
    ("ASIDLIST", W::Asids),
    ("COMP", W::Comp),
    ("CURRENT", W::Dump("CURRENT")),
    ("DATASET", W::File),
    ("DDNAME", W::File),
    ("DSNAME", W::File),
    ("ENTIDLIST", W::EntIds),
    ("ERROR", W::Dump("ERROR")),
    ("EXCEPTION", W::Exception),
    ("FILE", W::File),
    ("FLAG", W::Ignored),
    ("FULL", W::Report(ReportType::Full)),
    ("GMT", W::Gmt),
    ("JOBLIST", W::Jobs),
    ("JOBNAME", W::Jobs),
    ("LIMIT", W::Limit),
    ("LOCAL", W::Local),
    ("MAIN", W::Live),
    ("NOPRINT", W::Ignored),
    ("NOTERMINAL", W::Ignored),
    ("NOTEST", W::Ignored),
    ("OPTIONS", W::Options),
    ("PATH", W::File),
    ("PRINT", W::Ignored),
    ("QUERY", W::Query),
    ("SHORT", W::Report(ReportType::Short)),
    ("START", W::Start),
    ("STOP", W::Stop),
    ("STORAGE", W::Live),
    ("SUB", W::Sub),
    ("SUMMARY", W::Report(ReportType::Summary)),
    ("SYSNAME", W::Sysname),
    ("TALLY", W::Report(ReportType::Tally)),
    ("TCBERROR", W::Dump("TCBERROR")),
    ("TERMINAL", W::Ignored),
    ("TEST", W::Ignored),
    ("TZ", W::Tz),
    ("USEREXIT", W::UserExit),
];

/// Keywords that a prompt completes.
#[must_use]
pub fn ctrace_keywords() -> Vec<&'static str> {
    CTRACE.iter().map(|(n, _)| *n).collect()
}

const LIVE: &str = "live storage cannot be looked at here; name a file";

fn set_default(rest: &[Item]) -> Result<Command, Message> {
    let (mut path, mut zone) = (None, None);
    for i in rest {
        match keyword::find(CTRACE, i, "SETDEF")? {
            W::File => path = Some(file_of(i)?),
            W::Gmt => zone = Some(Zone::Gmt),
            W::Local => zone = Some(Zone::Local),
            W::Tz => zone = Some(Zone::read(i)?),
            W::Ignored => {}
            W::Live => return Err(i.wrong(LIVE)),
            _ => return Err(i.wrong(format!("{} is no keyword of SETDEF here", i.upper()))),
        }
    }
    Ok(Command::SetDef(path, zone))
}

/// Puts `new` into `old` unless something is there.
fn once<T>(old: &mut Option<T>, new: T, item: &Item) -> Result<(), Message> {
    match old.replace(new) {
        None => Ok(()),
        Some(_) => Err(item.wrong(format!("{} stands here for the second time", item.upper()))),
    }
}

fn ctrace(verb: &Item, rest: &[Item], command: &str) -> Result<Command, Message> {
    let mut c = Ctrace::default();
    let (mut component, mut query, mut report, mut options, mut exception) = (None, None, None, None, None);
    for i in rest {
        match keyword::find(CTRACE, i, "CTRACE")? {
            W::Comp => match i.args() {
                [n] => once(&mut component, n.upper(), i)?,
                _ => return Err(i.wrong("COMP needs the name of one component")),
            },
            W::Query => once(&mut query, i.args().first().map(Item::upper), i)?,
            W::Sub => {
                c.subnames = operand::names(i)?
                    .iter()
                    .flat_map(|n| n.split('.').map(str::to_owned).collect::<Vec<_>>())
                    .collect()
            }
            W::Sysname => c.sysname = operand::names(i)?.into_iter().next(),
            W::Report(r) => {
                if let Some((old, _)) = report.filter(|(o, _)| *o != r) {
                    let old: ReportType = old;
                    return Err(i.wrong(format!("{} and {} exclude each other", i.upper(), old.name())));
                }
                report = Some((r, ()));
            }
            W::Gmt => c.zone = Some(Zone::Gmt),
            W::Local => c.zone = Some(Zone::Local),
            W::Tz => c.zone = Some(Zone::read(i)?),
            W::Start => once(&mut c.start, operand::moment(i)?, i)?,
            W::Stop => once(&mut c.stop, operand::moment(i)?, i)?,
            W::Limit => {
                let n = operand::one(i, u64::MAX)?;
                once(&mut c.limit, n.ok_or_else(|| i.wrong("LIMIT needs a number in parentheses"))?, i)?;
            }
            W::EntIds => c.entry_ids = operand::ranges(i, u32::MAX.into(), true)?,
            W::Asids => c.asids = operand::ranges(i, 0xFFFF, true)?,
            W::Jobs => c.jobs.extend(operand::names(i)?),
            W::Options => once(&mut options, i.clone(), i)?,
            W::File => once(&mut c.input, file_of(i)?, i)?,
            W::Exception => exception = Some(i),
            W::UserExit => {
                if !i.args().is_empty() {
                    return Err(i.wrong("user exits are load modules of z/OS; use a display filter instead"));
                }
            }
            W::Live => return Err(i.wrong(LIVE)),
            W::Dump(name) => {
                c.notes.push(format!("{name} chooses address spaces of a dump and has no effect here"))
            }
            W::All | W::Ignored => {}
        }
    }
    if let Some(q) = query {
        return Ok(Command::Query(q.or(component)));
    }
    let Some(name) = component else {
        return Err(verb.wrong("CTRACE needs COMP(name) or QUERY"));
    };
    c.component = name;
    if let Some(i) = exception {
        if c.kind() == Kind::Packets {
            return Err(
                i.wrong(format!("EXCEPTION must not be used: {} has no exception records", c.component))
            );
        }
        return Err(i.wrong("which entries are exceptions is not published"));
    }
    if let Some(i) = options {
        let read = parse_options::parse(i.args(), c.kind())?;
        c.options = read.options;
        c.notes.extend(read.notes);
        c.zone = read.zone.or(c.zone);
        c.options_text = typed(&i, command);
    } else if c.kind() == Kind::Intrusions {
        c.options.reassembly = None;
    }
    c.report = report.map_or(ReportType::Short, |(r, ())| r);
    let o = &mut c.options;
    match c.report {
        ReportType::Summary => o.summary = true,
        ReportType::Full => {
            o.format = Some(Detail::Detail);
            o.dump = o.dump.or(Some(DUMP_ALL));
        }
        ReportType::Tally => o.statistics = o.statistics.or(Some(Detail::Detail)),
        ReportType::Short if !o.reports() => o.format = Some(Detail::Detail),
        ReportType::Short => {}
    }
    Ok(Command::Ctrace(Box::new(c)))
}

/// The operands of OPTIONS in one line, as they were typed.
fn typed(i: &Item, command: &str) -> String {
    let from = command.get(i.at + i.len..).unwrap_or_default().trim_start();
    let mut depth = 0;
    for (n, ch) in from.char_indices() {
        match ch {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return from[..=n].split_whitespace().collect::<Vec<_>>().join(" ");
                }
            }
            _ => {}
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(t: &str) -> Ctrace {
        match parse(t) {
            Ok(Command::Ctrace(c)) => *c,
            o => panic!("{t}: {o:?}"),
        }
    }

    fn wrong(t: &str) -> Message {
        parse(t).unwrap_err()
    }

    #[test]
    fn the_command_of_the_manual() {
        let c = read("CTRACE COMP(SYSTCPDA) SUB((TCPCS)) SHORT OPTIONS((SESSION(DETAIL) PORT(23)))");
        assert_eq!((c.component.as_str(), c.subnames.as_slice()), ("SYSTCPDA", &["TCPCS".to_owned()][..]));
        assert_eq!(c.options_text, "((SESSION(DETAIL) PORT(23)))");
        assert!(c.options.session.is_some() && c.options.format.is_none());
        // A job of the field: data set name in quotes, the options abbreviated.
        let c = read(
            "ctrace dsn('a.b') comp(SYSTCPDA) sub((tcpip)) full options((packettrace sniffer(27956) noreas stats))",
        );
        assert_eq!(c.input, Some("a.b".into()));
        assert!(c.options.format.is_some() && c.options.dump.is_some() && c.options.statistics.is_some());
        assert_eq!(c.options.reassembly, None);
    }

    #[test]
    fn report_types() {
        assert!(read("CTRACE COMP(SYSTCPDA)").options.format.is_some());
        assert!(read("CTRACE COMP(SYSTCPDA) SUMM").options.summary);
        assert!(read("CTRACE COMP(SYSTCPDA) TALLY").options.statistics.is_some());
        assert!(read("CTRACE COMP(SYSTCPDA) OPTIONS((OPTION))").options.format.is_some());
        assert!(read("CTRACE COMP(SYSTCPDA) OPTIONS((STAT))").options.format.is_none());
        assert!(wrong("CTRACE COMP(SYSTCPDA) SHORT FULL").what.contains("exclude"));
    }

    #[test]
    fn other_commands() {
        assert_eq!(parse("MERGE"), Ok(Command::Merge));
        assert_eq!(parse("mergee"), Ok(Command::MergeEnd));
        assert_eq!(parse("ctrace query"), Ok(Command::Query(None)));
        assert_eq!(parse("CTRACE QUERY(SYSTCPDA)"), Ok(Command::Query(Some("SYSTCPDA".into()))));
        assert_eq!(
            parse("ALLOC F(SNIFFER) DATASET('out.pcapng') LRECL(1600) RECFM(V B) REUSE TRACK SPACE(15 15)"),
            Ok(Command::AllocSniffer("out.pcapng".into()))
        );
        assert_eq!(parse("setdef dsn('x') local"), Ok(Command::SetDef(Some("x".into()), Some(Zone::Local))));
        assert!(matches!(parse("SHOWQ CTRACE COMP(SYSTCPDA)"), Ok(Command::ShowQuery(_))));
    }

    #[test]
    fn wrong_commands_say_where() {
        let m = wrong("CTRACE COMP(SYSTCPDA) OPTIONS((PRO(TCP) D))");
        assert_eq!((m.at, m.len), (40, 1));
        assert_eq!(wrong("CTRACE SHORT").what, "CTRACE needs COMP(name) or QUERY");
        assert!(wrong("CTRACE COMP(SYSTCPDA) EXCEPTION").what.contains("no exception records"));
        assert!(wrong("CTRACE COMP(SYSTCPDA) ACTIVE").what.contains("live storage"));
        assert!(wrong("CTRACE COMP(SYSTCPDA) COMP(SYSTCPIP)").what.contains("second time"));
        assert!(wrong("TCPIPCS STATE").what.contains("does not read yet"));
        assert_eq!(
            wrong("CTRACE COMP(SYSTCPDA) S").what,
            "S is ambiguous: it could be SHORT, START, STOP, STORAGE, SUB, SUMMARY, SYSNAME"
        );
    }

    #[test]
    fn entry_ids_and_address_spaces_are_hexadecimal() {
        let c = read("CTRACE COMP(SYSTCPDA) ENTIDLIST(4,5:8) ASIDL(1E) JOBNAME(TCPCS)");
        assert_eq!(c.entry_ids, [(4, 4), (5, 8)]);
        assert_eq!(c.asids, [(0x1E, 0x1E)]);
        let f = c.selection().filter();
        crate::filter::Filter::parse(&f).unwrap();
        assert!(f.contains("pth.asid == 0x1e") && f.contains("frame.interface_name == \"TCPCS\""), "{f}");
    }
}
