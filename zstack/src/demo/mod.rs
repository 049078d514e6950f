//! `zstack demo`: a plex on in-memory LANs does its work, some of which goes wrong; what its stacks
//! have traced is written as data sets, and the analyzer says what went wrong.

mod network;
mod output;
mod traffic;

use std::io::{self, Write};
use std::path::PathBuf;

use stack::sim::World;

/// `zstack demo [--out DIR] [--seed N]`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the data sets and exports go
    #[arg(long, default_value = "zstack-demo", value_name = "DIR")]
    out: PathBuf,
    /// Chooses ports, sequence numbers and losses; the same seed gives the same files
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
}

/// Runs the command.
pub fn run(a: &Args) -> io::Result<()> {
    let (plex, nodes) = network::build(a.seed);
    let writers = output::start(&plex, &nodes, &a.out)?;
    let mut world = World::new(plex);
    let log = traffic::Log::default();
    let done = traffic::run(&mut world, &nodes, &log);
    for s in world.plex.stacks() {
        s.borrow_mut().stop();
    }
    // The files are complete before anything is printed: nobody has to read that.
    let made = writers.finish(&world.plex);
    let mut out = io::stdout().lock();
    for line in log.lines() {
        writeln!(out, "{line}")?;
    }
    done?;
    output::report(&made?, &mut out)
}
