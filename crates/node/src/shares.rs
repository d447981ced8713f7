//! Who is next when many want their turn: weighted fair shares among workspaces. Each has spent so much, counted by its
//! weight, and the one that has spent least is next. Whoever had nothing to do saves nothing up meanwhile.

use std::collections::BTreeMap;

use domain::WorkspaceId;

/// What one unit of work counts for a workspace of weight 1; finer for those of more weight.
const UNIT: u64 = 1_000;

/// What each workspace has spent.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    spent: BTreeMap<WorkspaceId, u64>,
}

impl Shares {
    /// Tells who wants a turn now. Whoever comes anew begins where those stand who have spent least; whoever has
    /// nothing to do any more is forgotten.
    pub(crate) fn meet(&mut self, wanting: impl Iterator<Item = WorkspaceId> + Clone) {
        let least = wanting.clone().filter_map(|workspace| self.spent.get(&workspace).copied()).min();
        let least = least.unwrap_or_default();
        self.spent = wanting.map(|workspace| (workspace, self.spent(workspace).max(least))).collect();
    }

    /// What a workspace has spent.
    pub(crate) fn spent(&self, workspace: WorkspaceId) -> u64 {
        self.spent.get(&workspace).copied().unwrap_or_default()
    }

    /// A workspace of this weight had so much done for it.
    pub(crate) fn spend(&mut self, workspace: WorkspaceId, weight: i64, work: u64) {
        let weight = u64::try_from(weight).unwrap_or(1).max(1);
        let counted = (work.saturating_mul(UNIT) / weight).max(1);
        let spent = self.spent.entry(workspace).or_default();
        *spent = spent.saturating_add(counted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets workspaces of these weights have turns of this much work until 10,000 turns were had; the turns of each.
    fn turns(weights: &[i64], work: &[u64]) -> Vec<u32> {
        let (mut shares, mut turns) = (Shares::default(), vec![0; weights.len()]);
        let ids = || (0_i64..).take(weights.len()).map(WorkspaceId);
        for _ in 0..10_000 {
            shares.meet(ids());
            let next = ids().min_by_key(|id| shares.spent(*id)).unwrap();
            let place = usize::try_from(next.0).unwrap();
            shares.spend(next, weights[place], work[place]);
            turns[place] += 1;
        }
        turns
    }

    #[test]
    fn turns_follow_weights_and_work() {
        for (weights, work, expected) in [
            (&[1, 1][..], &[100, 100][..], &[5_000, 5_000][..]),
            (&[3, 1], &[100, 100], &[7_500, 2_500]),
            (&[1, 1], &[300, 100], &[2_500, 7_500]),
            (&[1, 1, 2], &[100, 100, 100], &[2_500, 2_500, 5_000]),
            (&[0, -5], &[100, 100], &[5_000, 5_000]),
        ] {
            let turns = turns(weights, work);
            let near =
                turns.iter().zip(expected).all(|(had, wanted): (&u32, &u32)| had.abs_diff(*wanted) <= 2);
            assert!(near, "{weights:?} {work:?}: {turns:?}");
        }
    }

    #[test]
    fn who_comes_late_is_next_and_has_saved_nothing_up() {
        let mut shares = Shares::default();
        let (old, new) = (WorkspaceId(1), WorkspaceId(2));
        for _ in 0..1_000 {
            shares.meet([old].into_iter());
            shares.spend(old, 1, 100);
        }
        shares.meet([old, new].into_iter());
        assert_eq!(shares.spent(new), shares.spent(old));
        shares.spend(old, 1, 100);
        assert!(shares.spent(new) < shares.spent(old), "and then they take turns");
        shares.meet([new].into_iter());
        assert_eq!(shares.spent(old), 0, "who has nothing to do is forgotten");
    }
}
