//! Addresses under which somebody of the workspace may fetch an archive for a while, without a token: signed with the
//! workspace's own key, so that any node knows them.

use domain::ArchiveUuid;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use store::WorkspaceRow;

/// How long an address is good for.
pub const ARCHIVE_LINK_FOR: SignedDuration = SignedDuration::from_hours(1);

fn key(workspace: &WorkspaceRow) -> hmac::Key {
    let bytes: Vec<u8> = workspace.obfuscation_key.iter().flat_map(|word| word.to_be_bytes()).collect();
    hmac::Key::new(hmac::HMAC_SHA256, &bytes)
}

fn signed(archive: ArchiveUuid, until: i64) -> String {
    format!("archive {archive} until {until}")
}

/// Until when an address made now is good, in seconds since 1970, and its signature in hex.
pub fn archive_link(workspace: &WorkspaceRow, archive: ArchiveUuid, now: Timestamp) -> (i64, String) {
    let until = (now + ARCHIVE_LINK_FOR).as_second();
    let tag = hmac::sign(&key(workspace), signed(archive, until).as_bytes());
    (until, tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether an address is good now.
pub fn is_archive_link(
    workspace: &WorkspaceRow,
    archive: ArchiveUuid,
    (until, signature): (i64, &str),
    now: Timestamp,
) -> bool {
    let digits = |at: usize| signature.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    let given: Option<Vec<u8>> = (0..signature.len()).step_by(2).map(digits).collect();
    let Some(given) = given else { return false };
    now.as_second() <= until
        && hmac::verify(&key(workspace), signed(archive, until).as_bytes(), &given).is_ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use store::WorkspaceRow;

    use super::{archive_link, is_archive_link};

    fn workspace(key: u32) -> WorkspaceRow {
        WorkspaceRow {
            id: Default::default(),
            uuid: Default::default(),
            name: "A".into(),
            timezone: "UTC".into(),
            country: None,
            languages: Vec::new(),
            date_format: "YYYY-MM-DD".into(),
            time_format: "tt:mm".into(),
            input_collation: "default".into(),
            anonymous: false,
            obfuscation_key: [key, 2, 3, 4],
            definitions_version: 1,
            created_on: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn links_are_good_for_an_hour_for_one_file_of_one_workspace() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let later = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        let (mine, other) = (workspace(1), workspace(9));
        let (file, another) = (uuid::Uuid::from_u128(1).into(), uuid::Uuid::from_u128(2).into());
        let (until, signature) = archive_link(&mine, file, now);
        let signature = signature.as_str();
        assert!(is_archive_link(&mine, file, (until, signature), now));
        assert!(is_archive_link(&mine, file, (until, signature), later(3_600)));
        assert!(!is_archive_link(&mine, file, (until, signature), later(3_601)), "too late");
        assert!(!is_archive_link(&mine, file, (until + 9_999, signature), later(3_601)), "another end");
        assert!(!is_archive_link(&mine, another, (until, signature), now), "another file");
        assert!(!is_archive_link(&other, file, (until, signature), now), "another workspace");
        for bad in ["", "0", "zz", "é", &signature[2..], &signature.to_uppercase().replace('A', "B")] {
            assert!(!is_archive_link(&mine, file, (until, bad), now), "{bad}");
        }
    }
}
