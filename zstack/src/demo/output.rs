//! What the demo leaves behind: data sets, exports, displays and findings.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ctrace::Which;
use ctrace::config::EventTrace;
use ctrace::dattrace::DatTrace;
use ctrace::osaenta::OsaEnta;
use ctrace::pkttrace::PktTrace;
use ctrace::writer::{Writer, WriterSettings};
use formats::ctrace::events::Options;
use stack::node::Plex;
use stack::node::netstat::{self, Report};

use super::network::{Node, Nodes};

/// The external writers of one LPAR.
struct Lpar {
    node: Node,
    writers: Vec<(PathBuf, Writer)>,
}

/// External writers of both LPARs.
pub struct Writers {
    dir: PathBuf,
    lpars: Vec<Lpar>,
}

/// What was written.
pub struct Made {
    dir: PathBuf,
    /// By LPAR: its name and the data sets with its packets.
    packets: Vec<(&'static str, Vec<PathBuf>)>,
}

/// Turns the traces on, as an operator would, and starts the external writers.
pub fn start(plex: &Plex, nodes: &Nodes, dir: &Path) -> io::Result<Writers> {
    fs::create_dir_all(dir).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", dir.display())))?;
    let mut lpars = Vec::new();
    for node in [nodes.zs01, nodes.zs02] {
        let stack = plex.stack(node.stack).borrow();
        let osa = node.name == nodes.zs02.name;
        stack.trace().configure(|c| {
            c.packets_on = true;
            c.pkttrace = PktTrace::everything();
            c.dattrace = DatTrace::everything();
            c.events = EventTrace::with(Options::ALL);
            c.resolver_on = true;
            c.frames_on = osa;
            // ETHTYPE=ARP: the rest is in the packet trace.
            c.osaenta = OsaEnta::everything();
            c.osaenta.others.ether_types = vec![0x0806];
        });
        let mut writers = Vec::new();
        for which in Which::ALL {
            if which == Which::Frames && !osa || which == Which::Resolver && osa {
                continue;
            }
            let name = format!("{}.{}.{}.ctrace", node.name, stack.name(), which.component());
            let path = dir.join(name);
            writers.push((
                path.clone(),
                Writer::start(stack.trace(), WriterSettings::new(&path).only(&[which]))?,
            ));
        }
        lpars.push(Lpar { node, writers });
    }
    Ok(Writers { dir: dir.to_owned(), lpars })
}

impl Writers {
    /// Ends the data sets, and exports the packets.
    pub fn finish(self, plex: &Plex) -> io::Result<Made> {
        let (mut packets, mut exports) = (Vec::new(), Vec::new());
        for l in self.lpars {
            let mut mine = Vec::new();
            for (path, w) in l.writers {
                w.stop()?;
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if name.ends_with("SYSTCPDA.ctrace") || name.ends_with("SYSTCPOT.ctrace") {
                    mine.push(path);
                    exports.push(name);
                }
            }
            let stack = plex.stack(l.node.stack).borrow();
            let text: String = Report::ALL.into_iter().map(|r| netstat::report(&stack, r) + "\n").collect();
            fs::write(self.dir.join(format!("{}.{}.netstat.txt", l.node.name, stack.name())), text)?;
            packets.push((l.node.name, mine));
        }
        // Tables name the file they come from: without its folder, so that it does not matter.
        let here = env::current_dir()?;
        env::set_current_dir(&self.dir)?;
        let exported =
            exports.iter().try_for_each(|n| ["pcapng", "parquet"].iter().try_for_each(|e| export(n, e)));
        env::set_current_dir(here)?;
        exported?;
        Ok(Made { dir: self.dir, packets })
    }
}

/// Exports the packets of a data set in the current folder. Data records have no place in a
/// capture; Parquet takes everything.
fn export(from: &str, ending: &str) -> io::Result<()> {
    let to = format!("{}.{ending}", from.trim_end_matches(".ctrace"));
    let mut words = vec!["zscope", "export", from, "-o", &to];
    if ending == "pcapng" {
        words.extend(["-Y", "ip or ipv6 or arp"]);
    }
    if analyzer::cli::run(words) == ExitCode::SUCCESS {
        return Ok(());
    }
    Err(io::Error::other(format!("{from} could not be exported")))
}

/// Prints what the analyzer finds in the packets of each LPAR, and where everything is.
pub fn report(made: &Made, out: &mut impl Write) -> io::Result<()> {
    for (name, files) in &made.packets {
        writeln!(out, "\nWhat the analyzer finds in the traces of {name}:\n")?;
        let findings = analyzer::cli::sessions::findings(files)?;
        write!(out, "{}", analyzer::cli::sessions::findings_text(&findings))?;
    }
    let mut all: Vec<(String, u64)> = Vec::new();
    for e in fs::read_dir(&made.dir)? {
        let e = e?;
        all.push((e.file_name().to_string_lossy().into_owned(), e.metadata()?.len()));
    }
    all.sort();
    writeln!(out, "\nIn {}:", made.dir.display())?;
    for (name, size) in all {
        writeln!(out, "{size:>10}  {name}")?;
    }
    Ok(())
}
