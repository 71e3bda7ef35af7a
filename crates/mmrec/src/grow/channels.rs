//! Where the channels of the heads go.

use crate::config::ModelConfig;

/// The channels of all heads: of queries, keys, values, gates and reads, from an old model to a larger one.
pub(super) struct Channels {
    /// The new channel of every old channel.
    pub carried: Vec<usize>,
    /// Whether no old channel went to a new one.
    pub new: Vec<bool>,
    /// New channels up to here belong to heads that there were.
    pub of_old_heads: usize,
}

impl Channels {
    /// Head h stays head h, and its rotary pair i (channels i and i + d/2) becomes pair i·m of a head that is m times as wide:
    /// pair i turns by θ^(−i/(d/2)) a position, which is what pair i·m of m·d/2 turns by.
    pub fn new(from: &ModelConfig, to: &ModelConfig) -> Self {
        let (old, new) = (from.head_width(), to.head_width());
        let factor = new / old;
        let place = |channel: usize| {
            let (head, within) = (channel / old, channel % old);
            let (half, pair) = (within / (old / 2), within % (old / 2));
            head * new + half * (new / 2) + pair * factor
        };
        let carried: Vec<usize> = (0..from.width).map(place).collect();
        let mut is_new = vec![true; to.width];
        carried.iter().for_each(|&channel| is_new[channel] = false);
        Self { carried, new: is_new, of_old_heads: from.heads * new }
    }
}
