//! The weights by name: their shapes and how they start. The names are those of checkpoints.

use burn::module::Param;
use burn::tensor::Tensor;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Model;
use super::named::{NamedVisitor, visit_named};
use crate::config::ModelConfig;

/// How a weight starts (table in the model's definition).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Start {
    Constant(f32),
    /// N(0, σ²)
    Normal(f64),
    /// softplus of it is log-spaced from 1e-4 to 0.1 per token.
    Decay,
}

/// Name, shape and start of one weight.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightSpec {
    /// Plain name, such as `blocks.0.hem`.
    pub name: String,
    /// Rows and columns, or the length of a vector.
    pub shape: Vec<usize>,
    start: Start,
}

impl WeightSpec {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is no value; never so in a valid configuration.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Initial values: a pure function of the seed, the name and the shape.
    pub fn initial(&self, seed: u64) -> Vec<f32> {
        match self.start {
            Start::Constant(value) => vec![value; self.len()],
            Start::Normal(deviation) => normal(self.len(), deviation, seed, &self.name),
            Start::Decay => decay_start(self.len()),
        }
    }
}

/// Whether the weight of this name is multiplied as a matrix; such weights decay in training and may be rounded. The embedding, norms,
/// scales and biases are not, nor are the factors of adapters.
pub fn is_matrix(name: &str) -> bool {
    const MATRICES: [&str; 9] = ["hem", "qkv", "squeeze", "expand", "out", "gate_up", "down", "planner", "head"];
    MATRICES.contains(&name.rsplit('.').next().unwrap_or(name))
}

/// All weights of a model in the order of its computation.
pub fn weight_specs(config: &ModelConfig) -> Vec<WeightSpec> {
    let (vocab, width) = (config.vocab, config.width);
    let mut specs = vec![spec("embedding", &[vocab, width], Start::Normal(1.0))];
    for layer in 0..config.layers {
        specs.extend(block_specs(config, &format!("blocks.{layer}.")));
    }
    if config.planning {
        specs.push(spec("planner", &[width, width], fan_in(width)));
    }
    specs.push(spec("norm", &[width], Start::Constant(1.0)));
    specs.push(spec("head", &[width, vocab], fan_in(width)));
    specs
}

fn block_specs(config: &ModelConfig, prefix: &str) -> Vec<WeightSpec> {
    let (width, hidden) = (config.width, config.feed_forward);
    // Branches add up over 2L additions to the stream.
    let branch = |n: usize| Start::Normal(1.0 / (n as f64).sqrt() / (2.0 * config.layers as f64).sqrt());
    let one = Start::Constant(1.0);
    let after = [
        ("out", vec![width, width], branch(width)),
        ("norm_mlp", vec![width], one),
        ("gate_up", vec![width, 2 * hidden], fan_in(width)),
        ("down", vec![hidden, width], branch(hidden)),
    ];
    let before = ("norm_in", vec![width], one);
    let mixing =
        if config.is_gpt() { vec![("qkv", vec![width, 3 * width], fan_in(width))] } else { memory_specs(config) };
    let named = |(name, shape, start): (&str, Vec<usize>, Start)| spec(&format!("{prefix}{name}"), &shape, start);
    std::iter::once(before).chain(mixing).chain(after).map(named).collect()
}

/// The fused projection and both memories.
fn memory_specs(config: &ModelConfig) -> Vec<(&'static str, Vec<usize>, Start)> {
    let (width, heads) = (config.width, config.heads);
    let scale = Start::Constant(1.0 / (config.head_width() as f32).sqrt());
    let projection =
        [("shift", vec![width], Start::Constant(0.5)), ("hem", vec![width, config.hem_width()], fan_in(width))];
    let memories = [
        ("decay", vec![heads], Start::Decay),
        ("read_norm", vec![width], Start::Constant(1.0)),
        ("score_scale", vec![heads], scale),
        ("level_bias", vec![config.levels, heads], Start::Constant(0.0)),
    ];
    projection.into_iter().chain(gate_specs(config)).chain(memories).collect()
}

/// The gates' own projection, where they have one.
fn gate_specs(config: &ModelConfig) -> Vec<(&'static str, Vec<usize>, Start)> {
    let (width, heads, rank) = (config.width, config.heads, config.gate_rank);
    if rank == 0 {
        return Vec::new();
    }
    // Half of what enters `expand` is cut off, so that twice its variance makes gates as large as columns of `hem` would.
    let expand = Start::Normal((2.0 / rank as f64).sqrt());
    vec![("gates.squeeze", vec![width, rank], fan_in(width)), ("gates.expand", vec![rank, 2 * heads], expand)]
}

pub(super) fn spec(name: &str, shape: &[usize], start: Start) -> WeightSpec {
    WeightSpec { name: name.to_owned(), shape: shape.to_vec(), start }
}

pub(super) fn fan_in(n: usize) -> Start {
    Start::Normal(1.0 / (n as f64).sqrt())
}

/// Rates log-spaced from slow to fast; the weight is their inverse softplus.
fn decay_start(heads: usize) -> Vec<f32> {
    let (slow, fast) = (1e-4f64.ln(), 0.1f64.ln());
    let step = if heads > 1 { (fast - slow) / (heads - 1) as f64 } else { 0.0 };
    (0..heads).map(|head| (slow + step * head as f64).exp().exp_m1().ln() as f32).collect()
}

/// Box–Muller from a counter-based generator, seeded by `seed` and `name`.
fn normal(count: usize, deviation: f64, seed: u64, name: &str) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(
        name.bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)),
    );
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt() * deviation;
        let angle = std::f64::consts::TAU * rng.random::<f64>();
        values.push((radius * angle.cos()) as f32);
        values.push((radius * angle.sin()) as f32);
    }
    values.truncate(count);
    values
}

/// The block that a weight belongs to, by its name; none for the embedding, the last norm and the head.
pub fn block_of(name: &str) -> Option<usize> {
    name.strip_prefix("blocks.")?.split('.').next()?.parse().ok()
}

/// A weight of a model with its name.
#[derive(Debug, Clone)]
pub struct Weight {
    /// Plain name, as in [`WeightSpec`].
    pub name: String,
    /// Shape, as in [`WeightSpec`].
    pub shape: Vec<usize>,
    /// The values in a row.
    pub values: Tensor<1>,
}

/// The weights of a model without their gradients, in the order of [`weight_specs`]; the factors of an adapter follow the matrix
/// that they belong to.
pub fn collect_weights(model: &Model) -> Vec<Weight> {
    struct Collect(Vec<Weight>);
    impl NamedVisitor for Collect {
        fn visit<const D: usize>(&mut self, name: &str, parameter: &Param<Tensor<D>>) {
            let tensor = parameter.val().without_autodiff();
            let shape = tensor.dims().to_vec();
            let count: usize = shape.iter().product();
            self.0.push(Weight { name: name.to_owned(), shape, values: tensor.reshape([count]) });
        }
    }
    let mut collect = Collect(Vec::new());
    visit_named("", model, &mut collect);
    collect.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Stage;

    #[test]
    fn specs_count_what_the_configuration_counts() {
        for stage in Stage::ALL {
            let config = stage.config(stage.default_vocab());
            let total: u64 = weight_specs(&config).iter().map(|spec| spec.len() as u64).sum();
            assert_eq!(total, config.parameters());
        }
    }

    #[test]
    fn starts_are_reproducible_and_have_their_deviation() {
        let values = normal(20_000, 0.5, 7, "head");
        assert_eq!(values, normal(20_000, 0.5, 7, "head"));
        assert_ne!(values[..9], normal(9, 0.5, 7, "embedding")[..]);
        let variance = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / 20_000.0;
        assert!((variance.sqrt() - 0.5).abs() < 0.01, "{variance}");
        let decay = decay_start(3);
        let rates: Vec<f64> = decay.iter().map(|d| f64::from(*d).exp().ln_1p()).collect();
        for (rate, expected) in rates.iter().zip([1e-4, 10f64.powf(-2.5), 0.1]) {
            assert!((rate / expected - 1.0).abs() < 1e-4, "{rate} {expected}");
        }
    }
}
