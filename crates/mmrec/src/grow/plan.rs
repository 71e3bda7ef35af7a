//! What becomes of every weight.
//!
//! D, H, d, F, V are the old sizes and D', H', d', F', V' the new ones; the stream x becomes [x, 0].

use super::Placement;
use super::channels::Channels;
use super::transfer::Transfer;
use crate::config::ModelConfig;
use crate::model::{WeightSpec, weight_specs};

/// How one weight of the larger model comes about.
pub(super) struct Plan {
    /// The weight.
    pub spec: WeightSpec,
    /// The old weight that it continues, in the order of the old model's weights.
    pub source: Option<usize>,
    /// Where the old values go.
    pub transfer: Transfer,
}

/// A plan for every weight of the larger model, in their order.
pub(super) fn plans(from: &ModelConfig, to: &ModelConfig, placement: Placement) -> Vec<Plan> {
    let sizes = Sizes { from, to, channels: Channels::new(from, to) };
    let old: Vec<String> = weight_specs(from).into_iter().map(|spec| spec.name).collect();
    let blocks = placement.sources(from.layers, to.layers);
    let plan = |spec: WeightSpec| {
        let source = old_name(&spec.name, &blocks).and_then(|name| old.iter().position(|old| *old == name));
        let columns = *spec.shape.last().expect("a weight has a shape");
        let kind = spec.name.rsplit('.').next().unwrap_or(&spec.name);
        let transfer = if source.is_some() { sizes.transfer(kind) } else { fresh(kind, columns) };
        Plan { source, transfer, spec }
    };
    weight_specs(to).into_iter().map(plan).collect()
}

/// The name that a weight had; `None` in a block that there was not.
fn old_name(name: &str, blocks: &[Option<usize>]) -> Option<String> {
    let Some((block, kind)) = name.strip_prefix("blocks.").and_then(|rest| rest.split_once('.')) else {
        return Some(name.to_owned());
    };
    let block: usize = block.parse().expect("blocks are numbered");
    blocks[block].map(|old| format!("blocks.{old}.{kind}"))
}

/// A weight of a new block: as in a fresh model, but both branches are silent.
fn fresh(kind: &str, columns: usize) -> Transfer {
    Transfer::nothing(columns).silent_where(|_| matches!(kind, "out" | "down"))
}

struct Sizes<'a> {
    from: &'a ModelConfig,
    to: &'a ModelConfig,
    channels: Channels,
}

impl Sizes<'_> {
    /// What becomes of a weight of this kind.
    fn transfer(&self, kind: &str) -> Transfer {
        let (from, to) = (self.from, self.to);
        let stream = |scale: f64| Transfer::first(1, from.width, to.width).scaled(scale);
        match kind {
            // [V, D]: no token has anything in the new channels of the stream.
            "embedding" => Transfer::first(from.vocab, from.width, to.width).silent_where(|c| c >= from.width),
            // [D]: a norm multiplies by √D / |x|, and |x| stays as it was.
            "norm" | "norm_in" | "norm_mlp" => stream(ratio(from.width, to.width)),
            "shift" => stream(1.0),
            "hem" => self.hem(),
            // [D, rank]: new columns see the stream, but nothing reads them yet.
            "squeeze" => Transfer::first(from.width, from.gate_rank, to.gate_rank),
            "expand" => self.expand(),
            // [D, D], for training only: what is new may start at random.
            "planner" => Transfer::first(from.width, from.width, to.width)
                .rows_to(self.channels.carried.clone())
                .columns_to(self.channels.carried.clone()),
            "decay" | "score_scale" => Transfer::first(1, from.heads, to.heads),
            // [D], per head: as above, with √d.
            "read_norm" => stream(ratio(from.head_width(), to.head_width())).columns_to(self.channels.carried.clone()),
            "level_bias" => Transfer::first(from.levels, from.heads, to.heads),
            // [D, D]: nothing goes to the new channels of the stream, and nothing comes from new heads. What the new channels of
            // wider heads give is zero until their values are not, so their rows may start at random.
            "out" => Transfer::first(from.width, from.width, to.width)
                .rows_to(self.channels.carried.clone())
                .silent_where(|c| c >= from.width)
                .silent_from(self.channels.of_old_heads),
            // [D, 2F]: the new units see the stream; the old ones would see its new channels, which are zero.
            "gate_up" => {
                let up = (0..from.feed_forward).map(|unit| to.feed_forward + unit);
                Transfer::first(from.width, 2 * from.feed_forward, 2 * to.feed_forward)
                    .columns_to((0..from.feed_forward).chain(up).collect())
            }
            // [F, D]: new units give nothing.
            "down" => Transfer::first(from.feed_forward, from.width, to.width).silent_where(|_| true),
            // [D, V]
            "head" => Transfer::first(from.width, from.vocab, to.vocab),
            other => unreachable!("no model has weights of the kind {other}"),
        }
    }

    /// `[D, 4D + 3H]`: q, k, v, e in the channels of the heads, then salience, decay gate and write gate per head (or salience
    /// alone).
    ///
    /// New keys and values of a head that there was are zero, so that its scores, the lengths of its keys and its reads stay;
    /// its new queries and gates meet only zeros. A new head starts as in a fresh model, and only its rows of `out` are zero: the
    /// norm of its reads would make as much of values near zero as of any others, so a head with values of zero would get
    /// gradients a thousand times too long, and all of its voice after one step.
    fn hem(&self) -> Transfer {
        let (from, to, channels) = (self.from, self.to, &self.channels);
        let wide = (0..4).flat_map(|part| channels.carried.iter().map(move |channel| part * to.width + channel));
        let gates = self.per_head(from.hem_width() - 4 * from.width).map(|column| 4 * to.width + column);
        let is_silent = |column: usize| match (column / to.width, column % to.width) {
            (1 | 2, channel) => channels.new[channel] && channel < channels.of_old_heads,
            _ => false,
        };
        Transfer::first(from.width, from.hem_width(), to.hem_width())
            .columns_to(wide.chain(gates).collect())
            .silent_where(is_silent)
    }

    /// `[rank, 2H]`: decay gate and write gate per head. The gates of new heads start as in a fresh model, since these heads are
    /// silent; what new rows add is zero.
    fn expand(&self) -> Transfer {
        let (from, to) = (self.from, self.to);
        Transfer::first(from.gate_rank, 2 * from.heads, 2 * to.heads)
            .columns_to(self.per_head(2 * from.heads).collect())
            .silent_from(from.gate_rank)
    }

    /// Where the first `count` columns go that stand head by head, part after part.
    fn per_head(&self, count: usize) -> impl Iterator<Item = usize> {
        let (from, to) = (self.from.heads, self.to.heads);
        (0..count).map(move |column| column / from * to + column % from)
    }
}

/// √(from / to)
fn ratio(from: usize, to: usize) -> f64 {
    (from as f64 / to as f64).sqrt()
}
