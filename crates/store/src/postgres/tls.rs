//! TLS to the server, by rustls: the modes of libpq, whose certificates are believed, and the connection itself.

use std::{
    fmt,
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    config::SslMode,
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};
use tokio_rustls::{TlsConnector, client};

/// The word for the certificates that the operating system believes.
const SYSTEM: &str = "system";

/// How much TLS a connection must have, in the words of libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    /// None.
    Disable,
    /// If the server has it, and whoever the server is.
    #[default]
    Prefer,
    /// Always, and whoever the server is. With a root certificate it is [`Mode::VerifyCa`], as in libpq.
    Require,
    /// Always, with a certificate that a believed authority signed.
    VerifyCa,
    /// The same, for the name that the address gives.
    VerifyFull,
}

/// What an address says of TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tls {
    mode: Mode,
    /// A file, or [`SYSTEM`].
    root: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Tls {
    /// Takes a parameter of an address if it is one of TLS; answers whether it is. The error says what would be right.
    pub(super) fn take(&mut self, name: &str, value: &str) -> Result<bool, &'static str> {
        match (name, value) {
            ("sslmode", "disable") => self.mode = Mode::Disable,
            ("sslmode", "prefer" | "allow") => self.mode = Mode::Prefer,
            ("sslmode", "require") => self.mode = Mode::Require,
            ("sslmode", "verify-ca") => self.mode = Mode::VerifyCa,
            ("sslmode", "verify-full") => self.mode = Mode::VerifyFull,
            ("sslmode", _) => return Err("sslmode is disable, prefer, require, verify-ca or verify-full"),
            ("sslrootcert", _) => self.root = Some(value.into()),
            ("sslcert", _) => self.certificate = Some(value.into()),
            ("sslkey", _) => self.key = Some(value.into()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What does not go together.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match (&self.certificate, &self.key) {
            (Some(_), None) => Err("sslcert needs sslkey, the file with its key"),
            (None, Some(_)) => Err("sslkey needs sslcert, the file with its certificate"),
            (Some(_), Some(_)) | (None, None) => Ok(()),
        }
    }

    /// What the driver is to insist on.
    pub(super) fn insists(&self) -> SslMode {
        match self.mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        }
    }

    /// What makes connections. The files are read each time, so that a renewed certificate needs no restart.
    pub(super) fn connector(&self) -> Result<Connector, String> {
        let provider = Arc::new(ring::default_provider());
        let belief: Arc<dyn ServerCertVerifier> = match (self.mode, &self.root) {
            (Mode::Disable | Mode::Prefer, _) | (Mode::Require, None) => Arc::new(Anybody(provider.clone())),
            (Mode::VerifyCa, _) | (Mode::Require, Some(_)) => {
                Arc::new(AnyName(signed_by(self.root.as_deref(), &provider)?))
            }
            (Mode::VerifyFull, _) => signed_by(self.root.as_deref(), &provider)?,
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(belief);
        let config = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let chain = certificates(certificate, "sslcert")?;
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| format!("sslkey {} cannot be read: {error}", key.display()))?;
                config.with_client_auth_cert(chain, key).map_err(|error| error.to_string())?
            }
            _ => config.with_no_client_auth(),
        };
        Ok(Connector(Arc::new(config)))
    }
}

fn certificates(path: &Path, parameter: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable =
        |error: &dyn fmt::Display| format!("{parameter} {} cannot be read: {error}", path.display());
    let read: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?.collect();
    let read = read.map_err(|error| unreadable(&error))?;
    if read.is_empty() { Err(unreadable(&"there is no certificate in it")) } else { Ok(read) }
}

/// Believes what the authorities of a file signed, or those of the operating system.
fn signed_by(
    root: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, String> {
    let mut roots = RootCertStore::empty();
    let (added, from) = match root.filter(|path| *path != Path::new(SYSTEM)) {
        Some(path) => {
            let (added, _) = roots.add_parsable_certificates(certificates(path, "sslrootcert")?);
            (added, format!("sslrootcert {}", path.display()))
        }
        None => {
            let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            (added, "the system's list of authorities; name a file with sslrootcert".to_owned())
        }
    };
    if added == 0 {
        return Err(format!("no certificate can be used of {from}"));
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| error.to_string())
}

/// Believes every certificate: the line is private, but the other end is whoever answers.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Believes a signed certificate, whatever name it is for.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.0.verify_server_cert(certificate, between, name, stapled, now) {
            // The name is looked at last, when all else was found right.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Makes TLS of connections.
#[derive(Clone)]
pub(super) struct Connector(Arc<ClientConfig>);

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Connector {
    type Stream = Encrypted<S>;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Handshake> {
        Ok(Handshake { config: self.0.clone(), host: host.to_owned() })
    }
}

/// One connection's handshake, yet to come.
pub(super) struct Handshake {
    config: Arc<ClientConfig>,
    host: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Handshake {
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.host).map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidInput, "the host's name cannot be in a certificate")
            })?;
            TlsConnector::from(self.config).connect(name, stream).await.map(Encrypted)
        })
    }
}

/// A connection over TLS.
pub(super) struct Encrypted<S>(client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
