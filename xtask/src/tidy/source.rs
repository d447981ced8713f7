//! The files of the repository, read once.

use std::path::Path;

use anyhow::{Context, Result};

use crate::shell;

/// A file with its text.
pub struct Source {
    /// From the repository's root, with slashes.
    pub path: String,
    /// Its text; files that are not UTF-8 are not looked at.
    pub text: String,
}

impl Source {
    /// Whether this is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the whole file is test or measuring code, which rules for the product do not bind. A folder of
    /// that name below `src` is product.
    pub fn is_test(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        let above_src = parts.iter().skip(1).take_while(|part| **part != "src");
        let name = parts.last().copied().unwrap_or_default();
        above_src.into_iter().any(|part| ["tests", "benches", "examples"].contains(part))
            || name == "tests.rs"
            || name.ends_with("_tests.rs")
    }

    /// The lines before the test module at the foot of the file, with their number from 1.
    pub fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let test_module = lines.windows(2).position(|pair| {
            pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        });
        let end = test_module.unwrap_or(lines.len());
        lines.into_iter().take(end).enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// Every text file that is tracked or would be added.
pub fn all(root: &Path) -> Result<Vec<Source>> {
    let list = shell::output(root, "git", &["ls-files", "--cached", "--others", "--exclude-standard"])?;
    let mut sources = Vec::new();
    for path in list.lines() {
        let file = root.join(path);
        if !file.is_file() {
            continue;
        }
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {path}"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            sources.push(Source { path: path.to_owned(), text });
        }
    }
    Ok(sources)
}

/// A line without its comment; good enough for rustfmt-ed code, where a comment has a line of its own.
pub fn code(line: &str) -> &str {
    if line.trim_start().starts_with("//") { "" } else { line }
}
