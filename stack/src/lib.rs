//! The live node: protocol engines and the networks they run on.
