//! A small e-mail server on loopback that speaks SMTP as RFC 5321 has it, with AUTH PLAIN and TLS.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

/// What the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes everything.
    Plain,
    /// Takes everything once TLS has begun on request.
    StartTls,
    /// Takes everything over TLS from the first byte.
    Immediate,
    /// Takes no recipient.
    RefusesRecipients,
    /// Is busy.
    Busy,
    /// Hangs up in the middle.
    HangsUp,
}

/// What came in over one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    pub login: Option<String>,
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
    pub over_tls: bool,
}

/// A server that runs until the test ends.
pub struct PostOffice {
    pub port: u16,
    pub letters: Arc<Mutex<Vec<Letter>>>,
}

/// A stream in either state of protection.
trait Line: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

impl PostOffice {
    pub async fn open(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let letters: Arc<Mutex<Vec<Letter>>> = Arc::default();
        let kept = letters.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = kept.clone();
                tokio::spawn(async move {
                    let mut letter = Letter::default();
                    let stream: Box<dyn Line> = if manner == Manner::Immediate {
                        letter.over_tls = true;
                        Box::new(acceptor().accept(stream).await.unwrap())
                    } else {
                        Box::new(stream)
                    };
                    if talk(stream, manner, &mut letter).await.is_some() {
                        kept.lock().unwrap().push(letter);
                    }
                });
            }
        });
        Self { port, letters }
    }
}

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::from_pem_slice(include_bytes!("certificates/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("certificates/server.key.pem")).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// One conversation; `None` if no letter came of it.
async fn talk(stream: Box<dyn Line>, manner: Manner, letter: &mut Letter) -> Option<()> {
    let mut line = BufReader::new(stream);
    if manner == Manner::Busy {
        line.write_all(b"421 too many letters today\r\n").await.ok()?;
        return None;
    }
    line.write_all(b"220 post.example ESMTP\r\n").await.ok()?;
    loop {
        let mut command = String::new();
        if line.read_line(&mut command).await.ok()? == 0 {
            return None;
        }
        let command = command.trim_end().to_owned();
        let word = command.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match word.as_str() {
            "EHLO" if manner == Manner::StartTls && !letter.over_tls => {
                b"250-post.example\r\n250 STARTTLS\r\n"
            }
            "EHLO" => b"250-post.example\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
            "STARTTLS" => {
                line.write_all(b"220 go on\r\n").await.ok()?;
                letter.over_tls = true;
                let protected = acceptor().accept(line.into_inner()).await.ok()?;
                line = BufReader::new(Box::new(protected));
                continue;
            }
            "AUTH" => {
                letter.login = command.split(' ').nth(2).map(str::to_owned);
                b"235 welcome\r\n"
            }
            "MAIL" => {
                letter.from = command;
                b"250 fine\r\n"
            }
            "RCPT" if manner == Manner::RefusesRecipients => b"550 nobody of this name\r\n",
            "RCPT" if manner == Manner::HangsUp => return None,
            "RCPT" => {
                letter.to.push(command);
                b"250 fine\r\n"
            }
            "DATA" => {
                line.write_all(b"354 say it\r\n").await.ok()?;
                loop {
                    let mut text = String::new();
                    line.read_line(&mut text).await.ok()?;
                    if text == ".\r\n" {
                        break;
                    }
                    letter.data.push_str(&text);
                }
                line.write_all(b"250 taken\r\n").await.ok()?;
                return Some(());
            }
            _ => b"250 fine\r\n",
        };
        line.write_all(answer).await.ok()?;
    }
}
