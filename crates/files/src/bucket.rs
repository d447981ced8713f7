//! Files in a bucket of an S3-compatible store, by addresses that are signed for a short time (signature V4). What is
//! signed here is sent by whoever holds the connections.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusty_s3::actions::{CompleteMultipartUpload, CompleteMultipartUploadResponse, CreateMultipartUpload};
use rusty_s3::{Credentials, S3Action, UrlStyle};
use thiserror::Error;
use url::Url;

use crate::{FileError, PART_BYTES};

/// How long an address is good for that is used at once.
const SIGNED_FOR: Duration = Duration::from_secs(900);
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Bytes of an answer that is not a file.
const ANSWER_BYTES: usize = 64 << 10;
/// Parts of one file that stores take.
const PARTS_MAX: usize = 10_000;
/// Tries of one request that the store could not take, and the wait before the second one, which doubles.
const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Upper-case method.
    pub method: &'static str,
    /// Absolute address, signed.
    pub url: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// How long all of it may take.
    pub timeout: Duration,
    /// Bytes of the answer's body to read.
    pub answer_bytes: usize,
}

/// One answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body up to the limit.
    pub body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What an error says: its code and message, without the rest, in which the address may be.
    fn error(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let within = |tag: &str| {
            let (_, rest) = text.split_once(&format!("<{tag}>"))?;
            Some(rest.split_once("</")?.0.chars().take(200).collect::<String>())
        };
        match (within("Code"), within("Message")) {
            (Some(code), Some(message)) => format!("{} {code}: {message}", self.status),
            (Some(code), None) => format!("{} {code}", self.status),
            _ => self.status.to_string(),
        }
    }
}

/// What an exchange comes to: an answer, or why there is none.
pub type Exchanged = Pin<Box<dyn Future<Output = Result<Answer, String>> + Send>>;

/// The world outside: its clock and its connections.
#[derive(Clone)]
pub struct Outside {
    /// What time it is.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Makes one exchange.
    pub exchange: Arc<dyn Fn(Request) -> Exchanged + Send + Sync>,
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outside")
    }
}

/// Where the name of the bucket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// In the name of the host: `https://bucket.store.example.org/name`.
    Host,
    /// In the path: `https://store.example.org/bucket/name`.
    Path,
}

/// Which bucket, and who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct BucketSettings {
    /// Address of the store, such as `https://s3.eu-west-1.amazonaws.com`.
    pub endpoint: String,
    /// Its region; stores that have none take any, such as `us-east-1`.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What stands before each name, such as `seedling/`; may be empty.
    pub prefix: String,
    /// Where the name of the bucket stands.
    pub addressing: Addressing,
    /// Identifier of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: String,
}

impl fmt::Debug for BucketSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketSettings({} {})", self.endpoint, self.bucket)
    }
}

/// Settings that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unusable {
    /// The address of the store.
    #[error("the endpoint is the address of the store, such as https://s3.eu-west-1.amazonaws.com")]
    Endpoint,
    /// The bucket.
    #[error(
        "the bucket cannot be named so; with dots or capital letters in its name, or a store at an IP address, say \
         that the bucket stands in the path"
    )]
    Bucket,
    /// The prefix.
    #[error("the prefix is words with slashes behind them, such as seedling/")]
    Prefix,
    /// A member without which nothing goes.
    #[error("{0} is missing")]
    Missing(&'static str),
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    bucket: Arc<rusty_s3::Bucket>,
    credentials: Arc<Credentials>,
    prefix: Arc<str>,
    outside: Outside,
}

impl BucketSettings {
    /// Whether they can be used, as far as that can be told without asking the store.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), Unusable> {
        self.signer().map(drop)
    }

    fn signer(&self) -> Result<rusty_s3::Bucket, Unusable> {
        for (name, value) in [
            ("region", &self.region),
            ("bucket", &self.bucket),
            ("access_key", &self.access_key),
            ("secret_key", &self.secret_key),
        ] {
            if value.is_empty() {
                return Err(Unusable::Missing(name));
            }
        }
        let endpoint: Url = self.endpoint.parse().map_err(|_| Unusable::Endpoint)?;
        if !matches!(endpoint.scheme(), "http" | "https") || !endpoint.has_host() {
            return Err(Unusable::Endpoint);
        }
        let prefix = self.prefix.as_str();
        let is_good = |words: &str| crate::checked(words).is_ok();
        if !prefix.is_empty() && !prefix.strip_suffix('/').is_some_and(is_good) {
            return Err(Unusable::Prefix);
        }
        let style = match self.addressing {
            Addressing::Host => UrlStyle::VirtualHost,
            Addressing::Path => UrlStyle::Path,
        };
        rusty_s3::Bucket::new(endpoint, style, self.bucket.clone(), self.region.clone())
            .map_err(|_| Unusable::Bucket)
    }
}

impl Bucket {
    /// A bucket that is reached through the world outside.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn new(settings: &BucketSettings, outside: Outside) -> Result<Self, Unusable> {
        let bucket = settings.signer()?;
        Ok(Self {
            bucket: Arc::new(bucket),
            credentials: Arc::new(Credentials::new(&*settings.access_key, &*settings.secret_key)),
            prefix: settings.prefix.as_str().into(),
            outside,
        })
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn signed<'a>(&self, action: &impl S3Action<'a>) -> String {
        action.sign_with_time(SIGNED_FOR, &(self.outside.now)()).to_string()
    }

    /// Makes a request, again if the store could not take it. Every request here may be made again.
    async fn ask(&self, request: Request) -> Result<Answer, FileError> {
        let mut wait = FIRST_WAIT;
        for tried in 1.. {
            let trouble = match (self.outside.exchange)(request.clone()).await {
                Ok(answer) if answer.status < 500 && answer.status != 429 => return Ok(answer),
                Ok(answer) => answer.error(),
                Err(reason) => reason,
            };
            if tried >= TRIES {
                return Err(FileError::Away(trouble));
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        Err(FileError::Away(String::new()))
    }

    async fn expect(&self, request: Request) -> Result<Answer, FileError> {
        let answer = self.ask(request).await?;
        if (200..300).contains(&answer.status) { Ok(answer) } else { Err(FileError::Refused(answer.error())) }
    }

    fn request(method: &'static str, url: String, body: Vec<u8>) -> Request {
        Request { method, url, headers: Vec::new(), body, timeout: TIMEOUT, answer_bytes: ANSWER_BYTES }
    }

    pub(crate) fn begin(&self, name: &str) -> Writing {
        Writing { bucket: self.clone(), key: self.key(name), held: Vec::new(), parts: None, bytes: 0 }
    }

    pub(crate) async fn read(&self, name: &str, from: u64, most: usize) -> Result<Vec<u8>, FileError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let (key, mut bytes) = (self.key(name), Vec::new());
        // In parts, so that none takes too long.
        while bytes.len() < most {
            let (at, wanted) = (from + bytes.len() as u64, (most - bytes.len()).min(PART_BYTES));
            let url = self.signed(&self.bucket.get_object(Some(&self.credentials), &key));
            let last = at + (wanted as u64 - 1);
            let headers = vec![("Range", format!("bytes={at}-{last}"))];
            let request = Request { headers, answer_bytes: wanted, ..Self::request("GET", url, Vec::new()) };
            let mut answer = self.ask(request).await?;
            match answer.status {
                206 => {}
                // The range was not heeded: what came is the beginning of the file.
                200 if at == 0 => {}
                404 => return Err(FileError::Missing(name.to_owned())),
                // Behind the end.
                416 => break,
                _ => return Err(FileError::Refused(answer.error())),
            }
            let got = answer.body.len();
            bytes.append(&mut answer.body);
            if got < wanted {
                break;
            }
        }
        Ok(bytes)
    }

    pub(crate) async fn size(&self, name: &str) -> Result<Option<u64>, FileError> {
        let key = self.key(name);
        let url = self.signed(&self.bucket.head_object(Some(&self.credentials), &key));
        let answer = self.ask(Self::request("HEAD", url, Vec::new())).await?;
        match answer.status {
            200 => {
                let length = answer.header("content-length").and_then(|length| length.parse().ok());
                length.map(Some).ok_or_else(|| FileError::Refused("it says no size".to_owned()))
            }
            404 => Ok(None),
            _ => Err(FileError::Refused(answer.error())),
        }
    }

    pub(crate) async fn remove(&self, name: &str) -> Result<(), FileError> {
        let key = self.key(name);
        let url = self.signed(&self.bucket.delete_object(Some(&self.credentials), &key));
        let answer = self.ask(Self::request("DELETE", url, Vec::new())).await?;
        match answer.status {
            200..=299 | 404 => Ok(()),
            _ => Err(FileError::Refused(answer.error())),
        }
    }
}

/// A file that is being written: with one request if it is small, else in parts that the store puts together.
#[derive(Debug)]
pub struct Writing {
    bucket: Bucket,
    key: String,
    held: Vec<u8>,
    parts: Option<Parts>,
    bytes: u64,
}

#[derive(Debug)]
struct Parts {
    upload: String,
    etags: Vec<String>,
}

impl Writing {
    pub(crate) async fn write(&mut self, mut bytes: &[u8]) -> Result<(), FileError> {
        self.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PART_BYTES - self.held.len()));
            self.held.extend_from_slice(now);
            bytes = later;
            if self.held.len() >= PART_BYTES {
                self.part().await?;
            }
        }
        Ok(())
    }

    async fn part(&mut self) -> Result<(), FileError> {
        let bucket = self.bucket.clone();
        if self.parts.is_none() {
            let action = bucket.bucket.create_multipart_upload(Some(&bucket.credentials), &self.key);
            let url = bucket.signed(&action);
            let answer = bucket.expect(Bucket::request("POST", url, Vec::new())).await?;
            let said = String::from_utf8_lossy(&answer.body);
            let begun = CreateMultipartUpload::parse_response(&said);
            let begun = begun.map_err(|_| FileError::Refused("it says no number of an upload".to_owned()))?;
            self.parts = Some(Parts { upload: begun.upload_id().to_owned(), etags: Vec::new() });
        }
        let Some(parts) = &mut self.parts else { return Ok(()) };
        let number = u16::try_from(parts.etags.len() + 1).unwrap_or(u16::MAX);
        if parts.etags.len() >= PARTS_MAX {
            return Err(FileError::Refused("the file is too large".to_owned()));
        }
        let action = bucket.bucket.upload_part(Some(&bucket.credentials), &self.key, number, &parts.upload);
        let url = bucket.signed(&action);
        let answer = bucket.expect(Bucket::request("PUT", url, std::mem::take(&mut self.held))).await?;
        let etag =
            answer.header("etag").ok_or_else(|| FileError::Refused("a part has no ETag".to_owned()))?;
        parts.etags.push(etag.to_owned());
        Ok(())
    }

    pub(crate) async fn finish(mut self) -> Result<u64, FileError> {
        let finished = self.end().await;
        let bytes = self.bytes;
        if finished.is_err() {
            self.abandon().await;
        }
        finished.map(|()| bytes)
    }

    async fn end(&mut self) -> Result<(), FileError> {
        let bucket = self.bucket.clone();
        if self.parts.is_some() && !self.held.is_empty() {
            self.part().await?;
        }
        let Some(parts) = &self.parts else {
            let url = bucket.signed(&bucket.bucket.put_object(Some(&bucket.credentials), &self.key));
            let request = Bucket::request("PUT", url, std::mem::take(&mut self.held));
            return bucket.expect(request).await.map(drop);
        };
        let etags = || parts.etags.iter().map(String::as_str);
        let action = |etags| {
            CompleteMultipartUpload::new(
                &bucket.bucket,
                Some(&bucket.credentials),
                &self.key,
                &parts.upload,
                etags,
            )
        };
        let url = bucket.signed(&action(etags().collect::<Vec<_>>().into_iter()));
        let body = action(etags().collect::<Vec<_>>().into_iter()).body();
        let answer = bucket.expect(Bucket::request("POST", url, body.into_bytes())).await?;
        // A store may answer 200 and say in the body that it failed.
        let said = String::from_utf8_lossy(&answer.body);
        match CompleteMultipartUploadResponse::parse(&said) {
            Ok(_) => Ok(()),
            Err(_) => Err(FileError::Refused(answer.error())),
        }
    }

    pub(crate) async fn abandon(self) {
        let Some(parts) = &self.parts else { return };
        let (bucket, key) = (&self.bucket, &self.key);
        let action = bucket.bucket.abort_multipart_upload(Some(&bucket.credentials), key, &parts.upload);
        // What stays is paid for until the rules of the bucket remove it; nothing else comes of it.
        let _ = bucket.ask(Bucket::request("DELETE", bucket.signed(&action), Vec::new())).await;
    }
}
