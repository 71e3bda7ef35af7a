//! What to change where a training does not fit.

use serde::Serialize;

use super::{Memory, Setup};
use crate::config::{Stage, TrainConfig};

/// One change of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Blocks are recomputed in the backward pass.
    Recompute,
    /// Smaller batches, more of which make up a step.
    Batches {
        /// Rows of one batch.
        batch: usize,
        /// Batches of one step.
        accum: usize,
    },
    /// Shorter rows.
    Context(usize),
    /// A smaller model.
    Stage(Stage),
}

/// Changes that make it fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// What to change.
    pub changes: Vec<Change>,
    /// The bytes it takes then.
    pub total: u64,
}

/// Shortest rows that are suggested.
const SHORTEST: usize = 128;

/// The mildest changes by which `setup` takes at most `limit` bytes; empty if it does already, or if nothing helps.
///
/// First what leaves the result the same (recomputing, smaller batches that add up to the same step, both), then shorter rows,
/// then a smaller model.
pub fn remedies(setup: &Setup, limit: u64) -> Vec<Remedy> {
    if Memory::of(setup).total <= limit {
        return Vec::new();
    }
    let recomputed = changed(setup, Change::Recompute);
    let same: Vec<Remedy> =
        [fit(setup, &recomputed, limit), split(setup, setup, limit)].into_iter().flatten().collect();
    if !same.is_empty() {
        return same;
    }
    let weaker = || shorter(setup, &recomputed, limit).or_else(|| smaller_model(setup, &recomputed, limit));
    split(setup, &recomputed, limit).or_else(weaker).into_iter().collect()
}

/// The changes from `setup` to `candidate`, if that fits.
fn fit(setup: &Setup, candidate: &Setup, limit: u64) -> Option<Remedy> {
    let total = Memory::of(candidate).total;
    let (was, is) = (&setup.train, &candidate.train);
    let mut changes = Vec::new();
    if candidate.model != setup.model {
        changes.extend(Stage::of(&candidate.model).map(Change::Stage));
    }
    changes.extend((is.recompute && !was.recompute).then_some(Change::Recompute));
    changes.extend((is.batch != was.batch).then_some(Change::Batches { batch: is.batch, accum: is.accum }));
    changes.extend((is.context != was.context).then_some(Change::Context(is.context)));
    (total <= limit && !changes.is_empty()).then_some(Remedy { changes, total })
}

fn changed(setup: &Setup, change: Change) -> Setup {
    let mut next = setup.clone();
    match change {
        Change::Recompute => next.train.recompute = true,
        Change::Batches { batch, accum } => next.train = TrainConfig { batch, accum, ..next.train },
        Change::Context(context) => next.train.context = context,
        Change::Stage(stage) => next.model = stage.like(&next.model),
    }
    next
}

/// From `base`, the largest batches that fit and add up to the same step.
fn split(setup: &Setup, base: &Setup, limit: u64) -> Option<Remedy> {
    let TrainConfig { batch, accum, .. } = base.train;
    let parts = (2..=batch).filter(|parts| batch.is_multiple_of(*parts));
    let changes = parts.map(|parts| Change::Batches { batch: batch / parts, accum: accum * parts });
    changes.map(|change| changed(base, change)).find_map(|candidate| fit(setup, &candidate, limit))
}

/// One row at a time.
fn single(base: &Setup) -> Setup {
    changed(base, Change::Batches { batch: 1, accum: base.train.accum * base.train.batch })
}

fn shorter(setup: &Setup, base: &Setup, limit: u64) -> Option<Remedy> {
    let halves = std::iter::successors(Some(base.train.context / 2), |context| Some(context / 2));
    let contexts = halves.take_while(|context| *context >= SHORTEST);
    contexts
        .map(|context| changed(&single(base), Change::Context(context)))
        .find_map(|candidate| fit(setup, &candidate, limit))
}

fn smaller_model(setup: &Setup, base: &Setup, limit: u64) -> Option<Remedy> {
    let parameters = setup.model.parameters();
    let smaller = Stage::ALL.into_iter().rev().map(|stage| changed(&single(base), Change::Stage(stage)));
    smaller.filter(|next| next.model.parameters() < parameters).find_map(|candidate| fit(setup, &candidate, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(stage: Stage) -> Setup {
        let model = stage.config(stage.default_vocab());
        let train = TrainConfig { batch: 8, context: 1_024, ..TrainConfig::for_model(&model) };
        Setup { model, train, devices: 1, workers: 1 }
    }

    #[test]
    fn every_remedy_fits_and_the_mildest_comes_first() {
        let small = setup(Stage::Small);
        let total = Memory::of(&small).total;
        assert!(remedies(&small, total).is_empty(), "it fits");
        let mild = remedies(&small, total - 1);
        assert_eq!(mild[0].changes, [Change::Recompute]);
        assert_eq!(mild[1].changes, [Change::Batches { batch: 4, accum: 2 }]);
        for limit in (1..40).map(|part| total * part / 40) {
            for remedy in remedies(&small, limit) {
                let mended = remedy.changes.iter().fold(small.clone(), |setup, change| changed(&setup, *change));
                assert_eq!(Memory::of(&mended).total, remedy.total);
                assert!(remedy.total <= limit);
            }
        }
    }

    #[test]
    fn a_model_too_large_is_replaced_and_nothing_is_promised_in_vain() {
        let found = remedies(&setup(Stage::SevenB), 4_000_000_000);
        assert!(found[0].changes.iter().any(|change| matches!(change, Change::Stage(_))), "{found:?}");
        assert!(remedies(&setup(Stage::SevenB), 1_000_000).is_empty());
    }
}
