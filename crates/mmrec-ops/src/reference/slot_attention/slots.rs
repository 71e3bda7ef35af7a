//! Slots: weighted averages of keys and values with the logarithm of their mass. A token is a slot of its own whose mass is its
//! salience, so summarising a chunk and merging a level are one operation.

use std::ops::Range;

use burn::tensor::Tensor;

use super::Sizes;

/// Consecutive slots of one level.
#[derive(Debug, Clone)]
pub struct Slots {
    /// `[batch, heads, slots, d]`
    pub keys: Tensor<4>,
    /// `[batch, heads, slots, d]`
    pub values: Tensor<4>,
    /// Log of the mass, `[batch, heads, slots]`.
    pub log_mass: Tensor<3>,
}

impl Slots {
    /// Number of slots.
    pub fn len(&self) -> usize {
        self.log_mass.dims()[2]
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every `group` consecutive slots as one, weighted by mass; an incomplete group at the end is left out.
    pub fn merge(self, group: usize) -> Slots {
        let [batch, heads, _, d] = self.keys.dims();
        let merged = self.len() / group;
        let slots = self.narrow(0, merged * group);
        let log_mass = slots.log_mass.reshape([batch, heads, merged, group]);
        let largest = log_mass.clone().detach().max_dim(3);
        let weights = (log_mass - largest.clone()).exp();
        let sum = weights.clone().sum_dim(3);
        let weights = (weights * sum.clone().recip()).reshape([batch, heads, merged, 1, group]);
        let average = |x: Tensor<4>| {
            let grouped = x.reshape([batch, heads, merged, group, d]);
            weights.clone().matmul(grouped).reshape([batch, heads, merged, d])
        };
        let log_mass = (sum.log() + largest).reshape([batch, heads, merged]);
        Slots { keys: average(slots.keys), values: average(slots.values), log_mass }
    }

    /// `count` slots from `start` on.
    pub fn narrow(self, start: usize, count: usize) -> Slots {
        if start == 0 && count == self.len() {
            return self;
        }
        Slots {
            keys: self.keys.narrow(2, start, count),
            values: self.values.narrow(2, start, count),
            log_mass: self.log_mass.narrow(2, start, count),
        }
    }

    /// Parts one after the other; `None` if there is no part.
    pub fn join(mut parts: Vec<Slots>) -> Option<Slots> {
        if parts.len() <= 1 {
            return parts.pop();
        }
        let keys = parts.iter().map(|part| part.keys.clone()).collect();
        let values = parts.iter().map(|part| part.values.clone()).collect();
        let log_mass = parts.into_iter().map(|part| part.log_mass).collect();
        Some(Slots { keys: Tensor::cat(keys, 2), values: Tensor::cat(values, 2), log_mass: Tensor::cat(log_mass, 2) })
    }
}

/// What a layer remembers of finished chunks when a new one begins.
#[derive(Debug, Clone)]
pub struct Past {
    /// Number of finished chunks, at least 1.
    pub chunks: u64,
    /// Keys and values of the newest finished chunk, token by token, `[batch, heads, C, d]`.
    pub window: [Tensor<4>; 2],
    /// Per level the slots held; level 0 ends with the two newest finished chunks.
    pub levels: Vec<Option<Slots>>,
}

/// Per level, all slots from those of the past to those that the new chunks make, with the number of their first unit.
pub(super) fn pools(sizes: &Sizes, tokens: Slots, past: Option<&Past>) -> Vec<(u64, Slots)> {
    let bases: Vec<Range<u64>> = retained_or_empty(sizes, past);
    let mut new = Some(tokens.merge(sizes.chunk));
    let mut pools = Vec::with_capacity(sizes.levels);
    for (level, base) in bases.iter().enumerate() {
        let held = past.and_then(|past| past.levels[level].clone());
        let Some(pool) = Slots::join(held.into_iter().chain(new).filter(|part| !part.is_empty()).collect()) else {
            break;
        };
        new = (pool.len() >= sizes.merge_factor).then(|| pool.clone().merge(sizes.merge_factor));
        pools.push((base.start, pool));
    }
    pools
}

fn retained_or_empty(sizes: &Sizes, past: Option<&Past>) -> Vec<Range<u64>> {
    super::retained(sizes, past.map_or(0, |past| past.chunks))
}
