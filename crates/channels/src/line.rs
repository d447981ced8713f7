//! A channel with its settings read once, and the closed set of carriers behind it.

use domain::{ChannelUuid, Urn};
use serde_json::Value;
use smol_str::SmolStr;
use thiserror::Error;

use crate::{
    Cost, HttpRequest, MediaFile, Outgoing, Plan, Reading, Refusal, Request, SendError, TemplatePage, ex,
    wac, webchat,
};

/// The kinds of carrier we speak to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CarrierType {
    /// `EX`: any HTTP aggregator.
    External,
    /// `WCH`: our own web chat.
    WebChat,
    /// `WAC`: WhatsApp, over Meta's Cloud API.
    WhatsAppCloud,
}

impl CarrierType {
    /// Every kind, for lists that people choose from.
    pub const ALL: [Self; 3] = [Self::External, Self::WebChat, Self::WhatsAppCloud];

    /// The code by which exports, routes and commands name it.
    pub fn code(self) -> &'static str {
        match self {
            Self::External => "EX",
            Self::WebChat => "WCH",
            Self::WhatsAppCloud => "WAC",
        }
    }

    /// The name shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::External => "External API",
            Self::WebChat => "Web chat",
            Self::WhatsAppCloud => "WhatsApp Cloud",
        }
    }

    /// The kind with this code, whatever its case; `webchat` also names the web chat.
    pub fn from_code(code: &str) -> Option<Self> {
        if code.eq_ignore_ascii_case(webchat::SCHEME) {
            return Some(Self::WebChat);
        }
        Self::ALL.into_iter().find(|kind| kind.code().eq_ignore_ascii_case(code))
    }

    /// The code in lower case, as in routes and metrics.
    pub fn slug(self) -> &'static str {
        match self {
            Self::External => "ex",
            Self::WebChat => "wch",
            Self::WhatsAppCloud => "wac",
        }
    }

    /// The address scheme it serves unless the channel says otherwise.
    pub fn default_scheme(self) -> &'static str {
        match self {
            Self::External => "tel",
            Self::WebChat => webchat::SCHEME,
            Self::WhatsAppCloud => wac::SCHEME,
        }
    }

    /// Messages a second that the carrier takes from a new line, if it says so.
    pub fn default_rate(self) -> Option<i64> {
        match self {
            Self::External | Self::WebChat => None,
            Self::WhatsAppCloud => Some(wac::MESSAGES_PER_SECOND),
        }
    }
}

/// Why a channel's settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// No carrier has this code.
    #[error("'{0}' is not a type of channel; types are EX, WAC and WCH")]
    UnknownType(String),
    /// A setting has a value that cannot work.
    #[error("setting '{key}' {reason}")]
    Invalid {
        /// Which setting.
        key: &'static str,
        /// What is wrong with it and what it should be.
        reason: String,
    },
    /// There is no such setting.
    #[error("there is no setting '{key}'; {} has {}", kind.code(), names.join(", "))]
    Unknown {
        /// What was given.
        key: String,
        /// For which carrier.
        kind: CarrierType,
        /// Those that there are.
        names: &'static [&'static str],
    },
}

/// A carrier with its settings.
#[derive(Clone, Debug)]
pub enum Carrier {
    /// Any HTTP aggregator.
    External(Box<ex::Settings>),
    /// Our own web chat.
    WebChat(Box<webchat::Settings>),
    /// WhatsApp, over Meta's Cloud API.
    WhatsAppCloud(Box<wac::Settings>),
}

/// A channel, ready to translate.
#[derive(Clone, Debug)]
pub struct Line {
    /// The channel's public identifier.
    pub uuid: ChannelUuid,
    /// Its number or handle at the carrier.
    pub address: SmolStr,
    /// ISO 3166 alpha-2 code of its country, by which local numbers are read.
    pub country: Option<SmolStr>,
    /// Address scheme of the people on it.
    pub scheme: SmolStr,
    /// Whether its carrier must be out in the world: whoever set its addresses may not reach into our own networks.
    pub is_public_only: bool,
    /// The carrier and its settings.
    pub carrier: Carrier,
    /// What it costs to send a part of a message, if that is known.
    pub cost: Option<Cost>,
}

/// The setting of any channel that keeps its addresses out of our own networks.
pub const PUBLIC_ONLY: &str = "public_only";

impl Line {
    /// Reads a channel's settings.
    ///
    /// `schemes` may be empty: the carrier's usual one is taken. `config` is the settings object or null.
    ///
    /// # Errors
    /// When the type is unknown or a setting cannot be understood; the text says which and why.
    pub fn open(
        uuid: ChannelUuid,
        type_code: &str,
        address: &str,
        country: Option<&str>,
        schemes: &[SmolStr],
        config: &Value,
    ) -> Result<Self, SettingsError> {
        let kind = CarrierType::from_code(type_code)
            .ok_or_else(|| SettingsError::UnknownType(type_code.to_owned()))?;
        let carrier = match kind {
            CarrierType::External => Carrier::External(Box::new(ex::Settings::read(config)?)),
            CarrierType::WebChat => Carrier::WebChat(Box::new(webchat::Settings::read(config)?)),
            CarrierType::WhatsAppCloud => Carrier::WhatsAppCloud(Box::new(wac::Settings::read(config)?)),
        };
        let scheme = schemes.first().cloned().unwrap_or_else(|| kind.default_scheme().into());
        let country = country.filter(|code| !code.is_empty()).map(SmolStr::from);
        let cost = Cost::read(config)?;
        let is_public_only = config.get(PUBLIC_ONLY).and_then(Value::as_bool).unwrap_or_default();
        Ok(Self { uuid, address: address.into(), country, scheme, is_public_only, carrier, cost })
    }

    /// Refuses settings that this kind of carrier does not have, for when somebody sets them: a misspelt one would
    /// silently do nothing. A channel that is read again takes them, so that an older program can read what a newer one
    /// has written.
    ///
    /// # Errors
    /// Names the first setting that there is not.
    pub fn knows_settings(&self, config: &Value) -> Result<(), SettingsError> {
        let names = match self.kind() {
            CarrierType::External => ex::Settings::NAMES,
            CarrierType::WebChat => webchat::Settings::NAMES,
            CarrierType::WhatsAppCloud => wac::Settings::NAMES,
        };
        let unknown = config.as_object().into_iter().flatten().find(|(key, _)| {
            let key = key.as_str();
            key != PUBLIC_ONLY && !names.contains(&key) && !Cost::NAMES.contains(&key)
        });
        match unknown {
            Some((key, _)) => Err(SettingsError::Unknown { key: key.clone(), kind: self.kind(), names }),
            None => Ok(()),
        }
    }

    /// Which kind of carrier this is.
    pub fn kind(&self) -> CarrierType {
        match self.carrier {
            Carrier::External(_) => CarrierType::External,
            Carrier::WebChat(_) => CarrierType::WebChat,
            Carrier::WhatsAppCloud(_) => CarrierType::WhatsAppCloud,
        }
    }

    /// Reads a carrier's request.
    ///
    /// # Errors
    /// A [`Refusal`] with the reason to show the carrier.
    pub fn receive(&self, request: &Request<'_>) -> Result<Reading, Refusal> {
        match &self.carrier {
            Carrier::External(settings) => ex::receive(self, settings, request).map(Reading::from),
            Carrier::WebChat(_) => Err(Refusal::UnknownAction),
            Carrier::WhatsAppCloud(settings) => wac::receive(self, settings, request),
        }
    }

    /// How to send a message.
    ///
    /// # Errors
    /// When the settings or the message make sending impossible.
    pub fn plan(&self, message: &Outgoing) -> Result<Plan, SendError> {
        match &self.carrier {
            Carrier::External(settings) => ex::plan(self, settings, message).map(Plan::Requests),
            Carrier::WebChat(_) => Ok(Plan::Local),
            Carrier::WhatsAppCloud(settings) => wac::plan(self, settings, message).map(Plan::Requests),
        }
    }

    /// In how many parts a message leaves, as the carrier counts and charges them.
    ///
    /// # Errors
    /// When the settings or the message make sending impossible.
    pub fn parts(&self, message: &Outgoing) -> Result<usize, SendError> {
        match &self.carrier {
            Carrier::External(settings) => Ok(ex::parts(self, settings, message)),
            Carrier::WebChat(_) => Ok(1),
            Carrier::WhatsAppCloud(settings) => Ok(wac::plan(self, settings, message)?.len()),
        }
    }

    /// What a carrier's answer to one request means: the carrier's identifier of the message if it gave one.
    ///
    /// # Errors
    /// The class of failure and the reason.
    pub fn judge(&self, status: u16, body: &str) -> Result<Option<SmolStr>, SendError> {
        match &self.carrier {
            Carrier::External(settings) => ex::judge(settings, status, body),
            Carrier::WebChat(_) => Ok(None),
            Carrier::WhatsAppCloud(_) => wac::judge(status, body),
        }
    }

    /// The request for a page of the templates that the carrier keeps; none if it keeps none, or if the settings do not say
    /// for whom.
    pub fn templates_request(&self, after: Option<&str>) -> Option<HttpRequest> {
        match &self.carrier {
            Carrier::External(_) | Carrier::WebChat(_) => None,
            Carrier::WhatsAppCloud(settings) => wac::templates::ask(settings, after),
        }
    }

    /// Reads the carrier's answer to that request.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read_templates(&self, status: u16, body: &str) -> Result<TemplatePage, String> {
        match &self.carrier {
            Carrier::External(_) | Carrier::WebChat(_) => Ok(TemplatePage::default()),
            Carrier::WhatsAppCloud(_) => wac::templates::read(status, body),
        }
    }

    /// Whether a file that a person sent (its address, without the type) is one that only this channel's token reads, and
    /// that the carrier forgets: it should be fetched.
    pub fn keeps_file(&self, source: &str) -> bool {
        self.file_lookup(source).is_some()
    }

    /// The request that asks the carrier where such a file lies.
    pub fn file_lookup(&self, source: &str) -> Option<HttpRequest> {
        match &self.carrier {
            Carrier::External(_) | Carrier::WebChat(_) => None,
            Carrier::WhatsAppCloud(settings) => wac::media::lookup(settings, source),
        }
    }

    /// What the carrier's answer to that says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn file_found(&self, body: &str) -> Result<MediaFile, String> {
        match &self.carrier {
            Carrier::External(_) | Carrier::WebChat(_) => Err("the carrier keeps no files".to_owned()),
            Carrier::WhatsAppCloud(settings) => wac::media::file(settings, body),
        }
    }

    /// Another address by which the carrier's answer to a sent message names the person.
    pub fn other_address(&self, body: &str) -> Option<Urn> {
        match &self.carrier {
            Carrier::External(_) | Carrier::WebChat(_) => None,
            Carrier::WhatsAppCloud(_) => wac::other_address(body),
        }
    }

    /// Messages on their way to the carrier at once, if the channel says so.
    pub fn window(&self) -> Option<usize> {
        match &self.carrier {
            Carrier::External(_) | Carrier::WebChat(_) => None,
            Carrier::WhatsAppCloud(settings) => settings.window(),
        }
    }

    /// Whether the channel has every setting that it needs to work. One that came with an import may lack some until
    /// somebody adds them.
    ///
    /// # Errors
    /// Names the setting that is missing.
    pub fn is_complete(&self) -> Result<(), SettingsError> {
        match &self.carrier {
            Carrier::External(_) | Carrier::WebChat(_) => Ok(()),
            Carrier::WhatsAppCloud(settings) => settings.is_complete(&self.address),
        }
    }
}
