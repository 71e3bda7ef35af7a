//! Kernels on the CPU, as operations on tensors.

use std::sync::Arc;

use burn::backend::flex::FlexTensor;
use burn::backend::{BackendTensor, DispatchTensor, DispatchTensorKind, Flex};
use burn::tensor::{Device, Tensor, TensorData};

use super::autodiff_op::{self, DispatchBackend};
use super::kernel::{DifferentiableKernel, Kernel};

/// Whether kernels run on `device`, with gradients or without.
pub fn runs_cpu_kernels(device: &Device) -> bool {
    device.clone().inner() == Device::flex()
}

/// Applies a kernel; all inputs are on one device that has kernels.
pub fn apply_kernel<const N: usize, const D: usize>(
    kernel: impl DifferentiableKernel,
    inputs: [DispatchTensor; N],
) -> Tensor<D> {
    autodiff_op::apply(Operation(Arc::new(kernel)), inputs)
}

/// The same of a kernel that has no backward.
pub fn apply_kernel_untracked<const D: usize>(kernel: &dyn Kernel, inputs: Vec<DispatchTensor>) -> Tensor<D> {
    autodiff_op::apply_untracked::<Flex, D>(inputs, |inputs| forward(kernel, inputs))
}

impl DispatchBackend for Flex {
    fn wrap(tensor: BackendTensor<Self>) -> DispatchTensorKind {
        DispatchTensorKind::Flex(tensor)
    }

    fn unwrap(tensor: DispatchTensorKind) -> BackendTensor<Self> {
        match tensor {
            DispatchTensorKind::Flex(tensor) => tensor,
            other => unreachable!("no kernels of the CPU for {other:?}"),
        }
    }
}

/// A kernel that can be cloned into the graph.
#[derive(Debug, Clone)]
struct Operation(Arc<dyn DifferentiableKernel>);

impl autodiff_op::Operation<Flex> for Operation {
    fn forward(&self, inputs: &[FlexTensor]) -> FlexTensor {
        forward(&*self.0, inputs)
    }

    fn backward(&self, inputs: &[FlexTensor], gradient: FlexTensor) -> Vec<FlexTensor> {
        let inputs = contiguous(inputs);
        let gradient = gradient.to_contiguous();
        let shapes: Vec<Vec<usize>> = inputs.iter().map(shape).collect();
        let slices: Vec<&[f32]> = inputs.iter().map(FlexTensor::storage).collect();
        let results = self.0.backward(&shapes, &slices, gradient.storage());
        let passed_through = self.0.passthrough_input().map(|_| gradient.clone());
        results.into_iter().zip(shapes).map(|(values, shape)| tensor(values, shape)).chain(passed_through).collect()
    }
}

fn forward(kernel: &dyn Kernel, inputs: &[FlexTensor]) -> FlexTensor {
    let inputs = contiguous(inputs);
    let shapes: Vec<Vec<usize>> = inputs.iter().map(shape).collect();
    let slices: Vec<&[f32]> = inputs.iter().map(FlexTensor::storage).collect();
    tensor(kernel.forward(&shapes, &slices), kernel.shape(&shapes))
}

/// The tensors with their values in a row and nothing else beside them.
fn contiguous(tensors: &[FlexTensor]) -> Vec<FlexTensor> {
    tensors.iter().map(FlexTensor::to_contiguous).collect()
}

fn shape(tensor: &FlexTensor) -> Vec<usize> {
    tensor.layout().shape().to_vec()
}

fn tensor(values: Vec<f32>, shape: Vec<usize>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}
