//! The named values of a carrier's request, from wherever carriers put them: query, form, multipart or JSON.

use serde_json::Value;

use crate::{Refusal, Request};

/// Most named values read from one request; more is refused.
const MAX_FIELDS: usize = 100;

/// Named values in the order given: the body's before the query's, so that the body wins.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads every named value of a request.
    ///
    /// # Errors
    /// When the body is not what its content type says, or holds too much.
    pub(crate) fn read(request: &Request<'_>) -> Result<Self, Refusal> {
        let mut fields = Self::default();
        let content_type = request.content_type.unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "multipart/form-data" => fields.read_multipart(content_type, request.body)?,
            "application/json" => fields.read_json(request.body)?,
            "application/x-www-form-urlencoded" | "" => fields.read_form(request.body)?,
            _ => {}
        }
        fields.read_form(request.query.as_bytes())?;
        Ok(fields)
    }

    /// The first value of that name that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(key, value)| key == name && !value.is_empty());
        values.next().map(|(_, value)| value.as_str())
    }

    /// The first value of any of these names that is not empty.
    pub(crate) fn first_of(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    fn push(&mut self, key: String, value: String) -> Result<(), Refusal> {
        if self.0.len() >= MAX_FIELDS {
            return Err(Refusal::malformed(format!("request has more than {MAX_FIELDS} fields")));
        }
        self.0.push((key, value));
        Ok(())
    }

    fn read_form(&mut self, encoded: &[u8]) -> Result<(), Refusal> {
        for (key, value) in form_urlencoded::parse(encoded) {
            self.push(key.into_owned(), value.into_owned())?;
        }
        Ok(())
    }

    fn read_json(&mut self, body: &[u8]) -> Result<(), Refusal> {
        if body.is_empty() {
            return Ok(());
        }
        let value: Value = serde_json::from_slice(body)
            .map_err(|error| Refusal::malformed(format!("body is not valid JSON: {error}")))?;
        let Value::Object(entries) = value else {
            return Err(Refusal::malformed("body must be a JSON object"));
        };
        for (key, value) in entries {
            match value {
                Value::String(text) => self.push(key, text)?,
                Value::Number(number) => self.push(key, number.to_string())?,
                Value::Bool(flag) => self.push(key, flag.to_string())?,
                Value::Null | Value::Array(_) | Value::Object(_) => {}
            }
        }
        Ok(())
    }

    /// Reads text parts (RFC 7578); files are passed over.
    fn read_multipart(&mut self, content_type: &str, body: &[u8]) -> Result<(), Refusal> {
        let boundary = parameter(content_type, "boundary")
            .filter(|boundary| !boundary.is_empty() && boundary.len() <= 70)
            .ok_or_else(|| Refusal::malformed("multipart body without a boundary"))?;
        let delimiter = format!("--{boundary}");
        let mut rest = find(body, delimiter.as_bytes())
            .map(|at| &body[at + delimiter.len()..])
            .ok_or_else(|| Refusal::malformed("multipart body does not contain its boundary"))?;
        let next = format!("\r\n{delimiter}");
        while !rest.starts_with(b"--") {
            let head_end = find(rest, b"\r\n\r\n").ok_or_else(unfinished)?;
            let end = find(&rest[head_end..], next.as_bytes()).ok_or_else(unfinished)? + head_end;
            let head = String::from_utf8_lossy(&rest[..head_end]);
            let disposition = head.lines().find(|line| {
                line.get(..20).is_some_and(|name| name.eq_ignore_ascii_case("content-disposition:"))
            });
            let name = disposition.and_then(|line| parameter(line, "name"));
            let is_file = disposition.is_some_and(|line| parameter(line, "filename").is_some());
            if let (Some(name), false) = (name, is_file) {
                let value = rest.get(head_end + 4..end).unwrap_or_default();
                self.push(name, String::from_utf8_lossy(value).into_owned())?;
            }
            rest = &rest[end + next.len()..];
        }
        Ok(())
    }
}

fn unfinished() -> Refusal {
    Refusal::malformed("multipart body is not complete")
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// A parameter of a header value, as in `form-data; name="text"`.
fn parameter(header: &str, name: &str) -> Option<String> {
    let (mut quoted, mut escaped) = (false, false);
    let mut parts = header.split(move |c| {
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        c == ';' && !quoted
    });
    parts.next()?;
    parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        let value = value.trim();
        let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        let value = inner.map_or_else(|| value.to_owned(), |inner| inner.replace("\\\"", "\""));
        key.trim().eq_ignore_ascii_case(name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::{Fields, MAX_FIELDS, parameter};
    use crate::Request;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn read(content_type: &str, query: &str, body: &[u8]) -> Result<Vec<(String, String)>, String> {
        let request = Request { action: "", query, content_type: Some(content_type), body, signature: None };
        Fields::read(&request).map(|fields| fields.0).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn reads_every_place() {
        let multipart = b"--x1\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nHi\r\nthere\r\n\
            --x1\r\ncontent-disposition: form-data; name=\"pic\"; filename=\"a.png\"\r\n\r\n..\r\n--x1--\r\n";
        type Case<'a> = (&'a str, &'a str, &'a [u8], &'a [(&'a str, &'a str)]);
        let cases: [Case<'_>; 5] = [
            (FORM, "", b"text=a%20b+c&from=%2B1", &[("text", "a b c"), ("from", "+1")]),
            ("", "text=q", b"", &[("text", "q")]),
            (
                "application/json; charset=utf-8",
                "b=2",
                br#"{"a":1,"t":"x","l":[]}"#,
                &[("a", "1"), ("t", "x"), ("b", "2")],
            ),
            ("multipart/form-data; boundary=x1", "", multipart, &[("text", "Hi\r\nthere")]),
            ("text/xml", "id=7", b"<a/>", &[("id", "7")]),
        ];
        for (content_type, query, body, expected) in cases {
            let expected = expected.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            assert_eq!(read(content_type, query, body), Ok(expected), "{content_type}");
        }
    }

    #[test]
    fn reads_parameters_of_headers() {
        let cases = [
            (r#"form-data; name="text""#, "name", Some("text")),
            (r#"form-data; name="a;b=c"; filename="x;y.png""#, "name", Some("a;b=c")),
            (r#"form-data; name="a;b=c"; filename="x;y.png""#, "filename", Some("x;y.png")),
            (r#"form-data; filename="; name=no"; NAME=yes"#, "name", Some("yes")),
            (r#"form-data; name="say \"hi; you\"""#, "name", Some(r#"say "hi; you""#)),
            (r#"multipart/form-data; charset=utf-8; boundary="--x;1""#, "boundary", Some("--x;1")),
            (r#"form-data; name="open; other=1"#, "other", None),
            ("name=text", "name", None),
            ("", "name", None),
        ];
        for (header, name, expected) in cases {
            assert_eq!(parameter(header, name).as_deref(), expected, "{name} of {header}");
        }
    }

    #[test]
    fn refuses_with_a_reason() {
        let many = "a=1&".repeat(MAX_FIELDS + 1);
        let cases: [(&str, &[u8], &str); 6] = [
            ("application/json", b"{", "body is not valid JSON"),
            ("application/json", b"[1]", "must be a JSON object"),
            ("multipart/form-data", b"", "without a boundary"),
            ("multipart/form-data; boundary=x", b"nothing", "does not contain"),
            ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n\r\nno end", "not complete"),
            (FORM, many.as_bytes(), "more than 100 fields"),
        ];
        for (content_type, body, expected) in cases {
            let error = read(content_type, "", body).expect_err("must be refused");
            assert!(error.contains(expected), "{error}");
        }
    }
}
