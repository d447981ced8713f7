//! Configuration: command-line flags win over `SEEDLING_…` environment variables, which win over the file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use files::{BucketSettings, Unusable};
use serde::Deserialize;
use store::Secret;
use thiserror::Error;

use crate::limits;
use crate::mail::{Server, ServerError};
use crate::places::{BUCKET, S3Layer};
use crate::sso::{SsoLayer, SsoSettings};

/// Where data is kept unless said otherwise.
pub const DEFAULT_DATA: &str = "./seedling-data";
/// Where the node listens unless said otherwise: only this machine.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:7333";
/// Name of the spool's folder in the data folder.
pub const SPOOL_FOLDER: &str = "spool";
/// Name of the folder of media in the data folder.
pub const MEDIA_FOLDER: &str = "media";
/// Name of the folder of archives in the data folder.
pub const ARCHIVES_FOLDER: &str = "archives";
/// What is given instead of a folder for a node without a spool, or without media.
pub const NO_FOLDER: &str = "none";
/// Name of the database file in the data folder.
pub const DATABASE_FILE: &str = "seedling.db";

/// Bytes of a node's name.
const NAME_BYTES: usize = 100;

/// Why the configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {reason}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The file is not what it should be.
    #[error("the configuration {path} is wrong: {reason}")]
    Malformed {
        /// Which file.
        path: String,
        /// Line and reason.
        reason: String,
    },
    /// A value cannot be used.
    #[error("{name} is '{value}': {reason}")]
    Value {
        /// Which setting.
        name: &'static str,
        /// What was given.
        value: String,
        /// What it should be.
        reason: &'static str,
    },
    /// The bucket cannot be used.
    #[error("s3: {0}")]
    S3(Unusable),
    /// The e-mail server cannot be used.
    #[error("smtp: {0}")]
    Smtp(ServerError),
}

/// Settings of one source; what is not given there is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Folder of the data.
    pub data: Option<PathBuf>,
    /// Address of the database.
    pub database: Option<String>,
    /// Address of a standby that reports are read from.
    pub reports_database: Option<String>,
    /// Folder in which items wait while the database is away, or `none`.
    pub spool: Option<PathBuf>,
    /// Folder of files that people sent, `s3`, or `none`.
    pub media: Option<PathBuf>,
    /// Where files lie that have not been moved to `media` yet: a folder, or `s3`.
    pub media_before: Option<PathBuf>,
    /// Folder of archives of old messages and runs, `s3`, or `none`.
    pub archives: Option<PathBuf>,
    /// The bucket for what lies in `s3`.
    pub s3: Option<S3Layer>,
    /// Address to listen on.
    pub listen: Option<String>,
    /// Whether webhooks may call private addresses.
    pub allow_private_webhooks: Option<bool>,
    /// Whether the client's address is taken from `X-Forwarded-For`: only behind a proxy that sets it.
    pub trust_forwarded_for: Option<bool>,
    /// Requests under way on one channel.
    pub channel_window: Option<usize>,
    /// Seconds a carrier may take to answer.
    pub send_timeout_seconds: Option<u64>,
    /// Seconds before the second attempt to send.
    pub retry_first_seconds: Option<u64>,
    /// What the node is called.
    pub name: Option<String>,
    /// Seconds of silence after which a node counts as dead.
    pub node_ttl_seconds: Option<u64>,
    /// Address of the e-mail server, with user and password, for workspaces that have none of their own.
    pub smtp: Option<Secret>,
    /// Where people reach the site, such as `https://seedling.example.org`: it stands in links of e-mails.
    pub site: Option<String>,
    /// The service that says who people are, for single sign-on.
    pub oidc: Option<SsoLayer>,
}

impl Layer {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// When it cannot be read or holds something unknown; the text has the line.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: shown.clone(), reason: error.to_string() })?;
        toml::from_str(&text)
            .map_err(|error| ConfigError::Malformed { path: shown, reason: error.to_string() })
    }

    /// Reads `SEEDLING_…` variables through `get`.
    ///
    /// # Errors
    /// When a value is not of its kind.
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let text = |name: &str| get(name).filter(|value| !value.is_empty());
        let flag = |name: &'static str| match text(name).as_deref() {
            None => Ok(None),
            Some("1" | "true" | "yes") => Ok(Some(true)),
            Some("0" | "false" | "no") => Ok(Some(false)),
            Some(value) => {
                Err(ConfigError::Value { name, value: value.to_owned(), reason: "must be true or false" })
            }
        };
        let number = |name: &'static str| match text(name) {
            None => Ok(None),
            Some(value) => match value.parse::<u64>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(ConfigError::Value { name, value, reason: "must be a whole number" }),
            },
        };
        let window = number("SEEDLING_CHANNEL_WINDOW")?;
        Ok(Self {
            data: text("SEEDLING_DATA").map(PathBuf::from),
            database: text("SEEDLING_DATABASE"),
            reports_database: text("SEEDLING_REPORTS_DATABASE"),
            spool: text("SEEDLING_SPOOL").map(PathBuf::from),
            media: text("SEEDLING_MEDIA").map(PathBuf::from),
            media_before: text("SEEDLING_MEDIA_BEFORE").map(PathBuf::from),
            archives: text("SEEDLING_ARCHIVES").map(PathBuf::from),
            s3: Some(S3Layer {
                endpoint: text("SEEDLING_S3_ENDPOINT"),
                region: text("SEEDLING_S3_REGION"),
                bucket: text("SEEDLING_S3_BUCKET"),
                prefix: text("SEEDLING_S3_PREFIX"),
                path_style: flag("SEEDLING_S3_PATH_STYLE")?,
                access_key: text("SEEDLING_S3_ACCESS_KEY"),
                secret_key: text("SEEDLING_S3_SECRET_KEY").map(Secret::new),
            }),
            listen: text("SEEDLING_LISTEN"),
            allow_private_webhooks: flag("SEEDLING_ALLOW_PRIVATE_WEBHOOKS")?,
            trust_forwarded_for: flag("SEEDLING_TRUST_FORWARDED_FOR")?,
            channel_window: window.map(|window| usize::try_from(window).unwrap_or(usize::MAX)),
            send_timeout_seconds: number("SEEDLING_SEND_TIMEOUT_SECONDS")?,
            retry_first_seconds: number("SEEDLING_RETRY_FIRST_SECONDS")?,
            name: text("SEEDLING_NAME"),
            node_ttl_seconds: number("SEEDLING_NODE_TTL_SECONDS")?,
            smtp: text("SEEDLING_SMTP").map(Secret::new),
            site: text("SEEDLING_SITE"),
            oidc: Some(SsoLayer::from_environment(text, flag("SEEDLING_OIDC_SECOND_FACTOR")?)),
        })
    }

    /// This layer over `below`.
    pub fn over(self, below: Self) -> Self {
        Self {
            data: self.data.or(below.data),
            database: self.database.or(below.database),
            reports_database: self.reports_database.or(below.reports_database),
            spool: self.spool.or(below.spool),
            media: self.media.or(below.media),
            media_before: self.media_before.or(below.media_before),
            archives: self.archives.or(below.archives),
            s3: Some(self.s3.unwrap_or_default().over(below.s3.unwrap_or_default())),
            listen: self.listen.or(below.listen),
            allow_private_webhooks: self.allow_private_webhooks.or(below.allow_private_webhooks),
            trust_forwarded_for: self.trust_forwarded_for.or(below.trust_forwarded_for),
            channel_window: self.channel_window.or(below.channel_window),
            send_timeout_seconds: self.send_timeout_seconds.or(below.send_timeout_seconds),
            retry_first_seconds: self.retry_first_seconds.or(below.retry_first_seconds),
            name: self.name.or(below.name),
            node_ttl_seconds: self.node_ttl_seconds.or(below.node_ttl_seconds),
            smtp: self.smtp.or(below.smtp),
            site: self.site.or(below.site),
            oidc: Some(self.oidc.unwrap_or_default().over(below.oidc.unwrap_or_default())),
        }
    }
}

/// The address of the site as it is put before paths.
fn read_site(text: &str) -> Result<String, ConfigError> {
    let url = reqwest::Url::parse(text.trim()).ok();
    let fits = |url: &reqwest::Url| {
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
    };
    match url.filter(fits) {
        Some(url) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        None => Err(ConfigError::Value {
            name: "site",
            value: text.to_owned(),
            reason: "must be an address such as https://seedling.example.org",
        }),
    }
}

/// How a node runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Folder of the data.
    pub data: PathBuf,
    /// Address of the database.
    pub database: String,
    /// Address of a standby that reports are read from.
    pub reports_database: Option<String>,
    /// Folder in which items wait while the database is away. Without one carriers are told to come again then.
    pub spool: Option<PathBuf>,
    /// Folder of files that people sent, or `s3`. Without one they stay at their carriers.
    pub media: Option<PathBuf>,
    /// Where files are read that are not there yet: a folder, or `s3`.
    pub media_before: Option<PathBuf>,
    /// Folder of archives of old messages and runs, or `s3`. Without one nothing is archived.
    pub archives: Option<PathBuf>,
    /// The bucket for what lies in `s3`.
    pub s3: Option<BucketSettings>,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Whether webhooks may call private addresses.
    pub allow_private_webhooks: bool,
    /// Whether the client's address is taken from `X-Forwarded-For`.
    pub trust_forwarded_for: bool,
    /// Requests under way on one channel.
    pub channel_window: usize,
    /// How long a carrier may take to answer.
    pub send_timeout: Duration,
    /// Wait before the second attempt to send.
    pub retry_first: Duration,
    /// What the node is called; without it the machine's name and the port.
    pub name: Option<String>,
    /// How long a node must be silent before the others take it for dead.
    pub node_ttl: Duration,
    /// Address of the e-mail server for workspaces that have none of their own.
    pub smtp: Option<Secret>,
    /// Where people reach the site, without a stroke at its end.
    pub site: Option<String>,
    /// The service that says who people are.
    pub oidc: Option<SsoSettings>,
}

impl Config {
    /// Completes the settings with what applies where nothing is said. There is no spool then: [`Config::load`] says
    /// where it is for a node that serves.
    ///
    /// # Errors
    /// When a value cannot be used.
    pub fn new(layer: Layer) -> Result<Self, ConfigError> {
        let data = layer.data.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA));
        let listen = layer.listen.unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
        let listen = listen.parse().map_err(|_| ConfigError::Value {
            name: "listen",
            value: listen.clone(),
            reason: "must be an address and a port, such as 127.0.0.1:7333 or 0.0.0.0:80",
        })?;
        let database =
            layer.database.unwrap_or_else(|| format!("sqlite:{}", data.join(DATABASE_FILE).display()));
        let channel_window = layer.channel_window.unwrap_or(limits::CHANNEL_WINDOW);
        if !(1..=10_000).contains(&channel_window) {
            let value = channel_window.to_string();
            return Err(ConfigError::Value { name: "channel_window", value, reason: "must be 1 to 10000" });
        }
        let node_ttl = layer.node_ttl_seconds.map_or(limits::NODE_TTL, Duration::from_secs);
        if !(1..=600).contains(&node_ttl.as_secs()) {
            let value = node_ttl.as_secs().to_string();
            return Err(ConfigError::Value { name: "node_ttl_seconds", value, reason: "must be 1 to 600" });
        }
        if let Some(name) = &layer.name
            && (name.is_empty() || name.len() > NAME_BYTES || name.contains(char::is_control))
        {
            let reason = "must be 1 to 100 bytes without control characters";
            return Err(ConfigError::Value { name: "name", value: name.clone(), reason });
        }
        if let Some(smtp) = &layer.smtp {
            Server::read(smtp.reveal()).map_err(ConfigError::Smtp)?;
        }
        let site = layer.site.as_deref().map(read_site).transpose()?;
        let oidc = layer.oidc.unwrap_or_default().settings(site.is_some())?;
        let s3 = layer.s3.unwrap_or_default().settings()?;
        for (name, place) in
            [("media", &layer.media), ("media_before", &layer.media_before), ("archives", &layer.archives)]
        {
            if s3.is_none() && place.as_deref().is_some_and(|place| place.as_os_str() == BUCKET) {
                let reason = "names no bucket: say endpoint, bucket, access_key and secret_key under [s3]";
                return Err(ConfigError::Value { name, value: BUCKET.to_owned(), reason });
            }
        }
        let seconds = |given: Option<u64>, otherwise: Duration| given.map_or(otherwise, Duration::from_secs);
        Ok(Self {
            data,
            database,
            reports_database: layer.reports_database,
            spool: layer.spool.filter(|folder| folder.as_os_str() != NO_FOLDER),
            media: layer.media.filter(|folder| folder.as_os_str() != NO_FOLDER),
            media_before: layer.media_before.filter(|folder| folder.as_os_str() != NO_FOLDER),
            archives: layer.archives.filter(|folder| folder.as_os_str() != NO_FOLDER),
            s3,
            listen,
            allow_private_webhooks: layer.allow_private_webhooks.unwrap_or(false),
            trust_forwarded_for: layer.trust_forwarded_for.unwrap_or(false),
            channel_window,
            send_timeout: seconds(layer.send_timeout_seconds, limits::SEND_TIMEOUT),
            retry_first: seconds(layer.retry_first_seconds, limits::RETRY_FIRST),
            name: layer.name,
            node_ttl,
            smtp: layer.smtp,
            site,
            oidc,
        })
    }

    /// Reads all sources: `flags`, then the environment, then `file` (or the file that `SEEDLING_CONFIG` names).
    ///
    /// # Errors
    /// When a source cannot be read or a value cannot be used.
    pub fn load(flags: Layer, file: Option<&Path>) -> Result<Self, ConfigError> {
        let get = |name: &str| std::env::var(name).ok();
        let named = get("SEEDLING_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        let file = match file.or(named.as_deref()) {
            Some(path) => Layer::from_file(path)?,
            None => Layer::default(),
        };
        let mut layer = flags.over(Layer::from_environment(get)?.over(file));
        let data = layer.data.get_or_insert_with(|| PathBuf::from(DEFAULT_DATA));
        let spool = data.join(SPOOL_FOLDER);
        let media = data.join(MEDIA_FOLDER);
        layer.spool.get_or_insert(spool);
        layer.media.get_or_insert(media);
        let archives = data.join(ARCHIVES_FOLDER);
        layer.archives.get_or_insert(archives);
        Self::new(layer)
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Layer};

    #[test]
    fn flags_win_over_environment_over_file() {
        let file: Layer =
            toml::from_str("data = '/f'\nlisten = '127.0.0.1:1'\nchannel_window = 3").expect("good");
        let variables = [("SEEDLING_LISTEN", "127.0.0.1:2"), ("SEEDLING_TRUST_FORWARDED_FOR", "yes")];
        let get = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned());
        let environment = Layer::from_environment(get).expect("good");
        let flags = Layer { listen: Some("127.0.0.1:3".to_owned()), ..Layer::default() };
        let config = Config::new(flags.over(environment.over(file))).expect("good");
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.database, "sqlite:/f/seedling.db");
        assert!(config.trust_forwarded_for);
        assert_eq!(config.channel_window, 3);
    }

    #[test]
    fn says_what_is_wrong() {
        let unknown = toml::from_str::<Layer>("lisen = 'x'").expect_err("unknown name").to_string();
        assert!(unknown.contains("lisen"), "{unknown}");
        let layer = Layer { listen: Some("here".to_owned()), ..Layer::default() };
        assert!(Config::new(layer).expect_err("no address").to_string().contains("127.0.0.1:7333"));
        let wrong = |name: &str| (name == "SEEDLING_CHANNEL_WINDOW").then(|| "many".to_owned());
        assert!(Layer::from_environment(wrong).is_err());
    }
}
