//! Changing what templates refer to without touching the rest of their text.

use smol_str::SmolStr;

use crate::scan::{Piece, pieces};
use crate::syntax::{self, Shape, Tree};

/// Longest template that is changed, in bytes: flows hold none of more than 10,000 characters, and finding the ends of
/// its expressions could take for ever.
const MAX_TEMPLATE_BYTES: usize = 40_000;

/// The template with references replaced. `rename` is given the lower-case path of every reference of the
/// template, such as `["webhook", "status"]`, and answers with the expression that takes its place (as a whole
/// path, or something like `default(webhook.status, 0)`), or `None` to leave it. For a path inside an
/// expression that has more names than `rename` wants to change, it is asked for the longest first.
///
/// Everything else stays as it was written, expressions with syntax errors too.
pub fn refactor(
    template: &str,
    tops: &[&str],
    mut rename: impl FnMut(&[SmolStr]) -> Option<String>,
) -> String {
    if template.len() > MAX_TEMPLATE_BYTES {
        return template.to_owned();
    }
    let mut out = String::with_capacity(template.len());
    for piece in pieces(template, tops) {
        match piece {
            // A table is not a name that ever changed.
            Piece::Text(span) | Piece::Escape(span) | Piece::Lookup(span) => out.push_str(&template[span]),
            Piece::Path(span) => {
                let source = &template[span.start + 1..span.end];
                match syntax::parse(source).ok().and_then(|tree| replace(source, &tree, tops, &mut rename)) {
                    Some(changed) if is_path(&changed, tops) => {
                        out.push('@');
                        out.push_str(&changed);
                    }
                    Some(changed) => {
                        out.push_str("@(");
                        out.push_str(&changed);
                        out.push(')');
                    }
                    None => out.push_str(&template[span]),
                }
            }
            Piece::Expression(span) => {
                let source = &template[span.start + 2..span.end - 1];
                match syntax::parse(source).ok().and_then(|tree| replace(source, &tree, tops, &mut rename)) {
                    Some(changed) => {
                        out.push_str("@(");
                        out.push_str(&changed);
                        out.push(')');
                    }
                    None => out.push_str(&template[span]),
                }
            }
        }
    }
    out
}

/// The source with its references replaced; `None` if there is nothing to replace.
fn replace(
    source: &str,
    tree: &Tree,
    tops: &[&str],
    rename: &mut impl FnMut(&[SmolStr]) -> Option<String>,
) -> Option<String> {
    let mut changes: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    tree.walk(&mut |part| {
        let Some(path) = part.path() else { return true };
        if !path.first().is_some_and(|top| tops.contains(&top.as_str())) {
            return false;
        }
        match rename(&path) {
            Some(changed) => {
                changes.push((part.span.clone(), changed));
                false
            }
            None => !matches!(part.shape, Shape::Name(_)),
        }
    });
    if changes.is_empty() {
        return None;
    }
    changes.sort_by_key(|(span, _)| span.start);
    let mut out = String::with_capacity(source.len());
    let mut position = 0;
    for (span, changed) in changes {
        out.push_str(&source[position..span.start]);
        out.push_str(&changed);
        position = span.end;
    }
    out.push_str(&source[position..]);
    Some(out)
}

fn is_path(text: &str, tops: &[&str]) -> bool {
    let template = format!("@{text}");
    matches!(&*pieces(&template, tops), [Piece::Path(_)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPS: [&str; 3] = ["webhook", "results", "contact"];

    #[test]
    fn only_the_reference_changes() {
        let rename = |path: &[SmolStr]| match path {
            [top] if top == "webhook" => Some("webhook.json".to_owned()),
            [top, key] if top == "results" && key == "old_key" => Some("results.new".to_owned()),
            [top, key] if top == "contact" && key == "age" => Some("default(contact.age, 0)".to_owned()),
            _ => None,
        };
        for (template, expected) in [
            ("Hi @webhook.name!", "Hi @webhook.json.name!"),
            ("@webhook", "@webhook.json"),
            ("@(  upper( Webhook.Name )&\"webhook\")", "@(  upper( webhook.json.Name )&\"webhook\")"),
            ("@results.old_key.value @results.other", "@results.new.value @results.other"),
            ("@(results[\"old_key\"].value)", "@(results.new.value)"),
            ("@contact.age years", "@(default(contact.age, 0)) years"),
            ("@(contact.age + 1)", "@(default(contact.age, 0) + 1)"),
            ("@(webhook + ) @@webhook", "@(webhook + ) @@webhook"),
        ] {
            assert_eq!(refactor(template, &TOPS, rename), expected, "{template}");
        }
    }
}
