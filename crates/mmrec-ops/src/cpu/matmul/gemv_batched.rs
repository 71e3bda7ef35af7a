//! Products of few rows with a large matrix, whose time is that of reading the matrix once.

use pulp::Simd;

use crate::cpu::simd::{Arch, LANES};
use crate::parallel::{map, threads};

/// From so many entries on a matrix is worth more than one thread: waking another takes longer than reading a few megabytes.
const SHARED: usize = 1 << 21;
/// Rows of the matrix that are read at a time.
const ROWS: usize = 4;

/// `onto[m × n] + left[m × k] · right[k × n]`, all row by row.
pub fn gemv_batched(left: &[f32], right: &[f32], [m, k, n]: [usize; 3], onto: Option<&[f32]>) -> Vec<f32> {
    let mut out = onto.map_or_else(|| vec![0.0; m * n], <[f32]>::to_vec);
    if k * n < SHARED || threads() == 1 {
        columns_of(left, right, [k, n, n], &mut out);
        return out;
    }
    let wide = n.div_ceil(threads()).next_multiple_of(LANES);
    let columns: Vec<_> = (0..n).step_by(wide).map(|first| first..n.min(first + wide)).collect();
    let parts = map(&columns, |_, columns| {
        let mut out = vec![0.0; m * columns.len()];
        columns_of(left, &right[columns.start..], [k, n, columns.len()], &mut out);
        out
    });
    for (columns, part) in columns.into_iter().zip(parts) {
        for (out, part) in out.chunks_exact_mut(n).zip(part.chunks_exact(columns.len())) {
            out[columns.clone()].iter_mut().zip(part).for_each(|(out, part)| *out += part);
        }
    }
    out
}

/// The first `count` columns of the product with a matrix of k rows of n.
#[pulp::with_simd(columns_of = Arch::new())]
#[inline(always)]
fn columns_of_simd<'a, S: Simd>(
    _simd: S,
    left: &'a [f32],
    right: &'a [f32],
    [k, n, count]: [usize; 3],
    out: &'a mut [f32],
) {
    for first in (0..k).step_by(ROWS) {
        let rows = ROWS.min(k - first);
        for (left, out) in left.chunks_exact(k).zip(out.chunks_exact_mut(count)) {
            let left = &left[first..first + rows];
            let row = |r: usize| &right[(first + r) * n..][..count];
            if let [a, b, c, d] = *left {
                let rows = row(0).iter().zip(row(1)).zip(row(2)).zip(row(3));
                for (out, (((ra, rb), rc), rd)) in out.iter_mut().zip(rows) {
                    *out += a * ra + b * rb + (c * rc + d * rd);
                }
                continue;
            }
            for (r, factor) in left.iter().enumerate() {
                out.iter_mut().zip(row(r)).for_each(|(out, value)| *out += factor * value);
            }
        }
    }
}
