//! The `{{variables}}` of an administrator's template, encoded for where they stand.

/// How values are written into a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Percent-encoded, as in a query or form.
    Url,
    /// Quoted JSON.
    Json,
    /// Escaped XML text.
    Xml,
}

/// The value of each variable for one part of a message.
pub(super) struct Variables<'a> {
    /// Names and values of the simple variables.
    pub(super) values: &'a [(&'static str, &'a str)],
    /// Quick replies; only the last part has them.
    pub(super) quick_replies: &'a [&'a str],
}

impl Variables<'_> {
    /// Fills a template. Unknown variables stay as written, so that a typing error is seen by the carrier's
    /// people rather than silently sent as nothing.
    pub(super) fn fill(&self, template: &str, encoding: Encoding) -> String {
        let mut out = String::with_capacity(template.len() + 64);
        let mut rest = template;
        while let Some(start) = rest.find("{{") {
            out.push_str(&rest[..start]);
            let inner = &rest[start + 2..];
            let Some(end) = inner.find("}}") else {
                out.push_str(&rest[start..]);
                return out;
            };
            if self.write(inner[..end].trim(), encoding, &mut out) {
                rest = &inner[end + 2..];
            } else {
                out.push_str("{{");
                rest = inner;
            }
        }
        out.push_str(rest);
        out
    }

    fn write(&self, name: &str, encoding: Encoding, out: &mut String) -> bool {
        if name == "quick_replies" {
            self.write_quick_replies(encoding, out);
            return true;
        }
        let Some((_, value)) = self.values.iter().find(|(key, _)| *key == name) else { return false };
        match encoding {
            Encoding::Url => write_url(value, out),
            Encoding::Json => write_json(value, out),
            Encoding::Xml => write_xml(value, out),
        }
        true
    }

    fn write_quick_replies(&self, encoding: Encoding, out: &mut String) {
        match encoding {
            Encoding::Url => {
                for reply in self.quick_replies {
                    out.push_str("&quick_reply=");
                    write_url(reply, out);
                }
            }
            Encoding::Json => {
                out.push('[');
                for (index, reply) in self.quick_replies.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_json(reply, out);
                }
                out.push(']');
            }
            Encoding::Xml => {
                for reply in self.quick_replies {
                    out.push_str("<item>");
                    write_xml(reply, out);
                    out.push_str("</item>");
                }
            }
        }
    }
}

fn write_url(value: &str, out: &mut String) {
    out.extend(form_urlencoded::byte_serialize(value.as_bytes()));
}

/// JSON that is also safe inside HTML: `<`, `>`, `&` and the two line separators are escaped.
fn write_json(value: &str, out: &mut String) {
    let quoted = serde_json::Value::from(value).to_string();
    for character in quoted.chars() {
        match character {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
}

fn write_xml(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Variables};

    #[test]
    fn encodes_for_the_place() {
        let values = [("text", "a&b <\"c\">\n1+1"), ("to", "+250788123123")];
        let variables = Variables { values: &values, quick_replies: &["Yes & no", "Ñ"] };
        let cases = [
            (
                Encoding::Url,
                "t={{text}}&to={{ to }}{{quick_replies}}",
                "t=a%26b+%3C%22c%22%3E%0A1%2B1&to=%2B250788123123&quick_reply=Yes+%26+no&quick_reply=%C3%91",
            ),
            (
                Encoding::Json,
                "{\"t\":{{text}},\"q\":{{quick_replies}}}",
                "{\"t\":\"a\\u0026b \\u003c\\\"c\\\"\\u003e\\n1+1\",\"q\":[\"Yes \\u0026 no\",\"Ñ\"]}",
            ),
            (
                Encoding::Xml,
                "<t>{{text}}</t>{{quick_replies}}",
                "<t>a&amp;b &lt;&#34;c&#34;&gt;&#xA;1+1</t><item>Yes &amp; no</item><item>Ñ</item>",
            ),
            (Encoding::Url, "{{nope}} {{{{to}}}} {{open", "{{nope}} {{%2B250788123123}} {{open"),
        ];
        for (encoding, template, expected) in cases {
            assert_eq!(variables.fill(template, encoding), expected);
        }
    }
}
