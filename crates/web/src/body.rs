//! Bodies of requests, up to a limit.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use node::limits;

/// Bytes over the limit that are read and thrown away. A sender that is cut off while it still writes sees a broken
/// connection instead of the answer that says why.
const DRAINED: usize = 4 * 1_024 * 1_024;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is larger than the limit.
    TooLarge,
    /// It broke off.
    Broken,
    /// It did not arrive in time.
    Late,
}

/// Reads a body of at most `limit` bytes, within [`limits::BODY_WITHIN`].
pub(crate) async fn read(body: impl Body<Data = Bytes> + Unpin, limit: usize) -> Result<Bytes, BodyError> {
    tokio::time::timeout(limits::BODY_WITHIN, gather(body, limit)).await.unwrap_or(Err(BodyError::Late))
}

async fn gather(mut body: impl Body<Data = Bytes> + Unpin, limit: usize) -> Result<Bytes, BodyError> {
    let mut read = BytesMut::new();
    let mut over = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if over == 0 && read.len() + data.len() <= limit {
            read.extend_from_slice(&data);
            continue;
        }
        read = BytesMut::new();
        over += data.len();
        if over > DRAINED {
            break;
        }
    }
    if over > 0 { Err(BodyError::TooLarge) } else { Ok(read.freeze()) }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::{BodyError, read};

    #[tokio::test]
    async fn holds_bodies_to_their_limit() {
        assert_eq!(read(Body::from("12345"), 5).await.as_deref(), Ok(b"12345".as_slice()));
        assert_eq!(read(Body::from("123456"), 5).await, Err(BodyError::TooLarge));
        assert_eq!(read(Body::empty(), 5).await.as_deref(), Ok(b"".as_slice()));
    }
}
