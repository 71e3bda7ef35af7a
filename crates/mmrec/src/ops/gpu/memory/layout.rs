//! Where everything stands in the two buffers that the kernels pass on: `memory`, what a pass over the text leaves for its
//! readers, and `drafts`, what the first backward kernel leaves for the second.
//!
//! Both hold one group per head of each row of the batch: a head, then one record per block, then one per slot of any level.

use burn::cubecl;
use burn::cubecl::prelude::*;

use crate::ops::reference::slot_attention::Sizes;

/// Parts of the projection that have channels: q, k, v and e.
pub const QUERY: usize = 0;
pub const KEY: usize = 1;
pub const VALUE: usize = 2;
pub const GATE: usize = 3;
/// Parts with one number per head.
pub const SALIENCE: usize = 0;
pub const DECAY: usize = 1;
pub const WRITE: usize = 2;

/// Sizes that a kernel is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dims {
    /// Heads.
    pub heads: usize,
    /// Channels of a head, d.
    pub d: usize,
    /// Tokens in a block, C.
    pub block: usize,
    /// Slots a level keeps, S.
    pub slots: usize,
    /// Slots that merge into one, f.
    pub fan_in: usize,
    /// Levels of slots.
    pub levels: usize,
    /// The most entries that one softmax runs over: two blocks of tokens, then slots.
    pub entries: usize,
    /// Invocations of a workgroup.
    pub units: usize,
}

impl Dims {
    /// The sizes for texts of `blocks` blocks.
    pub fn new(sizes: Sizes, heads: usize, d: usize, blocks: usize, units: usize) -> Self {
        let Sizes { block, slots, fan_in, levels } = sizes;
        let seen =
            |block: u64| sizes.held(block).into_iter().map(|held| (held.end - held.start) as usize).sum::<usize>();
        let most = (0..blocks.saturating_sub(1) as u64).map(seen).max().unwrap_or(0);
        Self { heads, d, block, slots, fan_in, levels, entries: 2 * block + most, units }
    }

    /// Channels of the model.
    pub fn width(self) -> usize {
        self.heads * self.d
    }

    /// Floats of a token in the projection: q, k, v, e, and three gates per head.
    pub fn projected(self) -> usize {
        self.heads * (4 * self.d + 3)
    }

    /// Channels that turn together, d / 2.
    pub fn half(self) -> usize {
        self.d / 2
    }

    /// Slots that one softmax may see, at least 1 so that there is something to declare.
    pub fn listed(self) -> usize {
        (self.entries - 2 * self.block).max(1)
    }

    /// η, −2 softplus(δ), the levels' biases, nh.
    pub fn head(self) -> usize {
        2 + self.levels + self.d
    }

    /// Of one token: the running sum of ln a in its block, β, 1 / |silu(k)|, φ(k), and k at its rotary position.
    pub fn token(self) -> usize {
        3 + 2 * self.d
    }

    /// The recurrent memory before the block, `[d, d]`, stands behind the block's tokens.
    pub fn state(self) -> usize {
        self.block * self.token()
    }

    /// Floats of one block in `memory`.
    pub fn record(self) -> usize {
        self.state() + self.d * self.d
    }

    /// The logarithm of a slot's mass, its key and its value.
    pub fn slot(self) -> usize {
        1 + 2 * self.d
    }

    /// Floats of one matrix of scores, `[entries, C]`; in a draft the softmax weights stand before the scores' gradients.
    pub fn scores(self) -> usize {
        self.entries * self.block
    }

    /// Gradient of r + ctx in a draft, `[d, C]`.
    pub fn draft_both(self) -> usize {
        2 * self.scores()
    }

    /// Gradient of the reads before their norm, `[d, C]`.
    pub fn draft_read(self) -> usize {
        self.draft_both() + self.block * self.d
    }

    /// What query i reads of what token j wrote, `[C (j), C (i)]`.
    pub fn draft_score(self) -> usize {
        self.draft_read() + self.block * self.d
    }

    /// Gradients of φ(k_j) · silu(q_i), `[C (j), C (i)]`.
    pub fn draft_pair(self) -> usize {
        self.draft_score() + self.block * self.block
    }

    /// Gradients of the running sums of ln a, as far as the queries know them, `[C]`.
    pub fn draft_decay(self) -> usize {
        self.draft_pair() + self.block * self.block
    }

    /// Gradient of the memory before the block, `[d, d]`.
    pub fn draft_state(self) -> usize {
        self.draft_decay() + self.block
    }

    /// Floats of one block in `drafts`.
    pub fn draft(self) -> usize {
        self.draft_state() + self.d * self.d
    }

    /// Shares of one block and head in the parameters' gradients: η, −2 softplus(δ), the levels' biases, nh.
    pub fn shares(self) -> usize {
        self.head()
    }

    /// Slots of all levels that `blocks` blocks make.
    pub fn pool(self, blocks: usize) -> usize {
        std::iter::successors(Some(blocks), |units| Some(units / self.fan_in)).take(self.levels).sum()
    }

    /// Floats of one group of `memory`.
    pub fn memory(self, blocks: usize) -> usize {
        self.head() + blocks * self.record() + self.pool(blocks) * self.slot()
    }

    /// Floats of one group of `drafts`.
    pub fn drafts(self, blocks: usize) -> usize {
        blocks * self.draft() + self.pool(blocks) * 2 * self.d
    }

    /// Bytes of workgroup memory that the largest kernel declares.
    pub fn shared_bytes(self) -> usize {
        let matrices = 2 * self.block * self.d + self.scores() + self.block * self.block;
        4 * (matrices + 2 * self.listed() + 5 * self.block + self.units)
    }
}

/// Sizes that a kernel is told when it runs.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub struct Layout {
    /// Blocks of time in a row of the batch.
    pub blocks: usize,
    /// The row of the batch that the buffers' first groups are of.
    pub first_row: usize,
    /// Floats of a group of `memory`.
    pub memory: usize,
    /// Floats of a group of `drafts`.
    pub drafts: usize,
}

/// What a workgroup works on: one block of one head of one row of the batch.
#[derive(CubeType, Clone, Copy)]
pub struct Place {
    /// The invocation in its workgroup.
    pub unit: usize,
    /// The block.
    pub block: usize,
    /// The head.
    pub head: usize,
    /// The block's first token, counted through all rows of the batch.
    pub token: usize,
    /// The group in `memory`.
    pub memory: usize,
    /// The block's record in `memory`.
    pub record: usize,
    /// The slots in `memory`.
    pub slots: usize,
    /// The block's record in `drafts`.
    pub draft: usize,
    /// The slots in `drafts`.
    pub slot_drafts: usize,
    /// The block's shares of the parameters' gradients.
    pub shares: usize,
}

/// The place of a workgroup of a grid `[blocks, heads, rows]`.
#[cube]
pub fn place(layout: &Layout, #[comptime] dims: Dims) -> Place {
    let block = CUBE_POS_X as usize;
    let head = CUBE_POS_Y as usize;
    let group = CUBE_POS_Z as usize * comptime!(dims.heads) + head;
    let row = layout.first_row + CUBE_POS_Z as usize;
    let memory = group * layout.memory;
    let records = memory + comptime!(dims.head());
    let drafts = group * layout.drafts;
    Place {
        unit: UNIT_POS as usize,
        block,
        head,
        token: (row * layout.blocks + block) * comptime!(dims.block),
        memory,
        record: records + block * comptime!(dims.record()),
        slots: records + layout.blocks * comptime!(dims.record()),
        draft: drafts + block * comptime!(dims.draft()),
        slot_drafts: drafts + layout.blocks * comptime!(dims.draft()),
        shares: ((row * layout.blocks + block) * comptime!(dims.heads) + head) * comptime!(dims.shares()),
    }
}

/// Where a token's channels of one part (q, k, v, e) of the projection begin; `token` counts through all rows.
#[cube]
pub fn channels(token: usize, #[comptime] part: usize, head: usize, #[comptime] dims: Dims) -> usize {
    token * comptime!(dims.projected()) + comptime!(part * dims.width()) + head * comptime!(dims.d)
}

/// Where a token's gate (salience, decay, write) stands in the projection.
#[cube]
pub fn gate(token: usize, #[comptime] part: usize, head: usize, #[comptime] dims: Dims) -> usize {
    token * comptime!(dims.projected()) + comptime!(4 * dims.width() + part * dims.heads) + head
}
