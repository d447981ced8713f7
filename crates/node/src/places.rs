//! Where files lie: those that people sent, and archives. Each in a folder, or in the bucket of an S3-compatible store
//! that the settings name.

use std::path::Path;
use std::sync::Arc;

use files::{Addressing, Bucket, BucketSettings, Files, Outside, Unusable};
use serde::Deserialize;
use store::Secret;

use crate::config::{Config, ConfigError};
use crate::surroundings::Surroundings;

/// What is given instead of a folder for files that lie in the bucket.
pub const BUCKET: &str = "s3";
/// Region of stores that have none.
const NO_REGION: &str = "us-east-1";

/// The bucket as one source of settings names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Layer {
    /// Address of the store.
    pub endpoint: Option<String>,
    /// Region; `us-east-1` if it is not said.
    pub region: Option<String>,
    /// The bucket.
    pub bucket: Option<String>,
    /// What stands before each name.
    pub prefix: Option<String>,
    /// Whether the bucket stands in the path, not in the name of the host.
    pub path_style: Option<bool>,
    /// Identifier of the key.
    pub access_key: Option<String>,
    /// The key.
    pub secret_key: Option<Secret>,
}

impl S3Layer {
    /// This layer over `below`.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            endpoint: self.endpoint.or(below.endpoint),
            region: self.region.or(below.region),
            bucket: self.bucket.or(below.bucket),
            prefix: self.prefix.or(below.prefix),
            path_style: self.path_style.or(below.path_style),
            access_key: self.access_key.or(below.access_key),
            secret_key: self.secret_key.or(below.secret_key),
        }
    }

    /// The bucket, if one is named, checked.
    pub(crate) fn settings(self) -> Result<Option<BucketSettings>, ConfigError> {
        if self == Self::default() {
            return Ok(None);
        }
        let settings = BucketSettings {
            endpoint: self.endpoint.unwrap_or_default(),
            region: self.region.unwrap_or_else(|| NO_REGION.to_owned()),
            bucket: self.bucket.unwrap_or_default(),
            prefix: self.prefix.unwrap_or_default(),
            addressing: if self.path_style == Some(true) { Addressing::Path } else { Addressing::Host },
            access_key: self.access_key.unwrap_or_default(),
            secret_key: self.secret_key.map(|key| key.reveal().to_owned()).unwrap_or_default(),
        };
        settings.check().map_err(ConfigError::S3)?;
        Ok(Some(settings))
    }
}

/// The place of files that people sent; `None` if they stay at their carriers.
///
/// # Errors
/// When the bucket cannot be used.
pub fn media_place(config: &Config, surroundings: &Surroundings) -> Result<Option<Files>, Unusable> {
    place(config.media.as_deref(), "media/", config, surroundings)
}

/// A place of files that people sent, by a folder or `s3`.
///
/// # Errors
/// When the bucket cannot be used.
pub fn media_place_named(
    given: &Path,
    config: &Config,
    surroundings: &Surroundings,
) -> Result<Files, Unusable> {
    place(Some(given), "media/", config, surroundings)?.ok_or(Unusable::Endpoint)
}

/// The place of archives; `None` if there is none.
///
/// # Errors
/// When the bucket cannot be used.
pub fn archive_place(config: &Config, surroundings: &Surroundings) -> Result<Option<Files>, Unusable> {
    place(config.archives.as_deref(), "archives/", config, surroundings)
}

/// Where files of people lie, and where they are read that have not been moved there yet.
pub(crate) struct MediaPlaces {
    pub files: Option<Files>,
    pub before: Option<Files>,
}

/// The places of media and of archives.
pub(crate) fn places(
    config: &Config,
    surroundings: &Surroundings,
) -> Result<(MediaPlaces, Option<Files>), Unusable> {
    let before = place(config.media_before.as_deref(), "media/", config, surroundings)?;
    let media = MediaPlaces { files: media_place(config, surroundings)?, before };
    Ok((media, archive_place(config, surroundings)?))
}

/// A place by what is given for it.
fn place(
    given: Option<&Path>,
    below: &str,
    config: &Config,
    surroundings: &Surroundings,
) -> Result<Option<Files>, Unusable> {
    let Some(given) = given else { return Ok(None) };
    if given.as_os_str() != BUCKET {
        return Ok(Some(Files::folder(given)));
    }
    let settings = config.s3.clone().ok_or(Unusable::Endpoint)?;
    let settings = BucketSettings { prefix: format!("{}{below}", settings.prefix), ..settings };
    let (host, network) = (surroundings.host.clone(), surroundings.network.clone());
    let outside = Outside {
        now: Arc::new(move || host.now()),
        exchange: Arc::new(move |request| {
            let network = network.clone();
            Box::pin(async move { network.file_exchange(request).await })
        }),
    };
    Ok(Some(Files::Bucket(Bucket::new(&settings, outside)?)))
}
