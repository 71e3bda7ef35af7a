//! Another device of this machine. One thread feeds it, because GPUs want all their work from the same one.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::{Context, Result};
use burn::tensor::Tensor;
use mmrec::train::{Pass, Peer, Pending, Work};
use mmrec::{Device, Error};

/// A device and its thread.
#[derive(Debug)]
pub struct Local {
    name: String,
    jobs: Mutex<Sender<Job>>,
}

struct Job {
    rows: Vec<Tensor<1>>,
    work: Work,
    done: Sender<Result<Pass, Error>>,
}

impl Local {
    /// Starts the thread.
    pub fn start(name: String, device: Device) -> Result<Self> {
        let (sender, jobs) = channel();
        let body = move || serve(&jobs, &device);
        thread::Builder::new().name(name.clone()).spawn(body).with_context(|| format!("no thread for {name}"))?;
        Ok(Self { name, jobs: Mutex::new(sender) })
    }
}

fn serve(jobs: &Receiver<Job>, device: &Device) {
    for Job { rows, work, done } in jobs {
        // A trainer that failed meanwhile no longer listens.
        let _ = done.send(work.on_device(rows, device));
    }
}

impl Peer for Local {
    fn begin(&self, rows: &[Tensor<1>], work: Work) -> Pending {
        let (done, pass) = channel();
        if let Ok(jobs) = self.jobs.lock() {
            // Where the thread is gone, so is the other end of `done`, which is told below.
            let _ = jobs.send(Job { rows: rows.to_vec(), work, done });
        }
        let peer = format!("the device {}", self.name);
        Box::new(move || {
            let failed = |reason: String| Error::Peer { peer, reason };
            match pass.recv() {
                Ok(result) => result.map_err(|error| failed(error.to_string())),
                Err(_) => Err(failed("its thread ended".to_owned())),
            }
        })
    }
}
