//! Products of matrices: small ones inside kernels, large ones, and few rows with a large matrix.

// A product of our own where the CPU backend has none or a slower one; tests look at it everywhere.
#[cfg(any(test, target_family = "wasm", not(feature = "cpu")))]
mod blocked;
mod gemv_batched;
#[cfg(all(feature = "cpu", not(target_family = "wasm")))]
mod native;
mod small_gemm;

#[cfg(any(target_family = "wasm", not(feature = "cpu")))]
pub use blocked::matmul;
pub use gemv_batched::gemv_batched;
#[cfg(all(feature = "cpu", not(target_family = "wasm")))]
pub use native::matmul;
pub use small_gemm::{Strided, Write, small_gemm};
