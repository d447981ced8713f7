//! The dump, restored, and a store that it is brought into.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use expressions::Ambient;
use flows::Host;
use jiff::Timestamp;
use operations::{Context, SharedHost};
use rapidpro::{Report, Settings, Sink, Source, migrate};
use serde_json::Value;
use store::{Store, StoreOptions, StoreUrl};
use test_postgres::{Cluster, Database};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

/// The clock of the moment at which the dump was taken, or later, and real chance.
pub struct At(pub Timestamp);

impl Ambient for At {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn random(&self) -> u64 {
        Uuid::new_v4().as_u64_pair().0
    }
}

impl Host for At {
    fn uuid_v7(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn uuid_v4(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// A restored dump with what must be found in it.
pub struct Given {
    pub expected: Value,
    folder: PathBuf,
    database: Database,
    scratch: tempfile::TempDir,
}

/// Where given data lies.
fn folder() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    std::env::var_os("SEEDLING_CONFORMANCE").map_or_else(beside, PathBuf::from).join("rapidpro9")
}

impl Given {
    /// Restores the dump; `None`, and a word about it, if there is none here.
    pub fn restore() -> Option<Self> {
        let folder = folder();
        let dump = folder.join("rapidpro9-small-nopostgis.sql.gz");
        if !dump.is_file() {
            eprintln!("SKIPPED: no dump of RapidPro 9 at {}; set SEEDLING_CONFORMANCE", folder.display());
            return None;
        }
        let scratch = tempfile::tempdir().unwrap();
        let plain = scratch.path().join("dump.sql");
        let unpacked = Command::new("gzip").arg("-dc").arg(&dump).output().unwrap();
        assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
        std::fs::write(&plain, unpacked.stdout).unwrap();
        let database = Cluster::shared().database();
        database.restore(&plain);
        let expected = std::fs::read(folder.join("rapidpro9-small.expect.json")).unwrap();
        Some(Self { expected: serde_json::from_slice(&expected).unwrap(), folder, database, scratch })
    }

    /// The moment at which the dump was taken.
    pub fn taken_on(&self) -> Timestamp {
        self.expected["reference_now"].as_str().unwrap().parse().unwrap()
    }

    /// Changes the source.
    pub fn psql(&self, sql: &str) -> String {
        self.database.psql(sql)
    }

    /// Where the source is.
    pub fn url(&self) -> String {
        self.database.url()
    }

    /// A SQLite store.
    pub fn file(&self) -> StoreUrl {
        self.scratch.path().join("seedling.db").into()
    }

    /// An empty database for a store.
    pub fn target(&self) -> Database {
        Cluster::shared().database()
    }

    pub fn settings(&self) -> Settings {
        Settings { org: None, sessions: Some(self.folder.join("session-files")) }
    }

    /// Looks what would come.
    pub fn rehearse(&self) -> Report {
        let source = Source::open(&self.url()).unwrap();
        migrate(&source, &Sink::nowhere(self.host()), &self.settings(), |_, _| {}).unwrap()
    }

    /// Brings everything over.
    pub fn bring(&self, to: &StoreUrl) -> Report {
        let source = Source::open(&self.url()).unwrap();
        let (context, runtime) = self.open(to);
        migrate(&source, &Sink::store(context, runtime), &self.settings(), |_, _| {}).unwrap()
    }

    fn host(&self) -> SharedHost {
        Arc::new(At(self.taken_on()))
    }

    /// Opens the store at the moment at which the dump was taken.
    pub fn open(&self, url: &StoreUrl) -> (Context, Runtime) {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let store = Store::open(url, StoreOptions::default()).unwrap();
        (Context::for_command(store, self.host()), runtime)
    }
}
