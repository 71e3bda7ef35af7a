//! How fast a model would train here: a few real steps on scratch weights.

use burn::tensor::Device;

use crate::Error;
use crate::config::{ModelConfig, TrainConfig};
use crate::platform::{now, read};
use crate::train::{Batch, Trainer};

/// Seconds after which a probe has seen enough.
const ENOUGH: f64 = 0.7;

/// Tokens learned from per second. The first step is not counted: it compiles shaders and fills caches.
///
/// # Errors
/// [`Error::Config`] if a setting is out of range, [`Error::DeviceLost`] if the device fails.
pub async fn probe(model: &ModelConfig, train: &TrainConfig, device: &Device) -> Result<f64, Error> {
    model.validate()?;
    train.validate()?;
    let mut trainer = Trainer::fresh(model, train, device);
    let ids: Vec<u16> = (0..train.context * train.batch).map(|i| (i * 7919 % model.vocab) as u16).collect();
    let batch = Batch { inputs: ids.clone(), targets: ids, context: train.context };
    read(vec![trainer.step(train, std::slice::from_ref(&batch)).loss]).await?;
    let (start, mut steps) = (now(), 0);
    loop {
        read(vec![trainer.step(train, std::slice::from_ref(&batch)).loss]).await?;
        steps += 1;
        let elapsed = now() - start;
        if elapsed > ENOUGH || steps == 20 {
            return Ok((steps * train.context * train.batch) as f64 / elapsed.max(1e-6));
        }
    }
}
