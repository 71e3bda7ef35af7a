//! How the attention of a token spreads over the tokens of its window and the slots of every memory level; in a GPT, over the tokens of
//! its window.
//!
//! One softmax goes over all of them; nothing else is in it, so the weights sum to 1.

use burn::tensor::Tensor;
use serde::Serialize;

use crate::Error;
use crate::model::{AttentionBlock, MemoryBlock, Projection};
use crate::ops::slot_attention::{Schedule, Sizes, Tables, spread};
use crate::ops::{Rotary, by_head, window_probs};
use crate::platform::read;

/// The attention of one token.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attention {
    /// What the token sees: the tokens of its window, itself the last of them, then the slots of each level, oldest first.
    pub places: Vec<Place>,
    /// The weight of every place, mean over heads.
    pub weights: Vec<f32>,
    /// Head by head.
    pub heads: Vec<HeadAttention>,
}

/// The same in one head.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeadAttention {
    /// Length of what the head takes, as it is added to what the recurrent memory gives.
    pub length: f32,
    /// The weight of every place.
    pub weights: Vec<f32>,
}

/// What stands for a passage of the text: a token or a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// 0 for a token, from 1 on a memory level.
    pub level: usize,
    /// First token of the passage.
    pub from: usize,
    /// The token after its last.
    pub to: usize,
}

/// The attention of `token`, from the projection of its text.
pub(super) async fn attention(
    block: &MemoryBlock,
    sizes: &Sizes,
    p: &Projection,
    token: usize,
) -> Result<Attention, Error> {
    let [_, _, time, d] = p.query.dims();
    let tables = Tables::new(*sizes, 0, time / sizes.chunk, d, &p.query.device());
    let (query, tokens) = (p.query.clone(), p.tokens.clone());
    let spread = spread(&tables, token, query, tokens, block.score_scale.val(), block.level_bias.val());
    Attention::of(spread, places(sizes, time / sizes.chunk, token)).await
}

/// The attention of `token` in a GPT, from the stream `[1, time, width]` before the block.
pub(super) async fn window_attention(
    block: &AttentionBlock,
    stream: Tensor<3>,
    token: usize,
) -> Result<Attention, Error> {
    let rotary = Rotary::new(0, token + 1, stream.dims()[2] / block.heads, &stream.device());
    let [query, key, value] = by_head(block.projection(stream.narrow(1, 0, token + 1)), block.heads);
    let query = rotary.rotate(query).narrow(2, token, 1);
    let weights = window_probs(query, rotary.rotate(key), block.window);
    let seen = |at| (at + block.window > token).then_some(Place { level: 0, from: at, to: at + 1 });
    Attention::of([weights.clone(), weights.matmul(value)], (0..=token).map(seen).collect()).await
}

impl Attention {
    /// From its weights, `[1, heads, 1, columns]`, and what they give, `[1, heads, 1, d]`; `seen` has the place of every column that is
    /// visible.
    async fn of([weights, context]: [Tensor<4>; 2], seen: Vec<Option<Place>>) -> Result<Self, Error> {
        let [_, heads, _, columns] = weights.dims();
        let lengths = context.square().sum_dim(3).reshape([heads]);
        let values = read(vec![weights.reshape([heads * columns]), lengths]).await?;
        let visible =
            |row: &[f32]| seen.iter().zip(row).filter(|(place, _)| place.is_some()).map(|(_, w)| *w).collect();
        let heads: Vec<HeadAttention> = values[0]
            .chunks_exact(columns)
            .zip(&values[1])
            .map(|(row, square)| HeadAttention { length: square.sqrt(), weights: visible(row) })
            .collect();
        let places: Vec<Place> = seen.iter().copied().flatten().collect();
        let mean = |place: usize| heads.iter().map(|head| head.weights[place]).sum::<f32>() / heads.len() as f32;
        Ok(Self { weights: (0..places.len()).map(mean).collect(), places, heads })
    }
}

/// What stands at every column of [`spread`]; none where the token does not see it.
fn places(sizes: &Sizes, chunks: usize, token: usize) -> Vec<Option<Place>> {
    let c = sizes.chunk;
    let (chunk, schedule) = (token / c, Schedule::new(sizes, 0, chunks));
    let window = (chunk * c..(chunk + 2) * c).map(|after| {
        let at = after.checked_sub(c).filter(|at| *at <= token)?;
        Some(Place { level: 0, from: at, to: at + 1 })
    });
    let slots = schedule.columns.iter().enumerate().flat_map(|(level, units)| {
        // A model may have levels that no text is long enough for.
        let length = (0..level).fold(c as u64, |length, _| length.saturating_mul(sizes.merge_factor as u64));
        units.clone().map(move |unit| Place {
            level: level + 1,
            from: (unit * length) as usize,
            to: ((unit + 1) * length) as usize,
        })
    });
    let mask = schedule.mask();
    let mask = &mask[chunk * schedule.width()..][..schedule.width()];
    window.chain(slots.zip(mask).map(|(place, visible)| visible.then_some(place))).collect()
}
