//! The spool on a real disk: order, crashes, damage, limits, locks.

use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use channels::{Inbound, InboundMessage};
use domain::{ChannelUuid, MessageUuid, Urn};
use jiff::Timestamp;

use super::{Limits, Spool, SpoolError, Spooled};

const LIMITS: Limits = Limits { segment_bytes: 1_000, bytes: 20_000, record_bytes: 4_000 };

fn item(number: u32) -> Spooled {
    Spooled {
        uuid: MessageUuid(uuid::Uuid::from_u128(u128::from(number) + 1)),
        arrived: Timestamp::from_second(1_800_000_000 + i64::from(number)).unwrap(),
        channel: ChannelUuid(uuid::Uuid::from_u128(7)),
        item: Inbound::Message(InboundMessage {
            urn: Urn::new("tel", "+254722000001"),
            other_urns: vec![Urn::new("whatsapp", "254722000001")],
            text: format!("message {number}"),
            attachments: vec!["image:http://a.example/1.jpg".to_owned()],
            sent_on: Some(Timestamp::from_second(1_799_999_999).unwrap()),
            external_id: None,
            name: Some("Amina".into()),
            payload: Some(serde_json::json!({"id": "yes"})),
        }),
    }
}

fn numbers(range: std::ops::Range<u32>) -> Vec<Spooled> {
    range.map(item).collect()
}

async fn append(spool: &Spool, range: std::ops::Range<u32>) {
    spool.append(&numbers(range)).await.unwrap();
}

/// Takes everything out, so many at a time.
async fn drain(spool: &Spool, at_once: usize) -> Vec<Spooled> {
    let mut all = Vec::new();
    while spool.holds_items() {
        let batch = spool.first(at_once).await.unwrap();
        all.extend(batch.items.iter().map(|item| item.clone().unwrap()));
        spool.taken(&batch, batch.items.len()).await.unwrap();
    }
    all
}

fn segments(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.file_name().is_some_and(|name| name.len() == 20)).collect();
    files.sort();
    files
}

#[tokio::test]
async fn gives_back_in_order_what_it_was_given_also_to_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::with_limits(folder.path(), LIMITS).unwrap();
    append(&spool, 0..3).await;
    append(&spool, 3..10).await;
    assert!(segments(folder.path()).len() > 1, "segments have a limit");
    assert_eq!(spool.status().items, 10);
    assert_eq!(spool.status().oldest, Some(item(0).arrived));
    let batch = spool.first(2).await.unwrap();
    spool.taken(&batch, 1).await.unwrap();
    assert_eq!(spool.status().items, 9);
    assert_eq!(spool.status().oldest, Some(item(1).arrived));
    append(&spool, 10..12).await;
    drop((batch, spool));
    let spool = Spool::with_limits(folder.path(), LIMITS).unwrap();
    append(&spool, 12..13).await;
    // What left a segment of which something is there still comes again: it changes nothing then.
    let drained = drain(&spool, 4).await;
    assert_eq!(drained, numbers(0..13));
    assert!(segments(folder.path()).is_empty());
    assert_eq!((spool.status().items, spool.status().bytes, spool.status().oldest), (0, 0, None));
    append(&spool, 13..14).await;
    assert_eq!(drain(&spool, 4).await, numbers(13..14));
}

#[tokio::test]
async fn a_torn_tail_is_cut_wherever_it_is_torn_and_what_comes_then_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::with_limits(folder.path(), LIMITS).unwrap();
    append(&spool, 0..1).await;
    let whole = std::fs::metadata(&segments(folder.path())[0]).unwrap().len();
    append(&spool, 1..2).await;
    drop(spool);
    let written = std::fs::read(&segments(folder.path())[0]).unwrap();
    for length in (whole..written.len() as u64).step_by(9) {
        let folder = tempfile::tempdir().unwrap();
        let torn = &written[..usize::try_from(length).unwrap()];
        std::fs::write(folder.path().join("00000000000000000001"), torn).unwrap();
        let spool = Spool::with_limits(folder.path(), LIMITS).unwrap();
        append(&spool, 2..3).await;
        assert_eq!(drain(&spool, 10).await, [item(0), item(2)], "torn at {length}");
    }
}

#[tokio::test]
async fn flipped_bits_cost_the_item_they_are_in_and_are_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::with_limits(folder.path(), LIMITS).unwrap();
    append(&spool, 0..1).await;
    let second = std::fs::metadata(&segments(folder.path())[0]).unwrap().len();
    append(&spool, 1..2).await;
    append(&spool, 2..3).await;
    for place in [0, 5, 9, 17, 40] {
        let mut file = OpenOptions::new().read(true).write(true).open(&segments(folder.path())[0]).unwrap();
        let mut byte = [0];
        file.seek(SeekFrom::Start(second + place)).unwrap();
        file.read_exact(&mut byte).unwrap();
        file.seek(SeekFrom::Start(second + place)).unwrap();
        file.write_all(&[byte[0] ^ 4]).unwrap();
    }
    let batch = spool.first(10).await.unwrap();
    let kept: Vec<Spooled> = batch.items.iter().map(|item| item.clone().unwrap()).collect();
    assert_eq!(kept, [item(0), item(2)]);
    assert!(folder.path().join(format!("damaged-1-{second}")).is_file());
    drop((batch, spool));
    let spool = Spool::with_limits(folder.path(), LIMITS).unwrap();
    assert_eq!(drain(&spool, 10).await, [item(0), item(2)]);
}

#[tokio::test]
async fn it_takes_no_more_than_it_may_hold_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::with_limits(folder.path(), LIMITS).unwrap();
    let mut count = 0;
    let error = loop {
        match spool.append(&numbers(count..count + 1)).await {
            Ok(()) => count += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SpoolError::Full(20_000)), "{error}");
    assert!(!spool.status().has_room);
    assert!((20..100).contains(&count), "{count}");
    assert_eq!(drain(&spool, 7).await, numbers(0..count));
    append(&spool, 0..1).await;
    assert!(spool.status().has_room);
    let mut large = item(0);
    if let Inbound::Message(message) = &mut large.item {
        message.text = "x".repeat(5_000);
    }
    assert!(matches!(spool.append(&[large]).await, Err(SpoolError::TooLarge(4_000))));
}

#[tokio::test]
async fn one_process_at_a_time_has_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Spool::with_limits(folder.path(), LIMITS).unwrap();
    append(&first, 0..1).await;
    let second = Spool::with_limits(folder.path(), LIMITS).unwrap();
    assert!(!second.is_usable() && !second.try_to_take().await);
    let error = second.append(&numbers(1..2)).await.unwrap_err();
    assert!(error.to_string().contains("--spool"), "{error}");
    first.close();
    assert!(second.try_to_take().await);
    assert_eq!(drain(&second, 10).await, numbers(0..1));
}

#[tokio::test]
async fn what_is_refused_is_kept_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::with_limits(folder.path(), LIMITS).unwrap();
    spool.refuse(Some(&item(3)), "there is no such channel", item(4).arrived).await.unwrap();
    let text = std::fs::read_to_string(folder.path().join("refused.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(line["reason"], "there is no such channel");
    assert_eq!(serde_json::from_value::<Spooled>(line["kept"].clone()).unwrap(), item(3));
}
