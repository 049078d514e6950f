//! Bytes for people: hexadecimal with EBCDIC and ASCII columns.

use crate::decode::fmt::Out;
use formats::ebcdic::CodePage;

/// Sixteen bytes a line: offset, hexadecimal, EBCDIC and ASCII.
pub fn dump(out: &mut Vec<u8>, bytes: &[u8], page: CodePage) {
    for (i, row) in bytes.chunks(16).enumerate() {
        out.hex(16 * i as u64, 4);
        out.push(b' ');
        for j in 0..16 {
            if j % 4 == 0 {
                out.push(b' ');
            }
            match row.get(j) {
                Some(&b) => out.hex(b.into(), 2),
                None => out.text("  "),
            }
        }
        let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c as u8 } else { b'.' };
        out.text("  *");
        out.extend(row.iter().map(|&b| printable(page.decode_byte(b))));
        out.extend(std::iter::repeat_n(b' ', 16 - row.len()));
        out.text("*  *");
        out.extend(row.iter().map(|&b| printable(char::from(b))));
        out.text("*\n");
    }
    out.push(b'\n');
}
