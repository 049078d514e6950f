//! A node: TCP/IP stacks put together from engines, in images and plexes.

pub mod executor;
