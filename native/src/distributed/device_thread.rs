//! A device that shares a run's steps, with the thread that feeds it: GPUs want all their work from one thread, and a worker
//! begins only when somebody waits for what it computes.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use burn::tensor::Tensor;
use mmrec::Error;
use mmrec::train::{LossAndGrads, Replica, ReplicaHandle, StepShard};

/// The device and its thread, which ends with it.
#[derive(Debug)]
pub struct DeviceThread {
    name: String,
    jobs: Mutex<Sender<Job>>,
    /// After `jobs`: what is dropped first is what the thread waits for.
    _thread: JoinOnDrop,
}

/// A thread that has ended once this is dropped, and with it what it holds, such as a connection: the program may end then.
#[derive(Debug)]
struct JoinOnDrop(Option<JoinHandle<()>>);

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        // A thread that panicked has told so.
        let _ = self.0.take().map(JoinHandle::join);
    }
}

struct Job {
    rows: Vec<Tensor<1>>,
    shard: StepShard,
    done: Sender<Result<LossAndGrads, String>>,
}

impl DeviceThread {
    /// Starts the thread, on which `compute` computes a shard on weights, which come as rows.
    pub fn start(
        name: String,
        compute: impl Fn(Vec<Tensor<1>>, StepShard) -> Result<LossAndGrads, String> + Send + 'static,
    ) -> Result<Self> {
        let (sender, jobs) = channel();
        let thread = thread::Builder::new().name(name.clone());
        let thread = thread.spawn(move || serve(&jobs, compute)).with_context(|| format!("no thread for {name}"))?;
        Ok(Self { name, jobs: Mutex::new(sender), _thread: JoinOnDrop(Some(thread)) })
    }
}

fn serve(jobs: &Receiver<Job>, compute: impl Fn(Vec<Tensor<1>>, StepShard) -> Result<LossAndGrads, String>) {
    for Job { rows, shard, done } in jobs {
        // A trainer that failed meanwhile no longer listens.
        let _ = done.send(compute(rows, shard));
    }
}

impl Replica for DeviceThread {
    fn begin(&self, rows: &[Tensor<1>], shard: StepShard) -> ReplicaHandle {
        let (done, pass) = channel();
        if let Ok(jobs) = self.jobs.lock() {
            // Where the thread is gone, so is the other end of `done`, which is told below.
            let _ = jobs.send(Job { rows: rows.to_vec(), shard, done });
        }
        let peer = self.name.clone();
        Box::new(move || {
            let result = pass.recv().unwrap_or_else(|_| Err("its thread ended".to_owned()));
            result.map_err(|reason| Error::Peer { peer, reason })
        })
    }
}
