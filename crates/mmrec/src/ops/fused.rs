//! Kernels on the CPU, as differentiable operations on tensors.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, BackendTensor, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind, Flex};
use burn::tensor::{Device, Tensor, TensorData};

use super::Kernel;

/// A tensor that may have a graph.
type Tracked = FloatTensor<Autodiff<Flex>>;

/// Whether kernels run on `device`, with gradients or without.
pub fn has_kernels(device: &Device) -> bool {
    device.clone().inner() == Device::flex()
}

/// Applies a kernel; all inputs are on one device that has kernels.
pub fn apply<const D: usize>(kernel: impl Kernel, inputs: Vec<DispatchTensor>) -> Tensor<D> {
    let operation = Operation(Arc::new(kernel));
    let disabled = DispatchAutodiffContext::Disabled;
    let autodiff = inputs.iter().map(|input| input.autodiff).find(|context| *context != disabled).unwrap_or(disabled);
    let kind = if autodiff == disabled {
        let inputs = inputs.into_iter().map(|input| tensor_of(input).into_primitive()).collect();
        DispatchTensorKind::Flex(BackendTensor::Float(operation.forward(&contiguous(inputs))))
    } else {
        let output = operation.tracked(inputs.into_iter().map(tensor_of).collect());
        DispatchTensorKind::Autodiff(Box::new(DispatchTensorKind::Flex(BackendTensor::Autodiff(output))))
    };
    Tensor::from_dispatch(DispatchTensor { kind, autodiff })
}

/// The CPU's tensor inside; one without a graph counts as a constant.
fn tensor_of(tensor: DispatchTensor) -> Tracked {
    match tensor.kind {
        DispatchTensorKind::Flex(BackendTensor::Float(tensor)) => Tracked::new(tensor),
        DispatchTensorKind::Autodiff(inner) => match *inner {
            DispatchTensorKind::Flex(BackendTensor::Autodiff(tensor)) => tensor,
            other => unreachable!("no kernels for {other:?}"),
        },
        other => unreachable!("no kernels for {other:?}"),
    }
}

/// A kernel that can be cloned into the graph.
#[derive(Debug, Clone)]
struct Operation(Arc<dyn Kernel>);

impl Operation {
    fn forward(&self, inputs: &[FlexTensor]) -> FlexTensor {
        let shapes: Vec<Vec<usize>> = inputs.iter().map(shape).collect();
        let slices: Vec<&[f32]> = inputs.iter().map(FlexTensor::storage).collect();
        tensor(self.0.forward(&shapes, &slices), self.0.shape(&shapes))
    }

    fn tracked(self, inputs: Vec<Tracked>) -> Tracked {
        match inputs.len() {
            1 => self.tracked_with::<1>(inputs),
            2 => self.tracked_with::<2>(inputs),
            3 => self.tracked_with::<3>(inputs),
            5 => self.tracked_with::<5>(inputs),
            count => unreachable!("no operation has {count} inputs"),
        }
    }

    fn tracked_with<const N: usize>(self, inputs: Vec<Tracked>) -> Tracked {
        let (values, guards): (Vec<FlexTensor>, Vec<_>) = inputs.into_iter().map(Tracked::into_parts).unzip();
        let Ok(guards) = <[_; N]>::try_from(guards) else { unreachable!("as many as were counted") };
        let inputs = contiguous(values);
        let output = self.forward(&inputs);
        match Differentiated.prepare::<NoCheckpointing>(guards).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((self, inputs), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

#[derive(Debug)]
struct Differentiated;

impl<const N: usize> Backward<Flex, N> for Differentiated {
    type State = (Operation, Vec<FlexTensor>);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let (Operation(kernel), inputs) = ops.state;
        let gradient = contiguous(vec![gradients.consume::<Flex>(&ops.node)]).remove(0);
        let shapes: Vec<Vec<usize>> = inputs.iter().map(shape).collect();
        let slices: Vec<&[f32]> = inputs.iter().map(FlexTensor::storage).collect();
        let results = kernel.backward(&shapes, &slices, gradient.storage());
        let passed_on = kernel.passed_on().map(|_| gradient.clone());
        let results = results.into_iter().zip(shapes).map(|(values, shape)| tensor(values, shape)).chain(passed_on);
        for (parent, result) in ops.parents.into_iter().zip(results) {
            if let Some(parent) = parent {
                gradients.register::<Flex>(parent.id, result);
            }
        }
    }
}

/// The tensors with their values in a row and nothing else beside them.
fn contiguous(tensors: Vec<FlexTensor>) -> Vec<FlexTensor> {
    tensors.into_iter().map(|tensor| tensor.to_contiguous()).collect()
}

fn shape(tensor: &FlexTensor) -> Vec<usize> {
    tensor.layout().shape().to_vec()
}

fn tensor(values: Vec<f32>, shape: Vec<usize>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}
