//! Rotary positions: the channel pair (i, i + d/2) is rotated by an angle proportional to the position (Su et al., 2021).

use burn::tensor::{Device, Tensor};

use super::table;

const THETA: f64 = 10_000.0;

/// Tables that rotate vectors at consecutive positions.
///
/// A score between two rotated vectors depends on the distance of their positions only, so positions may count from anywhere.
#[derive(Debug, Clone)]
pub struct Rotary {
    /// `[1, 1, positions, d]`
    cos: Tensor<4>,
    /// `[1, 1, positions, d]`
    sin: Tensor<4>,
    /// `[d, d]`: takes (a, b) to (−b, a). A matrix product instead of slices, because the gradient of a slice is a full-size tensor.
    quarter_turn: Tensor<2>,
}

impl Rotary {
    /// Tables for the positions `first..first + count` and heads of even width `head_width`.
    pub fn new(first: i64, count: usize, head_width: usize, device: &Device) -> Self {
        let half = head_width / 2;
        let angle = |i: usize| angle(first + (i / head_width) as i64, i % head_width, head_width);
        let shape = [1, 1, count, head_width];
        let quarter_turn = |i: usize| {
            let (row, column) = (i / head_width, i % head_width);
            if column + half == row {
                -1.0
            } else if row + half == column {
                1.0
            } else {
                0.0
            }
        };
        Self {
            cos: table(shape, device, |i| angle(i).cos() as f32),
            sin: table(shape, device, |i| angle(i).sin() as f32),
            quarter_turn: table([head_width, head_width], device, quarter_turn),
        }
    }

    /// Number of positions.
    pub fn positions(&self) -> usize {
        self.cos.dims()[2]
    }

    /// The tables for `count` of these positions from `start` on.
    pub fn narrow(&self, start: usize, count: usize) -> Self {
        Self {
            cos: self.cos.clone().narrow(2, start, count),
            sin: self.sin.clone().narrow(2, start, count),
            quarter_turn: self.quarter_turn.clone(),
        }
    }

    /// Rotates `x` of shape `[batch, heads, positions, d]`.
    pub fn rotate(&self, x: Tensor<4>) -> Tensor<4> {
        let shape = x.dims();
        let rows: usize = shape[..3].iter().product();
        let crossed = x.clone().reshape([rows, shape[3]]).matmul(self.quarter_turn.clone()).reshape(shape);
        x * self.cos.clone() + crossed * self.sin.clone()
    }
}

/// p θ_i with θ_i = 10000^(−2i/d): the angle by which channel i is rotated at position p.
pub(crate) fn angle(position: i64, channel: usize, head_width: usize) -> f64 {
    let half = head_width / 2;
    position as f64 * THETA.powf(-((channel % half) as f64) / half as f64)
}
