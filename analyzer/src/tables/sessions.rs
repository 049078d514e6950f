//! The tables `sessions` and `findings`: what trackers know when the traces have been read.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::column::{Cell, Table};
use super::schema::{ColumnDef, Own, Source, TableKind, Talk};
use crate::decode::Settings;
use crate::export::select::Select;
use crate::filter::Filter;
use crate::pipeline::{self, Decoded, Report, Work};
use crate::source::Options;
use crate::source::frame::{Batch, Trace};
use crate::track::conversations::{Kind, seconds};
use crate::track::findings::{self, Finding};
use crate::track::observe::{Observer, Wanted};
use crate::track::sessions::{Detail, Row, Sessions};
use crate::track::tcp::{Connection, Event, Side};

/// Rows that are handed over together.
const ROWS: usize = 4096;

/// What trackers know, and which packets are of which trace.
#[derive(Debug, Default)]
pub struct Followed {
    sessions: Sessions,
    /// The first packet of each trace.
    traces: Vec<(u64, Arc<Trace>)>,
    checksums: bool,
}

/// Follows all conversations of the traces.
#[must_use]
pub fn follow(
    files: &[PathBuf],
    options: &Options,
    settings: &Settings,
    filter: Option<&Filter>,
    workers: usize,
    wanted: Wanted,
) -> (Report, Followed) {
    let followed: Arc<Mutex<Followed>> = Arc::default();
    let workers = (0..workers)
        .map(|_| Worker {
            select: filter.map(Select::new),
            observer: Observer::new(wanted),
            followed: Arc::clone(&followed),
        })
        .collect();
    let mut report = pipeline::run(files, options, settings, workers);
    let followed = Arc::into_inner(followed).map(|f| f.into_inner().unwrap_or_else(PoisonError::into_inner));
    let followed = Followed { checksums: settings.verify_checksums, ..followed.unwrap_or_default() };
    followed.sessions.tell(&mut report);
    (report, followed)
}

struct Worker {
    select: Option<Select>,
    observer: Observer,
    followed: Arc<Mutex<Followed>>,
}

impl Work for Worker {
    fn decode(&mut self, batch: &Decoded<'_>) {
        let passed = self.select.as_mut().map(|s| s.pass(batch));
        self.observer.observe(batch, passed);
    }

    fn deliver(&mut self, batch: &Batch) -> bool {
        let mut f = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        f.sessions.take(&mut self.observer, batch);
        if let Some(first) = batch.frames.first() {
            // The same trace with its system name, once that is known, replaces itself.
            match f.traces.last_mut() {
                Some((_, t)) if t.number == batch.trace.number => t.clone_from(&batch.trace),
                _ => f.traces.push((first.number, Arc::clone(&batch.trace))),
            }
        }
        true
    }
}

impl Followed {
    /// Hands over the rows of a table, some thousands at a time, until `take` says false. Only the
    /// wanted ones among `columns` are filled, and only conversations of the wanted kinds.
    pub fn rows(
        &self,
        table: TableKind,
        columns: &[ColumnDef],
        wanted: impl Fn(usize) -> bool,
        kinds: impl Fn(Kind) -> bool,
        mut take: impl FnMut(&mut Table) -> bool,
    ) {
        let mut rows = Maker {
            followed: self,
            columns: columns.iter().enumerate().filter(|(i, _)| wanted(*i)).collect(),
            table: Table::new(columns.iter().map(|c| c.kind)),
        };
        let mut found = findings::all(&self.sessions, findings::Options { checksums: self.checksums });
        let all_kinds =
            [Kind::Tcp, Kind::Udp, Kind::Icmp, Kind::Arp, Kind::Nd, Kind::Data].into_iter().all(&kinds);
        found.retain(|f| f.of.map_or(all_kinds, |(k, _)| kinds(k)));
        if table == TableKind::Findings {
            for f in &found {
                rows.finding(f);
                if rows.table.rows >= ROWS && !rows.hand_over(&mut take) {
                    return;
                }
            }
        } else {
            let mut by_session: Vec<_> = found.iter().filter_map(|f| Some((f.of?, f.severity))).collect();
            by_session.sort_unstable();
            for r in self.sessions.rows(kinds).iter(0) {
                let key = (r.conversation.kind, r.stream);
                let at = by_session.partition_point(|f| f.0 < key);
                let own = by_session[at..].iter().take_while(|f| f.0 == key).count();
                let worst = (own > 0).then(|| by_session[at].1.name());
                rows.session(&r, own, worst);
                if rows.table.rows >= ROWS && !rows.hand_over(&mut take) {
                    return;
                }
            }
        }
        if rows.table.rows > 0 {
            rows.hand_over(&mut take);
        }
    }

    /// The trace that a packet is of.
    fn trace(&self, packet: Option<u64>) -> Option<&Trace> {
        let packet = packet?;
        let after = self.traces.partition_point(|(first, _)| *first <= packet);
        self.traces.get(after.checked_sub(1)?).map(|(_, t)| &**t)
    }
}

struct Maker<'a> {
    followed: &'a Followed,
    columns: Vec<(usize, &'a ColumnDef)>,
    table: Table,
}

impl Maker<'_> {
    fn hand_over(&mut self, take: &mut impl FnMut(&mut Table) -> bool) -> bool {
        self.table.finish();
        let more = take(&mut self.table);
        self.table.clear();
        more
    }

    fn row<'v>(&mut self, packet: Option<u64>, value: impl Fn(Talk) -> Cell<'v>) {
        let trace = self.followed.trace(packet);
        for &(i, def) in &self.columns {
            let column = &mut self.table.columns[i];
            column.pad(self.table.rows);
            column.push(match def.source {
                Source::Talk(what) => value(what),
                Source::Own(own) => trace.map_or(Cell::Null, |t| of_trace(own, t)),
                _ => Cell::Null,
            });
        }
        self.table.end_row();
    }

    fn session(&mut self, r: &Row<'_>, findings: usize, worst: Option<&str>) {
        let c = &r.conversation;
        let [a, b] = [c.address(0).to_string(), c.address(1).to_string()];
        let job = r.socket.and_then(|s| s.job).map(|j| j.to_string());
        let optional = |v: Option<u64>| v.map_or(Cell::Null, |v| Cell::Int(v as i64));
        self.row(Some(c.first), |what| match what {
            Talk::Kind => Cell::Text(c.kind.name()),
            Talk::Stream => Cell::Int(r.stream.into()),
            Talk::Address(0) => Cell::Text(&a),
            Talk::Address(_) => Cell::Text(&b),
            Talk::Port(i) if c.kind.has_ports() => Cell::Int(c.ends[usize::from(i)].port.into()),
            Talk::Packets(i) => Cell::Int(c.packets[usize::from(i)] as i64),
            Talk::Bytes(i) => Cell::Int(c.bytes[usize::from(i)] as i64),
            Talk::Start => {
                let start = c.times.and_then(|t| i64::try_from(t.0.nanos_total()).ok());
                start.map_or(Cell::Null, Cell::Int)
            }
            Talk::Duration => c.times.map_or(Cell::Null, |_| Cell::Float(c.duration())),
            Talk::FirstPacket => Cell::Int(c.first as i64),
            Talk::LastPacket => Cell::Int(c.last as i64),
            Talk::Findings => Cell::Int(findings as i64),
            Talk::Worst => worst.map_or(Cell::Null, Cell::Text),
            Talk::Job => job.as_deref().map_or(Cell::Null, Cell::Text),
            Talk::ConnectionId => optional(r.socket.and_then(|s| s.cid).map(u64::from)),
            Talk::Asid => optional(r.socket.and_then(|s| s.asid).map(u64::from)),
            what => match r.detail {
                Detail::Tcp(t) => tcp(t, what),
                Detail::Udp(d) => match what {
                    Talk::Payload(i) => Cell::Int(d.payload[usize::from(i)] as i64),
                    _ => Cell::Null,
                },
                Detail::Icmp(d) => match what {
                    Talk::Requests => Cell::Int(d.requests.iter().map(|&n| i64::from(n)).sum()),
                    Talk::Replies => Cell::Int(d.replies.iter().map(|&n| i64::from(n)).sum()),
                    _ => Cell::Null,
                },
                Detail::Neighbour(d) => match what {
                    Talk::Requests => Cell::Int(d.requests.count.into()),
                    Talk::Replies => Cell::Int(d.replies.count.into()),
                    _ => Cell::Null,
                },
                Detail::Data => Cell::Null,
            },
        });
    }

    fn finding(&mut self, f: &Finding) {
        let list: Vec<String> = f.packets.iter().map(u64::to_string).collect();
        let list = format!("[{}]", list.join(","));
        let text = |s| if str::is_empty(s) { Cell::Null } else { Cell::Text(s) };
        self.row(f.packets.first().copied(), |what| match what {
            Talk::Severity => Cell::Text(f.severity.name()),
            Talk::Rule => Cell::Text(f.rule),
            Talk::Text => Cell::Text(&f.text),
            Talk::Who => text(&f.who),
            Talk::NextStep => text(&f.next_step),
            Talk::PacketCount => Cell::Int(f.count as i64),
            Talk::PacketList => Cell::Text(&list),
            Talk::Kind => f.of.map_or(Cell::Null, |(k, _)| Cell::Text(k.name())),
            Talk::Stream => f.of.map_or(Cell::Null, |(_, n)| Cell::Int(n.into())),
            _ => Cell::Null,
        });
    }
}

fn of_trace(own: Own, t: &Trace) -> Cell<'_> {
    match own {
        Own::TraceId => Cell::Int(t.number.into()),
        Own::TraceFile => Cell::Text(&t.file),
        Own::TraceSystem => t.system.as_deref().map_or(Cell::Null, Cell::Text),
        _ => Cell::Null,
    }
}

/// What is known of a TCP connection only. Side 0 is A, who sent the first packet.
fn tcp(c: &Connection, what: Talk) -> Cell<'static> {
    let a = usize::from(c.first_sender & 1);
    let side = |i: u8| -> &Side { &c.sides[a ^ usize::from(i & 1)] };
    let count = |i: u8, e: Event| Cell::Int(side(i).events().count(e).into());
    let time = |there: bool, nanos: i128| if there { Cell::Float(seconds(nanos)) } else { Cell::Null };
    match what {
        Talk::State => Cell::Text(c.state().name()),
        Talk::Client => Cell::Text(if usize::from(c.client & 1) == a { "a" } else { "b" }),
        Talk::InitialRtt => time(c.initial_rtt > 0, c.initial_rtt.into()),
        Talk::Rtt(i) => time(side(i).rtt.count > 0, side(i).rtt.average().into()),
        Talk::Payload(i) => Cell::Int(side(i).payload as i64),
        Talk::Mss(i) if side(i).mss > 0 => Cell::Int(side(i).mss.into()),
        Talk::Retransmissions(i) => Cell::Int(side(i).events().retransmissions().into()),
        Talk::OutOfOrder(i) => count(i, Event::OutOfOrder),
        Talk::DuplicateAcks(i) => count(i, Event::DuplicateAck),
        Talk::Lost(i) => count(i, Event::Lost),
        Talk::ZeroWindows(i) => count(i, Event::ZeroWindow),
        Talk::Resets(i) => count(i, Event::Reset),
        Talk::ResponseMax => time(c.response.frame > 0, i128::from(c.response.max_us) * 1000),
        _ => Cell::Null,
    }
}
