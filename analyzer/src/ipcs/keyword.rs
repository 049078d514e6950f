//! Keywords and their abbreviations: any prefix that fits one keyword only.

use super::message::Message;
use super::text::Item;

/// Keywords with what they stand for. Several names may stand for the same.
pub type Table<'a, K> = &'a [(&'static str, K)];

/// Finds a word in a table, exactly or as a prefix of one keyword only.
pub fn find<K: Copy + PartialEq>(table: Table<'_, K>, item: &Item, of: &str) -> Result<K, Message> {
    let word = item.upper();
    if word.is_empty() {
        return Err(item.wrong(format!("a keyword of {of} is expected here")));
    }
    if let Some((_, k)) = table.iter().find(|(n, _)| *n == word) {
        return Ok(*k);
    }
    let near: Vec<&(&str, K)> = table.iter().filter(|(n, _)| n.starts_with(&word)).collect();
    match near.first() {
        None => Err(unknown(table, item, &word, of)),
        Some((_, k)) if near.iter().all(|(_, o)| o == k) => Ok(*k),
        Some(_) => {
            let names: Vec<&str> = near.iter().map(|(n, _)| *n).collect();
            Err(item.wrong(format!("{word} is ambiguous: it could be {}", names.join(", "))))
        }
    }
}

fn unknown<K>(table: Table<'_, K>, item: &Item, word: &str, of: &str) -> Message {
    // A keyword that begins the same way is the likeliest thing that was meant.
    let common = |n: &str| n.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
    let best = table.iter().map(|(n, _)| common(n)).max().unwrap_or(0);
    let near: Vec<&str> =
        table.iter().map(|(n, _)| *n).filter(|n| best >= 2 && common(n) == best).take(4).collect();
    let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) };
    item.wrong(format!("{word} is not a keyword of {of}{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table<'static, u8> = &[("STATISTICS", 1), ("STATS", 1), ("STREAMS", 2), ("SUMMARY", 3)];

    fn look(word: &str) -> Result<u8, String> {
        let item = Item { text: word.into(), len: word.len(), ..Item::default() };
        find(TABLE, &item, "OPTIONS").map_err(|m| m.what)
    }

    #[test]
    fn prefixes() {
        assert_eq!(look("stat"), Ok(1));
        assert_eq!(look("STATS"), Ok(1));
        assert_eq!(look("su"), Ok(3));
        assert_eq!(look("ST"), Err("ST is ambiguous: it could be STATISTICS, STATS, STREAMS".into()));
        assert_eq!(look("SUMRY"), Err("SUMRY is not a keyword of OPTIONS; did you mean SUMMARY?".into()));
        assert_eq!(look("XX"), Err("XX is not a keyword of OPTIONS".into()));
    }
}
