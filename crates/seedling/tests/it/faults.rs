//! A bad world: each fault has its own words, and none loses what was acknowledged.

use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use store::{Store, StoreOptions, StoreUrl};
use test_postgres::Cluster;

use crate::node::{Node, with_a_line, write};
use crate::{complained, seedling};

/// What `serve` complains of with these options.
fn refused(options: &[&str]) -> String {
    let output = seedling(&[&["serve", "--listen", "127.0.0.1:0"], options].concat(), "");
    assert!(!output.status.success());
    complained(&output)
}

#[track_caller]
fn assert_says(complaint: &str, words: &[&str]) {
    for word in words {
        assert!(complaint.contains(word), "{word:?} is not in {complaint}");
    }
}

/// The texts of the messages that came in, the oldest first.
fn kept(database: &Path) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&StoreUrl::Sqlite(database.to_owned()), StoreOptions::default()).unwrap();
        let workspace = store.workspaces().await.unwrap()[0].id;
        let messages = store.messages(workspace, domain::MessageId(0), 10_000).await.unwrap();
        messages.into_iter().map(|message| message.text.to_string()).collect()
    })
}

/// A small disk in memory; gone with the value. `None`, with the reason printed, where this machine allows none.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            refused => {
                eprintln!("not tested: this machine mounts no tmpfs: {refused:?}");
                None
            }
        }
    }

    fn make_read_only(&self) {
        let done = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

#[test]
fn a_wrong_address_of_the_database_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    assert_says(
        &refused(&["--data", data, "--database", "mysql://db/x"]),
        &["not a store address", "postgres://"],
    );
    let nobody = format!("postgresql:///x?host={}", data.replace('/', "%2F"));
    assert_says(&refused(&["--data", data, "--database", &nobody]), &["cannot open the database"]);
    assert_says(&refused(&["--data", data]), &["there is no data in", "seedling init"]);
    let database = Cluster::shared().database();
    assert_says(
        &refused(&["--data", data, "--database", &database.url()]),
        &["there is no data in it", "seedling init"],
    );
}

#[test]
fn a_newer_schema_is_refused_and_an_older_one_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let database = Cluster::shared().database();
    let url = database.url();
    let options = ["--data", data, "--database", &url];
    let channel = with_a_line(&options);
    // The last step is taken back: this is how the database of an older program looks.
    database.psql("DROP TABLE setting; DROP TABLE feature; DROP TABLE rate_use");
    database.psql("DELETE FROM schema_migration WHERE version = 19");
    let mut node = Node::new(folder.path(), &options);
    node.start();
    assert!(write(node.address, &channel, 1, "hello"), "{}", node.log());
    assert_eq!(database.psql("SELECT count(*) FROM schema_migration WHERE version = 19"), "1");
    node.kill();
    database.psql("INSERT INTO schema_migration VALUES (9999, 'from the future', 'now')");
    assert_says(&refused(&options), &["schema version 9999", "run the newer program"]);
}

#[test]
fn a_full_disk_loses_nothing_and_the_node_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(&folder.path().join("disk"), 24) else { return };
    let data = disk.0.to_str().unwrap();
    let spool = folder.path().join("spool");
    let channel = with_a_line(&["--data", data]);
    let mut node = Node::new(folder.path(), &["--data", data, "--spool", spool.to_str().unwrap()]);
    node.start();
    assert!(write(node.address, &channel, 1, "before"));
    let filler = disk.0.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[1; 4_096]).is_ok() {}
    drop(file);
    let mut expected = vec!["before".to_owned()];
    for number in 0..200 {
        let text = format!("{number}{}", "x".repeat(1_000));
        assert!(write(node.address, &channel, number % 5, &text), "{number}: {}", node.log());
        expected.push(text);
    }
    node.until("the spool is used", || node.readiness().1["spool"]["items"].as_u64() > Some(0));
    assert_says(&node.log(), &["the disk that holds the database is full"]);
    assert_eq!(node.readiness().0, 200);
    std::fs::remove_file(&filler).unwrap();
    node.until("the spool is empty", || node.readiness().1["spool"]["items"] == 0);
    assert!(write(node.address, &channel, 1, "after"));
    expected.push("after".to_owned());
    node.kill();
    let mut kept = kept(&disk.0.join("seedling.db"));
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected);
}

#[test]
fn a_full_disk_without_a_spool_is_said_to_the_carrier() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(&folder.path().join("disk"), 24) else { return };
    let data = disk.0.to_str().unwrap();
    let channel = with_a_line(&["--data", data]);
    let mut node = Node::new(folder.path(), &["--data", data]);
    node.start();
    let filler = disk.0.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[1; 4_096]).is_ok() {}
    drop(file);
    let mut taken = Vec::new();
    let mut refused = 0;
    for number in 0..300 {
        let text = format!("{number}{}", "x".repeat(1_000));
        if write(node.address, &channel, number % 5, &text) { taken.push(text) } else { refused += 1 }
    }
    assert!(refused > 0, "the disk was never full");
    std::fs::remove_file(&filler).unwrap();
    node.until("it takes messages again", || write(node.address, &channel, 9, "after"));
    node.kill();
    let kept = kept(&disk.0.join("seedling.db"));
    for text in &taken {
        assert_eq!(kept.iter().filter(|kept| *kept == text).count(), 1, "acknowledged, and not there once");
    }
}

#[test]
fn a_disk_that_cannot_be_written_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(&folder.path().join("disk"), 24) else { return };
    let data = disk.0.to_str().unwrap();
    with_a_line(&["--data", data]);
    disk.make_read_only();
    let spool = folder.path().join("spool");
    let complaint = refused(&["--data", data, "--spool", spool.to_str().unwrap()]);
    assert!(complaint.contains("read-only") || complaint.contains("Read-only"), "{complaint}");
}

#[test]
fn a_damaged_database_is_said_and_what_is_no_database_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    with_a_line(&["--data", data]);
    let file = folder.path().join("seedling.db");
    let whole = std::fs::read(&file).unwrap();
    let overwrite = |from: usize| {
        std::fs::write(&file, &whole).unwrap();
        let mut database = OpenOptions::new().write(true).open(&file).unwrap();
        database.seek(SeekFrom::Start(from as u64)).unwrap();
        database.write_all(&vec![0xa5; whole.len() - from]).unwrap();
        std::fs::remove_file(folder.path().join("seedling.db-wal")).ok();
    };
    overwrite(4_096);
    assert_says(&refused(&["--data", data]), &["the database is damaged", "restore a backup"]);
    overwrite(0);
    assert_says(&refused(&["--data", data]), &["no SQLite database", "restore a backup"]);
    std::fs::write(&file, &whole).unwrap();
    let mut node = Node::new(folder.path(), &["--data", data]);
    node.start();
}
