//! Small helpers on padded matrices: rows, transposes, rotations.

/// The transpose of the first `rows` rows and `columns` columns of `from` (stride `stride`), in rows of `to_stride`.
#[inline(always)]
pub fn transpose(from: &[f32], stride: usize, [rows, columns]: [usize; 2], to: &mut [f32], to_stride: usize) {
    for (to, column) in to.chunks_exact_mut(to_stride).zip(0..columns) {
        for (to, from) in to[..rows].iter_mut().zip(from[column..].iter().step_by(stride)) {
            *to = *from;
        }
    }
}

/// Rotates the channel pairs (i, i + half) of one row by angles of which `cos` and `sin` are given.
#[inline(always)]
pub fn rotate_row(row: &mut [f32], half: usize, cos: &[f32], sin: &[f32]) {
    let (first, second) = row.split_at_mut(half);
    for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
    }
}

/// As [`rotate_row`], by the opposite angles: its transpose.
#[inline(always)]
pub fn unrotate_row(row: &mut [f32], half: usize, cos: &[f32], sin: &[f32]) {
    let (first, second) = row.split_at_mut(half);
    for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
        (*a, *b) = (*a * cos + *b * sin, *b * cos - *a * sin);
    }
}

/// to[i] += factor · from[i]
#[inline(always)]
pub fn add_scaled(to: &mut [f32], from: &[f32], factor: f32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// values[i] *= factor
#[inline(always)]
pub fn scale(values: &mut [f32], factor: f32) {
    values.iter_mut().for_each(|value| *value *= factor);
}
