//! What file servers serve: files in memory, shared by the servers of an image.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

/// Bytes that all files of one store may have together.
const MOST: usize = 1 << 30;

/// A store of files under absolute paths (`/pub/a.txt`). Directories exist as long as a file is
/// in them. Clones are the same store.
#[derive(Debug, Clone, Default)]
pub struct Files(Rc<RefCell<BTreeMap<String, Rc<Vec<u8>>>>>);

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name in its directory.
    pub name: String,
    /// Bytes of a file; `None` for a directory.
    pub size: Option<usize>,
}

impl Files {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The path that `name` means in directory `cwd`: absolute, without `.` and `..`.
    #[must_use]
    pub fn resolve(cwd: &str, name: &str) -> String {
        let whole = if name.starts_with('/') { name.to_owned() } else { format!("{cwd}/{name}") };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                p => parts.push(p),
            }
        }
        format!("/{}", parts.join("/"))
    }

    /// The content of a file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Rc<Vec<u8>>> {
        self.0.borrow().get(path).cloned()
    }

    /// Stores a file. Fails when the store is full or the path is that of a directory.
    pub fn put(&self, path: &str, content: Vec<u8>) -> io::Result<()> {
        if self.is_dir(path) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let used: usize = self.0.borrow().values().map(|f| f.len()).sum();
        if used + content.len() > MOST {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.borrow_mut().insert(path.to_owned(), Rc::new(content));
        Ok(())
    }

    /// Removes a file and gives it back.
    pub fn remove(&self, path: &str) -> Option<Rc<Vec<u8>>> {
        self.0.borrow_mut().remove(path)
    }

    /// Gives a file another name. Where that cannot be, it keeps its own.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        if self.is_dir(to) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut files = self.0.borrow_mut();
        let content = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), content);
        Ok(())
    }

    /// True for a directory; the root always is one.
    #[must_use]
    pub fn is_dir(&self, path: &str) -> bool {
        path == "/" || {
            let below = format!("{path}/");
            self.0.borrow().range(below.clone()..).next().is_some_and(|(k, _)| k.starts_with(&below))
        }
    }

    /// What is in a directory, by name.
    #[must_use]
    pub fn list(&self, dir: &str) -> Vec<Entry> {
        let below = if dir == "/" { "/".to_owned() } else { format!("{dir}/") };
        let mut out: Vec<Entry> = Vec::new();
        for (path, content) in self.0.borrow().range(below.clone()..) {
            let Some(rest) = path.strip_prefix(&below) else { break };
            let entry = match rest.split_once('/') {
                Some((d, _)) => Entry { name: d.to_owned(), size: None },
                None => Entry { name: rest.to_owned(), size: Some(content.len()) },
            };
            if out.last() != Some(&entry) {
                out.push(entry);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_what_lies_before_a_slash() {
        let f = Files::new();
        f.put("/pub/a.txt", vec![1, 2]).unwrap();
        f.put("/pub/sub/b", vec![3]).unwrap();
        f.put("/top", vec![]).unwrap();
        let names = |d: &str| f.list(d).into_iter().map(|e| (e.name, e.size)).collect::<Vec<_>>();
        assert_eq!(names("/"), [("pub".into(), None), ("top".into(), Some(0))]);
        assert_eq!(names("/pub"), [("a.txt".into(), Some(2)), ("sub".into(), None)]);
        assert!(f.is_dir("/pub/sub") && !f.is_dir("/pu") && f.put("/pub", vec![]).is_err());
        assert!(f.rename("/top", "/pub").is_err() && f.get("/top").is_some());
        f.rename("/top", "/pub/top").unwrap();
        assert!(f.get("/top").is_none() && f.get("/pub/top").is_some());
        assert_eq!(Files::resolve("/pub/sub", "../x/./y"), "/pub/x/y");
        assert_eq!(Files::resolve("/", "../.."), "/");
    }
}
