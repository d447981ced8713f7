//! A store of files in memory that is as strict as Amazon's: it computes the signature of each request itself, from
//! what Amazon writes about it, and shares no code with what signs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use files::{Answer, Exchanged, Outside, Request};
use jiff::{SignedDuration, Timestamp};
use ring::{digest, hmac};

pub const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: i64 = 1_800_000_000;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

/// The parameters of an address as they stand there, and where it leads.
fn parts(url: &str) -> Option<(&str, String, Vec<(&str, &str)>)> {
    let (_, rest) = url.split_once("://")?;
    let (place, query) = rest.split_once('?')?;
    let (host, path) = place.split_once('/')?;
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    Some((host, format!("/{path}"), pairs.collect()))
}

/// The signature that a request must have, in hex.
pub fn signature(method: &str, url: &str, secret: &str) -> Option<String> {
    let (host, path, mut pairs) = parts(url)?;
    pairs.retain(|(name, _)| *name != "X-Amz-Signature");
    pairs.sort_unstable();
    let of = |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let (date, credential) = (of("X-Amz-Date")?, of("X-Amz-Credential")?.replace("%2F", "/"));
    let mut scope = credential.splitn(2, '/');
    let (_, scope) = (scope.next()?, scope.next()?);
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let asked = format!("{method}\n{path}\n{}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD", query.join("&"));
    let hashed = hex(digest::digest(&digest::SHA256, asked.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashed}");
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.split('/') {
        key = sign(&key, part);
    }
    Some(hex(&sign(&key, &text)))
}

#[derive(Default)]
struct Kept {
    files: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, BTreeMap<u16, Vec<u8>>>,
    begun: usize,
    failing: (usize, Option<u16>),
}

/// The store: one bucket of one host.
#[derive(Clone)]
pub struct Store {
    host: &'static str,
    before: &'static str,
    kept: Arc<Mutex<Kept>>,
}

impl Store {
    /// `before`: what stands before each name in the path.
    pub fn new(host: &'static str, before: &'static str) -> Self {
        Self { host, before, kept: Arc::default() }
    }

    pub fn outside(&self) -> Outside {
        let store = self.clone();
        Outside {
            now: Arc::new(|| Timestamp::from_second(NOW).unwrap()),
            exchange: Arc::new(move |request| -> Exchanged {
                let answer = store.take(&request);
                Box::pin(async move { answer })
            }),
        }
    }

    /// The next requests are answered with a status, or not at all.
    pub fn fails(&self, times: usize, status: Option<u16>) {
        self.kept.lock().unwrap().failing = (times, status);
    }

    pub fn names(&self) -> Vec<String> {
        self.kept.lock().unwrap().files.keys().cloned().collect()
    }

    pub fn uploads(&self) -> usize {
        self.kept.lock().unwrap().uploads.len()
    }

    fn take(&self, request: &Request) -> Result<Answer, String> {
        {
            let mut kept = self.kept.lock().unwrap();
            if kept.failing.0 > 0 {
                kept.failing.0 -= 1;
                let status = kept.failing.1.ok_or("nobody is there")?;
                return Ok(Answer { status, ..Answer::default() });
            }
        }
        let (host, path, pairs) = parts(&request.url).unwrap();
        let of = |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        assert_eq!(host, self.host);
        assert_eq!(of("X-Amz-Algorithm"), Some("AWS4-HMAC-SHA256"));
        let at: Timestamp = Timestamp::from_second(NOW).unwrap();
        let date = at.strftime("%Y%m%dT%H%M%SZ").to_string();
        assert_eq!(of("X-Amz-Date"), Some(date.as_str()));
        let long = SignedDuration::from_secs(of("X-Amz-Expires").unwrap().parse().unwrap());
        assert!(long <= SignedDuration::from_hours(1), "an address is good for a short time");
        assert_eq!(
            of("X-Amz-Credential"),
            Some(&*format!("{KEY}%2F{}%2Feu-west-1%2Fs3%2Faws4_request", &date[..8]))
        );
        if of("X-Amz-Signature").map(str::to_owned) != signature(request.method, &request.url, SECRET) {
            let said = "<Error><Code>SignatureDoesNotMatch</Code><Message>computed another</Message></Error>";
            return Ok(answer(403, said.as_bytes().to_vec(), &[]));
        }
        let name = path.strip_prefix(self.before).unwrap().to_owned();
        Ok(self.done(request, name, of("uploadId"), of("partNumber"), of("uploads").is_some()))
    }

    fn done(
        &self,
        request: &Request,
        name: String,
        upload: Option<&str>,
        part: Option<&str>,
        begins: bool,
    ) -> Answer {
        let kept = &mut *self.kept.lock().unwrap();
        match (request.method, upload, part) {
            ("POST", None, None) if begins => {
                kept.begun += 1;
                let upload = format!("upload-{}", kept.begun);
                kept.uploads.insert(upload.clone(), BTreeMap::new());
                let said = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><InitiateMultipartUploadResult \
                     xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>programme</Bucket><Key>{name}</Key>\
                     <UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
                );
                answer(200, said.into_bytes(), &[])
            }
            ("PUT", Some(upload), Some(part)) => {
                let number: u16 = part.parse().unwrap();
                let parts = kept.uploads.get_mut(upload).unwrap();
                parts.insert(number, request.body.clone());
                answer(200, Vec::new(), &[("etag", format!("\"part-{number}\""))])
            }
            ("POST", Some(upload), None) => {
                let parts = kept.uploads.remove(upload).unwrap();
                let body = String::from_utf8(request.body.clone()).unwrap();
                // All but the last have five megabytes at least, and all are named in order.
                let last = parts.len() as u16;
                for (number, bytes) in &parts {
                    assert!(*number == last || bytes.len() >= 5 << 20, "part {number} is too small");
                    assert!(body.contains(&format!("<PartNumber>{number}</PartNumber>")), "{body}");
                    let etag = format!("part-{number}");
                    assert!(body.contains(&etag), "{body}");
                }
                kept.files.insert(name, parts.into_values().flatten().collect());
                let said = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><CompleteMultipartUploadResult \
                    xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><ETag>\"whole\"</ETag>\
                    </CompleteMultipartUploadResult>";
                answer(200, said.as_bytes().to_vec(), &[])
            }
            ("DELETE", Some(upload), None) => {
                kept.uploads.remove(upload);
                answer(204, Vec::new(), &[])
            }
            ("PUT", None, None) => {
                kept.files.insert(name, request.body.clone());
                answer(200, Vec::new(), &[])
            }
            ("DELETE", None, None) => {
                kept.files.remove(&name);
                answer(204, Vec::new(), &[])
            }
            ("HEAD", None, None) => match kept.files.get(&name) {
                Some(bytes) => answer(200, Vec::new(), &[("content-length", bytes.len().to_string())]),
                None => answer(404, Vec::new(), &[]),
            },
            ("GET", None, None) => match kept.files.get(&name) {
                Some(bytes) => ranged(bytes, request),
                None => answer(404, b"<Error><Code>NoSuchKey</Code></Error>".to_vec(), &[]),
            },
            other => panic!("{other:?}"),
        }
    }
}

fn ranged(bytes: &[u8], request: &Request) -> Answer {
    let range = request.headers.iter().find(|(name, _)| *name == "Range").unwrap().1.clone();
    let (from, to) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    if from >= bytes.len() {
        return answer(416, Vec::new(), &[]);
    }
    let part = &bytes[from..bytes.len().min(to + 1)];
    answer(206, part[..part.len().min(request.answer_bytes)].to_vec(), &[])
}

fn answer(status: u16, body: Vec<u8>, headers: &[(&str, String)]) -> Answer {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Answer { status, headers, body }
}
