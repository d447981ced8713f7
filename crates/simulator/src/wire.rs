//! One connection of HTTP/1.1, used by one task at a time: a request is written whole, its answer read whole. It reads
//! what nodes of ours answer to carriers: a status, headers, and a body whose length is told.

use std::io::{Error, ErrorKind};

use bytes::BytesMut;
use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::connections::Answer;

/// No answer of a node is longer.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// No answer of a node has more.
const HEADERS_MAX: usize = 32;
/// Room for the usual answer.
const USUAL_BYTES: usize = 1_024;

/// A connection and what came in on it and is not used yet.
pub(crate) struct Wire {
    stream: TcpStream,
    read: BytesMut,
}

/// What the head of an answer says.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: StatusCode,
    /// Where the body begins and ends.
    body: std::ops::Range<usize>,
    closes: bool,
}

impl Wire {
    pub(crate) async fn connect(authority: &str) -> Result<Self, Error> {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: BytesMut::with_capacity(USUAL_BYTES) })
    }

    /// Whether the other side has neither closed it nor said something unasked.
    pub(crate) fn stands(&self) -> bool {
        let said = self.stream.try_read(&mut [0; 1]);
        self.read.is_empty() && said.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Writes a request and reads its answer; also whether another may follow.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<(Answer, bool), Error> {
        self.stream.write_all(request).await?;
        loop {
            self.read.reserve(USUAL_BYTES);
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let Some(head) = head(&self.read)? else { continue };
            if self.read.len() < head.body.end {
                continue;
            }
            let body = self.read.split_to(head.body.end).freeze().slice(head.body);
            return Ok((Answer { status: head.status, body }, !head.closes));
        }
    }
}

/// `None` while the head is not whole.
fn head(read: &[u8]) -> Result<Option<Head>, Error> {
    let wrong = |what: String| Error::new(ErrorKind::InvalidData, what);
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let start = match response.parse(read) {
        Ok(httparse::Status::Complete(start)) => start,
        Ok(httparse::Status::Partial) if read.len() < ANSWER_BYTES_MAX => return Ok(None),
        Ok(httparse::Status::Partial) => return Err(wrong("the head of the answer does not end".to_owned())),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or_else(|| wrong("the answer has no status".to_owned()))?;
    let said = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        header.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let length: usize = match said("content-length") {
        Some(length) => length.parse().map_err(|_| wrong("the answer has no length".to_owned()))?,
        None if status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED => 0,
        None => return Err(wrong("the answer does not tell its length".to_owned())),
    };
    if length > ANSWER_BYTES_MAX {
        return Err(wrong(format!("the answer has {length} bytes; {ANSWER_BYTES_MAX} are read at most")));
    }
    let closes = said("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Ok(Some(Head { status, body: start..start + length, closes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let of = |body, closes| Head { status: StatusCode::OK, body, closes };
        assert_eq!(head(whole.as_bytes()).unwrap(), Some(of(38..43, false)));
        assert_eq!(
            head(&whole.as_bytes()[..38]).unwrap(),
            Some(of(38..43, false)),
            "the body is still coming"
        );
        assert_eq!(head(&whole.as_bytes()[..37]).unwrap(), None);
        let closing = whole.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        assert_eq!(head(closing.as_bytes()).unwrap(), Some(of(57..62, true)));
        for wrong in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n",
            "SSH-2.0-OpenSSH\r\n\r\n",
        ] {
            assert!(head(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
