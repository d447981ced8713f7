//! Lines to carriers. They keep their identifiers, so that the addresses that carriers call stay right.

use channels::{CarrierType, Line};
use domain::{ChannelId, ChannelUuid};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use smol_str::SmolStr;
use store::{ChannelRow, DefinitionChange, Rate};

use crate::{MigrateError, migration::Migration};

#[derive(Deserialize)]
struct Channel {
    id: i64,
    uuid: ChannelUuid,
    channel_type: SmolStr,
    name: Option<SmolStr>,
    address: Option<SmolStr>,
    country: Option<SmolStr>,
    config: Option<Value>,
    schemes: Vec<SmolStr>,
    role: String,
    tps: Option<i64>,
    is_active: bool,
    created_on: Timestamp,
}

const CHANNELS: &str =
    "SELECT id, uuid, channel_type, name, address, country, config, schemes, role, tps, is_active,
    created_on FROM channels_channel WHERE org_id = $1 ORDER BY id";

fn roles(letters: &str) -> Vec<SmolStr> {
    let word = |letter| {
        Some(match letter {
            'S' => "send",
            'R' => "receive",
            'C' => "call",
            'A' => "answer",
            _ => return None,
        })
    };
    letters.chars().filter_map(word).map(SmolStr::new_static).collect()
}

impl Channel {
    fn label(&self) -> SmolStr {
        let named = self.name.as_ref().or(self.address.as_ref()).filter(|name| !name.is_empty());
        named.unwrap_or(&self.channel_type).clone()
    }

    /// Whether it can be used here, and if not, why not.
    fn usable(&self, config: &Value) -> Result<Option<String>, String> {
        if CarrierType::from_code(&self.channel_type).is_none() {
            return Err("there is no such type of channel here".to_owned());
        }
        let address = self.address.as_deref().unwrap_or_default();
        let line = Line::open(
            self.uuid,
            &self.channel_type,
            address,
            self.country.as_deref(),
            &self.schemes,
            config,
        );
        let line = line.map_err(|error| error.to_string())?;
        Ok(line.is_complete().err().map(|error| error.to_string()))
    }
}

impl Migration<'_> {
    /// All lines. One whose type has no driver here, or whose settings cannot be used, is kept with its settings and
    /// rests; one that was removed there rests too, because messages name it.
    pub fn channels(&mut self) -> Result<(), MigrateError> {
        let rows: Vec<Channel> = self.source.rows("a channel", CHANNELS, &[self.org.id])?;
        self.count("channels").there = rows.len() as u64;
        for row in rows {
            self.channels.insert(row.id);
            let id = ChannelId(self.here(row.id));
            let is_new =
                !self.before.as_ref().is_some_and(|before| before.channels.iter().any(|c| c.id == id));
            let config = row.config.clone().unwrap_or(Value::Null);
            let active = match (row.is_active, row.usable(&config)) {
                (false, _) => {
                    self.count("channels").kind("removed there");
                    false
                }
                (true, Ok(missing)) => {
                    self.count("channels").kind("in use");
                    if let Some(missing) = missing {
                        self.note(format!("channel {:?} ({}): {missing}", row.label(), row.channel_type));
                    }
                    true
                }
                (true, Err(reason)) => {
                    self.count("channels").kind("kept, but rests");
                    self.note(format!("channel {:?} ({}) rests: {reason}", row.label(), row.channel_type));
                    false
                }
            };
            self.count("channels").take(is_new);
            if active {
                self.lines.insert(id.0);
            }
            if is_new {
                let row = ChannelRow {
                    id,
                    workspace: self.workspace,
                    uuid: row.uuid,
                    name: row.label(),
                    address: row.address.unwrap_or_default(),
                    schemes: row.schemes,
                    roles: roles(&row.role),
                    country: row.country.filter(|country| !country.is_empty()),
                    config,
                    rate: row.tps.map(Rate::per_second).filter(|rate| rate.is_valid()),
                    active,
                    created_on: row.created_on,
                    channel_type: CarrierType::from_code(&row.channel_type)
                        .map_or(row.channel_type, |kind| kind.code().into()),
                };
                self.define(DefinitionChange::Channel(Box::new(row)));
            }
        }
        Ok(())
    }
}
