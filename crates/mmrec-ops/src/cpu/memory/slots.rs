//! Slots of one head: averages of keys and values weighted by mass, level by level.

use super::matrix::add_scaled;
use crate::cpu::simd::{dot, exp};

/// The slots of one level, or the tokens below the first.
#[derive(Debug, Default)]
pub struct Level {
    /// `[slots, head_stride]`
    pub keys: Vec<f32>,
    /// `[slots, head_stride]`
    pub values: Vec<f32>,
    /// Logarithms of the masses, `[slots]`.
    pub log_mass: Vec<f32>,
}

impl Level {
    /// Zeros, to sum gradients in.
    pub fn zeros(slots: usize, head_stride: usize) -> Self {
        Self {
            keys: vec![0.0; slots * head_stride],
            values: vec![0.0; slots * head_stride],
            log_mass: vec![0.0; slots],
        }
    }
}

/// Every `group` consecutive units as one slot; an incomplete group at the end is left out.
#[inline(always)]
pub fn merge(keys: &[f32], values: &[f32], log_mass: &[f32], group: usize, head_stride: usize) -> Level {
    let slots = log_mass.len() / group;
    let mut level = Level::zeros(slots, head_stride);
    let mut weights = vec![0.0; group];
    for slot in 0..slots {
        let first = slot * group;
        level.log_mass[slot] = weigh(&log_mass[first..first + group], &mut weights);
        let row = slot * head_stride..(slot + 1) * head_stride;
        for (unit, weight) in (first..).zip(&weights) {
            let unit = unit * head_stride..(unit + 1) * head_stride;
            add_scaled(&mut level.keys[row.clone()], &keys[unit.clone()], *weight);
            add_scaled(&mut level.values[row.clone()], &values[unit], *weight);
        }
    }
    level
}

/// Adds to the gradients of the units what the gradients of their slots give them.
#[inline(always)]
pub fn merge_backward(
    units: [&[f32]; 3],
    slots: &Level,
    gradient: &mut [&mut [f32]; 3],
    group: usize,
    head_stride: usize,
) {
    let [keys, values, log_mass] = units;
    let [to_keys, to_values, to_log_mass] = gradient;
    let mut weights = vec![0.0; group];
    let mut dots = vec![0.0; group];
    for slot in 0..log_mass.len() / group {
        let first = slot * group;
        weigh(&log_mass[first..first + group], &mut weights);
        let row = slot * head_stride..(slot + 1) * head_stride;
        let (slot_key, slot_value) = (&slots.keys[row.clone()], &slots.values[row]);
        for ((unit, weight), grad_dot) in (first..).zip(&weights).zip(&mut dots) {
            let unit = unit * head_stride..(unit + 1) * head_stride;
            *grad_dot = dot(slot_key, &keys[unit.clone()]) + dot(slot_value, &values[unit.clone()]);
            add_scaled(&mut to_keys[unit.clone()], slot_key, *weight);
            add_scaled(&mut to_values[unit], slot_value, *weight);
        }
        let mean = dot(&weights, &dots);
        for ((to, weight), grad_dot) in to_log_mass[first..first + group].iter_mut().zip(&weights).zip(&dots) {
            *to += weight * (grad_dot - mean + slots.log_mass[slot]);
        }
    }
}

/// Turns logarithms of masses into weights that sum to one; returns the logarithm of the whole mass.
#[inline(always)]
fn weigh(log_mass: &[f32], weights: &mut [f32]) -> f32 {
    let largest = log_mass.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (weight, log_mass) in weights.iter_mut().zip(log_mass) {
        *weight = exp(log_mass - largest);
        sum += *weight;
    }
    weights.iter_mut().for_each(|weight| *weight /= sum);
    largest + sum.ln()
}
