use burn::tensor::{Device, TensorData};

use super::*;
use crate::checkpoint::Checkpoint;
use crate::config::{ModelConfig, Stage};
use crate::data::Dataset;
use crate::driver::{Event, Session};
use crate::grow::{GrowOptions, Target, grow};
use crate::model::weight_specs;
use crate::tokenizer::{Tokenizer, TokenizerKind};

fn row(values: &[f32]) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &Device::flex())
}

fn values(row: Tensor<1>) -> Vec<f32> {
    row.into_data().try_to_vec().expect("floats")
}

/// Steps with these gradients of one value that is 1 at first.
fn steps(optimizer: &dyn Optimizer, gradients: &[f32], warm: bool) -> Vec<f32> {
    let spec = weight_specs(&Stage::Tiny.config(20)).remove(0);
    let mut state: Vec<Tensor<1>> = optimizer.slots().iter().map(|_| row(&[0.0])).collect();
    let mut value = row(&[1.0]);
    let mut take = |(index, gradient): (usize, &f32)| {
        let averaged = (!warm).then_some(index as u64 + 1);
        let step = OptimizerStep { lr: 0.1, weight_decay: 0.5, clip: row(&[0.5]), averaged };
        let parameter = Parameter { spec: &spec, value: value.clone(), gradient: row(&[*gradient]), state: &mut state };
        value = optimizer.update(parameter, &step);
        values(value.clone())[0]
    };
    gradients.iter().enumerate().map(&mut take).collect()
}

fn assert_close(found: &[f32], expected: &[f64]) {
    let close = |(found, expected): (&f32, &f64)| (f64::from(*found) - expected).abs() < 1e-5 * expected.abs();
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(close), "{found:?} {expected:?}");
}

#[test]
fn adamw_is_its_definition() {
    let gradients = [2.0, -1.0, 4.0];
    for warm in [false, true] {
        let (mut m, mut v, mut x) = (0.0, 0.0, 1.0f64);
        let expected: Vec<f64> = (1..)
            .zip(gradients)
            .map(|(step, gradient)| {
                let gradient = f64::from(gradient) * 0.5;
                m = 0.9 * m + 0.1 * gradient;
                v = 0.95 * v + 0.05 * gradient * gradient;
                let [m, v] =
                    if warm { [m, v] } else { [m / (1.0 - 0.9f64.powi(step)), v / (1.0 - 0.95f64.powi(step))] };
                x = x * (1.0 - 0.1 * 0.5) - 0.1 * m / (v.sqrt() + 1e-8);
                x
            })
            .collect();
        assert_close(&steps(&AdamW, &gradients, warm), &expected);
    }
}

#[test]
fn sgd_is_its_definition() {
    let velocities = [1.0, 0.9 - 0.5, 0.9 * 0.4 + 2.0];
    let mut x = 1.0;
    let expected = velocities.map(|velocity| {
        x = x * (1.0 - 0.1 * 0.5) - 0.1 * velocity;
        x
    });
    assert_close(&steps(&Sgd, &[2.0, -1.0, 4.0], false), &expected);
}

#[test]
fn every_parameter_is_in_one_group_and_only_matrices_decay() {
    let specs = weight_specs(&Stage::Tiny.config(20));
    for optimizer in OptimizerKind::ALL {
        let train = TrainConfig { optimizer, ..TrainConfig::for_model(&Stage::Tiny.config(20)) };
        let groups = param_groups(&train, &specs);
        for spec in &specs {
            let holding: Vec<_> = groups.iter().filter(|group| group.names.contains(&spec.name)).collect();
            assert_eq!(holding.len(), 1, "{} with {optimizer}", spec.name);
            assert_eq!(holding[0].weight_decay > 0.0, crate::model::is_matrix(&spec.name));
        }
    }
}

#[test]
fn slots_have_names_of_their_own() {
    let names: BTreeSet<&str> = Slot::all().map(|slot| slot.name).collect();
    assert_eq!(names.len(), Slot::all().count());
}

fn model() -> ModelConfig {
    let sizes =
        ModelConfig { width: 16, heads: 2, chunk: 4, slots: 2, merge_factor: 2, levels: 2, ..Stage::Tiny.config(256) };
    ModelConfig { layers: 2, feed_forward: 16, dropout: 0.0, ..sizes }
}

fn train(optimizer: OptimizerKind) -> TrainConfig {
    let usual = TrainConfig::for_model(&model());
    TrainConfig { optimizer, context: 16, batch: 4, steps: 40, warmup: 0, lr: 0.02, eval_every: 1_000, ..usual }
}

fn data() -> Dataset {
    let text = "the cat sat on the mat and the dog lay on the rug. ".repeat(40);
    Dataset::from_text("text", &text, TokenizerKind::Byte, None).expect("long enough")
}

/// The losses of the steps that are left.
fn run(session: &mut Session) -> Vec<f32> {
    let mut losses = Vec::new();
    while !session.is_finished() {
        for event in pollster::block_on(session.advance()).expect("no failure") {
            if let Event::Step(point) = event {
                losses.push(point.train_loss);
            }
        }
    }
    losses
}

fn stopped_at(steps: u64, train: &TrainConfig) -> Checkpoint {
    let mut session = Session::new(model(), train.clone(), data(), &Device::flex()).expect("valid");
    while session.step() < steps {
        pollster::block_on(session.advance()).expect("no failure");
    }
    pollster::block_on(session.checkpoint()).expect("read")
}

/// Whatever the optimizer: it learns, and what it remembers is kept in a file, goes on bit for bit and grows with the model.
#[test]
fn all_learn_resume_and_grow() {
    for optimizer in OptimizerKind::ALL {
        let train = train(optimizer);
        let mut whole = Session::new(model(), train.clone(), data(), &Device::flex()).expect("valid");
        let losses = run(&mut whole);
        assert!(losses[39] < 0.8 * losses[0], "{optimizer}: {losses:?}");

        let kept = stopped_at(13, &train);
        let slots = kept.optimizer["head"].len();
        let kept = Checkpoint::from_bytes(&kept.to_bytes().expect("written")).expect("read");
        assert_eq!(kept.optimizer.len(), kept.weights.len());
        let mut resumed = Session::resume(&kept, data(), &Device::flex()).expect("resumable");
        assert_eq!(run(&mut resumed), losses[13..], "{optimizer}");

        let larger = ModelConfig { layers: 3, width: 24, heads: 3, feed_forward: 24, ..model() };
        let target = Target { model: larger.clone(), tokenizer: Tokenizer::Byte };
        let grown = grow(&kept, &target, &GrowOptions::default()).expect("larger");
        assert_eq!(grown.optimizer.len(), grown.weights.len());
        assert!(grown.optimizer.values().all(|state| state.len() == slots));
        let grown = Checkpoint::from_bytes(&grown.to_bytes().expect("written")).expect("read");
        let mut session = Session::start_from(&grown, train.clone(), data(), &Device::flex()).expect("valid");
        assert!(session.progress().warm_moments, "{optimizer}");
        let after = run(&mut session);
        assert!(after[0] < 1.05 * losses[12] && after[39] < after[0], "{optimizer}: {losses:?} {after:?}");
    }
}

/// What one optimizer remembers is nothing to another, which begins with nothing.
#[test]
fn a_run_with_another_optimizer_begins_without_its_state() {
    let kept = stopped_at(5, &train(OptimizerKind::AdamW));
    let session = Session::start_from(&kept, train(OptimizerKind::Sgd), data(), &Device::flex()).expect("valid");
    assert!(!session.progress().warm_moments);
    let session = Session::start_from(&kept, train(OptimizerKind::AdamW), data(), &Device::flex()).expect("valid");
    assert!(session.progress().warm_moments);
}
