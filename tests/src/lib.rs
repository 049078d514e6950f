//! Shared helpers of the test suites: where things are, how to run programs, how to compare
//! with a peer, and the traffic that benchmarks run on.

pub mod ctrace_samples;
pub mod differences;
pub mod fields;
pub mod mutate;
pub mod peer;
pub mod process;
pub mod table;
pub mod traffic;
pub mod workspace;
