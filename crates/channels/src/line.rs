//! A channel with its settings read once, and the closed set of carriers behind it.

use domain::ChannelUuid;
use serde_json::Value;
use smol_str::SmolStr;
use thiserror::Error;

use crate::{Inbound, Outgoing, Plan, Refusal, Request, SendError, ex, webchat};

/// The kinds of carrier we speak to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CarrierType {
    /// `EX`: any HTTP aggregator.
    External,
    /// `WCH`: our own web chat.
    WebChat,
}

impl CarrierType {
    /// Every kind, for lists that people choose from.
    pub const ALL: [Self; 2] = [Self::External, Self::WebChat];

    /// The code by which exports, routes and commands name it.
    pub fn code(self) -> &'static str {
        match self {
            Self::External => "EX",
            Self::WebChat => "WCH",
        }
    }

    /// The name shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::External => "External API",
            Self::WebChat => "Web chat",
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
        }
    }

    /// The address scheme it serves unless the channel says otherwise.
    pub fn default_scheme(self) -> &'static str {
        match self {
            Self::External => "tel",
            Self::WebChat => webchat::SCHEME,
        }
    }
}

/// Why a channel's settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// No carrier has this code.
    #[error("'{0}' is not a type of channel; types are EX and WCH")]
    UnknownType(String),
    /// A setting has a value that cannot work.
    #[error("setting '{key}' {reason}")]
    Invalid {
        /// Which setting.
        key: &'static str,
        /// What is wrong with it and what it should be.
        reason: String,
    },
}

/// A carrier with its settings.
#[derive(Clone, Debug)]
pub enum Carrier {
    /// Any HTTP aggregator.
    External(Box<ex::Settings>),
    /// Our own web chat.
    WebChat(Box<webchat::Settings>),
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
    /// The carrier and its settings.
    pub carrier: Carrier,
}

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
        };
        let scheme = schemes.first().cloned().unwrap_or_else(|| kind.default_scheme().into());
        let country = country.filter(|code| !code.is_empty()).map(SmolStr::from);
        Ok(Self { uuid, address: address.into(), country, scheme, carrier })
    }

    /// Which kind of carrier this is.
    pub fn kind(&self) -> CarrierType {
        match self.carrier {
            Carrier::External(_) => CarrierType::External,
            Carrier::WebChat(_) => CarrierType::WebChat,
        }
    }

    /// Reads a carrier's request.
    ///
    /// # Errors
    /// A [`Refusal`] with the reason to show the carrier.
    pub fn receive(&self, request: &Request<'_>) -> Result<Vec<Inbound>, Refusal> {
        match &self.carrier {
            Carrier::External(settings) => ex::receive(self, settings, request),
            Carrier::WebChat(_) => Err(Refusal::UnknownAction),
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
        }
    }
}
