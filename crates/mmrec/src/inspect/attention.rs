//! How the attention of a token spreads over the tokens of its window and the slots of every memory level.
//!
//! One softmax goes over all of them; nothing else is in it, so the weights sum to 1.

use serde::Serialize;

use crate::Error;
use crate::model::{Block, Projection};
use crate::ops::hierarchy::{Schedule, Sizes, Tables, spread};
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
pub(super) async fn attention(block: &Block, sizes: &Sizes, p: &Projection, token: usize) -> Result<Attention, Error> {
    let [_, heads, time, d] = p.query.dims();
    let tables = Tables::new(*sizes, 0, time / sizes.block, d, &p.query.device());
    let (query, tokens) = (p.query.clone(), p.tokens.clone());
    let [weights, context] = spread(&tables, token, query, tokens, block.score_scale.val(), block.level_bias.val());
    let columns = weights.dims()[3];
    let lengths = context.square().sum_dim(3).reshape([heads]);
    let values = read(vec![weights.reshape([heads * columns]), lengths]).await?;
    let seen = places(sizes, time / sizes.block, token);
    let visible = |row: &[f32]| seen.iter().zip(row).filter(|(place, _)| place.is_some()).map(|(_, w)| *w).collect();
    let heads: Vec<HeadAttention> = values[0]
        .chunks_exact(columns)
        .zip(&values[1])
        .map(|(row, square)| HeadAttention { length: square.sqrt(), weights: visible(row) })
        .collect();
    let places: Vec<Place> = seen.iter().copied().flatten().collect();
    let mean = |place: usize| heads.iter().map(|head| head.weights[place]).sum::<f32>() / heads.len() as f32;
    Ok(Attention { weights: (0..places.len()).map(mean).collect(), places, heads })
}

/// What stands at every column of [`spread`]; none where the token does not see it.
fn places(sizes: &Sizes, blocks: usize, token: usize) -> Vec<Option<Place>> {
    let c = sizes.block;
    let (block, schedule) = (token / c, Schedule::new(sizes, 0, blocks));
    let window = (block * c..(block + 2) * c).map(|after| {
        let at = after.checked_sub(c).filter(|at| *at <= token)?;
        Some(Place { level: 0, from: at, to: at + 1 })
    });
    let slots = schedule.columns.iter().enumerate().flat_map(|(level, units)| {
        // A model may have levels that no text is long enough for.
        let length = (0..level).fold(c as u64, |length, _| length.saturating_mul(sizes.fan_in as u64));
        units.clone().map(move |unit| Place {
            level: level + 1,
            from: (unit * length) as usize,
            to: ((unit + 1) * length) as usize,
        })
    });
    let mask = schedule.mask();
    let mask = &mask[block * schedule.width()..][..schedule.width()];
    window.chain(slots.zip(mask).map(|(place, visible)| visible.then_some(place))).collect()
}
