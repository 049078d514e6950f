//! The `zscope` program.

fn main() {}
