//! Nothing of one person's machine lands: no absolute paths of a home or a work folder, no addresses of
//! private package mirrors.

use super::source::Source;

/// Beginnings of paths that exist on one machine only. In two halves, so that this file does not find itself.
const PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/tm", "p/"),
    concat!("/Us", "ers/"),
];

/// The key under which npm records where a package was downloaded from.
const DOWNLOAD_ADDRESS: &str = concat!("\"resol", "ved\": \"http");

/// Lines that name a machine or a mirror.
pub fn complaints(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for (index, line) in source.text.lines().enumerate() {
            let place = format!("{}:{}", source.path, index + 1);
            if let Some(path) = PATHS.iter().find(|path| names_path(line, path)) {
                found.push(format!("{place}: {path} exists on one machine only"));
            }
            if source.path.ends_with("package-lock.json") && line.contains(DOWNLOAD_ADDRESS) {
                found.push(format!(
                    "{place}: a download address; npm install --omit-lockfile-registry-resolved"
                ));
            }
        }
    }
    found
}

/// Whether the path stands at the beginning of a word, and not inside a longer path or an address.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '/' | '*' | '>'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_paths_are_found() {
        let home = concat!("/ho", "me/");
        let cases = [
            (format!("cd {home}ada"), 1),
            (format!("\"{home}ada\""), 1),
            (format!("https://example.org{home}page"), 0),
            ("cd target/debug".to_owned(), 0),
        ];
        for (text, expected) in cases {
            let source = Source { path: "docs/run.md".to_owned(), text };
            assert_eq!(complaints(&[source]).len(), expected);
        }
    }
}
