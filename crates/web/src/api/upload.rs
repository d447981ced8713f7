//! Large files in forms (`multipart/form-data`, RFC 7578), handed on as they arrive, so that their size does not show in
//! memory.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use node::limits;

use super::error::ApiError;
use super::multipart;

/// How long a whole file may take to arrive.
const UPLOAD_WITHIN: Duration = Duration::from_secs(30 * 60);
/// Bytes of heads and of members other than the file, in front of it.
const FRONT_BYTES: usize = 64 * 1_024;

/// A form whose file is still on its way.
#[derive(Debug)]
pub(crate) struct Upload {
    body: Body,
    /// What stands between the parts, with the line break before it.
    between: Vec<u8>,
    held: Vec<u8>,
    at: At,
    until: tokio::time::Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Front,
    File,
    End,
}

impl Upload {
    /// A body whose parts are separated by this.
    pub fn of(body: Body, boundary: &str) -> Self {
        Self {
            body,
            between: format!("\r\n--{boundary}").into_bytes(),
            // The first part may stand at the very beginning.
            held: b"\r\n".to_vec(),
            at: At::Front,
            until: tokio::time::Instant::now() + UPLOAD_WITHIN,
        }
    }

    /// Goes to the file in the member of this name, and answers what it is called; `None` if there is none.
    pub async fn file(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        loop {
            if let Some((file, head)) = multipart::file_head(&self.held, &self.between, name) {
                self.held.drain(..head);
                self.at = At::File;
                return Ok(Some(file));
            }
            if self.held.len() > FRONT_BYTES {
                return Ok(None);
            }
            match self.more().await? {
                Some(data) => self.held.extend_from_slice(&data),
                None => return Ok(None),
            }
        }
    }

    /// The next piece of the file; `None` at its end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        while self.at == At::File {
            if let Some(end) = multipart::find(&self.held, &self.between) {
                self.at = At::End;
                self.held.truncate(end);
                return Ok(Some(std::mem::take(&mut self.held)));
            }
            // What may be the beginning of the end is held back.
            let safe = self.held.len().saturating_sub(self.between.len());
            if safe > 0 {
                return Ok(Some(self.held.drain(..safe).collect()));
            }
            match self.more().await? {
                Some(data) => self.held.extend_from_slice(&data),
                None => return Err(broken()),
            }
        }
        Ok(None)
    }

    async fn more(&mut self) -> Result<Option<Bytes>, ApiError> {
        let until = self.until.min(tokio::time::Instant::now() + limits::BODY_WITHIN);
        loop {
            match tokio::time::timeout_at(until, self.body.frame()).await {
                Err(_) => {
                    let said = "The body did not arrive in time.";
                    return Err(ApiError::Detail(axum::http::StatusCode::REQUEST_TIMEOUT, said.to_owned()));
                }
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(broken()),
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

fn broken() -> ApiError {
    ApiError::query("The body broke off.")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::stream;

    use super::Upload;

    async fn read(body: &[u8], piece: usize) -> Option<(String, Vec<u8>)> {
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
            body.chunks(piece).map(|data| Ok(data.to_vec())).collect();
        let mut upload = Upload::of(Body::from_stream(stream::iter(pieces)), "x y");
        let name = upload.file("file").await.ok().flatten()?;
        let mut file = Vec::new();
        while let Some(mut data) = upload.next().await.ok()? {
            file.append(&mut data);
        }
        Some((name, file))
    }

    #[tokio::test]
    async fn finds_the_file_whatever_the_pieces() {
        let body = b"--x y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x y\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"../p.csv\"\r\n\r\na,b\r\n--x\r\n--x y--\r\n";
        for piece in [1, 2, 7, 64, 1_000] {
            assert_eq!(
                read(body, piece).await,
                Some(("p.csv".to_owned(), b"a,b\r\n--x".to_vec())),
                "{piece}"
            );
            assert_eq!(read(&body[..body.len() - 12], piece).await, None, "cut off");
        }
        assert_eq!(read(b"--x y--\r\n", 3).await, None);
        assert_eq!(read(b"", 1).await, None);
    }
}
