//! Products of small matrices.

use pulp::{Simd, WithSimd};

use crate::cpu::simd::LANES;

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
pub fn small_gemm<S: Simd>(simd: S, write: Write, out: &mut [f32], left: Strided, right: &[f32], size: [usize; 3]) {
    // A function of its own: inlined everywhere, its tiles would be most of the program.
    simd.vectorize(SmallGemm { write, out, left, right, size });
}

struct SmallGemm<'a> {
    write: Write,
    out: &'a mut [f32],
    left: Strided<'a>,
    right: &'a [f32],
    size: [usize; 3],
}

impl WithSimd for SmallGemm<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { write, out, left, right, size: [m, k, n] } = self;
        if m == 0 || n == 0 {
            return;
        }
        assert!(n.is_multiple_of(LANES) && out.len() >= m * n && right.len() >= k * n);
        assert!(k == 0 || left.values.len() > (m - 1) * left.row + (k - 1) * left.column);
        let gemm =
            Gemm { out: out.as_mut_ptr(), out_stride: n, left, right: right.as_ptr(), right_stride: n, k, write };
        // SAFETY: `left`, `right` and `out` hold m × k, k × n and m × n entries, by the assertions above.
        unsafe { gemm.tiles(simd, m, n / S::F32_LANES) };
    }
}

/// `out[m × n] (+)= left[m × k] · right[k × n]` on raw places.
pub(super) struct Gemm<'a> {
    pub out: *mut f32,
    pub out_stride: usize,
    pub left: Strided<'a>,
    pub right: *const f32,
    pub right_stride: usize,
    pub k: usize,
    pub write: Write,
}

impl Gemm<'_> {
    /// All tiles of `m` rows by `vectors` vectors.
    ///
    /// # Safety
    /// So many rows and vectors must lie inside all three matrices.
    #[inline(always)]
    pub unsafe fn tiles<S: Simd>(&self, simd: S, m: usize, vectors: usize) {
        let mut vector = 0;
        while vector < vectors {
            let pair = vector + 2 <= vectors;
            let mut row = 0;
            while row < m {
                let rows = (m - row).min(4);
                // SAFETY: as the caller promises.
                unsafe {
                    match (rows, pair) {
                        (4, true) => self.tile::<S, 4, 2>(simd, row, vector),
                        (3, true) => self.tile::<S, 3, 2>(simd, row, vector),
                        (2, true) => self.tile::<S, 2, 2>(simd, row, vector),
                        (_, true) => self.tile::<S, 1, 2>(simd, row, vector),
                        (4, false) => self.tile::<S, 4, 1>(simd, row, vector),
                        (3, false) => self.tile::<S, 3, 1>(simd, row, vector),
                        (2, false) => self.tile::<S, 2, 1>(simd, row, vector),
                        (_, false) => self.tile::<S, 1, 1>(simd, row, vector),
                    }
                }
                row += rows;
            }
            vector += if pair { 2 } else { 1 };
        }
    }

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
                right = right.wrapping_add(self.right_stride);
            }
            for (r, sums) in sums.iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    let place =
                        self.out.add((row + r) * self.out_stride + (vector + v) * S::F32_LANES).cast::<S::f32s>();
                    let before = if self.write == Write::Add { place.read_unaligned() } else { simd.splat_f32s(0.0) };
                    place.write_unaligned(simd.add_f32s(before, *sum));
                }
            }
        }
    }
}
