//! What a GPU complains of that no call returns.

#[cfg(feature = "wgpu")]
mod console;
#[cfg(not(feature = "wgpu"))]
mod none;

#[cfg(feature = "wgpu")]
pub use console::listen;
#[cfg(not(feature = "wgpu"))]
pub use none::listen;
