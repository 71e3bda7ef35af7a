//! Products of large matrices by the library that the CPU backend uses too. Called through the backend, each product was
//! written to memory three times: cleared, copied to another alignment, and computed.

use gemm::Parallelism;

use super::Strided;

/// `onto[m × n] + left[m × k] · right[k × n]`, row by row.
pub fn matmul(left: Strided, right: Strided, [m, k, n]: [usize; 3], onto: Option<&[f32]>) -> Vec<f32> {
    if m == 0 || k == 0 || n == 0 {
        return onto.map_or_else(|| vec![0.0; m * n], <[f32]>::to_vec);
    }
    assert!(left.values.len() > (m - 1) * left.row + (k - 1) * left.column);
    assert!(right.values.len() > (k - 1) * right.row + (n - 1) * right.column);
    let mut out = Vec::with_capacity(m * n);
    out.extend_from_slice(onto.unwrap_or_default());
    assert!(out.is_empty() || out.len() == m * n);
    let step = |distance: usize| distance as isize;
    // SAFETY: the matrices have so many entries, by the assertions above and the capacity; where `out` was not filled, it is
    // written without having been read, all of it.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            step(n),
            onto.is_some(),
            left.values.as_ptr(),
            step(left.column),
            step(left.row),
            right.values.as_ptr(),
            step(right.column),
            step(right.row),
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism(m * k * n),
        );
        out.set_len(m * n);
    }
    out
}

#[cfg(feature = "threads")]
fn parallelism(multiplications: usize) -> Parallelism {
    /// From so many on all threads share one product.
    const SHARED: usize = 192 * 192 * 192;
    if multiplications >= SHARED { Parallelism::Rayon(0) } else { Parallelism::None }
}

#[cfg(not(feature = "threads"))]
fn parallelism(_multiplications: usize) -> Parallelism {
    Parallelism::None
}
