//! Entries of the event traces: SYSTCPIP, SYSTCPIS, SYSTCPRE, and others as bytes and text.
//!
//! Only the first 56 bytes of a stack event have a published layout. Events of this project's own
//! stack are shown by its vocabulary ([`formats::ctrace::events`]). Of the resolver's entries
//! the printed fields are known but not where they are. What is beyond is shown as it is: the
//! text in it (EBCDIC and ASCII), and with FULL its bytes.

use std::fmt::Write as _;

use formats::ctrace::name::{self, TextRuns};
use formats::ctrace::resolver::ResolverEntry;
use formats::ctrace::systcpip::StackEvent;
use formats::ctrace::{events, gsk, ids};

use super::super::command::ReportType;
use super::super::record::Record;
use super::{Look, dump, format};

/// The shortest run of printable characters that is shown as text.
const MIN_TEXT: usize = 6;
/// Characters of a run that are shown.
const MAX_TEXT: usize = 512;

/// Appends everything below the common line.
pub fn record(out: &mut String, r: &Record<'_>, look: &Look<'_>, report: ReportType) {
    if report == ReportType::Summary {
        return;
    }
    match r.name {
        Some("SYSTCPIP") => stack(out, r, report),
        Some("SYSTCPRE") => resolver(out, r),
        Some("SYSTCPIS") => intrusion(out, r, look),
        Some("GSKSRVR") => ssl(out, r),
        _ => texts(out, r.body, look),
    }
    if report == ReportType::Full {
        let _ = writeln!(out, " Data                   : {:<8} Data Length: {}", r.body.len(), r.orig_len);
        dump::lines(out, r.body, look.options.code, look);
    }
}

fn stack(out: &mut String, r: &Record<'_>, report: ReportType) {
    let Ok(e) = StackEvent::parse(r.body) else {
        out.push_str("  The entry is shorter than the header of a stack event\n");
        return;
    };
    let _ = writeln!(
        out,
        "  JOBN: {:<8} HASID: {:04X} PASID: {:04X} SASID: {:04X} DUCB: {:08X} CID: {:08X}",
        e.job().to_string(),
        e.home_asid(),
        e.primary_asid(),
        e.secondary_asid(),
        e.ducb(),
        e.cid()
    );
    let _ = writeln!(out, "  Local Port: {:<5} Remote Address: {}", e.local_port(), e.remote());
    if let Some(event) = events::decode(r.id, e.areas()) {
        let _ = writeln!(out, "  {}: {event}", event.layer.name);
        if report == ReportType::Full {
            for (name, value) in event.fields() {
                let _ = writeln!(out, "   {name:<22}: {value}");
            }
        }
        return;
    }
    for (_, run) in
        TextRuns::new(r.body.get(formats::ctrace::systcpip::HEADER..).unwrap_or_default(), MIN_TEXT)
    {
        text(out, &name::text(run));
    }
}

fn resolver(out: &mut String, r: &Record<'_>) {
    let e = ResolverEntry::new(r.body);
    if let Some((_, job)) = e.job() {
        let _ = writeln!(out, "  JOBN: {job}");
    }
    for line in e.lines() {
        text(out, &line);
    }
}

/// The packet that raised the event, formatted as any other.
fn intrusion(out: &mut String, r: &Record<'_>, look: &Look<'_>) {
    let _ = writeln!(out, "  Group: {:<8} Probe Id: {:08X}", ids::Group::of(r.id).to_string(), r.id.0);
    let at = ids::find_packet(r.body).map_or(r.body.len(), |(at, _)| at);
    texts(out, &r.body[..at], look);
    if r.packet.version != 0 {
        format::record(out, r, look, super::super::options::Detail::Detail, "");
    }
}

fn ssl(out: &mut String, r: &Record<'_>) {
    match gsk::SslEntry::parse(r.body) {
        Ok(e) => _ = writeln!(out, "  {e}"),
        Err(_) => out.push_str("  The entry is shorter than the header of a System SSL entry\n"),
    }
}

/// Runs of EBCDIC text, then of ASCII text that is no EBCDIC.
fn texts(out: &mut String, body: &[u8], look: &Look<'_>) {
    for (_, run) in TextRuns::new(body, MIN_TEXT) {
        text(out, &name::text(run));
    }
    let _ = look;
    for run in body.split(|b| !(b.is_ascii_graphic() || *b == b' ')) {
        let letters = run.iter().filter(|b| b.is_ascii_alphanumeric()).count();
        if run.len() >= MIN_TEXT && letters * 2 > run.len() {
            text(out, &String::from_utf8_lossy(run));
        }
    }
}

fn text(out: &mut String, line: &str) {
    let shown: String = line.trim().chars().take(MAX_TEXT).collect();
    if !shown.is_empty() {
        let _ = writeln!(out, "  {shown}");
    }
}
