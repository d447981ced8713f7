//! Where stored sessions play: the assets of `tests/golden/world.json`, a contact and a call.

use std::fs;

use domain::Contact;
use expressions::Environment;
use flows::events::CallRef;
use flows::{Assets, AssetsBuilder, Engine};
use serde_json::Value as Json;

use crate::engine::world::{Ticking, compile};

pub struct Stage {
    pub assets: Assets,
    pub env: Environment,
    pub host: Ticking,
    pub contact: Contact,
    pub call: CallRef,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(true)
    }

    /// The same without any flow, as if they had been deleted.
    pub fn without_flows() -> Self {
        Self::with(false)
    }

    fn with(flows: bool) -> Self {
        let world = fs::read(super::folder().join("world.json")).unwrap();
        let world: Json = serde_json::from_slice(&world).unwrap();
        let list = |key: &str| world[key].as_array().unwrap().iter().cloned();
        let mut builder = AssetsBuilder::new();
        for field in list("fields") {
            builder = builder.field(serde_json::from_value(field).unwrap());
        }
        for channel in list("channels") {
            builder = builder.channel(serde_json::from_value(channel).unwrap());
        }
        for resthook in list("resthooks") {
            builder = builder.resthook(serde_json::from_value(resthook).unwrap());
        }
        for llm in list("llms") {
            builder = builder.llm(serde_json::from_value(llm).unwrap());
        }
        for flow in list("flows").filter(|_| flows) {
            builder = builder.flow(compile(&flow));
        }
        Self {
            assets: builder.build(),
            env: Environment::default(),
            host: Ticking::new(),
            contact: flows::contact_json::read_contact(&world["contact"]).unwrap(),
            call: serde_json::from_value(world["call"].clone()).unwrap(),
        }
    }

    pub fn engine(&self) -> Engine<'_> {
        Engine::new(&self.assets, &self.env, &self.host)
    }
}
