//! Display filters select as many packets as they do in tshark.
//!
//! One run of tshark evaluates all filters of `tests/peers/filters.txt` on a file; its protocol
//! statistics say for each how many packets it selects.

use std::collections::BTreeMap;
use std::fs;
use tests::differences::Differences;
use tests::fields;
use tests::peer::{self, Capture};
use tests::workspace;

/// Files that are compared.
const FILES: usize = 150;

fn filters(file: &str) -> Vec<String> {
    let text =
        fs::read_to_string(workspace::root().join("tests/peers").join(file)).expect("the list is there");
    text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned).collect()
}

/// Packets selected by each filter according to tshark; `None` when a frame of the file holds
/// protocols that cannot be compared.
fn theirs(capture: &Capture, filters: &[String]) -> std::io::Result<Option<Vec<u64>>> {
    let stats: Vec<String> = filters.iter().map(|f| format!("io,phs,{f}")).collect();
    let mut args = vec!["-T", "fields", "-e", "frame.protocols"];
    for s in &stats {
        args.extend(["-z", s]);
    }
    let out = peer::tshark(&capture.path, &args)?;
    let text = String::from_utf8_lossy(&out.stdout);
    let mut lines = text.lines();
    let mut packets = 0;
    for line in &mut lines {
        if line.starts_with("====") {
            break;
        }
        packets += u64::from(!line.is_empty());
        if !line.is_empty() && !fields::comparable(line) {
            return Ok(None);
        }
    }
    if packets == 0 || out.code != Some(0) {
        return Ok(None);
    }
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut current = None;
    for line in lines {
        if let Some(filter) = line.strip_prefix("Filter: ") {
            current = Some(filter);
            counts.insert(filter, 0);
        } else if let (Some(filter), false, Some((_, n))) =
            (current, line.starts_with(' '), line.split_once("frames:"))
        {
            // Each packet has one outermost protocol, so their counts add up.
            let n: u64 = n.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
            *counts.entry(filter).or_default() += n;
        }
    }
    Ok(filters.iter().map(|f| counts.get(&f[..]).copied()).collect())
}

/// Packets that zscope selects.
fn ours(capture: &Capture, filter: &str) -> Result<u64, String> {
    let args: Vec<&std::ffi::OsStr> = vec![
        "packets".as_ref(),
        capture.path.as_os_str(),
        "-Y".as_ref(),
        filter.as_ref(),
        "-T".as_ref(),
        "fields".as_ref(),
        "-e".as_ref(),
        "frame.number".as_ref(),
    ];
    let out = peer::zscope(&args).map_err(|e| e.to_string())?;
    if out.code == Some(0) {
        Ok(out.stdout.split(|&b| b == b'\n').count() as u64 - 1)
    } else {
        Err(out.errors())
    }
}

#[test]
fn filters_select_what_they_do_in_tshark() {
    let Some(mut captures) = peer::captures("peer_filters") else { return };
    captures.retain(|c| (3..=3000).contains(&c.packets) && c.size < 400_000);
    // Neighbours in the list are alike; a stride that shares no factor with most lengths mixes them.
    let stride = 7;
    let order: Vec<&Capture> = (0..stride).flat_map(|s| captures.iter().skip(s).step_by(stride)).collect();
    let filters = filters("filters.txt");
    assert!(filters.len() >= 60);

    let mut selected = vec![0_u64; filters.len()];
    let mut wrong: Vec<Vec<String>> = vec![Vec::new(); filters.len()];
    let mut table = Differences::read("filter-differences.tsv");
    let mut failures = Vec::new();
    let mut done = 0;
    for group in order.chunks(16) {
        if done >= FILES {
            break;
        }
        let results = peer::each(group, |capture| {
            let Some(theirs) = theirs(capture, &filters).map_err(|e| e.to_string())? else { return Ok(None) };
            let ours: Vec<Result<u64, String>> = filters.iter().map(|f| ours(capture, f)).collect();
            Ok::<_, String>(Some((theirs, ours)))
        });
        for (capture, result) in group.iter().zip(results) {
            match result {
                Ok(Some((theirs, ours))) => {
                    done += 1;
                    for (i, (t, o)) in theirs.iter().zip(ours).enumerate() {
                        selected[i] += t;
                        if o.as_ref() != Ok(t) && !table.known(&capture.name, 0, &filters[i]) {
                            wrong[i].push(format!("{}: ours {o:?}, theirs {t}", capture.name));
                        }
                    }
                }
                Ok(None) => {}
                Err(e) => failures.push(format!("{}: {e}", capture.name)),
            }
        }
    }
    println!("{} filters on {done} files", filters.len());
    for row in table.unused() {
        failures.push(format!("{} {} no longer differs: take it off the table", row.file, row.field));
    }
    let mut bad = 0;
    for (i, filter) in filters.iter().enumerate() {
        if !wrong[i].is_empty() {
            bad += 1;
            println!("{filter}: {} files", wrong[i].len());
            for example in wrong[i].iter().take(5) {
                println!("    {example}");
            }
        }
    }
    let idle: Vec<&String> =
        filters.iter().zip(&selected).filter(|(_, n)| **n == 0).map(|(f, _)| f).collect();
    assert!(idle.is_empty(), "these filters select nothing anywhere, which tests nothing: {idle:?}");
    assert!(done >= FILES, "only {done} files could be compared");
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(bad, 0, "{bad} filters select other packets than tshark");
}

#[test]
fn what_is_not_a_filter_is_refused() {
    let Some(captures) = peer::captures("peer_filters refused") else { return };
    let Some(capture) = captures.iter().find(|c| c.packets > 10 && c.name.ends_with(".pcap")) else { return };
    let mut wrong = Vec::new();
    for filter in filters("filters-refused.txt") {
        let theirs = peer::tshark(&capture.path, &["-Y", &filter]).expect("tshark can be started");
        assert_ne!(theirs.code, Some(0), "tshark takes {filter}");
        let args = ["packets".as_ref(), capture.path.as_os_str(), "-Y".as_ref(), filter.as_ref()];
        match peer::zscope(&args) {
            Ok(out) if out.code == Some(2) => {}
            Ok(out) => wrong.push(format!("{filter}: exit code {:?}", out.code)),
            Err(e) => wrong.push(format!("{filter}: {e}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
