//! Where a test keeps its store: SQLite in a folder, or a database of a real PostgreSQL. Each test that has a store runs
//! on both.

use tempfile::TempDir;
use test_postgres::{Cluster, Database};

use crate::{complained, said, seedling};

/// A store of a test; removed with it.
pub struct Place {
    folder: TempDir,
    database: Option<Database>,
}

impl Place {
    /// A folder for SQLite.
    pub fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: None }
    }

    /// A database of PostgreSQL, and a folder for the rest.
    pub fn postgres() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: Some(Cluster::shared().database()) }
    }

    /// Another store of the same kind.
    pub fn another(&self) -> Self {
        if self.database.is_some() { Self::postgres() } else { Self::sqlite() }
    }

    /// A file of this name beside the store.
    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// What a command needs to find the store.
    pub fn arguments(&self) -> Vec<String> {
        let database = self.database.iter().flat_map(|database| ["--database".to_owned(), database.url()]);
        ["--data".to_owned(), self.file("data")].into_iter().chain(database).collect()
    }

    /// Runs a command on the store.
    pub fn run(&self, arguments: &[&str], typed: &str) -> std::process::Output {
        let store = self.arguments();
        let all: Vec<&str> = arguments.iter().copied().chain(store.iter().map(String::as_str)).collect();
        seedling(&all, typed)
    }

    /// Runs a command on the store; it must succeed. Answers what it prints.
    pub fn prints(&self, arguments: &[&str], typed: &str) -> String {
        let output = self.run(arguments, typed);
        assert!(output.status.success(), "{arguments:?}: {}", complained(&output));
        said(&output)
    }

    /// As [`Place::prints`], the last line of it.
    pub fn on(&self, arguments: &[&str], typed: &str) -> String {
        self.prints(arguments, typed).trim().lines().last().unwrap_or_default().to_owned()
    }

    /// Runs a command on the store; it must fail and say this.
    pub fn refused(&self, arguments: &[&str], typed: &str, expected: &str) {
        let output = self.run(arguments, typed);
        let complained = complained(&output);
        assert!(!output.status.success() && complained.contains(expected), "{arguments:?}: {complained}");
    }
}

/// Runs functions that take a [`Place`] as tests on both databases.
macro_rules! on_both {
    ($($test:ident)+) => {
        mod sqlite {$(
            #[test]
            fn $test() {
                super::$test(&crate::place::Place::sqlite());
            }
        )+}
        mod postgres {$(
            #[test]
            fn $test() {
                super::$test(&crate::place::Place::postgres());
            }
        )+}
    };
}
pub(crate) use on_both;
