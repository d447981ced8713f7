//! Files and functions stay small enough to be read at a sitting.

use super::source::Source;

/// No source file is longer.
const FILE_LINES_MAX: usize = 800;
/// Most are shorter; those above are listed, not refused.
const FILE_LINES_ADVISED: usize = 400;
/// No function is longer, unless it is a pure table and says so.
const FUNCTION_LINES_MAX: usize = 70;
/// The mark of a function that is one long `match` of short arms.
const TABLE: &str = "// tidy: table";

/// Ends of names of files that people write and read.
const WRITTEN: &[&str] = &[".rs", ".ts", ".mjs", ".js", ".css", ".html", ".sql"];

fn is_written(source: &Source) -> bool {
    WRITTEN.iter().any(|end| source.path.ends_with(end))
}

/// Files and functions beyond their limit.
pub fn complaints(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| is_written(source)) {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            found.push(format!("{}: {lines} lines, at most {FILE_LINES_MAX}; split it by idea", source.path));
        }
        if source.is_rust() && !source.is_test() {
            found.extend(long_functions(source));
        }
    }
    found
}

/// Files that are growing out of hand.
pub fn advice(sources: &[Source]) -> Vec<String> {
    let written = sources.iter().filter(|source| is_written(source));
    written
        .map(|source| (source.text.lines().count(), source))
        .filter(|(lines, _)| *lines > FILE_LINES_ADVISED)
        .map(|(lines, source)| {
            format!("{}: {lines} lines; most files stay under {FILE_LINES_ADVISED}", source.path)
        })
        .collect()
}

/// In rustfmt-ed code a function ends at the first line that is its own indentation and a brace.
fn long_functions(source: &Source) -> Vec<String> {
    let lines: Vec<(usize, &str)> = source.product_lines().collect();
    let mut found = Vec::new();
    for (index, (number, line)) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        let body = &lines[index..];
        let Some(opening) = body.iter().position(|(_, l)| l.ends_with(['{', '}', ';'])) else { continue };
        if !body[opening].1.ends_with('{') {
            continue;
        }
        let Some(length) = body.iter().position(|(_, l)| *l == end) else { continue };
        let above = index.checked_sub(1).map_or("", |above| lines[above].1);
        if length + 1 > FUNCTION_LINES_MAX && above.trim() != TABLE {
            let path = &source.path;
            let lines = length + 1;
            found.push(format!("{path}:{number}: fn {name} has {lines} lines, at most {FUNCTION_LINES_MAX}"));
        }
    }
    found
}

/// The name of the function that begins on this line.
fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if rest.starts_with("//") {
        return None;
    }
    loop {
        let (word, after) = rest.split_once(' ')?;
        match word {
            "fn" => return after.split(['(', '<']).next(),
            "async" | "const" | "unsafe" => rest = after,
            _ if word.starts_with("pub") => rest = after,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_function_is_found_unless_it_is_a_table() {
        let long = format!("pub async fn story(\n    a: u8,\n) {{\n{}}}\n", "    step();\n".repeat(70));
        let cases = [
            (long.clone(), 1),
            (format!("// tidy: table\n{long}"), 0),
            (format!("#[cfg(test)]\nmod tests {{\n{long}}}\n"), 0),
            ("fn short() {\n    step();\n}\n".to_owned(), 0),
            ("fn one_line() {}\nfn declared();\n".to_owned(), 0),
        ];
        for (text, expected) in cases {
            let source = Source { path: "crates/a/src/lib.rs".to_owned(), text };
            assert_eq!(long_functions(&source).len(), expected, "{}", source.text);
        }
    }
}
