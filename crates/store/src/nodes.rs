//! How nodes enter, stay alive and end in the store they share.

use jiff::Timestamp;

use crate::{
    Beat, LeaseName, NewNode, Recovered, Registration, Standing, Store, StoreError, sqlite::apply_nodes,
};

impl Store {
    /// Enters a run of a node. From then on it is alive until it is ended, and what it writes is taken.
    pub async fn register(&self, new: NewNode, now: Timestamp) -> Result<Registration, StoreError> {
        self.aside("register", move |conn| apply_nodes::register(conn, &new, now)).await
    }

    /// Says that a run is alive and how it stands; answers who else is, and who holds which lease.
    pub async fn beat(
        &self,
        run: i64,
        standing: impl Into<Standing>,
        now: Timestamp,
    ) -> Result<Beat, StoreError> {
        let standing = standing.into();
        self.aside("beat", move |conn| apply_nodes::beat(conn, run, standing, now)).await
    }

    /// Ends a run, if it is there and, where one is given, its beat is still this one: from then on nothing that it
    /// writes is taken. Its leases are free, and what it had in hand goes back to the outbox, marked as possibly
    /// repeated. `None` if nothing was done.
    pub async fn evict(
        &self,
        run: i64,
        beat: Option<i64>,
        now: Timestamp,
    ) -> Result<Option<Recovered>, StoreError> {
        self.aside("evict", move |conn| apply_nodes::evict(conn, run, beat, now)).await
    }

    /// Takes a lease for a run, unless another that is alive has it. Answers its new count, which is to go with
    /// everything that is written under it ([`crate::Fence`]).
    pub async fn take_lease(
        &self,
        name: LeaseName,
        run: i64,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        self.aside("take_lease", move |conn| apply_nodes::take_lease(conn, name, run, now)).await
    }

    /// Gives a lease back, if the run has it.
    pub async fn give_back_lease(&self, name: LeaseName, run: i64) -> Result<(), StoreError> {
        self.aside("give_back_lease", move |conn| apply_nodes::give_back_lease(conn, name, run)).await
    }
}
