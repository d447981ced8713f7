//! Why a definition is refused.

use domain::NodeUuid;
use thiserror::Error;

/// Why a flow definition could not be read. The text says where and what; [`DefinitionError::node`] tells the
/// node to programs that point at it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DefinitionError {
    /// The bytes are not JSON, or a value has the wrong shape.
    #[error("not a flow definition: {reason} at line {line}, column {column}")]
    Json {
        /// What the parser met.
        reason: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// There is nothing that says which specification the flow follows.
    #[error("unable to read flow header: field 'spec_version' is required")]
    NoVersion,
    /// The `spec_version` is not a version.
    #[error("unable to read flow header: '{0}' is not a spec version, expected one such as '14.4.2'")]
    InvalidVersion(String),
    /// The flow was made by a newer product.
    #[error("spec version {0} is newer than {latest}, the newest this release reads; update Seedling", latest = crate::migrations::CURRENT)]
    TooNew(String),
    /// The flow has nodes, but says that it is older than nodes are.
    #[error("no flow of nodes was ever published with spec version {0}; expected 13.0.0 or later")]
    NeverPublished(String),
    /// The definition is larger than we are willing to parse.
    #[error("a flow definition can't have more than {limit} bytes (has {size})")]
    TooLarge {
        /// The limit.
        limit: usize,
        /// What came.
        size: usize,
    },
    /// The flow as a whole breaks a rule.
    #[error("{0}")]
    Flow(String),
    /// A node breaks a rule.
    #[error("{reason}")]
    Node {
        /// The node, if its identifier could be read.
        node: Option<NodeUuid>,
        /// Where in the node and what is wrong.
        reason: String,
    },
}

impl DefinitionError {
    /// The node at fault, where there is one.
    pub fn node(&self) -> Option<NodeUuid> {
        match self {
            Self::Node { node, .. } => *node,
            Self::Json { .. }
            | Self::NoVersion
            | Self::InvalidVersion(_)
            | Self::TooNew(_)
            | Self::NeverPublished(_)
            | Self::TooLarge { .. }
            | Self::Flow(_) => None,
        }
    }
}

impl From<serde_json::Error> for DefinitionError {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or(&text).to_owned();
        Self::Json { reason, line: error.line(), column: error.column() }
    }
}
