//! WebAssembly is compiled for one instruction set; choosing at run time would carry every kernel twice.

use pulp::WithSimd;
use pulp::wasm::Simd128;

/// The instruction set, by the interface of the one that is chosen at run time elsewhere.
pub struct Arch(Simd128);

impl Arch {
    /// The instruction set of the module.
    #[inline(always)]
    pub fn new() -> Self {
        let Some(simd) = Simd128::try_new() else { unreachable!("every module is built with simd128") };
        Self(simd)
    }

    /// Runs `work` with it.
    #[inline(always)]
    pub fn dispatch<W: WithSimd>(self, work: W) -> W::Output {
        work.with_simd(self.0)
    }
}
