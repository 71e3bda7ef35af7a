//! Which slots are visible when: pure arithmetic on block numbers, no tensors.
//!
//! With n finished older units, a level hands G = max(0, ⌊(n − S)/f⌋) groups upward and shows units [f·G, n);
//! the last level shows the newest S.

use std::ops::Range;

use super::Sizes;

impl Sizes {
    /// Units [from, to) of each level that are held once `finished` blocks have been handed to the hierarchy.
    pub fn held(&self, finished: u64) -> Vec<Range<u64>> {
        let (slots, fan_in) = (self.slots as u64, self.fan_in as u64);
        let mut units = finished;
        (0..self.levels)
            .map(|level| {
                let groups = units.saturating_sub(slots) / fan_in;
                let last = level + 1 == self.levels;
                let from = if last { units.saturating_sub(slots) } else { groups * fan_in };
                let held = from..units;
                units = groups;
                held
            })
            .collect()
    }
}

/// Units of each level that a layer holds after `blocks` finished blocks: the two newest are kept apart, because the window
/// still shows one of them and the other is handed on when the next block begins.
pub fn retained(sizes: &Sizes, blocks: u64) -> Vec<Range<u64>> {
    sizes.held(blocks.saturating_sub(2))
}

/// The visible slots of `blocks` consecutive blocks, as columns of one pool: of each level the units in `columns[level]`.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Per level the units that some block sees.
    pub columns: Vec<Range<u64>>,
    /// Per block and level the units that it sees.
    visible: Vec<Vec<Range<u64>>>,
}

impl Schedule {
    /// The schedule of the blocks `first..first + blocks`. Block b sees the hierarchy of the b − 1 blocks older than its window.
    pub fn new(sizes: &Sizes, first: u64, blocks: usize) -> Self {
        let visible: Vec<_> = (first..first + blocks as u64).map(|block| sizes.held(block.saturating_sub(1))).collect();
        let columns = (0..sizes.levels)
            .map(|level| {
                let seen = || visible.iter().map(|levels: &Vec<Range<u64>>| &levels[level]).filter(|r| !r.is_empty());
                let from = seen().map(|range| range.start).min().unwrap_or(0);
                let to = seen().map(|range| range.end).max().unwrap_or(0);
                from..to
            })
            .collect();
        Self { columns, visible }
    }

    /// Number of columns of the pool.
    pub fn width(&self) -> usize {
        self.columns.iter().map(|range| (range.end - range.start) as usize).sum()
    }

    /// Whether each block sees each column, row by row.
    pub fn mask(&self) -> Vec<bool> {
        let row = |levels: &Vec<Range<u64>>| -> Vec<bool> {
            levels
                .iter()
                .zip(&self.columns)
                .flat_map(|(seen, all)| all.clone().map(|unit| seen.contains(&unit)))
                .collect()
        };
        self.visible.iter().flat_map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { block: 16, slots: 8, fan_in: 4, levels: 3 };

    #[test]
    fn access_is_bounded_and_covers_the_horizon() {
        for blocks in 0..3_000 {
            let held = SIZES.held(blocks);
            let seen: u64 = held.iter().map(|range| range.end - range.start).sum();
            assert!(seen <= (8 + 4 - 1) * 3);
            for (level, pair) in held.windows(2).enumerate() {
                assert_eq!(pair[0].start, pair[1].end * 4, "no gap below level {}", level + 1);
            }
        }
    }

    #[test]
    fn a_continued_schedule_needs_nothing_that_was_dropped() {
        for first in 1..400 {
            let kept = retained(&SIZES, first);
            let needed = Schedule::new(&SIZES, first, 5);
            for (kept, needed) in kept.iter().zip(&needed.columns) {
                assert!(needed.is_empty() || kept.start <= needed.start);
            }
        }
    }
}
