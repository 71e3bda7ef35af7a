//! Kernels on GPUs, as differentiable operations on tensors.

use std::fmt::Debug;
use std::sync::Arc;

use burn::backend::fusion::FusionTensor;
use burn::backend::fusion::custom::{CustomOpIr, HandleContainer, OperationFn, OperationIr, StreamId, TensorIr};
use burn::backend::wgpu::{CubeBackend, CubeTensor};
use burn::backend::{BackendTensor, Cube, DispatchDevice, DispatchTensor, DispatchTensorKind, TensorMetadata};
use burn::cubecl;
use burn::cubecl::prelude::{BufferArg, Client, ElemType};
use burn::cubecl::server::Handle;
use burn::tensor::{DType, Device, Shape, Tensor};

use super::autodiff_op::{self, DispatchBackend};

/// An operation on contiguous values in a GPU's memory.
pub trait CubeKernel: Debug + Send + Sync + 'static {
    /// What tells this operation from others.
    fn name(&self) -> &'static str;

    /// The output's shape, from those of the inputs.
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize>;

    /// The output's values, from the shapes and values of the inputs.
    fn forward(&self, client: &Client, shapes: &[Vec<usize>], inputs: &[Buffer]) -> Buffer;

    /// The gradient of every input, from that of the output.
    fn backward(&self, client: &Client, shapes: &[Vec<usize>], inputs: &[Buffer], gradient: &Buffer) -> Vec<Buffer>;
}

/// Floats in a GPU's memory, in a row.
#[derive(Debug, Clone)]
pub struct Buffer {
    handle: Handle,
    /// Number of floats.
    pub len: usize,
}

impl Buffer {
    /// Room for `len` floats.
    pub fn empty(client: &Client, len: usize) -> Self {
        Self { handle: client.empty(len * size_of::<f32>()), len }
    }

    /// A copy of `values`.
    pub fn of(client: &Client, values: &[f32]) -> Self {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        Self { handle: client.create_from_slice(&bytes), len: values.len() }
    }

    /// The buffer as a kernel's argument.
    pub fn arg(&self) -> BufferArg {
        // SAFETY: the handle was made for `len` floats.
        unsafe { BufferArg::from_raw_parts(self.handle.clone(), self.len) }
    }
}

/// The GPU's client, if `device` is a GPU, with gradients or without.
pub fn client(device: &Device) -> Option<Client> {
    match device.clone().inner().as_dispatch() {
        DispatchDevice::Cube(device) => Some(device.client()),
        #[allow(unreachable_patterns)]
        _ => None,
    }
}

/// Applies a kernel; all inputs are on one GPU.
pub fn apply<const N: usize, const D: usize>(kernel: impl CubeKernel, inputs: [DispatchTensor; N]) -> Tensor<D> {
    autodiff_op::apply(Operation(Arc::new(kernel)), inputs)
}

impl DispatchBackend for Cube {
    fn wrap(tensor: BackendTensor<Self>) -> DispatchTensorKind {
        DispatchTensorKind::Cube(tensor)
    }

    fn unwrap(tensor: DispatchTensorKind) -> BackendTensor<Self> {
        match tensor {
            DispatchTensorKind::Cube(tensor) => tensor,
            other => unreachable!("no kernels of a GPU for {other:?}"),
        }
    }
}

type Runtime = <CubeBackend as burn::backend::fusion::FusionBackend>::FusionRuntime;
type Handles = HandleContainer<<Runtime as burn::backend::fusion::FusionRuntime>::FusionHandle>;
type Fused = FusionTensor<Runtime>;

/// A kernel that can be cloned into the graph and into the queue of operations to come.
#[derive(Debug, Clone)]
struct Operation(Arc<dyn CubeKernel>);

impl autodiff_op::Operation<Cube> for Operation {
    fn forward(&self, inputs: &[Fused]) -> Fused {
        let (kernel, shapes) = (self.0.clone(), shapes(inputs));
        let output = kernel.shape(&shapes);
        let run = move |client: &Client, inputs: &[Buffer]| vec![kernel.forward(client, &shapes, inputs)];
        enqueue(self.0.name(), inputs.to_vec(), vec![output], run).remove(0)
    }

    fn backward(&self, inputs: &[Fused], gradient: Fused) -> Vec<Fused> {
        let (kernel, shapes) = (self.0.clone(), shapes(inputs));
        let outputs = shapes.clone();
        let run = move |client: &Client, inputs: &[Buffer]| {
            let (gradient, inputs) = inputs.split_last().expect("the gradient stands last");
            kernel.backward(client, &shapes, inputs, gradient)
        };
        enqueue(self.0.name(), inputs.iter().cloned().chain([gradient]).collect(), outputs, run)
    }
}

fn shapes(tensors: &[Fused]) -> Vec<Vec<usize>> {
    tensors.iter().map(|tensor| tensor.shape().to_vec()).collect()
}

/// Puts work on the queue: its inputs may be waiting there as well, to be fused with others.
fn enqueue(
    name: &str,
    inputs: Vec<Fused>,
    shapes: Vec<Vec<usize>>,
    run: impl Fn(&Client, &[Buffer]) -> Vec<Buffer> + Send + Sync + 'static,
) -> Vec<Fused> {
    let queue = inputs[0].client.clone();
    let inputs: Vec<TensorIr> = inputs.into_iter().map(Fused::into_ir).collect();
    let output = |shape| TensorIr::uninit(queue.create_empty_handle(), Shape::from(shape), DType::F32);
    let outputs: Vec<TensorIr> = shapes.into_iter().map(output).collect();
    let (from, to) = (inputs.clone(), outputs.clone());
    let operation = OperationFn(move |handles: &mut Handles| {
        let inputs: Vec<CubeTensor> = from.iter().map(|input| handles.get_float_tensor::<CubeBackend>(input)).collect();
        let (client, device) = (inputs[0].client.clone(), inputs[0].device.clone());
        let inputs: Vec<Buffer> = inputs.into_iter().map(contiguous).collect();
        for (output, buffer) in to.iter().zip(run(&client, &inputs)) {
            let (shape, handle) = (output.shape.clone(), buffer.handle);
            let tensor = CubeTensor::new_contiguous(client.clone(), device.clone(), shape, handle, DType::F32);
            handles.register_float_tensor::<CubeBackend>(&output.id, tensor);
        }
        Ok(())
    });
    let description = CustomOpIr { id: name.to_owned(), inputs, outputs, scalars: Vec::new() };
    queue.register(StreamId::current(), OperationIr::Custom(description), operation)
}

/// The tensor's values in a row.
fn contiguous(tensor: CubeTensor) -> Buffer {
    let len = tensor.shape().num_elements();
    if tensor.is_contiguous() {
        return Buffer { handle: tensor.handle, len };
    }
    let client = tensor.client.clone();
    let float = ElemType::from(cubecl::ir::FloatKind::F32);
    Buffer { handle: cubecl::std::tensor::into_contiguous(&client, tensor.binding(), float).handle, len }
}
