//! What is this file? Layers are peeled until a framer accepts, each recognised by content.

pub mod frame;
pub mod layers;
