//! The gates of the recurrent memory over a text, and how long it keeps what was written into it.

use burn::tensor::Tensor;
use serde::Serialize;

use crate::Error;
use crate::model::{Block, Model};
use crate::platform::read;

/// Tokens that stand for never: gates that round to "keep everything".
const FOREVER: f64 = 1e9;

/// The gates of one layer, by head and token.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gates {
    /// a_t: the share of the memory that a token leaves as it is, 0 to 1.
    pub keep: Vec<Vec<f32>>,
    /// β_t: how strongly a token is written, 0 to 1.
    pub write: Vec<Vec<f32>>,
}

/// How long a head remembers: tokens after which 1/e of what was written is left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Decay {
    /// Over the whole text: the time of the mean rate.
    pub mean: f32,
    /// If all tokens decayed like the one that decays fastest.
    pub shortest: f32,
    /// If all tokens decayed like the one that decays slowest.
    pub longest: f32,
}

/// The gates as the model computes them, by head and token.
#[derive(Debug, Clone)]
pub(super) struct LayerGates {
    /// ln a_t
    pub log_decay: Vec<Vec<f32>>,
    /// β_t
    pub write: Vec<Vec<f32>>,
}

impl LayerGates {
    /// Those of every layer for a text of `time` tokens, none of a GPT; `streams` as the blocks get it, `[1, whole chunks of time, width]`.
    pub async fn read(model: &Model, streams: &[Tensor<3>], time: usize) -> Result<Vec<Self>, Error> {
        let heads = model.heads();
        let flat = |gate: Tensor<3>| gate.narrow(2, 0, time).reshape([heads * time]);
        let tensors = model.blocks.iter().filter_map(Block::memory).zip(streams).flat_map(|(block, stream)| {
            let p = block.projection(stream.clone());
            [flat(p.log_decay), flat(p.write)]
        });
        let by_head = |values: &[f32]| values.chunks_exact(time).map(<[f32]>::to_vec).collect();
        let values = read(tensors.collect()).await?;
        Ok(values.chunks_exact(2).map(|pair| Self { log_decay: by_head(&pair[0]), write: by_head(&pair[1]) }).collect())
    }

    /// The gates for people.
    pub fn gates(&self) -> Gates {
        let keep = self.log_decay.iter().map(|head| head.iter().map(|rate| rate.exp()).collect()).collect();
        Gates { keep, write: self.write.clone() }
    }

    /// How long each head remembers.
    pub fn decays(&self) -> Vec<Decay> {
        self.log_decay.iter().map(|head| decay(head)).collect()
    }

    /// What is left at `token` of what each token up to it wrote, head by head: the product of a over the tokens after it.
    pub fn left_at(&self, token: usize) -> Vec<f32> {
        self.log_decay.iter().flat_map(|head| left_at(&head[..=token])).collect()
    }

    /// For each head, how long what `token` writes lasts: tokens until 1/e of it is left, if the text goes on so far, and what is
    /// left at the text's end.
    pub fn lasts(&self, token: usize) -> impl Iterator<Item = (Option<usize>, f32)> {
        self.log_decay.iter().map(move |head| {
            let sums: Vec<f64> = running(head[token + 1..].iter()).collect();
            let lasts = sums.iter().position(|sum| *sum <= -1.0).map(|index| index + 1);
            (lasts, sums.last().map_or(1.0, |sum| sum.exp() as f32))
        })
    }
}

fn decay(log_decay: &[f32]) -> Decay {
    let time = |rate: f64| (1.0 / rate.max(1.0 / FOREVER)) as f32;
    let rates = || log_decay.iter().map(|log| -f64::from(*log));
    Decay {
        mean: time(rates().sum::<f64>() / log_decay.len() as f64),
        shortest: time(rates().fold(0.0, f64::max)),
        longest: time(rates().fold(f64::INFINITY, f64::min)),
    }
}

/// Summed from the last token back, so that what happened lately is exact.
fn left_at(log_decay: &[f32]) -> Vec<f32> {
    let earlier = running(log_decay.iter().skip(1).rev()).map(|sum| sum.exp() as f32);
    let mut left: Vec<f32> = std::iter::once(1.0).chain(earlier).collect();
    left.reverse();
    left
}

fn running<'a>(values: impl Iterator<Item = &'a f32>) -> impl Iterator<Item = f64> {
    values.scan(0.0, |sum, value| {
        *sum += f64::from(*value);
        Some(*sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decays_by_a_tenth_lasts_ten_tokens() {
        let head: Vec<f32> = (0..30).map(|t| if t < 15 { -0.1 } else { -0.2 }).collect();
        let gates = LayerGates { log_decay: vec![head], write: vec![vec![0.5; 30]] };
        let decay = gates.decays()[0];
        assert!((decay.mean - 1.0 / 0.15).abs() < 1e-4 && (decay.shortest - 5.0).abs() < 1e-4, "{decay:?}");
        assert!((decay.longest - 10.0).abs() < 1e-4, "{decay:?}");
        let left = gates.left_at(2);
        assert_eq!(left.len(), 3);
        assert!((left[0] - (-0.2f32).exp()).abs() < 1e-6 && (left[2] - 1.0).abs() < 1e-6, "{left:?}");
        let (lasts, rest) = gates.lasts(24).next().expect("one head");
        assert_eq!(lasts, Some(5));
        let (never, all) = gates.lasts(29).next().expect("one head");
        assert_eq!((never, all), (None, 1.0));
        assert!((rest - (-1.0f32).exp()).abs() < 1e-6, "{rest}");
    }

    #[test]
    fn a_gate_that_never_decays_lasts_long_and_stays_a_number() {
        let gates = LayerGates { log_decay: vec![vec![-0.0, 0.0]], write: vec![vec![1.0; 2]] };
        assert_eq!(gates.decays()[0].longest, FOREVER as f32);
    }
}
