//! What the inputs say about themselves before they are read: system, subname, kind.

use std::path::{Path, PathBuf};

use crate::source::frame::Batch;
use crate::source::{Options, Reader};

/// What the beginning of a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The file.
    pub path: PathBuf,
    /// System name.
    pub system: Option<String>,
    /// Job name of the stack.
    pub subname: Option<String>,
    /// True for a component trace, false for a capture and for what cannot be looked at.
    pub ctrace: bool,
}

/// Looks at the beginning of a file. Standard input cannot be looked at twice, and a file that
/// cannot be read says nothing: the run will say why.
#[must_use]
pub fn look(path: &Path, options: &Options) -> Facts {
    let mut facts = Facts { path: path.to_owned(), ..Facts::default() };
    let regular = std::fs::metadata(path).is_ok_and(|m| m.is_file());
    if !regular {
        return facts;
    }
    if let Ok(mut reader) = Reader::open(path, options) {
        let mut batch = Batch::default();
        reader.next(&mut batch);
        facts.ctrace = batch.frames.first().is_some_and(|f| f.head_kind.is_cte());
        for (key, value) in reader.facts() {
            match key {
                "system" => facts.system = Some(value),
                "subname" | "stack" => facts.subname = Some(value),
                _ => {}
            }
        }
    }
    facts
}
