//! Graphics cards.

#[cfg(not(feature = "wgpu"))]
mod none;
#[cfg(feature = "wgpu")]
mod wgpu;

#[cfg(feature = "wgpu")]
pub use self::wgpu::{adapter_of, is_gpu, open};
#[cfg(not(feature = "wgpu"))]
pub use none::{adapter_of, is_gpu, open};
