//! A message, to the requests that it takes.

use serde_json::{Map, Value, json};

use super::interactive::Offer;
use super::{Settings, template, words};
use crate::outbound::attachment_url;
use crate::{HttpRequest, Line, Method, Outgoing, SendError, SendErrorKind, split_text};

/// Most requests of one message; a longer one is refused rather than sent at great cost.
const MAX_PARTS: usize = 100;
/// Characters of a text that goes with a file.
const CAPTION_CHARS: usize = 1_024;
/// Characters of a file's name.
const MAX_FILE_NAME_CHARS: usize = 240;

/// The requests that send a message, one after the other.
pub(crate) fn plan(
    line: &Line,
    settings: &Settings,
    message: &Outgoing,
) -> Result<Vec<HttpRequest>, SendError> {
    let Some(token) = &settings.auth_token else {
        return Err(SendError::new(SendErrorKind::ChannelConfig, "the channel has no auth_token"));
    };
    let contents = contents(settings, message);
    if contents.len() > MAX_PARTS {
        let reason = format!("the message needs {} parts, more than {MAX_PARTS}", contents.len());
        return Err(SendError::new(SendErrorKind::MessageInvalid, reason));
    }
    if contents.is_empty() {
        return Err(SendError::new(SendErrorKind::MessageInvalid, "the message is empty"));
    }
    let url = format!("{}/{}/{}/messages", settings.base_url, settings.version, line.address);
    let headers = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("Authorization".to_owned(), format!("Bearer {token}")),
    ];
    let request = |content| HttpRequest {
        method: Method::Post,
        url: url.clone(),
        headers: headers.clone(),
        body: envelope(message, content),
    };
    Ok(contents.into_iter().map(request).collect())
}

/// A kind of content and its object.
type Content = (&'static str, Value);

/// The whole body. What we give with it comes back in reports, so that those that overtake the answer to this request
/// are not lost.
fn envelope(message: &Outgoing, (kind, content): Content) -> String {
    let path = message.urn.path.trim_start_matches('+');
    // People without a number have a country code, a dot and an identifier.
    let recipient = if path.contains('.') || message.urn.scheme == "bsuid" { "recipient" } else { "to" };
    let mut body = Map::new();
    body.insert("messaging_product".to_owned(), "whatsapp".into());
    body.insert("recipient_type".to_owned(), "individual".into());
    body.insert(recipient.to_owned(), path.into());
    body.insert("type".to_owned(), kind.into());
    body.insert(kind.to_owned(), content);
    body.insert("biz_opaque_callback_data".to_owned(), message.uuid.to_string().into());
    Value::Object(body).to_string()
}

fn contents(settings: &Settings, message: &Outgoing) -> Vec<Content> {
    if let Some(templating) = &message.templating {
        return vec![("template", template::body(message, templating))];
    }
    let files: Vec<File<'_>> = message.attachments.iter().map(|attachment| File::read(attachment)).collect();
    match Offer::of(message) {
        Some(offer) => with_offer(settings, message, &files, offer),
        None => without_offer(settings, message, &files),
    }
}

fn without_offer(settings: &Settings, message: &Outgoing, files: &[File<'_>]) -> Vec<Content> {
    let text = message.text.as_str();
    let fits = !text.is_empty() && text.chars().nth(CAPTION_CHARS.min(settings.max_length)).is_none();
    let captioned = files.iter().position(File::takes_caption).filter(|_| fits);
    let mut contents: Vec<Content> = files
        .iter()
        .enumerate()
        .map(|(at, file)| file.content(if captioned == Some(at) { text } else { "" }))
        .collect();
    if captioned.is_none() && !text.is_empty() {
        contents.extend(split_text(text, settings.max_length).into_iter().map(text_content));
    }
    contents
}

/// All but the last part of the text go as texts, the files before it; the last part carries what is offered.
fn with_offer(settings: &Settings, message: &Outgoing, files: &[File<'_>], offer: Offer) -> Vec<Content> {
    let mut parts = split_text(&message.text, settings.max_length);
    let mut last = parts.pop().unwrap_or_default();
    if last.chars().nth(offer.body_chars()).is_some() {
        parts.extend(split_text(last, offer.body_chars()));
        last = parts.pop().unwrap_or_default();
    }
    // WhatsApp wants a text with everything that is offered.
    if last.trim().is_empty() {
        last = words::menu(message.locale.as_deref());
    }
    let header = files.first().filter(|_| offer.takes_media()).and_then(File::header);
    let alone = if header.is_some() { &files[1..] } else { files };
    let mut contents: Vec<Content> = alone.iter().map(|file| file.content("")).collect();
    contents.extend(parts.into_iter().map(text_content));
    contents.push(("interactive", offer.body(last, header)));
    contents
}

fn text_content(text: &str) -> Content {
    let has_link = text.contains("https://") || text.contains("http://");
    ("text", json!({"body": text, "preview_url": has_link}))
}

/// An attached file or place.
struct File<'m> {
    kind: &'static str,
    url: &'m str,
}

impl<'m> File<'m> {
    fn read(attachment: &'m str) -> Self {
        let (stated, _) = attachment.split_once(':').unwrap_or(("", attachment));
        let kind = match stated.split('/').next().unwrap_or_default() {
            "geo" if place(attachment_url(attachment)).is_some() => "location",
            _ if stated == "image/webp" => "sticker",
            "image" => "image",
            "video" => "video",
            "audio" => "audio",
            _ => "document",
        };
        Self { kind, url: attachment_url(attachment) }
    }

    fn takes_caption(&self) -> bool {
        matches!(self.kind, "image" | "video" | "document")
    }

    fn object(&self, caption: &str) -> Value {
        if let Some((latitude, longitude)) = place(self.url).filter(|_| self.kind == "location") {
            return json!({"latitude": latitude, "longitude": longitude});
        }
        let mut object = json!({ "link": self.url });
        if !caption.is_empty() {
            object["caption"] = caption.into();
        }
        if self.kind == "document" {
            object["filename"] = file_name(self.url).into();
        }
        object
    }

    fn content(&self, caption: &str) -> Content {
        (self.kind, self.object(caption))
    }

    /// The file above a text with buttons.
    fn header(&self) -> Option<Value> {
        self.takes_caption().then(|| json!({"type": self.kind, self.kind: self.object("")}))
    }
}

/// `1.5,36.8` as degrees.
fn place(text: &str) -> Option<(f64, f64)> {
    let (latitude, longitude) = text.split_once(',')?;
    let degrees =
        |text: &str, most: f64| text.trim().parse::<f64>().ok().filter(|number| number.abs() <= most);
    degrees(latitude, 90.0).zip(degrees(longitude, 180.0))
}

/// What a file is called: the last part of its address.
pub(super) fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    // `+` stands for itself in a path.
    let decoded = form_urlencoded::parse(last.replace('+', "%2B").replace(['&', '='], "_").as_bytes())
        .next()
        .map(|(name, _)| name.into_owned());
    let name = decoded.unwrap_or_default();
    let name: String =
        name.chars().filter(|c| !c.is_control() && *c != '/').take(MAX_FILE_NAME_CHARS).collect();
    if name.is_empty() { "document".to_owned() } else { name }
}
