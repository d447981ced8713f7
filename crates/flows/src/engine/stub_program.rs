//! Stands in for compiled flows until they land.
use domain::FlowUuid;
use smol_str::SmolStr;

/// A compiled flow.
#[derive(Debug)]
pub struct Program {
    /// The flow.
    pub uuid: FlowUuid,
    /// Its name.
    pub name: SmolStr,
    /// The revision.
    pub revision: u32,
}
