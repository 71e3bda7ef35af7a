//! A rehearsal: the first steps of tiny models, which every device has to take as the CPU does before it may take those of a run.
//!
//! A GPU can be wrong without a word. In a browser a program that it refuses is left out and what its output held before is read;
//! drivers miscompile. Two steps show it: the first one's loss comes out of the forward pass, its norm out of the backward pass, and
//! the second one's loss out of what the optimizer made of each gradient.

use burn::tensor::{DType, Device};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::config::{ModelConfig, Precision, Stage, TrainConfig};
use crate::platform::read;
use crate::train::{Batch, Trainer};

/// Steps of each model.
const STEPS: usize = 2;

/// What a measure may be off by, as a share of itself. Sums in another order make 7e-7 of it (measured on a software GPU), products
/// rounded to eight bits 4e-4 (measured on the CPU), and to eleven, as some GPUs do unasked, an eighth of that. A weight whose
/// gradient is left out changes the second step by 9e-4 even where it is one that hardly matters (the first block's shift).
const TOLERANCE: f32 = 3e-4;
/// The same where eight bits are asked for.
const ROUNDED: f32 = 4e-3;

/// What a device measured in one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rehearsed {
    /// The model.
    pub model: String,
    /// The step, from 1.
    pub step: u64,
    /// Its loss in nats per token.
    pub loss: f32,
    /// The global norm of its gradient.
    pub grad_norm: f32,
}

/// A model of the rehearsal.
struct Piece {
    name: &'static str,
    model: ModelConfig,
    precision: Precision,
}

/// All that runs kernels of its own: both memories, attention over a window, and the rounded products.
fn pieces() -> [Piece; 3] {
    // Heads, blocks and slots are those of the ladder. What it takes to be quick is left out: width, layers, vocabulary.
    let model = ModelConfig { layers: 2, levels: 2, feed_forward: 96, ..Stage::Tiny.config(61) };
    let gpt = model.as_gpt(64);
    [
        Piece { name: "MM-Rec", model: model.clone(), precision: Precision::F32 },
        Piece { name: "GPT", model: gpt, precision: Precision::F32 },
        Piece { name: "MM-Rec in bf16", model, precision: Precision::Bf16 },
    ]
}

impl Piece {
    /// Enough tokens to reach the slots of the last level, and a rate that lets the second loss show what became of the gradients.
    fn train(&self) -> TrainConfig {
        let usual = TrainConfig::for_model(&self.model);
        TrainConfig { context: 192, batch: 2, precision: self.precision, warmup: 0, lr: 0.02, seed: 1, ..usual }
    }

    fn batches(&self) -> [Batch; 1] {
        let TrainConfig { context, batch, .. } = self.train();
        let vocab = self.model.vocab;
        let ids = |from: usize| (from..from + batch * context).map(|i| (i * i * 7 % vocab) as u16).collect();
        [Batch { inputs: ids(0), targets: ids(1), context }]
    }

    fn begin(&self, device: &Device) -> Trainer {
        Trainer::fresh(&self.model, &self.train(), device)
    }
}

/// Takes the steps on a device, as far as it has the types of numbers. `progress` is told how many steps are done of how many.
///
/// # Errors
/// [`Error::DeviceLost`] or [`Error::DeviceFault`] if the device fails.
pub async fn rehearse(device: &Device, mut progress: impl FnMut(usize, usize)) -> Result<Vec<Rehearsed>, Error> {
    let able = |piece: &Piece| piece.precision == Precision::F32 || device.supports_dtype(DType::BF16);
    let pieces: Vec<Piece> = pieces().into_iter().filter(able).collect();
    let total = pieces.len() * STEPS;
    let mut rehearsed = Vec::with_capacity(total);
    for piece in pieces {
        let (train, batches) = (piece.train(), piece.batches());
        let mut trainer = piece.begin(device);
        for step in 1..=STEPS {
            let measured = trainer.step(&train, &batches);
            let values = read(vec![measured.loss, measured.grad_norm]).await?;
            let (loss, grad_norm) = (values[0][0], values[1][0]);
            rehearsed.push(Rehearsed { model: piece.name.to_owned(), step: step as u64, loss, grad_norm });
            progress(rehearsed.len(), total);
        }
    }
    Ok(rehearsed)
}

/// Compares what a device measured with what the CPU did.
///
/// # Errors
/// [`Error::Unsound`] for the first measure that is not the same.
pub fn compare(found: &[Rehearsed], expected: &[Rehearsed]) -> Result<(), Error> {
    for own in found {
        let same = |other: &&Rehearsed| (&other.model, other.step) == (&own.model, own.step);
        // What the CPU does not tell cannot be agreed with.
        let [loss, grad_norm] = expected.iter().find(same).map_or([f32::NAN; 2], |cpu| [cpu.loss, cpu.grad_norm]);
        let tolerance = if own.model.ends_with("bf16") { ROUNDED } else { TOLERANCE };
        for (measure, found, expected) in [("loss", own.loss, loss), ("gradient norm", own.grad_norm, grad_norm)] {
            // Written so that NaN is a difference.
            let agrees = (found - expected).abs() <= tolerance * expected.abs();
            if !agrees {
                return Err(Error::Unsound { model: own.model.clone(), step: own.step, measure, found, expected });
            }
        }
    }
    Ok(())
}

#[cfg(all(test, feature = "cpu"))]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_with_both_numbers() {
        let cpu = pollster::block_on(rehearse(&Device::flex(), |_, _| ())).expect("no failure");
        compare(&cpu, &cpu).expect("the same");
        let mut close = cpu.clone();
        close.iter_mut().for_each(|step| step.grad_norm *= 1.0 + 0.5 * TOLERANCE);
        compare(&close, &cpu).expect("close enough");

        let refused = |change: fn(&mut Rehearsed)| {
            let mut found = cpu.clone();
            change(&mut found[1]);
            compare(&found, &cpu).expect_err("a difference").to_string()
        };
        let text = refused(|step| (step.loss, step.grad_norm) = (3.0, 0.0));
        assert!(
            text.contains(&format!("in step 2 of a tiny MM-Rec its loss is 3, on the CPU {}", cpu[1].loss)),
            "{text}"
        );
        assert!(refused(|step| step.grad_norm = 0.0).contains("its gradient norm is 0, on the CPU"));
        assert!(refused(|step| step.loss = f32::NAN).contains("its loss is NaN"));
        assert!(refused(|step| step.model = "unheard of".to_owned()).contains("on the CPU NaN"));
    }

    #[test]
    fn every_step_of_every_model_is_told() {
        let mut told = Vec::new();
        let rehearsed = pollster::block_on(rehearse(&Device::flex(), |done, total| told.push((done, total))));
        let total = pieces().len() * STEPS;
        assert_eq!(rehearsed.expect("no failure").len(), total);
        assert_eq!(told, (1..=total).map(|done| (done, total)).collect::<Vec<_>>());
    }
}
