//! The trainer's side: connecting to workers, and handing them their shards.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use burn::backend::ir::{CustomOpIr, TensorIr};
use burn::backend::{DispatchDevice, Remote};
use burn::remote::{ConnectError, CustomOpClient, IrohHost, RemoteHost};
use burn::tensor::{DType, Device, Int, Shape, Tensor, TensorData};
use iroh::endpoint::{ConnectError as DialError, ConnectingError, ConnectionError};
use iroh::{Endpoint, EndpointAddr};
use mmrec::model::WeightSpec;
use mmrec::platform;
use mmrec::train::{LossAndGrads, Replica, StepShard};

use super::protocol::{BACKPROP, HANDSHAKE, Handshake, REPORT, Request, from_report, to_scalars};
use super::shared_secret::SharedSecret;
use super::{RUNTIME, bucket, file_limit, transport};
use crate::distributed::device_thread::DeviceThread;
use crate::terminal::failure::Usage;
use crate::terminal::output::note;

/// A worker that has not answered by then is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const OTHER_TOKEN: &str = "it does not have the same token: start both with the same --token-file (or MMREC_TOKEN)";

const OTHER_VERSION: &str =
    "it has the same token and is of another version: install the same version of mmrec on both machines";

/// Connects to all devices of the workers at `addresses`.
pub fn connect(addresses: &[String], token_file: Option<&Path>) -> Result<Vec<Box<dyn Replica>>> {
    file_limit::check()?;
    let addresses: Vec<SocketAddr> = addresses.iter().map(|address| resolve(address)).collect::<Result<_>>()?;
    let token = SharedSecret::find(token_file)?;
    let mut peers: Vec<Box<dyn Replica>> = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        if addresses[..index].contains(address) {
            bail!(Usage(format!("--workers names {address} twice")));
        }
        let devices = open(*address, &token).with_context(|| format!("the worker at {address} cannot be used"))?;
        for worker in devices {
            let name = worker.name.clone();
            peers.push(Box::new(DeviceThread::start(name, move |rows, shard| worker.compute(rows, shard))?));
        }
    }
    Ok(peers)
}

fn resolve(address: &str) -> Result<SocketAddr> {
    let unusable = |reason: &str| {
        Usage(format!("--workers {address}: {reason}; a worker's address is like 127.0.0.1:7611 or name:7611"))
    };
    let mut found = address.to_socket_addrs().map_err(|error| unusable(&error.to_string()))?;
    Ok(found.next().ok_or_else(|| unusable("the name has no address"))?)
}

/// A connection to a worker. Dropping it tells the worker at once, which would else wait for signs of life.
#[derive(Debug)]
struct CloseOnDrop(Endpoint);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        RUNTIME.block_on(self.0.close());
    }
}

/// A worker's device.
#[derive(Debug)]
struct Worker {
    name: String,
    device: Device,
    _endpoint: Arc<CloseOnDrop>,
}

fn open(address: SocketAddr, token: &SharedSecret) -> Result<Vec<Worker>> {
    let endpoint = RUNTIME.block_on(transport::client_endpoint(address, token))?;
    let shared = Arc::new(CloseOnDrop(endpoint.clone()));
    let target = EndpointAddr::new(token.worker_id()).with_ip_addr(address);
    RUNTIME.block_on(probe(&endpoint, target.clone()))?;
    let host = RemoteHost::iroh(IrohHost::new(target).with_endpoint(endpoint));
    let devices = host.devices().map_err(explained)?;
    let count = devices.len();
    let mut workers = Vec::with_capacity(count);
    for (index, device) in devices.into_iter().enumerate() {
        let number = if count > 1 { format!(", device {} of {count}", index + 1) } else { String::new() };
        let worker = Worker { name: format!("the worker at {address}{number}"), device, _endpoint: shared.clone() };
        let about = worker.handshake()?;
        note(&format!("{}: {}", worker.name, about.device));
        workers.push(worker);
    }
    Ok(workers)
}

/// Finds out whether a worker with our token is there and lets us in. The framework would ask too, but wait longer and tell less.
async fn probe(endpoint: &Endpoint, target: EndpointAddr) -> Result<()> {
    let absent = || {
        anyhow!(
            "nobody answered within {CONNECT_TIMEOUT:?}: is it running, with this address and port (UDP) open to here?"
        )
    };
    let answer = tokio::time::timeout(CONNECT_TIMEOUT, endpoint.connect(target, transport::PROBE)).await;
    let error = match answer.map_err(|_| absent())? {
        Ok(connection) => {
            tokio::time::timeout(CONNECT_TIMEOUT, connection.closed()).await.map_err(|_| anyhow!(OTHER_VERSION))?
        }
        Err(DialError::Connecting { source: ConnectingError::ConnectionError { source, .. }, .. }) => source,
        Err(other) => return Err(other.into()),
    };
    match error {
        ConnectionError::ApplicationClosed(close) if close.error_code == transport::WELCOME => Ok(()),
        // It is the worker of our token, so it expects the token to be shown in another way.
        ConnectionError::ApplicationClosed(close) if close.error_code == transport::REFUSED => {
            Err(anyhow!(OTHER_VERSION))
        }
        ConnectionError::ApplicationClosed(_) => Err(anyhow!(
            "it closed the connection before it knew us: many are at its port, or the network is slow; try again"
        )),
        ConnectionError::TimedOut => Err(absent()),
        // It could not prove to be what follows from our token.
        ConnectionError::TransportError(_) => Err(anyhow!(error).context(OTHER_TOKEN)),
        other => Err(other.into()),
    }
}

fn explained(error: ConnectError) -> anyhow::Error {
    match error {
        ConnectError::IncompatibleProtocol { client_version, server_version } => anyhow!(
            "it is of another version: its protocol is {server_version} and that of mmrec {} here is {client_version}; install the \
             same version of mmrec on both machines",
            env!("CARGO_PKG_VERSION")
        ),
        other => anyhow!("{other}"),
    }
}

impl Worker {
    /// Who it is; an error if it does not go with us.
    fn handshake(&self) -> Result<Handshake> {
        let ours = Handshake::new("");
        let text = serde_json::to_string(&ours)?;
        let outputs = self.call(HANDSHAKE, Vec::new(), &[REPORT], &text);
        let report = pollster::block_on(platform::read(outputs)).context("it closed the connection")?;
        let text = report.first().map(|report| from_report(report)).unwrap_or_default();
        let theirs: Handshake =
            serde_json::from_str(&text).context("it is no worker of mmrec, or of a version before this one")?;
        ours.check(&theirs).map_err(|reason| anyhow!(reason))?;
        Ok(theirs)
    }

    /// Has the worker compute an operation; its outputs are rows of these lengths.
    fn call(&self, operation: &'static str, inputs: Vec<TensorIr>, lengths: &[usize], text: &str) -> Vec<Tensor<1>> {
        let DispatchDevice::Remote(device) = self.device.as_dispatch() else {
            unreachable!("a worker's device is remote")
        };
        let client = CustomOpClient::new(device);
        let output = |length: &usize| TensorIr::uninit(client.create_empty_handle(), Shape::new([*length]), DType::F32);
        let outputs: Vec<TensorIr> = lengths.iter().map(output).collect();
        let call = CustomOpIr::with_scalars(operation, &inputs, &outputs, to_scalars(text));
        client.register(call).into_iter().map(Tensor::from_primitive::<Remote>).collect()
    }

    fn send_tokens(&self, tokens: Vec<i32>) -> TensorIr {
        let count = tokens.len();
        let tensor = Tensor::<1, Int>::from_data(TensorData::new(tokens, [count]), &self.device);
        tensor.try_into_primitive::<Remote>().expect("the tensor is remote").into_ir()
    }

    fn send_bucket(&self, bucket: Tensor<1>) -> TensorIr {
        let bucket = bucket.to_device(&self.device);
        bucket.try_into_primitive::<Remote>().expect("the tensor is remote").into_ir()
    }

    /// Has the worker compute a shard, with `rows` as the weights.
    fn compute(&self, rows: Vec<Tensor<1>>, shard: StepShard) -> Result<LossAndGrads, String> {
        let trainable = shard.context.trainable();
        let (request, tokens) = Request::of(shard);
        let text = serde_json::to_string(&request).expect("a request is plain numbers");
        let weights = bucket::pack(rows).into_iter().map(|bucket| self.send_bucket(bucket));
        let inputs = std::iter::once(self.send_tokens(tokens)).chain(weights).collect();
        let lengths = request.outputs();
        let outputs = self.call(BACKPROP, inputs, &bucket::lengths_of(&lengths), &text);
        let lost = |_| "the connection was lost: the worker ended, or the network failed".to_owned();
        let results = pollster::block_on(platform::read(outputs)).map_err(lost)?;
        result_of(results, &lengths, &trainable)
    }
}

/// What buckets of results hold, among them gradients of `trainable`; or what the worker reports.
fn result_of(results: Vec<Vec<f32>>, lengths: &[usize], trainable: &[WeightSpec]) -> Result<LossAndGrads, String> {
    let report = from_report(results.first().and_then(|bucket| bucket.get(..REPORT)).unwrap_or_default());
    if !report.is_empty() {
        return Err(report);
    }
    if !results.iter().map(Vec::len).eq(bucket::lengths_of(lengths)) {
        return Err("what came back is not what was asked for".to_owned());
    }
    let results = results.into_iter().map(|values| bucket::row(values, &Device::flex()));
    let rows = bucket::unpack(results, lengths).into_iter().skip(1);
    LossAndGrads::from_rows(rows, trainable).ok_or_else(|| "it gave no result".to_owned())
}
