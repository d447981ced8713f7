//! E-mail over SMTP: the address of a server with all that is needed to use it, and the sending.

use std::time::Duration;

use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use reqwest::Url;
use thiserror::Error;

use crate::http::is_private;
use crate::limits;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Not at all: only for a server on the same machine or network.
    None,
    /// The server is asked to begin TLS before anything is said; without it nothing is sent.
    StartTls,
    /// From the first byte.
    Immediate,
}

/// Why an address of a server cannot be used. Says nothing of the password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ServerError {
    /// Not an address.
    #[error("the e-mail server is not an address such as smtp://user:password@host:587/?from=a@example.org")]
    Address,
    /// No sender.
    #[error("the e-mail server has no sender; add ?from=someone@example.org to its address")]
    NoSender,
    /// The sender is not an e-mail address.
    #[error("'{0}' cannot send e-mail: it is not an e-mail address")]
    Sender(String),
    /// An unknown way to protect the connection.
    #[error("tls={0} is unknown; use starttls, immediate or none")]
    Tls(String),
    /// The file of certificates cannot be used.
    #[error("the certificates in {0} cannot be read; give a PEM file")]
    Certificates(String),
}

/// A server and how to use it. Holds a password, so it is not shown whole.
#[derive(Clone, PartialEq)]
pub struct Server {
    host: String,
    port: u16,
    login: Option<(String, String)>,
    from: Mailbox,
    tls: TlsMode,
    authority: Option<Vec<u8>>,
    public_only: bool,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({}:{})", self.host, self.port)
    }
}

/// Why an e-mail was not taken over.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MailError {
    /// It cannot be written as an e-mail.
    #[error("{0}")]
    Unwritable(String),
    /// The server did not take it, and would not take it the next time either.
    #[error("the e-mail server refused it: {0}")]
    Refused(String),
    /// The server was not reached, or asked to come again.
    #[error("the e-mail server was not reached: {0}")]
    NotReached(String),
}

/// An e-mail.
#[derive(Clone, Debug)]
pub struct Mail<'a> {
    /// What tells it from others; the same in a repetition, so that receivers can drop it.
    pub id: String,
    /// Recipients.
    pub to: &'a [smol_str::SmolStr],
    /// Subject.
    pub subject: &'a str,
    /// Text.
    pub body: &'a str,
}

impl Server {
    /// Reads an address: `smtp://user:password@host:port/?from=…&tls=…&ca=…`, each part percent-encoded. `smtps://` is
    /// `tls=immediate`; otherwise the connection must begin TLS, unless `tls=none` says that it need not.
    ///
    /// # Errors
    /// [`ServerError`]
    pub fn read(address: &str) -> Result<Self, ServerError> {
        let url = Url::parse(address.trim()).map_err(|_| ServerError::Address)?;
        let immediate = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(ServerError::Address),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ServerError::Address)?;
        let option =
            |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let tls = match option("tls").as_deref() {
            None if immediate => TlsMode::Immediate,
            Some("immediate") => TlsMode::Immediate,
            None | Some("starttls" | "true") => TlsMode::StartTls,
            Some("none" | "false") if !immediate => TlsMode::None,
            Some(other) => return Err(ServerError::Tls(other.to_owned())),
        };
        let usual = match tls {
            TlsMode::None => 25,
            TlsMode::StartTls => 587,
            TlsMode::Immediate => 465,
        };
        let from = option("from").ok_or(ServerError::NoSender)?;
        let from: Mailbox = from.parse().map_err(|_| ServerError::Sender(from))?;
        let authority = match option("ca") {
            None => None,
            Some(path) => Some(std::fs::read(&path).map_err(|_| ServerError::Certificates(path))?),
        };
        let login = (!url.username().is_empty())
            .then(|| (decoded(url.username()), decoded(url.password().unwrap_or_default())));
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(usual),
            login,
            from,
            tls,
            authority,
            public_only: false,
        })
    }

    /// The same, but nothing is sent if it is not out in the world.
    #[must_use]
    pub fn public_only(self, public_only: bool) -> Self {
        Self { public_only, ..self }
    }

    /// Who sends.
    pub fn sender(&self) -> String {
        self.from.to_string()
    }

    /// Where it is, without what is secret.
    pub fn place(&self) -> String {
        format!("smtp://{}:{}", self.host, self.port)
    }

    /// Hands an e-mail over.
    ///
    /// # Errors
    /// [`MailError`]
    pub async fn send(&self, mail: &Mail<'_>) -> Result<(), MailError> {
        let message = self.message(mail)?;
        let parameters = || {
            let mut builder = TlsParameters::builder(self.host.clone());
            if let Some(pem) = &self.authority {
                let certificate = Certificate::from_pem(pem).map_err(|error| unwritable(&error))?;
                builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
            }
            builder.build_rustls().map_err(|error| unwritable(&error))
        };
        let tls = match self.tls {
            TlsMode::None => Tls::None,
            TlsMode::StartTls => Tls::Required(parameters()?),
            TlsMode::Immediate => Tls::Wrapper(parameters()?),
        };
        // What was looked at is what is called, whatever its name means a moment later.
        let place = if self.public_only { self.public_address().await? } else { self.host.clone() };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(place)
            .port(self.port)
            .tls(tls)
            .timeout(Some(limits::MAIL_TIMEOUT));
        if let Some((user, password)) = &self.login {
            transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
        }
        let transport = transport.build();
        match tokio::time::timeout(limits::MAIL_TIMEOUT, transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() || error.is_client() => {
                Err(MailError::Refused(said(&error)))
            }
            Ok(Err(error)) => Err(MailError::NotReached(said(&error))),
            Err(_) => Err(MailError::NotReached("it took too long".to_owned())),
        }
    }

    /// An address of the server that is out in the world.
    async fn public_address(&self) -> Result<String, MailError> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((host, self.port)).await;
        let mut found = found.map_err(|error| MailError::NotReached(error.to_string()))?;
        match found.find(|address| !is_private(address.ip())) {
            Some(address) => Ok(address.ip().to_string()),
            None => Err(MailError::Refused("it is not out in the world".to_owned())),
        }
    }

    fn message(&self, mail: &Mail<'_>) -> Result<Message, MailError> {
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(mail.subject)
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN);
        for address in mail.to {
            let mailbox: Mailbox = address
                .parse()
                .map_err(|_| MailError::Unwritable(format!("'{address}' is not an e-mail address")))?;
            builder = builder.to(mailbox);
        }
        builder.body(mail.body.to_owned()).map_err(|error| unwritable(&error))
    }
}

fn unwritable(error: &dyn std::fmt::Display) -> MailError {
    MailError::Unwritable(error.to_string())
}

/// What a server said, on one line and not longer than people read.
fn said(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limits::REASON_CHARS).collect()
}

/// A percent-encoded part of an address as it is meant.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Wait before another attempt.
pub(crate) fn pause(attempt: u32) -> Duration {
    Duration::from_secs(1 << attempt.min(5))
}

#[cfg(test)]
mod tests {
    use super::{Server, ServerError, TlsMode, decoded};

    #[test]
    fn reads_addresses() {
        let server = |text: &str| Server::read(text).map(|server| (server.place(), server.tls, server.login));
        let login = Some(("me@example.org".to_owned(), "p@ss/word".to_owned()));
        for (text, expected) in [
            ("smtp://h/?from=a%40b.org", ("smtp://h:587".to_owned(), TlsMode::StartTls, None)),
            ("smtps://h?from=a@b.org", ("smtp://h:465".to_owned(), TlsMode::Immediate, None)),
            (
                "smtp://me%40example.org:p%40ss%2Fword@h:2525/?from=Line%20%3Ca@b.org%3E&tls=none",
                ("smtp://h:2525".to_owned(), TlsMode::None, login),
            ),
        ] {
            assert_eq!(server(text), Ok(expected), "{text}");
        }
        for (text, error) in [
            ("h:25", ServerError::Address),
            ("http://h/?from=a@b.org", ServerError::Address),
            ("smtp://h", ServerError::NoSender),
            ("smtp://h?from=nobody", ServerError::Sender("nobody".to_owned())),
            ("smtp://h?from=a@b.org&tls=maybe", ServerError::Tls("maybe".to_owned())),
        ] {
            assert_eq!(server(text), Err(error), "{text}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let shown = format!("{:?}", Server::read("smtp://u:hush@h?from=a@b.org"));
        assert!(!shown.contains("hush"), "{shown}");
        assert_eq!(decoded("%zz%4"), "%zz%4");
    }
}
