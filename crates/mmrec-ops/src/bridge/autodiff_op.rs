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
pub trait DispatchBackend: Backend {
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
pub fn apply<B: DispatchBackend, const N: usize, const D: usize>(
    operation: impl Operation<B>,
    inputs: [DispatchTensor; N],
) -> Tensor<D> {
    Tensor::from_dispatch(output(operation, inputs))
}

fn output<B: DispatchBackend, const N: usize>(
    operation: impl Operation<B>,
    inputs: [DispatchTensor; N],
) -> DispatchTensor {
    let autodiff = context_of(&inputs);
    let inputs = inputs.map(tensor_of::<B>);
    if autodiff == DispatchAutodiffContext::Disabled {
        let kind = B::wrap(BackendTensor::Float(operation.forward(&inputs.map(Tracked::<B>::into_primitive))));
        return DispatchTensor { kind, autodiff };
    }
    with_graph::<B>(tracked(operation, inputs), autodiff)
}

/// Applies a function that has no backward to tensors of the backend: for the graph its output is a constant.
#[cfg(feature = "cpu")]
pub fn apply_untracked<B: DispatchBackend, const D: usize>(
    inputs: Vec<DispatchTensor>,
    forward: impl FnOnce(&[FloatTensor<B>]) -> FloatTensor<B>,
) -> Tensor<D> {
    let autodiff = context_of(&inputs);
    let inputs: Vec<_> = inputs.into_iter().map(|input| Tracked::<B>::into_primitive(tensor_of::<B>(input))).collect();
    let output = forward(&inputs);
    Tensor::from_dispatch(if autodiff == DispatchAutodiffContext::Disabled {
        DispatchTensor { kind: B::wrap(BackendTensor::Float(output)), autodiff }
    } else {
        with_graph::<B>(Tracked::<B>::new(output), autodiff)
    })
}

/// That of the inputs which have a graph.
fn context_of(inputs: &[DispatchTensor]) -> DispatchAutodiffContext {
    let disabled = DispatchAutodiffContext::Disabled;
    inputs.iter().map(|input| input.autodiff).find(|context| *context != disabled).unwrap_or(disabled)
}

fn with_graph<B: DispatchBackend>(tensor: Tracked<B>, autodiff: DispatchAutodiffContext) -> DispatchTensor {
    let kind = DispatchTensorKind::Autodiff(Box::new(B::wrap(BackendTensor::Autodiff(tensor))));
    DispatchTensor { kind, autodiff }
}

/// The backend's tensor inside; one without a graph counts as a constant.
fn tensor_of<B: DispatchBackend>(tensor: DispatchTensor) -> Tracked<B> {
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

fn tracked<B: DispatchBackend, const N: usize>(operation: impl Operation<B>, inputs: [Tracked<B>; N]) -> Tracked<B> {
    let (inputs, guards): (Vec<FloatTensor<B>>, Vec<_>) = inputs.into_iter().map(Tracked::<B>::into_parts).unzip();
    let Ok(guards) = <[_; N]>::try_from(guards) else { unreachable!("there is one of every input") };
    let output = operation.forward(&inputs);
    match Backward::<B, N>::prepare::<NoCheckpointing>(BackwardNode(operation.clone()), guards)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prepared) => prepared.finish(inputs, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}

#[derive(Debug)]
struct BackwardNode<O>(O);

impl<B: Backend, O: Operation<B>, const N: usize> Backward<B, N> for BackwardNode<O> {
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
