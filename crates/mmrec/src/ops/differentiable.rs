//! Operations of our own as nodes of the framework's graph, on any backend.

use std::fmt::Debug;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, BackendTensor, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind};
use burn::tensor::Tensor;

/// A backend whose tensors can be taken out of those of any backend, and put back.
pub trait Carried: Backend {
    /// The tensor among those of all backends.
    fn wrap(tensor: BackendTensor<Self>) -> DispatchTensorKind;

    /// The tensor inside one of this backend.
    fn unwrap(tensor: DispatchTensorKind) -> BackendTensor<Self>;
}

/// An operation with a backward of its own.
pub trait Operation<B: Backend>: Debug + Clone + Send + 'static {
    /// The output.
    fn forward(&self, inputs: &[FloatTensor<B>]) -> FloatTensor<B>;

    /// The gradient of every input, from that of the output.
    fn backward(&self, inputs: &[FloatTensor<B>], gradient: FloatTensor<B>) -> Vec<FloatTensor<B>>;
}

/// A tensor that may have a graph.
type Tracked<B> = FloatTensor<Autodiff<B>>;

/// Applies an operation of the backend that all inputs are of. For the backward pass it keeps its inputs.
pub fn apply<B: Carried, const D: usize>(operation: impl Operation<B>, inputs: Vec<DispatchTensor>) -> Tensor<D> {
    let disabled = DispatchAutodiffContext::Disabled;
    let autodiff = inputs.iter().map(|input| input.autodiff).find(|context| *context != disabled).unwrap_or(disabled);
    let inputs = inputs.into_iter().map(tensor_of::<B>);
    let kind = if autodiff == disabled {
        let inputs: Vec<FloatTensor<B>> = inputs.map(Tracked::<B>::into_primitive).collect();
        B::wrap(BackendTensor::Float(operation.forward(&inputs)))
    } else {
        let output = tracked(operation, inputs.collect());
        DispatchTensorKind::Autodiff(Box::new(B::wrap(BackendTensor::Autodiff(output))))
    };
    Tensor::from_dispatch(DispatchTensor { kind, autodiff })
}

/// The backend's tensor inside; one without a graph counts as a constant.
fn tensor_of<B: Carried>(tensor: DispatchTensor) -> Tracked<B> {
    let kind = match tensor.kind {
        DispatchTensorKind::Autodiff(inner) => *inner,
        kind => kind,
    };
    match B::unwrap(kind) {
        BackendTensor::Float(tensor) => Tracked::<B>::new(tensor),
        BackendTensor::Autodiff(tensor) => tensor,
        other => unreachable!("kernels work on floats, not on {}", other.name()),
    }
}

fn tracked<B: Carried>(operation: impl Operation<B>, inputs: Vec<Tracked<B>>) -> Tracked<B> {
    match inputs.len() {
        1 => tracked_with::<B, 1>(operation, inputs),
        2 => tracked_with::<B, 2>(operation, inputs),
        3 => tracked_with::<B, 3>(operation, inputs),
        5 => tracked_with::<B, 5>(operation, inputs),
        count => unreachable!("no operation has {count} inputs"),
    }
}

fn tracked_with<B: Carried, const N: usize>(operation: impl Operation<B>, inputs: Vec<Tracked<B>>) -> Tracked<B> {
    let (inputs, guards): (Vec<FloatTensor<B>>, Vec<_>) = inputs.into_iter().map(Tracked::<B>::into_parts).unzip();
    let Ok(guards) = <[_; N]>::try_from(guards) else { unreachable!("as many as were counted") };
    let output = operation.forward(&inputs);
    match Backward::<B, N>::prepare::<NoCheckpointing>(Differentiated(operation.clone()), guards)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prepared) => prepared.finish(inputs, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}

#[derive(Debug)]
struct Differentiated<O>(O);

impl<B: Backend, O: Operation<B>, const N: usize> Backward<B, N> for Differentiated<O> {
    type State = Vec<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let results = self.0.backward(&ops.state, gradient);
        for (parent, result) in ops.parents.into_iter().zip(results) {
            if let Some(parent) = parent {
                gradients.register::<B>(parent.id, result);
            }
        }
    }
}
