//! Row numbers: those of the source, moved up by a constant so that installations do not meet.

use store::WorkspaceRow;
use uuid::Uuid;

/// Row numbers of one installation. Ours, which are made of the time, are far above many times that.
pub(crate) const SPAN: i64 = 1 << 40;
/// Installations that may be brought into one store.
pub(crate) const MAX_INSTALLATIONS: i64 = 64;

/// Where the numbers of one installation begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbers {
    base: i64,
}

impl Numbers {
    /// The numbers for an installation with these workspaces (number and identifier): those that it has already, or the
    /// next that are free. `None` if there are none left.
    pub fn of(there: &[WorkspaceRow], orgs: &[(i64, Uuid)]) -> Option<Self> {
        let bases = (0..MAX_INSTALLATIONS).map(|number| Self { base: number * SPAN });
        let of_others = |numbers: &Self| {
            there.iter().any(|row| {
                let number = row.id.0 - numbers.base;
                (1..SPAN).contains(&number) && !orgs.contains(&(number, row.uuid.0))
            })
        };
        let has_ours = |numbers: &Self| {
            there.iter().any(|row| {
                orgs.iter().any(|(number, uuid)| row.id.0 == numbers.here(*number) && row.uuid.0 == *uuid)
            })
        };
        let free: Vec<Self> = bases.filter(|numbers| !of_others(numbers)).collect();
        free.iter().find(|numbers| has_ours(numbers)).or_else(|| free.first()).copied()
    }

    /// A number of the source as it is here.
    pub fn here(self, number: i64) -> i64 {
        self.base + number
    }

    /// Below the first number.
    pub fn floor(self) -> i64 {
        self.base
    }

    /// Above the last number.
    pub fn ceiling(self) -> i64 {
        self.base + SPAN
    }
}

#[cfg(test)]
mod tests {
    use domain::{WorkspaceId, WorkspaceUuid};
    use jiff::Timestamp;

    use super::*;

    fn row(id: i64, uuid: u128) -> WorkspaceRow {
        WorkspaceRow {
            id: WorkspaceId(id),
            uuid: WorkspaceUuid(Uuid::from_u128(uuid)),
            name: "A".into(),
            timezone: "UTC".into(),
            country: None,
            languages: Vec::new(),
            date_format: "DD-MM-YYYY".into(),
            time_format: "tt:mm".into(),
            input_collation: "default".into(),
            anonymous: false,
            obfuscation_key: [0; 4],
            definitions_version: 1,
            created_on: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn installations_do_not_meet() {
        let orgs = [(1, Uuid::from_u128(11)), (2, Uuid::from_u128(12))];
        // Ours have numbers made of the time.
        let ours = row(47_703_211_856_649_600, 99);
        for (there, base) in [
            (vec![], Some(0)),
            (vec![ours.clone()], Some(0)),
            (vec![ours.clone(), row(1, 11)], Some(0)),
            (vec![row(1, 77)], Some(SPAN)),
            (vec![row(1, 77), row(SPAN + 2, 12)], Some(SPAN)),
            (vec![row(1, 77), row(SPAN + 1, 78)], Some(2 * SPAN)),
            ((0..MAX_INSTALLATIONS).map(|n| row(n * SPAN + 1, 500)).collect(), None),
        ] {
            assert_eq!(Numbers::of(&there, &orgs).map(Numbers::floor), base, "{there:?}");
        }
    }
}
