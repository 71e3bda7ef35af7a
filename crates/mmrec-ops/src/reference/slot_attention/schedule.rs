//! Which slots are visible when: pure arithmetic on chunk numbers, no tensors.
//!
//! With n finished older units, a level hands G = max(0, ⌊(n − S)/f⌋) groups upward and shows units [f·G, n);
//! the last level shows the newest S.

use std::ops::Range;

use super::Sizes;

impl Sizes {
    /// Units [from, to) of each level that are held once `finished` chunks have been handed to the hierarchy.
    pub fn held(&self, finished: u64) -> Vec<Range<u64>> {
        let (slots, merge_factor) = (self.slots as u64, self.merge_factor as u64);
        let mut units = finished;
        (0..self.levels)
            .map(|level| {
                let groups = units.saturating_sub(slots) / merge_factor;
                let last = level + 1 == self.levels;
                let from = if last { units.saturating_sub(slots) } else { groups * merge_factor };
                let held = from..units;
                units = groups;
                held
            })
            .collect()
    }
}

/// Units of each level that a layer holds after `chunks` finished chunks: the two newest are kept apart, because the window
/// still shows one of them and the other is handed on when the next chunk begins.
pub fn retained(sizes: &Sizes, chunks: u64) -> Vec<Range<u64>> {
    sizes.held(chunks.saturating_sub(2))
}

/// The visible slots of `chunks` consecutive chunks, as columns of one pool: of each level the units in `columns[level]`.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Per level the units that some chunk sees.
    pub columns: Vec<Range<u64>>,
    /// Per chunk and level the units that it sees.
    visible: Vec<Vec<Range<u64>>>,
}

impl Schedule {
    /// The schedule of the chunks `first..first + chunks`. Chunk b sees the hierarchy of the b − 1 chunks older than its window.
    pub fn new(sizes: &Sizes, first: u64, chunks: usize) -> Self {
        let visible: Vec<_> = (first..first + chunks as u64).map(|chunk| sizes.held(chunk.saturating_sub(1))).collect();
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

    /// Whether each chunk sees each column, row by row.
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

    const SIZES: Sizes = Sizes { chunk: 16, slots: 8, merge_factor: 4, levels: 3 };

    #[test]
    fn access_is_bounded_and_covers_the_horizon() {
        for chunks in 0..3_000 {
            let held = SIZES.held(chunks);
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
