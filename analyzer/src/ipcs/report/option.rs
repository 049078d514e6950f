//! OPTION: the options in effect, defaults included, and the filters.

use super::super::command::Ctrace;
use super::super::options::{Detail, NAMED_PORTS, Named, Options};
use super::super::zone::Zone;

/// Characters of a line.
const WIDTH: usize = 78;

/// The report: the options, and the filters as `Protocol( /* 1 */ 6 /* TCP */, )`. The data set
/// stands right above it, as CTRACE's own last line.
#[must_use]
pub fn print(c: &Ctrace) -> String {
    let o = &c.options;
    let mut t = String::new();
    flow(&mut t, "OPTIONS((", &words(o, c.zone), "))");
    for e in &o.selection.echo {
        let mut values = Vec::new();
        for (v, meaning) in &e.values {
            values.push(match meaning {
                Some(m) => format!("{v} /* {m} */,"),
                None => format!("{v},"),
            });
        }
        flow(&mut t, &format!(" {}( /* {} */", e.name, e.values.len()), &values, ")");
    }
    if !o.records.is_empty() {
        let values: Vec<String> = o
            .records
            .iter()
            .map(|(a, b)| if a == b { format!("{a},") } else { format!("{a}:{b},") })
            .collect();
        flow(&mut t, &format!(" Records( /* {} */", o.records.len()), &values, ")");
    }
    t
}

/// Every option, in the order in which IPCS lists them: by name, Limit before Gmt.
fn words(o: &Options, zone: Option<Zone>) -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |w: String| all.push(w);
    let detail = |name: &str, d: Option<Detail>| d.map(|d| format!("{name}({})", d.name()));
    let port = |n: Named| {
        let ports: Vec<String> = o
            .ports_of(n)
            .iter()
            .map(|(a, b)| if a == b { a.to_string() } else { format!("{a}:{b}") })
            .collect();
        format!("{}({})", NAMED_PORTS[n as usize].1, ports.join(","))
    };
    if let Some(w) = detail("Basic", o.basic) {
        add(w);
    }
    add(o.code.name().into());
    add(port(Named::Bootp));
    if let Some(w) = detail("Checksum", o.checksum) {
        add(w);
    }
    add(format!("Cleanup({})", o.cleanup));
    let size = o.selection.echo.iter().find(|e| e.name == "Datasize");
    add(format!("Datasize({})", size.map_or("0", |e| e.values[0].0.as_str())));
    add(format!("DelayAck({},{})", o.delay_ack.0, o.delay_ack.1));
    add(port(Named::Domain));
    if let Some(n) = o.dump {
        add(format!("Dump({n})"));
    }
    add(port(Named::Ee));
    add(port(Named::Finger));
    if o.first {
        add("First".into());
    }
    let flags = o.selection.echo.iter().find(|e| e.name == "Flags");
    let flags = flags.map(|e| e.values.iter().map(|v| v.0.as_str()).collect::<Vec<_>>().join(","));
    add(format!("Flags({})", flags.unwrap_or_default()));
    if let Some(w) = detail("Format", o.format) {
        add(w);
    }
    add(port(Named::Ftp));
    add(format!("Gain({},{})", o.gain.0, o.gain.1));
    add(port(Named::Gopher));
    if let Some(w) = detail("Hprdiag", o.hprdiag) {
        add(w);
    }
    add(port(Named::Ike));
    add(format!("Limit({})", o.limit));
    add(match zone.unwrap_or_default() {
        Zone::Gmt => "Gmt".into(),
        Zone::Local => "Local".into(),
        Zone::Offset(s) => {
            format!("Tz({}{:02}:{:02})", if s < 0 { '-' } else { '+' }, s.abs() / 3600, s.abs() / 60 % 60)
        }
    });
    add(port(Named::Nat));
    add(port(Named::Ntp));
    if o.option {
        add("Option".into());
    }
    add(match o.reassembly {
        Some((n, d)) => format!("Reassembly({n},{})", d.name()),
        None => "Noreassembly".into(),
    });
    add(port(Named::Router));
    add(port(Named::Rpc));
    add(port(Named::Sasp));
    add(if o.segment { "Segment" } else { "Nosegment" }.into());
    if let Some(s) = o.session {
        add(format!("Session({})", s.name()));
    }
    add(port(Named::Smtp));
    if let Some(s) = o.sniffer {
        add(match s.size {
            Some(n) => format!("Sniffer({n},{})", s.kind.name()),
            None => format!("Sniffer({})", s.kind.name()),
        });
    }
    add(port(Named::Snmp));
    add(format!("Speed({},{})", o.speed.0, o.speed.1));
    if let Some(w) = detail("Statistics", o.statistics) {
        add(w);
    }
    if let Some((n, d)) = o.streams {
        add(format!("Streams({n},{})", d.name()));
    }
    if o.summary {
        add("Summary".into());
    }
    add(port(Named::Telnet));
    add(port(Named::Tftp));
    add(port(Named::Time));
    if o.tod {
        add("Tod".into());
    }
    add("Userexit()".into());
    add(port(Named::Www));
    all
}

/// Words between two brackets, broken into lines.
fn flow(t: &mut String, open: &str, words: &[String], close: &str) {
    let indent = 1 + open.find('(').unwrap_or(0);
    let mut line = open.to_owned();
    for w in words.iter().map(String::as_str).chain([close]) {
        if line.len() + 1 + w.len() > WIDTH {
            t.push_str(line.trim_end());
            t.push('\n');
            line = " ".repeat(indent);
        }
        line.push(' ');
        line.push_str(w);
    }
    t.push_str(line.trim_end());
    t.push('\n');
}
