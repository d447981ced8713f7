//! Signing in by another service that says who people are: the authorization code flow of OpenID Connect with PKCE, as a
//! client that keeps a secret. What the service is called and signs with is discovered and kept for a while.
//!
//! The operator of the installation names the service, so it may be in the operator's own network.

mod settings;
mod token;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use operations::SharedHost;
use reqwest::Url;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::Instant;

use self::token::Keys;

pub use settings::{Newcomers, SsoLayer, SsoSettings};

use crate::http::{Answer, Callee, Exchange};
use crate::limits;
use crate::surroundings::Network;

/// Why somebody does not come in this way. Says nothing that is secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SsoError {
    /// The service cannot be asked, or answers what it should not.
    #[error("the service that says who people are cannot be asked: {0}")]
    Service(String),
    /// The service does not say who they are.
    #[error("it was not said who you are: {0}")]
    Refused(String),
    /// What it said is not to be believed.
    #[error("what was said of you cannot be believed: {0}")]
    Unbelievable(String),
    /// It does not say that the e-mail address is theirs.
    #[error("your e-mail address is not confirmed there")]
    Unconfirmed,
    /// The e-mail address is of a domain that is not let in.
    #[error("people with an e-mail address of '{0}' are not let in this way")]
    Domain(String),
}

/// What ties an answer to the browser that asked: kept by the browser until it comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// Comes back with the answer.
    pub state: String,
    /// Stands in what is signed.
    pub nonce: String,
    /// Proves to the service that who redeems the code asked for it (RFC 7636).
    pub verifier: String,
}

impl Tie {
    /// A new one.
    pub fn new(host: &SharedHost) -> Self {
        let secret = || {
            let bytes: Vec<u8> = (0..4).flat_map(|_| host.random().to_le_bytes()).collect();
            URL_SAFE_NO_PAD.encode(bytes)
        };
        Self { state: secret(), nonce: secret(), verifier: secret() }
    }
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their e-mail address, confirmed there.
    pub email: SmolStr,
    /// What they are called, if it is said.
    pub name: SmolStr,
}

/// What the service says of itself (OpenID Connect Discovery 1.0).
#[derive(Clone, Debug, Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

struct Known {
    service: Discovered,
    keys: Keys,
    found: Instant,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

#[derive(Deserialize)]
struct TokenError {
    error: String,
}

/// The service, as this node knows it.
pub struct Sso {
    settings: SsoSettings,
    redirect: String,
    network: Network,
    known: Mutex<Option<Known>>,
}

impl Sso {
    /// One that is known only by its settings. `site`: where people reach this installation.
    pub fn new(settings: SsoSettings, site: &str, network: Network) -> Self {
        Self { settings, redirect: format!("{site}/auth/oidc/callback"), network, known: Mutex::default() }
    }

    /// How it was configured.
    pub fn settings(&self) -> &SsoSettings {
        &self.settings
    }

    /// Where somebody is sent who wants to sign in.
    ///
    /// # Errors
    /// [`SsoError::Service`]
    pub async fn address(&self, tie: &Tie) -> Result<String, SsoError> {
        let service = self.service().await?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, tie.verifier.as_bytes()));
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.settings.client_id),
            ("redirect_uri", &self.redirect),
            ("scope", "openid email profile"),
            ("state", &tie.state),
            ("nonce", &tie.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let url = Url::parse_with_params(&service.authorization_endpoint, parameters);
        Ok(url.map_err(|error| SsoError::Service(error.to_string()))?.into())
    }

    /// Who came back with this code.
    ///
    /// # Errors
    /// [`SsoError`]
    pub async fn person(&self, code: &str, tie: &Tie, now: Timestamp) -> Result<Person, SsoError> {
        let service = self.service().await?;
        let token = self.redeem(&service, code, tie).await?;
        let claims = match token::read(&token, &self.keys(false).await?, &self.settings, &service.issuer) {
            // It signs with another key by now.
            Err(token::Unread::UnknownKey) => {
                let keys = self.keys(true).await?;
                token::read(&token, &keys, &self.settings, &service.issuer)
            }
            read => read,
        };
        let claims = claims.map_err(|error| SsoError::Unbelievable(error.to_string()))?;
        claims.person(&self.settings, &tie.nonce, now)
    }

    /// Gives a code back for what it stands for.
    async fn redeem(&self, service: &Discovered, code: &str, tie: &Tie) -> Result<String, SsoError> {
        let (id, secret) = (self.settings.client_id.as_str(), self.settings.client_secret.reveal());
        let mut members = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect),
            ("code_verifier", &tie.verifier),
        ];
        let mut headers = vec![
            ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("Accept".to_owned(), "application/json".to_owned()),
        ];
        let methods = &service.token_endpoint_auth_methods_supported;
        if methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic") {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let both = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
            headers.push(("Authorization".to_owned(), format!("Basic {both}")));
        } else {
            members.extend([("client_id", id), ("client_secret", secret)]);
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
        let answer = self.ask("POST", &service.token_endpoint, headers, Some(body)).await?;
        if answer.status != 200 {
            let said = serde_json::from_slice::<TokenError>(&answer.body);
            let said = said.map_or_else(|_| format!("status {}", answer.status), |said| said.error);
            return Err(SsoError::Refused(said.chars().take(limits::REASON_CHARS).collect()));
        }
        let tokens = serde_json::from_slice::<Tokens>(&answer.body);
        tokens.map(|tokens| tokens.id_token).map_err(|error| SsoError::Service(error.to_string()))
    }

    async fn service(&self) -> Result<Discovered, SsoError> {
        let mut known = self.known.lock().await;
        self.refresh(&mut known).await.map(|known| known.service.clone())
    }

    /// Its keys, as they are known or read anew. Tokens come from the service itself, so nobody else can make this ask often.
    async fn keys(&self, anew: bool) -> Result<Keys, SsoError> {
        let mut known = self.known.lock().await;
        let known = self.refresh(&mut known).await?;
        if anew {
            known.keys = self.read(&known.service.jwks_uri).await?;
        }
        Ok(known.keys.clone())
    }

    /// What is known of it, found out anew after a while.
    async fn refresh<'k>(&self, known: &'k mut Option<Known>) -> Result<&'k mut Known, SsoError> {
        if known.as_ref().is_none_or(|known| known.found.elapsed() >= limits::SSO_KNOWN_FOR) {
            let issuer = self.settings.issuer.trim_end_matches('/');
            let url = format!("{issuer}/.well-known/openid-configuration");
            let service: Discovered = self.read(&url).await?;
            if service.issuer.trim_end_matches('/') != issuer {
                return Err(SsoError::Service(format!("it calls itself {}", service.issuer)));
            }
            for url in [&service.authorization_endpoint, &service.token_endpoint, &service.jwks_uri] {
                settings::check_address(url).map_err(|_| SsoError::Service(format!("{url} is not https")))?;
            }
            let keys = self.read(&service.jwks_uri).await?;
            *known = Some(Known { service, keys, found: Instant::now() });
        }
        known.as_mut().ok_or_else(|| SsoError::Service("nothing is known of it".to_owned()))
    }

    async fn read<T: for<'de> Deserialize<'de>>(&self, url: &str) -> Result<T, SsoError> {
        let headers = vec![("Accept".to_owned(), "application/json".to_owned())];
        let answer = self.ask("GET", url, headers, None).await?;
        if answer.status != 200 {
            return Err(SsoError::Service(format!("{url} answers {}", answer.status)));
        }
        serde_json::from_slice(&answer.body).map_err(|error| SsoError::Service(format!("{url}: {error}")))
    }

    async fn ask(
        &self,
        method: &str,
        url: &str,
        headers: Vec<(String, String)>,
        body: Option<String>,
    ) -> Result<Answer, SsoError> {
        let exchange = Exchange {
            callee: Callee::Service,
            method: method.to_owned(),
            url: url.to_owned(),
            headers,
            body,
            timeout: limits::SSO_TIMEOUT,
            answer_bytes: limits::SSO_ANSWER_BYTES,
        };
        let answered = self.network.exchange(exchange).await;
        let answer = answered.map_err(|error| SsoError::Service(error.to_string()))?;
        if answer.too_large { Err(SsoError::Service("it says too much".to_owned())) } else { Ok(answer) }
    }
}
