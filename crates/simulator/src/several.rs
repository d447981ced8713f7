//! Several real nodes on one database, set up through the command line as an operator would.

use std::path::Path;
use std::time::Duration;

use crate::process::{NodeProcess, Socket};
use crate::scratch::{ScratchError, ScratchNode};

/// A scratch store and the processes that serve it together.
pub struct SeveralNodes {
    /// Holds the folder in which the nodes' logs are.
    store: ScratchNode,
    nodes: Vec<NodeProcess>,
}

impl SeveralNodes {
    /// The store that they share.
    pub fn store(&self) -> &ScratchNode {
        &self.store
    }

    /// Makes `count` nodes of a store that was set up; nothing runs yet.
    pub fn of(
        binary: &Path,
        store: ScratchNode,
        database: Option<&str>,
        count: usize,
        socket: Socket,
    ) -> Result<Self, ScratchError> {
        let node = |number: usize| {
            // A shared database leaves each node a folder of its own; SQLite is in the folder of the store.
            let data = match database {
                Some(_) => store.folder().join(format!("node-{number}")),
                None => store.folder().to_path_buf(),
            };
            std::fs::create_dir_all(&data)?;
            let mut arguments = vec!["--data".to_owned(), data.to_string_lossy().into_owned()];
            if let Some(database) = database {
                arguments.extend(["--database".to_owned(), database.to_owned()]);
                arguments.extend(["--name".to_owned(), format!("drill-{number}")]);
            }
            NodeProcess::new(binary, arguments, data.join("node.log"), socket)
        };
        let nodes = (1..=count).map(node).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { store, nodes })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Their addresses.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(NodeProcess::url).collect()
    }

    /// Starts all of them, one after the other.
    pub async fn start_all(&mut self) -> Result<(), ScratchError> {
        for node in &mut self.nodes {
            node.start().await?;
        }
        Ok(())
    }

    /// One of them.
    pub fn node(&mut self, number: usize) -> &mut NodeProcess {
        let count = self.nodes.len();
        &mut self.nodes[number % count]
    }

    /// Stops one cleanly and starts it again; answers how long it was away.
    pub async fn restart(&mut self, number: usize) -> Result<Duration, ScratchError> {
        let node = self.node(number);
        Ok(node.stop().await? + node.start().await?)
    }
}
