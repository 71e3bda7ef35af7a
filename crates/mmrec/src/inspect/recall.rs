//! What the recurrent memory gives back at a token, and what the token writes into it.
//!
//! The memory is linear in what was written: with h_t = Σ_s (a_{s+1} … a_t) φ(k_s) β_s v_sᵀ the read of token t, silu(q_t) h_t, is a sum
//! of one term for every token s up to t. Its share is the term's part along the read: shares are signed and sum to 1.

use burn::tensor::{Tensor, TensorData};
use serde::Serialize;

use super::gates::LayerGates;
use crate::Error;
use crate::model::{MemoryBlock, Projection};
use crate::platform::read;

/// The recurrent memory at one token.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recall {
    /// The share of every token up to this one in what all heads read together: the mean of the heads' shares, each weighted by the
    /// square of its read's length. All 0 where nothing is read.
    pub shares: Vec<f32>,
    /// Head by head.
    pub heads: Vec<HeadRecall>,
}

/// The same in one head.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeadRecall {
    /// Length of what the head reads, after its norm, as it is added to what attention takes.
    pub length: f32,
    /// The share of every token up to this one in it; all 0 where nothing is read.
    pub shares: Vec<f32>,
    /// What the token writes for those after it.
    pub written: Write,
}

/// What a token writes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Write {
    /// β_t, 0 to 1.
    pub gate: f32,
    /// Length (Frobenius norm) of the matrix β_t φ(k_t) v_tᵀ that is added to the memory.
    pub length: f32,
    /// Tokens until 1/e of it is left; none if the text ends before.
    pub lasts: Option<usize>,
    /// What is left of it at the end of the text, 0 to 1.
    pub left: f32,
}

/// A read taken apart.
pub(super) struct Read {
    /// What each token up to this one is taken with: silu(q_t) · φ(k_s) times what is left of it, `[1, heads, 1, token + 1]`
    pub weights: Tensor<4>,
    /// β_s v_s, `[1, heads, token + 1, d]`
    pub values: Tensor<4>,
    /// Their sum, before the norm, `[1, heads, 1, d]`
    pub sum: Tensor<4>,
}

impl Read {
    /// The read of `token`; `left` is as of [`LayerGates::left_at`].
    pub fn of([query, key, value]: [Tensor<4>; 3], token: usize, left: Vec<f32>) -> Self {
        let (heads, count) = (query.dims()[1], token + 1);
        let left = Tensor::<4>::from_data(TensorData::new(left, [1, heads, 1, count]), &query.device());
        let weights = query.narrow(2, token, 1).matmul(key.narrow(2, 0, count).swap_dims(2, 3)) * left;
        let values = value.narrow(2, 0, count);
        Self { sum: weights.clone().matmul(values.clone()), weights, values }
    }
}

/// The recurrent memory of `block` at `token`, from the projection of its text and its gates.
pub(super) async fn recall(
    block: &MemoryBlock,
    p: &Projection,
    gates: &LayerGates,
    token: usize,
) -> Result<Recall, Error> {
    let heads = p.query.dims()[1];
    let association = p.association();
    let [_, key, value] = association.clone().map(|x| squares(x.narrow(2, token, 1)));
    let Read { weights, values, sum } = Read::of(association, token, gates.left_at(token));
    let along = weights * sum.clone().matmul(values.swap_dims(2, 3));
    let reads = [squares(sum.clone()), squares(block.norm_read(sum)), key, value].map(|x| x.reshape([heads]));
    let mut values = read([along.reshape([heads * (token + 1)])].into_iter().chain(reads).collect()).await?.into_iter();
    let mut next = || values.next().unwrap_or_default();
    let (along, sum, read, key, value) = (next(), next(), next(), next(), next());
    let heads: Vec<HeadRecall> = along
        .chunks_exact(token + 1)
        .zip(gates.lasts(token))
        .enumerate()
        .map(|(head, (along, (lasts, left)))| HeadRecall {
            length: read[head].sqrt(),
            shares: along.iter().map(|part| share(*part, sum[head])).collect(),
            written: Write { gate: gates.write[head][token], length: (key[head] * value[head]).sqrt(), lasts, left },
        })
        .collect();
    Ok(Recall { shares: together(&heads, token + 1), heads })
}

/// Squared lengths, `[…, 1]`.
fn squares(x: Tensor<4>) -> Tensor<4> {
    x.square().sum_dim(3)
}

fn share(part: f32, whole: f32) -> f32 {
    if whole >= f32::MIN_POSITIVE { part / whole } else { 0.0 }
}

fn together(heads: &[HeadRecall], count: usize) -> Vec<f32> {
    let squares: f32 = heads.iter().map(|head| head.length.powi(2)).sum();
    let of = |token: usize| heads.iter().map(|head| head.shares[token] * head.length.powi(2)).sum();
    (0..count).map(|token| share(of(token), squares)).collect()
}
