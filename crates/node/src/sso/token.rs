//! What the service signed: an ID token, checked as OpenID Connect Core 1.0, 3.1.3.7 says. RS256 and ES256 are taken and
//! nothing else, whatever the token says of itself, and a key signs only in the way of its own type.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::{Person, SsoError, SsoSettings};
use crate::limits;

/// The keys of a service (RFC 7517).
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Keys {
    keys: Vec<Key>,
}

/// One of them. Members of types that are not taken are left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: String,
    n: String,
    e: String,
    x: String,
    y: String,
}

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Es256,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// What must be understood (RFC 7515, 4.1.11): nothing of it is.
    #[serde(default)]
    crit: Option<Value>,
}

/// Why a token is not read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Unread {
    /// It names a key that is not known.
    #[error("it is signed with a key that is not known")]
    UnknownKey,
    /// It is signed in another way than is taken.
    #[error("it is signed in a way that is not taken")]
    Algorithm,
    /// The key did not sign this.
    #[error("it was not signed by the service")]
    Signature,
    /// Another service says it.
    #[error("another service says it")]
    Issuer,
    /// It is said to another program.
    #[error("it is said to another program")]
    Audience,
    /// It is not what it should be.
    #[error("it is no token")]
    Malformed,
}

/// What it says.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: Value,
    exp: f64,
    iat: f64,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<Value>,
    #[serde(default)]
    name: Option<String>,
}

/// Reads a token that one of these keys signed, for this installation, by this service.
pub(super) fn read(token: &str, keys: &Keys, settings: &SsoSettings, issuer: &str) -> Result<Claims, Unread> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Unread::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(Unread::Malformed)?;
    let header: Header = serde_json::from_slice(&bytes(header)?).map_err(|_| Unread::Malformed)?;
    let algorithm = match header.alg.as_str() {
        "RS256" => Algorithm::Rs256,
        "ES256" => Algorithm::Es256,
        _ => return Err(Unread::Algorithm),
    };
    if header.crit.is_some() {
        return Err(Unread::Algorithm);
    }
    keys.find(algorithm, header.kid.as_deref())?.verify(algorithm, signed.as_bytes(), &bytes(signature)?)?;
    let claims: Claims = serde_json::from_slice(&bytes(claims)?).map_err(|_| Unread::Malformed)?;
    if claims.iss != issuer {
        return Err(Unread::Issuer);
    }
    let is_ours = |audience: &Value| audience.as_str() == Some(&settings.client_id);
    let is_meant = match &claims.aud {
        Value::Array(all) => all.iter().any(is_ours),
        one => is_ours(one),
    };
    if is_meant { Ok(claims) } else { Err(Unread::Audience) }
}

fn bytes(text: &str) -> Result<Vec<u8>, Unread> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Unread::Malformed)
}

impl Keys {
    fn find(&self, algorithm: Algorithm, kid: Option<&str>) -> Result<&Key, Unread> {
        let mut fitting = self.keys.iter().filter(|key| key.is_for(algorithm));
        let found = match kid {
            Some(kid) => fitting.find(|key| key.kid.as_deref() == Some(kid)),
            // A token that names no key was signed with the only one there is.
            None => fitting.next().filter(|_| fitting.next().is_none()),
        };
        found.ok_or(Unread::UnknownKey)
    }
}

impl Key {
    /// Whether it signs in this way.
    fn is_for(&self, algorithm: Algorithm) -> bool {
        let (kty, name) = match algorithm {
            Algorithm::Rs256 => ("RSA", "RS256"),
            Algorithm::Es256 => ("EC", "ES256"),
        };
        let curve_fits = algorithm == Algorithm::Rs256 || self.crv == "P-256";
        self.kty == kty
            && curve_fits
            && self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && self.alg.as_deref().is_none_or(|alg| alg == name)
    }

    fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> Result<(), Unread> {
        let verified = match algorithm {
            Algorithm::Rs256 => {
                let key = RsaPublicKeyComponents { n: bytes(&self.n)?, e: bytes(&self.e)? };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
            Algorithm::Es256 => {
                // A point that is not compressed (SEC 1, 2.3.3).
                let point = [vec![4], bytes(&self.x)?, bytes(&self.y)?].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
        };
        verified.map_err(|_| Unread::Signature)
    }
}

impl Claims {
    /// Who it is, if it was said to this browser, just now, of a confirmed address that is let in.
    pub fn person(self, settings: &SsoSettings, nonce: &str, now: Timestamp) -> Result<Person, SsoError> {
        let unbelievable = |said: &str| Err(SsoError::Unbelievable(said.to_owned()));
        let (now, leeway) = (now.as_second() as f64, limits::SSO_LEEWAY.as_secs_f64());
        if self.exp + leeway < now {
            return unbelievable("it is over");
        }
        if self.iat > now + leeway {
            return unbelievable("it was signed in the future");
        }
        if nonce.is_empty() || self.nonce != nonce {
            return unbelievable("it was said to another browser");
        }
        let several = self.aud.as_array().is_some_and(|all| all.len() > 1);
        let other = self.azp.as_ref().is_some_and(|azp| *azp != settings.client_id);
        if other || (several && self.azp.is_none()) {
            return unbelievable("it was said to another program");
        }
        // Some services write truth as text.
        let confirmed = matches!(&self.email_verified, Some(Value::Bool(true)))
            || self.email_verified.as_ref().and_then(Value::as_str) == Some("true");
        let email = self.email.unwrap_or_default().trim().to_lowercase();
        let Some((_, domain)) = email.rsplit_once('@').filter(|_| confirmed) else {
            return Err(SsoError::Unconfirmed);
        };
        if !settings.domains.is_empty() && !settings.domains.iter().any(|known| known == domain) {
            return Err(SsoError::Domain(domain.to_owned()));
        }
        let name = self.name.unwrap_or_default().trim().into();
        Ok(Person { email: email.into(), name })
    }
}
