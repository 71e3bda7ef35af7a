//! The GPT that MM-Rec is compared with: against its definition, and by the same driver.

#[allow(dead_code)]
#[path = "shared/runs.rs"]
mod runs;

use burn::tensor::{Int, Tensor, TensorData};
use mmrec::Device;
use mmrec::checkpoint::Checkpoint;
use mmrec::config::{ModelConfig, Stage, TrainConfig};
use mmrec::driver::Session;
use mmrec::grow::{GrowError, check_sizes};
use mmrec::model::{Dropout, Model, adapter_specs, collect_weights};
use pollster::block_on;
use runs::{losses, run_out, run_to};

const VOCAB: usize = 13;

/// The definition, token by token in f64: pre-norm blocks, rotary positions, a softmax over the window, a gated feed-forward layer.
struct Definition {
    config: ModelConfig,
    weights: Vec<(String, Vec<f64>)>,
}

impl Definition {
    fn of(config: &ModelConfig, model: &Model) -> Self {
        let values = |values: Tensor<1>| values.into_data().iter::<f64>().collect();
        let weights = collect_weights(model).into_iter().map(|weight| (weight.name, values(weight.values))).collect();
        Self { config: config.clone(), weights }
    }

    fn weight(&self, name: &str) -> &[f64] {
        &self.weights.iter().find(|(other, _)| other == name).expect("a weight").1
    }

    /// x · W
    fn times(&self, x: &[f64], name: &str) -> Vec<f64> {
        let weight = self.weight(name);
        let columns = weight.len() / x.len();
        (0..columns).map(|c| x.iter().enumerate().map(|(r, x)| x * weight[r * columns + c]).sum()).collect()
    }

    fn norm(&self, x: &[f64], name: &str) -> Vec<f64> {
        let length = (x.iter().map(|x| x * x).sum::<f64>() + 1e-5).sqrt();
        let scale = (x.len() as f64).sqrt() / length;
        x.iter().zip(self.weight(name)).map(|(x, weight)| x * scale * weight).collect()
    }

    /// One head's vector turned by its position.
    fn turn(x: &[f64], position: usize) -> Vec<f64> {
        let half = x.len() / 2;
        let angle = |pair: usize| position as f64 * 10_000f64.powf(-(pair as f64) / half as f64);
        let first = (0..half).map(|i| x[i] * angle(i).cos() - x[i + half] * angle(i).sin());
        let second = (0..half).map(|i| x[i + half] * angle(i).cos() + x[i] * angle(i).sin());
        first.chain(second).collect()
    }

    /// What attention gives token `at`, of q, k, v of all tokens.
    fn attend(&self, projected: &[Vec<f64>], at: usize) -> Vec<f64> {
        let ModelConfig { width, heads, window, .. } = self.config;
        let d = width / heads;
        let part = |token: usize, part: usize, head: usize| &projected[token][part * width + head * d..][..d];
        let mut out = Vec::new();
        for head in 0..heads {
            let query = Self::turn(part(at, 0, head), at);
            let seen: Vec<usize> = (0..=at).filter(|other| other + window > at).collect();
            let score = |other: &usize| {
                let key = Self::turn(part(*other, 1, head), *other);
                (query.iter().zip(key).map(|(q, k)| q * k).sum::<f64>() / (d as f64).sqrt()).exp()
            };
            let powers: Vec<f64> = seen.iter().map(score).collect();
            let sum: f64 = powers.iter().sum();
            let value = |channel: usize| {
                seen.iter().zip(&powers).map(|(other, power)| part(*other, 2, head)[channel] * power / sum).sum::<f64>()
            };
            out.extend((0..d).map(value));
        }
        out
    }

    fn logits(&self, tokens: &[i32]) -> Vec<f64> {
        let width = self.config.width;
        let embed = |token: &i32| self.weight("embedding")[*token as usize * width..][..width].to_vec();
        let mut stream: Vec<Vec<f64>> = tokens.iter().map(embed).collect();
        for layer in 0..self.config.layers {
            let name = |kind: &str| format!("blocks.{layer}.{kind}");
            let projected: Vec<_> =
                stream.iter().map(|x| self.times(&self.norm(x, &name("norm_in")), &name("qkv"))).collect();
            for (at, x) in stream.iter_mut().enumerate() {
                let taken = self.times(&self.attend(&projected, at), &name("out"));
                x.iter_mut().zip(taken).for_each(|(x, taken)| *x += taken);
                let both = self.times(&self.norm(x, &name("norm_mlp")), &name("gate_up"));
                let (gate, up) = both.split_at(both.len() / 2);
                let gated: Vec<f64> = gate.iter().zip(up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
                let fed = self.times(&gated, &name("down"));
                x.iter_mut().zip(fed).for_each(|(x, fed)| *x += fed);
            }
        }
        stream.iter().flat_map(|x| self.times(&self.norm(x, "norm"), "head")).collect()
    }
}

/// By the kernel, and by plain operations, as on a GPU.
#[test]
fn logits_are_those_of_the_definition() {
    let config =
        ModelConfig { width: 24, heads: 3, layers: 2, feed_forward: 10, ..Stage::Tiny.config(VOCAB) }.as_gpt(9);
    let model = Model::new(&config, 8, &Device::flex());
    let tokens: Vec<i32> = (0..80).map(|i| (i * i + 3 * i) % VOCAB as i32).collect();
    let expected = Definition::of(&config, &model).logits(&tokens);
    let ids = Tensor::<2, Int>::from_data(TensorData::new(tokens.clone(), [1, tokens.len()]), &Device::flex());
    let ours = model.forward(ids, &mut Dropout::new(0.0, 0, 0)).into_data();
    let worst = ours.iter::<f64>().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(expected.len() == tokens.len() * VOCAB && worst < 1e-4, "differs by {worst}");
}

fn gpt() -> ModelConfig {
    runs::model(runs::data().tokenizer.vocab()).as_gpt(32)
}

fn session(train: TrainConfig, model: ModelConfig) -> Session {
    Session::new(model, train, runs::data(), &Device::flex()).expect("valid settings")
}

/// Both are of one size and learn the same text, by the same driver.
#[test]
fn a_gpt_learns_beside_a_model_with_memories() {
    let last = |model: ModelConfig| {
        let mut session = session(runs::train(150), model);
        losses(&block_on(run_out(&mut session))).last().expect("evaluated").1
    };
    let uniform = (gpt().vocab as f32).ln();
    let (gpt, ours) = (last(gpt()), last(runs::model(gpt().vocab)));
    assert!(gpt < 0.8 * uniform && ours < 0.8 * uniform, "{gpt} and {ours} of {uniform}");
}

/// With dropout, and with blocks recomputed.
#[test]
fn a_gpt_resumes_where_it_stood() {
    let model = ModelConfig { dropout: 0.2, ..gpt() };
    let train = TrainConfig { context: 29, ..runs::train(12) };
    let mut whole = session(train.clone(), model.clone());
    let expected = losses(&block_on(run_out(&mut whole)));
    let recomputed = TrainConfig { recompute: true, ..train.clone() };
    assert_eq!(losses(&block_on(run_out(&mut session(recomputed, model.clone())))), expected);
    let mut part = session(train, model);
    let mut seen = losses(&block_on(run_to(&mut part, 5)));
    let bytes = block_on(part.checkpoint()).expect("read back").to_bytes().expect("written");
    let checkpoint = Checkpoint::from_bytes(&bytes).expect("read");
    assert_eq!(checkpoint.model, *part.model_config());
    let mut rest = Session::resume(&checkpoint, runs::data(), &Device::flex()).expect("resumed");
    seen.extend(losses(&block_on(run_out(&mut rest))));
    assert_eq!(seen, expected);
}

/// Fine-tuning works on its matrices as well.
#[test]
fn a_gpt_takes_adapters() {
    let base = block_on(session(runs::train(2), gpt()).checkpoint()).expect("read back");
    let train = TrainConfig { lora: 2, lora_alpha: 2.0, ..runs::train(12) };
    let mut tuned = Session::start_from(&base, train.clone(), runs::data(), &Device::flex()).expect("valid settings");
    let losses = losses(&block_on(run_out(&mut tuned)));
    assert!(losses.last().expect("evaluated").1 < losses[0].1, "{losses:?}");
    let adapter = train.adapter().expect("an adapter");
    assert!(adapter_specs(&gpt(), &adapter).iter().any(|spec| spec.name == "blocks.1.qkv.lora.a"));
}

#[test]
fn a_gpt_does_not_grow() {
    let (gpt, larger) = (gpt(), Stage::Mini.config(gpt().vocab));
    assert_eq!(check_sizes(&gpt, &larger), Err(GrowError::Gpt));
    assert_eq!(check_sizes(&runs::model(gpt.vocab), &Stage::Mini.like(&gpt)), Err(GrowError::Gpt));
}
