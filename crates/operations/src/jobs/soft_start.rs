//! A broadcast begins with a few: who is drawn is told, then it waits until a person or a set time lets the others follow.
//!
//! The lot falls by the job and the contact, so it falls the same way however often it is asked. Who was told is looked
//! up before the others are: who joined a group meanwhile is neither told twice nor left out.

use std::collections::HashSet;

use domain::ContactId;
use store::JobRow;

use super::{
    recipients::{self, Place, Slice, Soft, Stage, Target},
    slice::{Hold, Trouble, fewer},
    spec::{Recipients, SoftStart},
    told::SLICE,
};
use crate::{Context, Workspace};

/// People who are looked at together while a few are drawn: reading their numbers is quick.
const DRAWN_FROM: usize = 25_000;

/// What a slice does next.
pub(super) enum Next {
    /// These people.
    Slice(Slice),
    /// It waits.
    Holds(Hold),
}

/// Who is next.
pub(super) async fn next(
    ctx: &Context,
    ws: &Workspace,
    job: &JobRow,
    wanted: &Recipients,
    (rule, place): (SoftStart, &mut Place),
) -> Result<Next, Trouble> {
    let mut soft = place.soft.unwrap_or_default();
    if soft.stage == Stage::Held && !soft.released {
        let rested = std::mem::replace(&mut soft.rests, true);
        place.soft = Some(soft);
        match rule.release_on {
            Some(at) if at > ctx.now() => return Ok(Next::Holds(Hold::Until(at))),
            None if !rested => return Ok(Next::Holds(Hold::Paused)),
            // Its moment has come, or a person let the job go on.
            Some(_) | None => {}
        }
    }
    if soft.stage == Stage::Held {
        soft.stage = Stage::Rest;
    }
    match soft.stage {
        Stage::Few => few(ctx, ws, job, wanted, (rule, place, soft)).await,
        Stage::Held | Stage::Rest => {
            let from = Place { soft: Some(soft), ..*place };
            let mut slice = recipients::next(ctx, ws, wanted, from, fewer(SLICE, job)).await?;
            let may_know = |target: &Target| match target {
                Target::Contact(id) if is_drawn(job, *id, rule) || is_nearest(soft, *id) => Some(*id),
                Target::Contact(_) | Target::Urn(_) | Target::New => None,
            };
            let drawn: Vec<ContactId> = slice.targets.iter().filter_map(may_know).collect();
            if !drawn.is_empty() {
                let told = ctx.store.told_by(job.workspace, job.id, drawn).await?;
                let told: HashSet<ContactId> = told.into_iter().collect();
                slice.targets.retain(|target| !matches!(target, Target::Contact(id) if told.contains(id)));
            }
            Ok(Next::Slice(slice))
        }
    }
}

/// Those of the next people who are drawn. Addresses come with the others.
async fn few(
    ctx: &Context,
    ws: &Workspace,
    job: &JobRow,
    wanted: &Recipients,
    (rule, place, mut soft): (SoftStart, &mut Place, Soft),
) -> Result<Next, Trouble> {
    let from = Place { urns: wanted.urns.len(), created: true, ..*place };
    let mut slice = recipients::next(ctx, ws, wanted, from, fewer(DRAWN_FROM, job)).await?;
    let mut drawn = Vec::new();
    for target in &slice.targets {
        let Target::Contact(id) = target else { continue };
        if is_drawn(job, *id, rule) {
            drawn.push(target.clone());
        } else if job.done == 0 && drawn.is_empty() {
            let own = (lot(job, *id), *id);
            soft.nearest = Some(soft.nearest.map_or(own, |other| other.min(own)));
        }
    }
    if slice.is_last {
        // A few are at least one.
        if let Some((_, nearest)) = soft.nearest.filter(|_| job.done == 0 && drawn.is_empty()) {
            drawn.push(Target::Contact(nearest));
        }
        soft.stage = Stage::Held;
        let next = Place { soft: Some(soft), ..Place::default() };
        slice = Slice { targets: drawn, next, is_last: false };
    } else {
        slice.targets = drawn;
        slice.next = Place { soft: Some(soft), ..slice.next };
    }
    Ok(Next::Slice(slice))
}

fn is_nearest(soft: Soft, id: ContactId) -> bool {
    soft.nearest.is_some_and(|(_, nearest)| nearest == id)
}

/// Whether somebody is among the few.
fn is_drawn(job: &JobRow, id: ContactId, rule: SoftStart) -> bool {
    lot(job, id) % 100 < u64::from(rule.percent)
}

/// A number that follows from the job and the contact (the finalizer of splitmix64).
fn lot(job: &JobRow, id: ContactId) -> u64 {
    let mut mixed = job.id.0.cast_unsigned() ^ id.0.cast_unsigned().rotate_left(32);
    mixed = mixed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
