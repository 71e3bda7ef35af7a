//! What the fused kernels are made of: vector functions that the compiler turns into SIMD, and a product of small matrices.
//!
//! Everything here is inlined into the caller, which runs inside `pulp`'s dispatch and so decides the instruction set.

use pulp::Simd;

/// Rows of scratch matrices are padded to whole vectors of every instruction set.
pub const LANES: usize = 16;

/// The next whole number of vectors.
pub fn padded(n: usize) -> usize {
    n.next_multiple_of(LANES)
}

/// eˣ to two units in the last place; below −87 it is e⁻⁸⁷, above 87 e⁸⁷. NaN stays NaN.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// 1.5 · 2²³: adding it rounds to an integer, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts, so that n ln 2 loses no bits.
    const LN2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN2[0] - n * LN2[1];
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * (r * r) + r + 1.0;
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    p * scale
}

/// 1 / (1 + e⁻ˣ)
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// x σ(x)
#[inline(always)]
pub fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

/// The derivative of [`silu`].
#[inline(always)]
pub fn silu_slope(x: f32) -> f32 {
    let s = sigmoid(x);
    s * (1.0 + x * (1.0 - s))
}

/// Σ aᵢ bᵢ, summed in [`LANES`] lanes.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Σ aᵢ, summed in [`LANES`] lanes.
#[inline(always)]
pub fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (vectors, rest) = values.as_chunks::<LANES>();
    for vector in vectors {
        for (lane, value) in lanes.iter_mut().zip(vector) {
            *lane += value;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// The largest value; −∞ of none.
#[inline(always)]
pub fn largest(values: &[f32]) -> f32 {
    let greater = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (vectors, rest) = values.as_chunks::<LANES>();
    for vector in vectors {
        for (lane, value) in lanes.iter_mut().zip(vector) {
            *lane = greater(*lane, *value);
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, greater)
}

/// A matrix whose entry (i, j) is `values[i · row + j · column]`.
#[derive(Clone, Copy)]
pub struct Strided<'a> {
    /// The values, from entry (0, 0) on.
    pub values: &'a [f32],
    /// Distance of rows.
    pub row: usize,
    /// Distance of columns.
    pub column: usize,
}

impl<'a> Strided<'a> {
    /// A matrix whose rows of `stride` floats follow each other.
    pub fn rows(values: &'a [f32], stride: usize) -> Self {
        Self { values, row: stride, column: 1 }
    }

    /// The transpose of [`rows`](Self::rows).
    pub fn columns(values: &'a [f32], stride: usize) -> Self {
        Self { values, row: 1, column: stride }
    }
}

/// Whether a product replaces what it is written to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// out = left · right
    Set,
    /// out += left · right
    Add,
}

/// `out[m × n] (+)= left[m × k] · right[k × n]` for small matrices, where n, the stride of `out` and of `right`, is a multiple of
/// [`LANES`].
#[inline(always)]
pub fn product<S: Simd>(simd: S, write: Write, out: &mut [f32], left: Strided, right: &[f32], [m, k, n]: [usize; 3]) {
    if m == 0 || n == 0 {
        return;
    }
    assert!(n.is_multiple_of(LANES) && out.len() >= m * n && right.len() >= k * n);
    assert!(k == 0 || left.values.len() > (m - 1) * left.row + (k - 1) * left.column);
    let job = Job { out: out.as_mut_ptr(), left, right: right.as_ptr(), k, n, write };
    let vectors = n / S::F32_LANES;
    let mut vector = 0;
    while vector < vectors {
        let pair = vector + 2 <= vectors;
        let mut row = 0;
        while row < m {
            let rows = (m - row).min(4);
            // SAFETY: rows row..row + rows of `left` and `out` and columns vector·LANES.. of `right` and `out` are inside the
            // slices, by the assertions above.
            unsafe {
                match (rows, pair) {
                    (4, true) => job.tile::<S, 4, 2>(simd, row, vector),
                    (3, true) => job.tile::<S, 3, 2>(simd, row, vector),
                    (2, true) => job.tile::<S, 2, 2>(simd, row, vector),
                    (_, true) => job.tile::<S, 1, 2>(simd, row, vector),
                    (4, false) => job.tile::<S, 4, 1>(simd, row, vector),
                    (3, false) => job.tile::<S, 3, 1>(simd, row, vector),
                    (2, false) => job.tile::<S, 2, 1>(simd, row, vector),
                    (_, false) => job.tile::<S, 1, 1>(simd, row, vector),
                }
            }
            row += rows;
        }
        vector += if pair { 2 } else { 1 };
    }
}

struct Job<'a> {
    out: *mut f32,
    left: Strided<'a>,
    right: *const f32,
    k: usize,
    n: usize,
    write: Write,
}

impl Job<'_> {
    /// R rows by V vectors, held in registers over the whole sum.
    ///
    /// # Safety
    /// The tile must lie inside all three matrices.
    #[inline(always)]
    unsafe fn tile<S: Simd, const R: usize, const V: usize>(&self, simd: S, row: usize, vector: usize) {
        // SAFETY: as the caller promises; vectors are read and written without alignment.
        unsafe {
            let mut sums = [[simd.splat_f32s(0.0); V]; R];
            let mut left = self.left.values.as_ptr().add(row * self.left.row);
            let mut right = self.right.add(vector * S::F32_LANES);
            for _ in 0..self.k {
                let mut values = [simd.splat_f32s(0.0); V];
                for (v, value) in values.iter_mut().enumerate() {
                    *value = right.add(v * S::F32_LANES).cast::<S::f32s>().read_unaligned();
                }
                for (r, sums) in sums.iter_mut().enumerate() {
                    let factor = simd.splat_f32s(*left.add(r * self.left.row));
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum = simd.mul_add_e_f32s(factor, value, *sum);
                    }
                }
                left = left.wrapping_add(self.left.column);
                right = right.wrapping_add(self.n);
            }
            for (r, sums) in sums.iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    let place = self.out.add((row + r) * self.n + (vector + v) * S::F32_LANES).cast::<S::f32s>();
                    let before = if self.write == Write::Add { place.read_unaligned() } else { simd.splat_f32s(0.0) };
                    place.write_unaligned(simd.add_f32s(before, *sum));
                }
            }
        }
    }
}
