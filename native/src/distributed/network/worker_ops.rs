//! What a worker computes for a trainer: the operations that its device has beside the framework's own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::backend::ir::{BackendIr, CustomOpIr, HandleContainer, TensorIr};
#[cfg(feature = "wgpu")]
use burn::backend::{Cube, DispatchDevice};
use burn::backend::{DispatchKindConversion, DispatchTensor, Flex};
use burn::server::RemoteServer;
use burn::tensor::{Device, Int, Tensor};

use super::bucket;
use super::protocol::{BACKPROP, HANDSHAKE, Handshake, Request, from_scalars, to_report};
use crate::terminal::failure::text_of;

/// The tensors of a session on backend `B`.
type Handles<B> = HandleContainer<<B as BackendIr>::Handle>;

/// Adds our operations to a server of `device`.
pub fn with_operations(server: RemoteServer, device: &Device, about: &Handshake) -> RemoteServer {
    match device.as_dispatch() {
        #[cfg(feature = "wgpu")]
        DispatchDevice::Cube(_) => with_operations_of::<Cube>(server, device.clone(), about),
        _ => with_operations_of::<Flex>(server, device.clone(), about),
    }
}

fn with_operations_of<B: BackendIr>(server: RemoteServer, device: Device, about: &Handshake) -> RemoteServer
where
    DispatchTensor: DispatchKindConversion<B>,
{
    let about = serde_json::to_string(about).expect("texts are JSON");
    let handshake_device = device.clone();
    server
        .with_custom_op::<B, _>(HANDSHAKE, move |handles, operation, _| {
            set_all::<B>(
                handles,
                operation,
                vec![bucket::row(to_report(&about), &handshake_device)],
                &handshake_device,
            );
        })
        .with_custom_op::<B, _>(BACKPROP, move |handles, operation, _| {
            let computed = catch_unwind(AssertUnwindSafe(|| backprop::<B>(handles, operation, &device)));
            let result = computed.unwrap_or_else(|panic| Err(text_of(panic.as_ref())));
            let report = |text: &str| bucket::row(to_report(text), &device);
            let outputs = match result {
                Ok(rows) => bucket::pack(std::iter::once(report("")).chain(rows).collect()),
                Err(reason) => vec![report(&reason)],
            };
            set_all::<B>(handles, operation, outputs, &device);
        })
}

/// Computes a shard, if what came is sound: the rows of its loss and its gradients.
fn backprop<B: BackendIr>(
    handles: &mut Handles<B>,
    operation: &CustomOpIr,
    device: &Device,
) -> Result<Vec<Tensor<1>>, String>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    let text = from_scalars(&operation.scalars)?;
    let request: Request =
        serde_json::from_str(&text).map_err(|error| format!("the request cannot be read: {error}"))?;
    request.check()?;
    let [tokens, weights @ ..] = operation.inputs.as_slice() else { return Err("no tokens came".to_owned()) };
    let lengths = request.weights();
    if !are_buckets(weights, &lengths) || !are_buckets(&operation.outputs, &request.outputs()) {
        return Err("what came, or what is wanted back, is not of the model's sizes".to_owned());
    }
    let trainable = request.trainable();
    let shard = request.shard(&ids::<B>(handles, tokens)?)?;
    let weights = weights.iter().map(|bucket| float::<B>(handles, bucket));
    let result = shard.backprop_on(bucket::unpack(weights, &lengths), device).map_err(|error| error.to_string())?;
    Ok(result.into_rows(&trainable))
}

/// Whether tensors are the buckets of rows of these lengths.
fn are_buckets(tensors: &[TensorIr], lengths: &[usize]) -> bool {
    let shapes = tensors.iter().map(|tensor| tensor.shape.as_slice().to_vec());
    shapes.eq(bucket::lengths_of(lengths).into_iter().map(|length| vec![length]))
}

fn ids<B: BackendIr>(handles: &mut Handles<B>, tensor: &TensorIr) -> Result<Vec<i64>, String>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    let ids = Tensor::<1, Int>::from_primitive::<B>(handles.get_int_tensor::<B>(tensor));
    let data = ids.try_into_data().map_err(|error| format!("the tokens cannot be read: {error:?}"))?;
    Ok(data.iter::<i64>().collect())
}

fn float<B: BackendIr>(handles: &mut Handles<B>, tensor: &TensorIr) -> Tensor<1>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    Tensor::from_primitive::<B>(handles.get_float_tensor::<B>(tensor))
}

/// Gives the operation its outputs. All must have a value: those that are missing get one that nobody reads.
fn set_all<B: BackendIr>(handles: &mut Handles<B>, operation: &CustomOpIr, outputs: Vec<Tensor<1>>, device: &Device)
where
    DispatchTensor: DispatchKindConversion<B>,
{
    let outputs = outputs.into_iter().chain(std::iter::repeat_with(|| bucket::row(vec![0.0], device)));
    for (output, tensor) in operation.outputs.iter().zip(outputs) {
        let primitive = tensor.try_into_primitive::<B>().expect("the worker's tensors are on its device");
        handles.register_float_tensor::<B>(&output.id, primitive);
    }
}
