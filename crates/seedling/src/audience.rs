//! Options of commands that do something for many people: for whom, and what.

use anyhow::{Context as _, bail};
use clap::Args;
use domain::ContactUuid;
use operations::{Recipients, Said, Workspace};

/// Names that are shown where one is not known.
const NAMES: usize = 20;

/// For whom.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = true)]
pub struct Audience {
    /// Members of a group, by name; may be given several times
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
    /// Whoever fits a query
    #[arg(long, value_name = "QUERY")]
    query: Option<String>,
    /// A contact; may be given several times
    #[arg(long, value_name = "UUID")]
    contact: Vec<ContactUuid>,
}

impl Audience {
    /// Whom the options name.
    pub fn recipients(&self, workspace: &Workspace) -> anyhow::Result<Recipients> {
        let mut groups = Vec::new();
        for name in &self.group {
            let wanted = name.trim().to_lowercase();
            let found = workspace.assets.groups().find(|group| group.name.to_lowercase() == wanted);
            let Some(group) = found else {
                let known = workspace.assets.groups().take(NAMES).map(|group| format!("{:?}", group.name));
                let known: Vec<String> = known.collect();
                let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
                bail!("there is no group {name:?}; there is {known}");
            };
            groups.push(group.uuid);
        }
        let query = self.query.as_deref().unwrap_or_default().trim().into();
        Ok(Recipients { groups, contacts: self.contact.clone(), query, ..Recipients::default() })
    }
}

/// What.
#[derive(Args, Clone, Debug)]
pub struct Content {
    /// What to say
    #[arg(long, conflicts_with = "flow")]
    text: Option<String>,
    /// The flow to start, by name
    #[arg(long, value_name = "NAME")]
    flow: Option<String>,
    /// Leave people who are in a flow in it
    #[arg(long, requires = "flow")]
    skip_in_a_flow: bool,
}

impl Content {
    /// What the options say, if they say anything.
    pub fn said(&self, workspace: &Workspace) -> anyhow::Result<Option<Said>> {
        match (&self.text, &self.flow) {
            (Some(text), _) => Ok(Some(Said::Text(text.clone()))),
            (None, Some(name)) => {
                let flow = workspace.flow_named(name).map(|flow| flow.uuid);
                let flow = flow.or_else(|| name.parse().ok().filter(|uuid| workspace.flow(*uuid).is_some()));
                let flow = flow.with_context(|| format!("there is no flow {name:?}"))?;
                Ok(Some(Said::Flow { flow, skip_in_a_flow: self.skip_in_a_flow }))
            }
            (None, None) => Ok(None),
        }
    }
}
