//! Which service says who people are, as the operator sets it.

use domain::WorkspaceUuid;
use operations::Role;
use reqwest::Url;
use serde::Deserialize;
use store::Secret;

use crate::config::ConfigError;

/// A layer of the settings: `[oidc]` of the file, `SEEDLING_OIDC_…`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SsoLayer {
    /// The service's address, as it calls itself.
    pub issuer: Option<String>,
    /// What this installation is called there.
    pub client_id: Option<String>,
    /// Its secret there.
    pub client_secret: Option<Secret>,
    /// Domains of e-mail addresses that are let in, with commas between; all without it.
    pub domains: Option<String>,
    /// The role of who is no user yet; without it they are not let in.
    pub newcomers: Option<String>,
    /// The workspace into which they come; needed if there are several.
    pub workspace: Option<String>,
    /// Whether the service asks for a second factor, so that nobody needs one here.
    pub second_factor: Option<bool>,
}

/// The settings of a service that says who people are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsoSettings {
    /// Its address, as it calls itself.
    pub issuer: String,
    /// What this installation is called there.
    pub client_id: String,
    /// Its secret there.
    pub client_secret: Secret,
    /// Domains of e-mail addresses that are let in, lower case; none for all.
    pub domains: Vec<String>,
    /// What becomes of who is no user yet; without it they are not let in.
    pub newcomers: Option<Newcomers>,
    /// Whether it asks for a second factor, so that nobody needs one here.
    pub second_factor: bool,
}

/// What becomes of who is no user yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newcomers {
    /// Their role.
    pub role: Role,
    /// Their workspace; without it the only one there is.
    pub workspace: Option<WorkspaceUuid>,
}

impl SsoLayer {
    /// Reads `SEEDLING_OIDC_…` variables.
    pub(crate) fn from_environment(
        get: impl Fn(&str) -> Option<String>,
        second_factor: Option<bool>,
    ) -> Self {
        Self {
            issuer: get("SEEDLING_OIDC_ISSUER"),
            client_id: get("SEEDLING_OIDC_CLIENT_ID"),
            client_secret: get("SEEDLING_OIDC_CLIENT_SECRET").map(Secret::new),
            domains: get("SEEDLING_OIDC_DOMAINS"),
            newcomers: get("SEEDLING_OIDC_NEWCOMERS"),
            workspace: get("SEEDLING_OIDC_WORKSPACE"),
            second_factor,
        }
    }

    /// This layer over `below`.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            issuer: self.issuer.or(below.issuer),
            client_id: self.client_id.or(below.client_id),
            client_secret: self.client_secret.or(below.client_secret),
            domains: self.domains.or(below.domains),
            newcomers: self.newcomers.or(below.newcomers),
            workspace: self.workspace.or(below.workspace),
            second_factor: self.second_factor.or(below.second_factor),
        }
    }

    /// The service, if one is named, checked.
    pub(crate) fn settings(self, has_site: bool) -> Result<Option<SsoSettings>, ConfigError> {
        let Some(issuer) = self.issuer else { return Ok(None) };
        let wrong = |name: &'static str, value: &str, reason: &'static str| {
            Err(ConfigError::Value { name, value: value.to_owned(), reason })
        };
        if check_address(&issuer).is_err() {
            return wrong("oidc.issuer", &issuer, "must be an https address; http only on this machine");
        }
        if !has_site {
            return wrong("oidc.issuer", &issuer, "needs `site`, to which people come back");
        }
        let (Some(client_id), Some(client_secret)) = (self.client_id, self.client_secret) else {
            return wrong("oidc.client_id", "", "is needed, and client_secret as well");
        };
        let newcomers = match self.newcomers.as_deref() {
            None | Some("none") => None,
            Some(word) => match Role::from_name(word) {
                Some(Role::Administrator) | None => {
                    return wrong("oidc.newcomers", word, "must be editor, agent, viewer or none");
                }
                Some(role) => Some(role),
            },
        };
        let workspace = match self.workspace.as_deref().map(str::parse::<WorkspaceUuid>) {
            None => None,
            Some(Ok(uuid)) => Some(uuid),
            Some(Err(_)) => {
                return wrong(
                    "oidc.workspace",
                    &self.workspace.unwrap_or_default(),
                    "must be a workspace's uuid",
                );
            }
        };
        let domains = self.domains.unwrap_or_default();
        let domains = domains.split(',').map(|domain| domain.trim().trim_start_matches('@').to_lowercase());
        Ok(Some(SsoSettings {
            issuer,
            client_id,
            client_secret,
            domains: domains.filter(|domain| !domain.is_empty()).collect(),
            newcomers: newcomers.map(|role| Newcomers { role, workspace }),
            second_factor: self.second_factor.unwrap_or(false),
        }))
    }
}

/// Whether codes and secrets may go there: over TLS, or to this machine.
pub(super) fn check_address(text: &str) -> Result<(), ()> {
    let url = Url::parse(text).map_err(|_| ())?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let fits = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    if fits && url.fragment().is_none() { Ok(()) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer() -> SsoLayer {
        SsoLayer {
            issuer: Some("https://id.example.org/realms/a".to_owned()),
            client_id: Some("seedling".to_owned()),
            client_secret: Some(Secret::new("hush".to_owned())),
            domains: Some("Example.org, @clinic.example".to_owned()),
            newcomers: Some("viewer".to_owned()),
            ..SsoLayer::default()
        }
    }

    #[test]
    fn settings_are_checked() {
        let settings = layer().settings(true).unwrap().unwrap();
        assert_eq!(settings.domains, ["example.org", "clinic.example"]);
        assert_eq!(settings.newcomers, Some(Newcomers { role: Role::Viewer, workspace: None }));
        assert!(!format!("{settings:?}").contains("hush"));
        assert!(matches!(SsoLayer::default().settings(true), Ok(None)));
        for (name, layer, has_site) in [
            ("oidc.issuer", layer(), false),
            ("oidc.issuer", SsoLayer { issuer: Some("http://id.example.org".into()), ..layer() }, true),
            ("oidc.client_id", SsoLayer { client_secret: None, ..layer() }, true),
            ("oidc.newcomers", SsoLayer { newcomers: Some("administrator".into()), ..layer() }, true),
            ("oidc.workspace", SsoLayer { workspace: Some("7".into()), ..layer() }, true),
        ] {
            let error = layer.settings(has_site).unwrap_err();
            assert!(matches!(error, ConfigError::Value { name: found, .. } if found == name), "{error}");
        }
    }
}
