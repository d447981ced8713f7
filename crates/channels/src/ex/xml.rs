//! Single values out of an XML body, by the small part of XPath that channel settings use.
//!
//! `//name`, `/a/b`, `a//b`, `*` for any element, `@name` or `text()` at the end, prefixes ignored: what is
//! written as `soap:Body` matches any prefix, as aggregators change theirs.

use roxmltree::{Document, Node, ParsingOptions};

use crate::Refusal;

/// Most nodes of a document; more is refused.
const MAX_NODES: u32 = 20_000;

/// The trimmed text at each path in the document, `None` where the path matches nothing.
///
/// # Errors
/// When the body is not well-formed XML or uses a document type.
pub(super) fn values<const N: usize>(body: &str, paths: [&str; N]) -> Result<[Option<String>; N], Refusal> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(body, options)
        .map_err(|error| Refusal::malformed(format!("body is not valid XML: {error}")))?;
    Ok(paths.map(|path| value(&document, path)))
}

fn value(document: &Document<'_>, path: &str) -> Option<String> {
    let mut found = vec![document.root()];
    let mut deep = false;
    let steps = path.strip_prefix('/').map_or_else(|| format!("/{path}"), str::to_owned);
    for step in steps.split('/') {
        if step.is_empty() {
            deep = true;
            continue;
        }
        if let Some(name) = step.strip_prefix('@') {
            let owners = found.iter().filter_map(|node| node.attribute(local(name)));
            return owners.map(|text| text.trim().to_owned()).next();
        }
        if step == "text()" {
            break;
        }
        found = found.iter().flat_map(|node| matching(*node, local(step), deep)).collect();
        deep = false;
    }
    found.first().map(|node| text_of(*node))
}

fn matching<'a, 'd>(node: Node<'a, 'd>, name: &str, deep: bool) -> Vec<Node<'a, 'd>> {
    let fits = |candidate: &Node<'_, '_>| {
        candidate.is_element() && (name == "*" || candidate.tag_name().name() == name)
    };
    if deep {
        node.descendants().skip(1).filter(fits).collect()
    } else {
        node.children().filter(fits).collect()
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn text_of(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(|child| child.is_text()).filter_map(|child| child.text());
    texts.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn finds_values() {
        let body = r#"<?xml version="1.0"?><e:Envelope xmlns:e="urn:x"><e:Body><sms id="7"><src> +250788123123 </src><msg>a &amp; <![CDATA[b]]></msg></sms></e:Body></e:Envelope>"#;
        let cases = [
            ("//src", Some("+250788123123")),
            ("//msg", Some("a & b")),
            ("//msg/text()", Some("a & b")),
            ("/Envelope/Body/sms/src", Some("+250788123123")),
            ("//e:Body//src", Some("+250788123123")),
            ("/Envelope/*/sms/@id", Some("7")),
            ("/Body", None),
            ("//nothing", None),
        ];
        for (path, expected) in cases {
            let [found] = values(body, [path]).expect("well-formed");
            assert_eq!(found.as_deref(), expected, "{path}");
        }
        for body in ["<a>", "", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "plain"] {
            assert!(values(body, ["//a"]).is_err(), "{body}");
        }
    }
}
