//! An export as an import into an empty workspace makes it, ready to run.

use std::sync::Arc;

use domain::{Channel, ChannelRole};
use expressions::Environment;
use flows::{
    Assets, AssetsBuilder, Definition, Program,
    export::{self, Contents, Existing, Export},
    migrations::Version,
};
use jiff::Timestamp;

use crate::{cases::library, determinism::Pcg};

/// The site that exports say they come from.
const SITE: &str = "https://example.org";

/// What an import into an empty workspace makes.
pub struct Programme {
    /// What can be exported again.
    contents: Contents,
    /// The flows, in the order of the file.
    pub flows: Vec<Definition>,
    /// What flows run on.
    pub assets: Assets,
}

impl Programme {
    /// Imports an export. `seed` decides which identifiers migrations add.
    pub fn import(bytes: &[u8], seed: u64) -> Result<Self, String> {
        let mut random = Pcg::new(seed);
        let mut uuids = || random.uuid_v4();
        let export = Export::read(bytes, &mut uuids).map_err(|error| error.to_string())?;
        let plan =
            export::plan(&export, &Existing::default(), &mut uuids).map_err(|error| error.to_string())?;
        let contents = Contents::of_plan(&plan);
        let mut builder = AssetsBuilder::new()
            .conventions(&Environment::default(), Timestamp::UNIX_EPOCH)
            .channel(channel());
        for field in &contents.fields {
            builder = builder.field(field.clone());
        }
        for group in &contents.groups {
            builder = builder.group(group.clone());
        }
        let flows: Vec<Definition> = plan.flows.into_iter().map(|flow| flow.definition).collect();
        for flow in &flows {
            builder = builder.flow(Arc::new(Program::compile(flow, library())));
        }
        Ok(Self { contents, flows, assets: builder.build() })
    }

    /// The same programme after it was exported in a specification and imported elsewhere.
    pub fn again(&self, specification: Version, seed: u64) -> Result<Self, String> {
        let written = self.contents.write(None, specification, SITE).map_err(|error| error.to_string())?;
        let warned = written.flows.iter().find(|(_, conversion)| !conversion.warnings.is_empty());
        if let Some((flow, conversion)) = warned {
            return Err(format!("flow {flow} cannot be said in {specification}: {:?}", conversion.warnings));
        }
        Self::import(written.json.to_string().as_bytes(), seed)
    }
}

fn channel() -> Channel {
    Channel {
        uuid: uuid::Uuid::from_u128(1).into(),
        name: "SMS".into(),
        address: "+27820000001".into(),
        schemes: vec!["tel".into()],
        roles: vec![ChannelRole::Send, ChannelRole::Receive, ChannelRole::Call, ChannelRole::Answer],
        features: Vec::new(),
        country: None,
        match_prefixes: Vec::new(),
        allow_international: true,
    }
}
