//! Where new blocks go.

/// Where new blocks go. Their outputs start at zero, so the function is the same wherever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// After the blocks that there were.
    #[default]
    Last,
    /// Evenly spread between them, and one after the last.
    Interleaved,
}

impl Placement {
    /// The old block that every new one continues; `None` for blocks that there were not.
    pub(super) fn sources(self, old: usize, new: usize) -> Vec<Option<usize>> {
        let mut sources = vec![None; new];
        for block in 0..old {
            let place = match self {
                Self::Last => block,
                Self::Interleaved => block * new / old,
            };
            sources[place] = Some(block);
        }
        sources
    }
}
