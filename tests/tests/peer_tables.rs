//! Parquet files as pyarrow and polars read them: names, types, row counts and values.
//!
//! Types are compared with `docs/tables.md`, which a test of the analyzer holds to its schema;
//! values with the same table as JSON lines, and with what tshark prints.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use tests::{peer, process, workspace};

const NAME: &str = "peer_tables";

/// A Python with pyarrow and polars, put up below the build directory; `None` when there is none
/// to be had. `ZSCOPE_PYTHON` names one that has both.
fn python() -> Option<PathBuf> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    PYTHON.get_or_init(find_python).clone()
}

fn find_python() -> Option<PathBuf> {
    let has_both = |python: &Path| {
        let mut c = Command::new(python);
        c.args(["-c", "import pyarrow.parquet, polars"]);
        process::run(&mut c, Duration::from_secs(120)).is_ok_and(|o| o.code == Some(0))
    };
    if let Some(named) = std::env::var_os("ZSCOPE_PYTHON").map(PathBuf::from) {
        return has_both(&named).then_some(named);
    }
    let venv = workspace::root().join("target/peer/python");
    let python = venv.join("bin/python");
    if has_both(&python) {
        return Some(python);
    }
    let requirements = workspace::root().join("tests/peers/tables-requirements.txt");
    let limit = Duration::from_secs(600);
    process::run(Command::new("python3").args(["-m", "venv"]).arg(&venv), limit).ok()?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements);
    process::run(&mut pip, limit).ok()?;
    has_both(&python).then_some(python)
}

/// Columns of the tables and their types, from the documentation.
fn documented() -> BTreeMap<String, String> {
    let page = std::fs::read_to_string(workspace::root().join("docs/tables.md")).expect("docs/tables.md");
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?.to_owned();
        Some((name, cells.next()?.to_owned()))
    };
    page.lines().filter_map(row).collect()
}

/// What pyarrow and polars call a documented type.
fn types(documented: &str) -> [&'static str; 2] {
    match documented {
        "int64" => ["int64", "Int64"],
        "uint64" => ["uint64", "UInt64"],
        "double" => ["double", "Float64"],
        "boolean" => ["bool", "Boolean"],
        "text" => ["string", "String"],
        "timestamp (ns, UTC)" => ["timestamp[ns, tz=UTC]", "Datetime(time_unit='ns', time_zone='UTC')"],
        other => panic!("docs/tables.md names the type {other}"),
    }
}

/// A folder for files of this test.
fn folder() -> PathBuf {
    let dir = workspace::root().join("target/peer/tables");
    std::fs::create_dir_all(&dir).expect("the build directory is writable");
    dir
}

fn export(trace: &Path, table: &str, out: &Path) {
    let mut c = Command::new(workspace::zscope());
    // Relative names of samples are part of the rows.
    c.current_dir(workspace::root()).arg("export").arg(trace).args(["--table", table, "-o"]).arg(out);
    let done = process::run(&mut c, peer::LIMIT).expect("zscope can be started");
    // A trace that is ruined throughout has an anomaly and no packets, and exit code 1.
    let expected = if trace.ends_with("ascii-transfer.ctrace") { 1 } else { 0 };
    assert_eq!(done.code, Some(expected), "{}: {}", trace.display(), done.errors());
}

fn read(python: &Path, files: &[PathBuf]) -> Vec<Value> {
    let mut c = Command::new(python);
    c.arg(workspace::root().join("tests/peers/read_tables.py")).args(files);
    let out = process::run(&mut c, Duration::from_secs(300)).expect("python can be started");
    assert_eq!(out.code, Some(0), "{}", out.errors());
    let lines = String::from_utf8(out.stdout).expect("JSON is UTF-8");
    lines.lines().map(|l| serde_json::from_str(l).expect("a JSON object")).collect()
}

/// Nanoseconds since 1970 of an ISO 8601 text in UTC.
fn nanos(iso: &str) -> i64 {
    let number = |r: std::ops::Range<usize>| iso[r].parse::<i64>().expect("digits");
    let days = formats::civil::days(number(0..4) as i32, number(5..7) as u32, number(8..10) as u32);
    let secs = days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    secs * 1_000_000_000 + number(20..29)
}

/// Compares a file's columns with the same table as JSON lines; returns its rows.
fn compare(name: &str, read: &Value, lines: &str, documented: &BTreeMap<String, String>) -> usize {
    let rows: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(read["rows"], serde_json::json!([rows.len(), rows.len()]), "{name}");
    assert_eq!(read["same"], true, "{name}: pyarrow and polars differ");
    assert_eq!(read["names"][0], read["names"][1], "{name}");
    for (i, column) in read["names"][0].as_array().expect("names").iter().enumerate() {
        let column = column.as_str().expect("a name");
        let kind = &documented[column];
        let found = [&read["types"][0][i], &read["types"][1][i]];
        assert_eq!(found, types(kind), "{name}: {column}");
        for (row, value) in rows.iter().zip(read["columns"][i].as_array().expect("values")) {
            let expected = match row.get(column) {
                None => Value::Null,
                Some(Value::String(s)) if kind.starts_with("timestamp") => nanos(s).into(),
                Some(v) => v.clone(),
            };
            let alike = match (expected.as_f64(), value.as_f64()) {
                (Some(a), Some(b)) if kind == "double" => a == b,
                _ => expected == *value,
            };
            assert!(alike, "{name}: {column}: {expected} in JSON, {value} in Parquet");
        }
    }
    rows.len()
}

#[test]
fn pyarrow_and_polars_read_what_was_written() {
    let Some(python) = python() else {
        return workspace::skipped(NAME, "python3 with pyarrow and polars cannot be had");
    };
    let (dir, documented) = (folder(), documented());
    let mut traces: Vec<PathBuf> = workspace::samples();
    if let Some(captures) = workspace::captures() {
        traces.extend(CAPTURES.iter().map(|c| captures.join(c)).filter(|p| p.is_file()));
    }
    let cases: Vec<(PathBuf, &str, PathBuf)> = traces
        .iter()
        .enumerate()
        .flat_map(|(i, t)| {
            let dir = &dir;
            TABLES.iter().map(move |&table| (t.clone(), table, dir.join(format!("{i}-{table}.parquet"))))
        })
        .collect();
    for (trace, table, out) in &cases {
        export(trace, table, out);
        export(trace, table, &out.with_extension("jsonl"));
    }
    let files: Vec<PathBuf> = cases.iter().map(|c| c.2.clone()).collect();
    let (mut rows, found) = (0, read(&python, &files));
    assert_eq!(found.len(), cases.len());
    for ((trace, table, out), read) in cases.iter().zip(&found) {
        let lines = std::fs::read_to_string(out.with_extension("jsonl")).expect("the JSON is there");
        rows += compare(&format!("{} {table}", trace.display()), read, &lines, &documented);
    }
    println!("{} files, {rows} rows alike in pyarrow, polars and JSON", files.len());
    let _ = std::fs::remove_dir_all(&dir);
}

const TABLES: [&str; 5] = ["packets", "records", "sessions", "findings", "anomalies"];

/// Captures with tunnels, IPv6, fragments, several interfaces and times of every kind.
const CAPTURES: [&str; 5] = [
    "corpora/arkime/IKEv2.pcap",
    "corpora/arkime/gtp-iphone.pcap",
    "corpora/arkime/gre-erspan.pcap",
    "corpora/pcapplusplus/Pcap++Test/PcapExamples/many_interfaces-1.pcapng",
    "ibm-traces/dualhome.iptrace",
];

#[test]
fn values_are_those_of_tshark() {
    let Some(python) = python() else {
        return workspace::skipped(NAME, "python3 with pyarrow and polars cannot be had");
    };
    if !workspace::installed("tshark") {
        return workspace::skipped(NAME, "tshark is not installed");
    }
    const FIELDS: [&str; 8] = [
        "frame.number",
        "frame.len",
        "eth.src",
        "ip.src",
        "ip.proto",
        "tcp.dstport",
        "tcp.len",
        "udp.srcport",
    ];
    let sample = workspace::root().join("samples/packets.pcapng");
    let out = folder().with_file_name("tshark.parquet");
    export(&sample, "packets", &out);
    let mut args = vec!["-T", "fields"];
    args.extend(FIELDS.iter().flat_map(|f| ["-e", f]));
    let theirs = peer::tshark(&sample, &args).expect("tshark can be started");
    let theirs = String::from_utf8(theirs.stdout).expect("UTF-8");
    let ours = &read(&python, &[out])[0];
    let names: Vec<&str> =
        ours["names"][0].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    for (row, line) in theirs.lines().enumerate() {
        for (field, value) in FIELDS.iter().zip(line.split('\t')) {
            let column = names.iter().position(|n| n == field).expect("a column");
            let found = match &ours["columns"][column][row] {
                Value::Null => String::new(),
                Value::String(s) => s.clone(),
                v => v.to_string(),
            };
            // The table has the first of several.
            assert_eq!(found, value.split(',').next().unwrap_or_default(), "{field} of packet {}", row + 1);
        }
    }
    assert_eq!(ours["rows"][0], theirs.lines().count());
}
