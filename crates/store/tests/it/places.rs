//! Where the stores of the tests are: each test runs on both databases.

use store::{Store, StoreOptions, StoreUrl};
use tempfile::TempDir;
use test_postgres::{Cluster, Database};

/// A place for one store, removed at the end of its test.
pub enum Place {
    Sqlite(TempDir),
    Postgres(Database),
    /// Behind PgBouncer, which hands connections out by transaction.
    Pooled(Database),
}

impl Place {
    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub fn postgres() -> Self {
        Self::Postgres(Cluster::shared().database())
    }

    pub fn pooled() -> Self {
        Self::Pooled(Cluster::shared().pooled_database())
    }

    pub fn url(&self) -> StoreUrl {
        match self {
            Self::Sqlite(folder) => StoreUrl::Sqlite(folder.path().join("store.db")),
            Self::Postgres(database) | Self::Pooled(database) => database.url().parse().unwrap(),
        }
    }

    /// Opens the store, as a process does that starts.
    pub fn open(&self) -> Store {
        Store::open(&self.url(), StoreOptions::default()).unwrap()
    }

    /// Runs SQL past the store.
    pub fn sql(&self, text: &str) {
        match self {
            Self::Sqlite(folder) => {
                let conn = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
                conn.execute_batch(text).unwrap();
            }
            Self::Postgres(database) | Self::Pooled(database) => drop(database.psql(text)),
        }
    }
}

impl Place {
    /// How the database would answer a statement, in its own words.
    pub fn plan(&self, text: &str) -> String {
        match self {
            Self::Sqlite(folder) => {
                let conn = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
                let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
                let lines = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
                lines.map(|line| line.unwrap() + "\n").collect()
            }
            Self::Postgres(database) | Self::Pooled(database) => database.psql(&format!("EXPLAIN {text}")),
        }
    }
}

/// Makes a test on each database of each function; they take a [`Place`].
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::places::Place::sqlite()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::places::Place::postgres()).await;
            })+
        }
        mod pooled {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::places::Place::pooled()).await;
            })+
        }
    };
}
pub(crate) use on_both_databases;
