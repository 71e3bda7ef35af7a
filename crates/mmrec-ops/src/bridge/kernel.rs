//! What a kernel of ours is: slices in, slices out, with a backward of its own where it has gradients.

use std::fmt::Debug;

/// An operation on contiguous values.
pub trait Kernel: Debug + Send + Sync + 'static {
    /// The output's shape, from those of the inputs.
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize>;

    /// The output's values, from the shapes and values of the inputs.
    fn forward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32>;
}

/// One that has gradients.
pub trait DifferentiableKernel: Kernel {
    /// The gradient of every input, from that of the output; but for the one [passed through](Self::passthrough_input), which is
    /// the last.
    fn backward(&self, shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>>;

    /// The input, if it is there, whose gradient is the output's own.
    fn passthrough_input(&self) -> Option<usize> {
        None
    }
}
