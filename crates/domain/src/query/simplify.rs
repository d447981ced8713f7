//! Removes levels of a tree that say nothing: alternatives with one part, parts of the same sort as the whole.

use super::ast::Node;

impl Node {
    /// The same query with as few levels as possible; the order of conditions stays.
    #[must_use]
    pub fn simplified(self) -> Node {
        match self {
            Node::Condition(_) => self,
            Node::All(parts) => Self::flattened(parts, Node::All, |part| match part {
                Node::All(inner) => Ok(inner),
                other => Err(other),
            }),
            Node::Any(parts) => Self::flattened(parts, Node::Any, |part| match part {
                Node::Any(inner) => Ok(inner),
                other => Err(other),
            }),
        }
    }

    fn flattened(
        parts: Vec<Node>,
        join: fn(Vec<Node>) -> Node,
        same: fn(Node) -> Result<Vec<Node>, Node>,
    ) -> Node {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match same(part.simplified()) {
                Ok(inner) => flat.extend(inner),
                Err(other) => flat.push(other),
            }
        }
        match flat.len() {
            1 => flat.remove(0),
            _ => join(flat),
        }
    }
}
