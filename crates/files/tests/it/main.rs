//! Files in folders and buckets: the same tests for both, and a bucket that believes no signature that it has not
//! computed itself.
#![allow(clippy::unwrap_used)]

mod store;

use files::{Addressing, Bucket, BucketSettings, FileError, Files, PART_BYTES, Unusable};
use store::{KEY, SECRET, Store, signature};

fn settings(addressing: Addressing) -> BucketSettings {
    BucketSettings {
        endpoint: "https://store.example.org".to_owned(),
        region: "eu-west-1".to_owned(),
        bucket: "programme".to_owned(),
        prefix: "seedling/".to_owned(),
        addressing,
        access_key: KEY.to_owned(),
        secret_key: SECRET.to_owned(),
    }
}

fn bucket(store: &Store, addressing: Addressing) -> Files {
    Files::Bucket(Bucket::new(&settings(addressing), store.outside()).unwrap())
}

/// What holds of every place.
async fn holds(files: &Files) {
    assert_eq!(files.size("a/b").await.unwrap(), None);
    assert!(matches!(files.read("a/b", 0, 9).await, Err(FileError::Missing(_))));
    files.remove("a/b").await.unwrap();
    for bytes in [&b""[..], b"hello world", &vec![7; PART_BYTES + 3], &vec![9; 2 * PART_BYTES]] {
        files.put("a/b", bytes).await.unwrap();
        assert_eq!(files.size("a/b").await.unwrap(), Some(bytes.len() as u64));
        assert_eq!(files.read_whole("a/b", 3 * PART_BYTES).await.unwrap(), bytes);
        assert_eq!(files.read("a/b", bytes.len() as u64, 5).await.unwrap(), b"", "behind the end");
    }
    files.put("a/c", b"hello world").await.unwrap();
    assert_eq!(files.read("a/c", 6, 3).await.unwrap(), b"wor");
    assert_eq!(files.read("a/c", 6, 99).await.unwrap(), b"world");
    assert!(matches!(files.read_whole("a/c", 10).await, Err(FileError::Refused(_))), "larger than allowed");
    let mut given_up = files.begin("a/d").await.unwrap();
    given_up.write(&vec![1; PART_BYTES + 1]).await.unwrap();
    given_up.abandon().await;
    assert_eq!(files.size("a/d").await.unwrap(), None, "it is there whole or not at all");
    let mut parts = files.begin("a/d").await.unwrap();
    for part in [&b"one "[..], b"", b"two"] {
        parts.write(part).await.unwrap();
    }
    assert_eq!(files.size("a/d").await.unwrap(), None);
    assert_eq!(parts.finish().await.unwrap(), 7);
    assert_eq!(files.read("a/d", 0, 99).await.unwrap(), b"one two");
    files.remove("a/d").await.unwrap();
    assert_eq!(files.size("a/d").await.unwrap(), None);
    for bad in ["../a", "/a", "a//b", ""] {
        assert!(matches!(files.put(bad, b"x").await, Err(FileError::Name(_))), "{bad}");
    }
}

#[tokio::test]
async fn files_lie_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    holds(&Files::folder(&folder.path().join("media"))).await;
    let left = std::fs::read_dir(folder.path().join("media/a")).unwrap().count();
    assert_eq!(left, 2, "nothing is left of what was given up");
}

#[tokio::test(start_paused = true)]
async fn files_lie_in_a_bucket_named_in_the_path() {
    let store = Store::new("store.example.org", "/programme/seedling/");
    holds(&bucket(&store, Addressing::Path)).await;
    assert_eq!(store.uploads(), 0, "what was given up is not paid for");
    assert_eq!(store.names(), ["a/b", "a/c"]);
}

#[tokio::test(start_paused = true)]
async fn files_lie_in_a_bucket_named_in_the_host() {
    let store = Store::new("programme.store.example.org", "/seedling/");
    holds(&bucket(&store, Addressing::Host)).await;
}

#[tokio::test(start_paused = true)]
async fn another_key_is_refused_for_good() {
    let store = Store::new("store.example.org", "/programme/seedling/");
    let wrong = BucketSettings { secret_key: "wrong".to_owned(), ..settings(Addressing::Path) };
    let files = Files::Bucket(Bucket::new(&wrong, store.outside()).unwrap());
    let said = files.put("a/b", b"x").await.unwrap_err().to_string();
    assert_eq!(said, "the store of files refused: 403 SignatureDoesNotMatch: computed another");
    assert!(files.read("a/b", 0, 1).await.is_err() && files.size("a/b").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_busy_or_away_for_a_moment_is_asked_again() {
    let store = Store::new("store.example.org", "/programme/seedling/");
    let files = bucket(&store, Addressing::Path);
    for trouble in [Some(500), Some(503), Some(429), None] {
        store.fails(3, trouble);
        files.put("a/b", &vec![3; PART_BYTES + 1]).await.unwrap();
        assert_eq!(files.size("a/b").await.unwrap(), Some(PART_BYTES as u64 + 1));
    }
    store.fails(4, Some(503));
    let said = files.put("a/c", b"x").await.unwrap_err();
    assert!(matches!(said, FileError::Away(_)), "{said}");
    assert_eq!(store.names(), ["a/b"]);
}

#[test]
fn settings_are_held_to_what_can_be_used() {
    let good = settings(Addressing::Path);
    let check = |settings: BucketSettings, expected: Result<(), Unusable>| {
        assert_eq!(settings.check(), expected, "{settings:?}");
    };
    check(good.clone(), Ok(()));
    check(BucketSettings { prefix: String::new(), ..good.clone() }, Ok(()));
    check(BucketSettings { prefix: "a/b/".to_owned(), ..good.clone() }, Ok(()));
    for endpoint in ["", "store.example.org", "ftp://store.example.org", "https://", "s3://bucket"] {
        check(BucketSettings { endpoint: endpoint.to_owned(), ..good.clone() }, Err(Unusable::Endpoint));
    }
    for prefix in ["a", "/a/", "../", "a b/", "a//"] {
        check(BucketSettings { prefix: prefix.to_owned(), ..good.clone() }, Err(Unusable::Prefix));
    }
    let at_an_address = BucketSettings { endpoint: "http://10.0.0.7:9000".to_owned(), ..good.clone() };
    check(at_an_address.clone(), Ok(()));
    check(BucketSettings { addressing: Addressing::Host, ..at_an_address }, Err(Unusable::Bucket));
    for (name, changed) in [
        ("region", BucketSettings { region: String::new(), ..good.clone() }),
        ("bucket", BucketSettings { bucket: String::new(), ..good.clone() }),
        ("access_key", BucketSettings { access_key: String::new(), ..good.clone() }),
        ("secret_key", BucketSettings { secret_key: String::new(), ..good.clone() }),
    ] {
        check(changed, Err(Unusable::Missing(name)));
    }
    let shown = format!("{good:?}");
    assert!(!shown.contains(SECRET), "{shown}");
}

/// The example that Amazon publishes for signed addresses ("Authenticating Requests: Using Query Parameters").
#[test]
fn the_signature_is_the_one_that_amazon_publishes() {
    let url = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let published = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    assert_eq!(signature("GET", url, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").unwrap(), published);
    assert_ne!(signature("PUT", url, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").unwrap(), published);
}
