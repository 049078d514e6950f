//! Handing traces on: writers of other formats.

pub mod ctrace;
pub mod decap;
