//! Addresses of files: old flows name theirs by a path within the store of the site they were made on.

/// Endings that tell a recording, and a film.
const AUDIO: [&str; 6] = ["mp3", "m4a", "ogg", "oga", "wav", "aac"];
const VIDEO: [&str; 5] = ["mp4", "mov", "3gp", "webm", "avi"];

/// The address of a file; a path is put behind the address of the site's files, if that is known.
pub(super) fn address(path: &str, files: Option<&str>) -> String {
    let path = path.trim();
    let is_complete = path.starts_with("http://") || path.starts_with("https://") || path.starts_with('@');
    match files {
        Some(files) if !is_complete && !path.is_empty() => {
            format!("{}/{}", files.trim_end_matches('/'), path.trim_start_matches('/'))
        }
        Some(_) | None => path.to_owned(),
    }
}

/// An attachment, as `type:address`; without a type it is what its ending tells, and a picture otherwise.
pub(super) fn attachment(media: &str, files: Option<&str>) -> String {
    let media = media.trim();
    if media.is_empty() {
        return String::new();
    }
    match media.split_once(':') {
        Some((kind, path)) if !matches!(kind, "http" | "https") && !kind.starts_with('@') => {
            format!("{kind}:{}", address(path, files))
        }
        Some(_) | None => format!("{}:{}", kind_of(media), address(media, files)),
    }
}

fn kind_of(path: &str) -> &'static str {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        ending if AUDIO.contains(&ending) => "audio",
        ending if VIDEO.contains(&ending) => "video",
        _ => "image",
    }
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn paths_become_addresses_where_the_site_is_known() {
        let files = Some("https://files.example.org/");
        for (media, files, expected) in [
            ("a/leaf.png", files, "image:https://files.example.org/a/leaf.png"),
            ("audio/mp4:/a/song.m4a", files, "audio/mp4:https://files.example.org/a/song.m4a"),
            ("a/song.mp3", files, "audio:https://files.example.org/a/song.mp3"),
            ("image/png:https://example.org/x.png", files, "image/png:https://example.org/x.png"),
            ("https://example.org/x.mp4?y=1", files, "video:https://example.org/x.mp4?y=1"),
            ("image:@fields.photo", files, "image:@fields.photo"),
            ("image:a/leaf.png", None, "image:a/leaf.png"),
            ("  ", files, ""),
        ] {
            assert_eq!(attachment(media, files), expected, "{media}");
        }
    }
}
