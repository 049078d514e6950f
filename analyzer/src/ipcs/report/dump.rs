//! DUMP: the bytes of a packet in three areas.

use std::fmt::Write as _;

use super::super::options::Code;
use super::super::record::Record;
use super::{Look, ascii, ebcdic};

/// Appends the areas: link header where there is one, IP header, protocol header, data. No more
/// than `limit` bytes are shown.
pub fn record(out: &mut String, r: &Record<'_>, look: &Look<'_>, limit: usize) {
    let p = &r.packet;
    let code = look.code(r);
    let mut left = limit;
    let areas = [("Link Header", p.link), ("IP Header", p.ip), ("Protocol Header", p.header)];
    for (name, bytes) in areas {
        // A frame without IP is data.
        if bytes.is_empty() || (p.version == 0 && name == "Link Header") {
            continue;
        }
        let _ = writeln!(out, " {name:<22} : {}", bytes.len());
        let n = bytes.len().min(left);
        left -= n;
        lines(out, &bytes[..n], code, look);
    }
    let data = if p.version == 0 && p.data.is_empty() { p.link } else { p.data };
    self::data(out, data, p.data_len, look, code, left);
}

/// Appends the data area.
pub fn data(out: &mut String, bytes: &[u8], data_len: u32, look: &Look<'_>, code: Code, limit: usize) {
    if bytes.is_empty() && data_len == 0 {
        return;
    }
    let _ = writeln!(out, " {:<22} : {:<8} Data Length: {data_len}", "Data", bytes.len());
    lines(out, &bytes[..bytes.len().min(limit)], code, look);
}

/// Sixteen bytes a line: offset, four words, and the text columns.
pub fn lines(out: &mut String, bytes: &[u8], code: Code, look: &Look<'_>) {
    lines_from(out, 0, bytes, code, look);
}

/// The same, with offsets that begin at `first`.
pub fn lines_from(out: &mut String, first: usize, bytes: &[u8], code: Code, look: &Look<'_>) {
    for (i, row) in bytes.chunks(16).enumerate() {
        let _ = write!(out, " {:06X} ", first + 16 * i);
        for word in 0..4 {
            out.push(' ');
            for j in 4 * word..4 * word + 4 {
                match row.get(j) {
                    Some(b) => _ = write!(out, "{b:02X}"),
                    None => out.push_str("  "),
                }
            }
        }
        if code != Code::Hex {
            out.push_str("  |");
        }
        if matches!(code, Code::Ebcdic | Code::Both) {
            column(out, row, |b| ebcdic(look.page, b));
        }
        if matches!(code, Code::Ascii | Code::Both) {
            column(out, row, ascii);
        }
        while out.ends_with(' ') {
            out.pop();
        }
        out.push('\n');
    }
}

fn column(out: &mut String, row: &[u8], show: impl Fn(u8) -> char) {
    out.extend(row.iter().map(|b| show(*b)));
    out.extend(std::iter::repeat_n(' ', 16 - row.len()));
    out.push('|');
}
