//! Reads `multipart/form-data` (RFC 7578), as far as a file with its name and type in one member needs.

/// A file that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its name, without folders.
    pub name: String,
    /// Its media type, as the client says.
    pub content_type: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Bytes of the head of one part.
const HEAD_BYTES: usize = 8 * 1_024;

/// What stands between the parts, from the type of the body.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let given = parameter(rest, "boundary")?;
    (!given.is_empty() && given.len() <= 70).then_some(given)
}

/// The file in the member of this name.
pub(crate) fn file(body: &[u8], boundary: &str, name: &str) -> Option<File> {
    let between = format!("\r\n--{boundary}").into_bytes();
    // The first one may stand at the very beginning.
    let mut rest = match body.strip_prefix(&between[2..]) {
        Some(rest) => rest,
        None => &body[find(body, &between)? + between.len()..],
    };
    loop {
        let part = rest.strip_prefix(b"\r\n")?;
        let end = find(part, &between)?;
        if let Some(file) = read_part(&part[..end], name) {
            return Some(file);
        }
        rest = &part[end + between.len()..];
    }
}

fn read_part(part: &[u8], name: &str) -> Option<File> {
    let (file_name, content_type, head_end) = read_head(part, name)?;
    Some(File { name: file_name, content_type, bytes: part[head_end..].to_vec() })
}

/// Looks for the head of the file in the member of this name, in the beginning of a body with a line break before it.
/// Answers what the file is called and where it begins. `between`: what stands between the parts, with a line break
/// before it.
pub(crate) fn file_head(body: &[u8], between: &[u8], name: &str) -> Option<(String, usize)> {
    let mut from = 0;
    loop {
        from += find(&body[from..], between)? + between.len();
        let part = body[from..].strip_prefix(b"\r\n")?;
        if let Some((file_name, _, head_end)) = read_head(part, name) {
            return Some((file_name, from + 2 + head_end));
        }
    }
}

/// Name and media type of the file in a part, if it is the member of this name, and where the file begins.
fn read_head(part: &[u8], name: &str) -> Option<(String, String, usize)> {
    let head_end = find(&part[..part.len().min(HEAD_BYTES)], b"\r\n\r\n")?;
    let head = std::str::from_utf8(&part[..head_end]).ok()?;
    let header = |wanted: &str| {
        let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
        found.next().map(|(_, value)| value.trim().to_owned())
    };
    let disposition = header("content-disposition")?;
    if parameter(&disposition, "name")? != name {
        return None;
    }
    let file_name = parameter(&disposition, "filename")?;
    let file_name = file_name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let content_type = header("content-type").unwrap_or_default();
    Some((file_name, content_type, head_end + 4))
}

/// A parameter of a header, with or without quotes.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let parts = header.split(';').filter_map(|part| part.split_once('='));
    let mut found = parts.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    found.next().map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

/// Where these bytes begin.
pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::{boundary, file};

    #[test]
    fn finds_the_file() {
        let kind = "multipart/form-data; boundary=\"x y\"";
        let between = boundary(kind).unwrap();
        let body = b"--x y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x y\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"../b.png\"\r\nContent-Type: image/png\r\n\r\n\
            \x89P\r\n--x\r\n--x y--\r\n";
        let found = file(body, &between, "file").unwrap();
        assert_eq!((found.name.as_str(), found.content_type.as_str()), ("b.png", "image/png"));
        assert_eq!(found.bytes, b"\x89P\r\n--x");
        assert_eq!(file(body, &between, "other"), None);
    }

    #[test]
    fn what_is_none_is_none() {
        for kind in ["application/json", "multipart/form-data", "multipart/form-data; boundary=", ""] {
            assert_eq!(boundary(kind), None, "{kind}");
        }
        for body in [
            "",
            "--x",
            "--x--",
            "--x\r\n\r\n",
            "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n--x--",
        ] {
            assert_eq!(file(body.as_bytes(), "x", "file"), None, "{body}");
        }
    }
}
