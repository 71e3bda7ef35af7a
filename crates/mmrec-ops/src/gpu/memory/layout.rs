//! Where everything stands in the two buffers that the kernels pass on: `fwd_cache`, what a pass over the text leaves for its
//! readers, and `bwd_cache`, what the first backward kernel leaves for the second.
//!
//! Both hold one group per head of each row of the batch: a head, then one record per chunk, then one per slot of any level.

use burn::cubecl;
use burn::cubecl::prelude::*;

use crate::reference::slot_attention::Sizes;

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
    /// Tokens in a chunk, C.
    pub chunk: usize,
    /// Slots a level keeps, S.
    pub slots: usize,
    /// Slots that merge into one, f.
    pub merge_factor: usize,
    /// Levels of slots.
    pub levels: usize,
    /// The most entries that one softmax runs over: two chunks of tokens, then slots.
    pub entries: usize,
    /// Invocations of a workgroup.
    pub units: usize,
}

impl Dims {
    /// The sizes for texts of `chunks` chunks.
    pub fn new(sizes: Sizes, heads: usize, d: usize, chunks: usize, units: usize) -> Self {
        let Sizes { chunk, slots, merge_factor, levels } = sizes;
        let seen =
            |chunk: u64| sizes.held(chunk).into_iter().map(|held| (held.end - held.start) as usize).sum::<usize>();
        let most = (0..chunks.saturating_sub(1) as u64).map(seen).max().unwrap_or(0);
        Self { heads, d, chunk, slots, merge_factor, levels, entries: 2 * chunk + most, units }
    }

    /// Channels of the model.
    pub fn width(self) -> usize {
        self.heads * self.d
    }

    /// Floats of a token in the projection: q, k, v, e, and three gates per head.
    pub fn projected(self) -> usize {
        self.heads * (4 * self.d + 3)
    }

    /// Channels that are rotated together, d / 2.
    pub fn half(self) -> usize {
        self.d / 2
    }

    /// Slots that one softmax may see, at least 1 so that there is something to declare.
    pub fn visible_slots(self) -> usize {
        (self.entries - 2 * self.chunk).max(1)
    }

    /// Floats of what a head has: η, −2 softplus(δ), λ, n_h.
    pub fn head_record(self) -> usize {
        2 + self.levels + self.d
    }

    /// Floats of one token: c (the running sum of ln a in its chunk), β, 1 / |silu(k)|, φ(k), and k at its rotary position.
    pub fn token_record(self) -> usize {
        3 + 2 * self.d
    }

    /// The recurrent memory before the chunk, `[d, d]`, stands behind the chunk's tokens.
    pub fn state_offset(self) -> usize {
        self.chunk * self.token_record()
    }

    /// Floats of one chunk in `fwd_cache`.
    pub fn chunk_record(self) -> usize {
        self.state_offset() + self.d * self.d
    }

    /// Floats of one slot: the logarithm of its mass, its key and its value.
    pub fn slot_record(self) -> usize {
        1 + 2 * self.d
    }

    /// Floats of one matrix of scores, `[entries, C]`; in `bwd_cache` the probabilities stand before the gradients of the scores.
    pub fn scores(self) -> usize {
        self.entries * self.chunk
    }

    /// Gradient of r + ctx, `[d, C]`.
    pub fn grad_out_offset(self) -> usize {
        2 * self.scores()
    }

    /// Gradient of the reads before their norm, `[d, C]`.
    pub fn grad_read_offset(self) -> usize {
        self.grad_out_offset() + self.chunk * self.d
    }

    /// e^(c_i − c_j) β_j silu(q_i) · φ(k_j), `[C (j), C (i)]`.
    pub fn masked_qk_offset(self) -> usize {
        self.grad_read_offset() + self.chunk * self.d
    }

    /// Gradients of φ(k_j) · silu(q_i), `[C (j), C (i)]`.
    pub fn grad_qk_offset(self) -> usize {
        self.masked_qk_offset() + self.chunk * self.chunk
    }

    /// Gradients of c_i, as far as the queries know them, `[C]`.
    pub fn grad_decay_offset(self) -> usize {
        self.grad_qk_offset() + self.chunk * self.chunk
    }

    /// Gradient of the memory before the chunk, `[d, d]`.
    pub fn grad_state_offset(self) -> usize {
        self.grad_decay_offset() + self.chunk
    }

    /// Floats of one chunk in `bwd_cache`.
    pub fn grad_record(self) -> usize {
        self.grad_state_offset() + self.d * self.d
    }

    /// Floats that one chunk and head add to the parameters' gradients: of η, −2 softplus(δ), λ, n_h.
    pub fn partial_grads(self) -> usize {
        self.head_record()
    }

    /// Slots of all levels that `chunks` chunks make.
    pub fn pool(self, chunks: usize) -> usize {
        std::iter::successors(Some(chunks), |units| Some(units / self.merge_factor)).take(self.levels).sum()
    }

    /// Floats of one group of `fwd_cache`.
    pub fn fwd_cache(self, chunks: usize) -> usize {
        self.head_record() + chunks * self.chunk_record() + self.pool(chunks) * self.slot_record()
    }

    /// Floats of one group of `bwd_cache`.
    pub fn bwd_cache(self, chunks: usize) -> usize {
        chunks * self.grad_record() + self.pool(chunks) * 2 * self.d
    }

    /// Bytes of workgroup memory that the largest kernel declares.
    pub fn shared_bytes(self) -> usize {
        let matrices = 2 * self.chunk * self.d + self.scores() + self.chunk * self.chunk;
        4 * (matrices + 2 * self.visible_slots() + 5 * self.chunk + self.units)
    }
}

/// Sizes that a kernel is told when it runs.
#[derive(CubeLaunch, CubeType, Clone, Copy)]
pub struct Layout {
    /// Chunks in a row of the batch.
    pub chunks: usize,
    /// The row of the batch that the buffers' first groups are of.
    pub first_row: usize,
    /// Floats of a group of `fwd_cache`.
    pub fwd_cache: usize,
    /// Floats of a group of `bwd_cache`.
    pub bwd_cache: usize,
}

/// What a workgroup works on: one chunk of one head of one row of the batch.
#[derive(CubeType, Clone, Copy)]
pub struct WorkgroupPos {
    /// The invocation in its workgroup.
    pub unit: usize,
    /// The chunk.
    pub chunk: usize,
    /// The head.
    pub head: usize,
    /// The chunk's first token, counted through all rows of the batch.
    pub token: usize,
    /// The head's record in `fwd_cache`.
    pub head_record: usize,
    /// The chunk's record in `fwd_cache`.
    pub chunk_record: usize,
    /// The slots in `fwd_cache`.
    pub slots: usize,
    /// The chunk's record in `bwd_cache`.
    pub grad_record: usize,
    /// The slots in `bwd_cache`.
    pub slot_grads: usize,
    /// What the chunk adds to the parameters' gradients.
    pub partial_grads: usize,
}

/// The position of a workgroup in a grid `[chunks, heads, rows]`.
#[cube]
pub fn workgroup_pos(layout: &Layout, #[comptime] dims: Dims) -> WorkgroupPos {
    let chunk = CUBE_POS_X as usize;
    let head = CUBE_POS_Y as usize;
    let group = CUBE_POS_Z as usize * comptime!(dims.heads) + head;
    let row = layout.first_row + CUBE_POS_Z as usize;
    let head_record = group * layout.fwd_cache;
    let records = head_record + comptime!(dims.head_record());
    let grads = group * layout.bwd_cache;
    WorkgroupPos {
        unit: UNIT_POS as usize,
        chunk,
        head,
        token: (row * layout.chunks + chunk) * comptime!(dims.chunk),
        head_record,
        chunk_record: records + chunk * comptime!(dims.chunk_record()),
        slots: records + layout.chunks * comptime!(dims.chunk_record()),
        grad_record: grads + chunk * comptime!(dims.grad_record()),
        slot_grads: grads + layout.chunks * comptime!(dims.grad_record()),
        partial_grads: ((row * layout.chunks + chunk) * comptime!(dims.heads) + head) * comptime!(dims.partial_grads()),
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
