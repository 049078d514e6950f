//! Markdown tables whose columns line up in plain text too, as long as they are not wide.

/// A column with a cell longer than this does not line up: the fill would be more than the text.
const WIDEST: usize = 60;

/// Writes a table; the first row is the head. Cells must not hold line ends.
#[must_use]
pub fn markdown(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let escaped: Vec<Vec<String>> =
        rows.iter().map(|r| r.iter().map(|c| c.replace('|', "\\|")).collect()).collect();
    let mut widths = vec![3; columns];
    for row in &escaped {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(cell.chars().count());
        }
    }
    for w in widths.iter_mut().filter(|w| **w > WIDEST) {
        *w = 3;
    }
    let mut text = String::new();
    for (i, row) in escaped.iter().enumerate() {
        line(&mut text, &widths, |c| row.get(c).map_or("", String::as_str).to_owned());
        if i == 0 {
            line(&mut text, &widths, |c| "-".repeat(widths[c]));
        }
    }
    text
}

fn line(text: &mut String, widths: &[usize], cell: impl Fn(usize) -> String) {
    text.push('|');
    for (c, width) in widths.iter().enumerate() {
        let cell = cell(c);
        let fill = width.saturating_sub(cell.chars().count());
        text.push(' ');
        text.push_str(&cell);
        text.extend(std::iter::repeat_n(' ', fill + 1));
        text.push('|');
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_bars_are_escaped() {
        let rows = [vec!["a".into(), "long head".into()], vec!["x || y".into()]];
        let want = "\
| a        | long head |
| -------- | --------- |
| x \\|\\| y |           |
";
        assert_eq!(markdown(&rows), want);
    }

    #[test]
    fn wide_columns_are_not_filled() {
        let long = "x".repeat(61);
        let rows = [vec![long.clone(), "b".into()], vec!["y".into(), "long".into()]];
        assert_eq!(markdown(&rows), format!("| {long} | b    |\n| --- | ---- |\n| y   | long |\n"));
    }
}
