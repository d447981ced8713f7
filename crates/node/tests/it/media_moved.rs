//! Files move to another place while their addresses go on working.

use std::path::Path;
use std::sync::Arc;

use domain::MediaUuid;
use files::Files;
use node::http::HttpError;
use node::{Config, Layer, MoveMedia, move_media};

use crate::world::World;

fn below(folder: &Path, sha256: &str) -> std::path::PathBuf {
    folder.join(&sha256[..2]).join(sha256)
}

#[tokio::test(start_paused = true)]
async fn files_are_copied_compared_and_removed_and_read_all_the_while() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    // A node that keeps in the new place, and reads what is not there yet in the old one.
    let layer = Layer { media: Some(new.clone()), media_before: Some(old.clone()), ..Layer::default() };
    let nobody = Arc::new(|_: &_, _| Err(HttpError::NotReached("nobody is there".to_owned())));
    let world = World::configured(96, Config::new(layer).unwrap(), nobody).await;
    let (ctx, workspace) = (world.node.context(), world.workspace.id);
    let keep = async |bytes: &[u8]| -> MediaUuid {
        world.node.keep_file(ctx, workspace, "image/jpeg", bytes).await.unwrap().unwrap()
    };
    let files = [keep(b"one").await, keep(b"two").await, keep(b"three").await, keep(b"one").await];
    let read = async |uuid: MediaUuid| world.node.media(uuid).await.unwrap().map(|(_, bytes)| bytes);
    // As before the move: everything lies in the old place.
    std::fs::rename(&new, &old).unwrap();
    assert_eq!(read(files[0]).await.as_deref(), Some(&b"one"[..]));
    let wanted =
        MoveMedia { from: Files::folder(&old), to: Files::folder(&new), removes: false, trusts_sizes: false };
    let mut told = 0;
    let done = move_media(&world.store, &wanted, |_| told += 1).await.unwrap();
    assert_eq!((done.files, done.copied, done.bytes, done.there, told), (3, 3, 11, 0, 1));
    assert!(done.missing.is_empty() && done.damaged.is_empty());
    // Again, after one was damaged where it shall lie, one where it lay, and one came anew.
    let sha256 = async |uuid| world.store.media(uuid).await.unwrap().unwrap().sha256.unwrap();
    let (one, two, three) = (sha256(files[0]).await, sha256(files[1]).await, sha256(files[2]).await);
    std::fs::write(below(&new, &one), "eno").unwrap();
    std::fs::write(below(&old, &two), "owt").unwrap();
    std::fs::remove_file(below(&new, &two)).unwrap();
    std::fs::remove_file(below(&new, &three)).unwrap();
    std::fs::remove_file(below(&old, &three)).unwrap();
    let four = keep(b"four").await;
    let removing = MoveMedia { removes: true, ..wanted };
    let done = move_media(&world.store, &removing, |_| {}).await.unwrap();
    assert_eq!((done.files, done.copied, done.there, done.removed), (4, 1, 1, 1));
    assert_eq!((done.damaged, done.missing), (vec![two.clone()], vec![three]));
    assert!(!below(&old, &one).exists() && below(&old, &two).exists(), "what is not right stays where it is");
    for (uuid, bytes) in
        [(files[0], Some("one")), (files[3], Some("one")), (four, Some("four")), (files[2], None)]
    {
        assert_eq!(read(uuid).await.as_deref(), bytes.map(str::as_bytes));
    }
    // A size that is right is enough for who trusts it.
    std::fs::write(below(&new, &one), "eno").unwrap();
    let trusting = MoveMedia { trusts_sizes: true, ..removing };
    assert_eq!(move_media(&world.store, &trusting, |_| {}).await.unwrap().there, 2);
}
