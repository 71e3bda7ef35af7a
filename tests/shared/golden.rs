//! Parity with the reference: logits, loss, every gradient and streaming logits of three small models.
//! One body for every device, natively and in the browser.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData, Transaction};
use mmrec::config::ModelConfig;
use mmrec::model::{Dropout, Model, State};
use mmrec::ops::cross_entropy;
use safetensors::SafeTensors;

const FILES: [(&str, &[u8]); 3] = [
    ("a", include_bytes!("../golden/golden_a.safetensors")),
    ("b", include_bytes!("../golden/golden_b.safetensors")),
    ("c", include_bytes!("../golden/golden_c.safetensors")),
];

/// Our names of the reference's parameters.
const NAMES: [(&str, &str); 14] = [
    ("emb", "embedding"),
    ("nf", "norm"),
    ("head", "head"),
    ("n1", "norm_in"),
    ("mu", "shift"),
    ("hem", "hem"),
    ("dt", "decay"),
    ("nh", "read_norm"),
    ("qs", "score_scale"),
    ("lb", "level_bias"),
    ("wo", "out"),
    ("n2", "norm_mlp"),
    ("w1", "gate_up"),
    ("w2", "down"),
];

/// One golden file.
pub struct Golden {
    pub name: &'static str,
    pub config: ModelConfig,
    /// The configuration that the reference grew it to.
    #[allow(dead_code)]
    pub grown: ModelConfig,
    tensors: SafeTensors<'static>,
}

impl Golden {
    pub fn all() -> Vec<Golden> {
        FILES.iter().map(|(name, bytes)| Golden::read(name, bytes)).collect()
    }

    fn read(name: &'static str, bytes: &'static [u8]) -> Golden {
        let (_, metadata) = SafeTensors::read_metadata(bytes).expect("a golden file");
        let texts = metadata.metadata().as_ref().expect("metadata");
        Golden {
            name,
            config: config(&texts["config"]),
            grown: config(&texts["grown.config"]),
            tensors: SafeTensors::deserialize(bytes).expect("a golden file"),
        }
    }

    pub fn floats(&self, name: &str) -> Vec<f32> {
        let view = self.tensors.tensor(name).expect(name);
        view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four bytes"))).collect()
    }

    pub fn ints(&self, name: &str, device: &Device) -> Tensor<2, Int> {
        let view = self.tensors.tensor(name).expect(name);
        let values: Vec<i32> =
            view.data().chunks_exact(4).map(|b| i32::from_le_bytes(b.try_into().expect("four bytes"))).collect();
        let rows = if view.shape().len() == 2 { view.shape()[0] } else { 1 };
        let columns = values.len() / rows;
        Tensor::from_data(TensorData::new(values, [rows, columns]), device)
    }

    pub fn model(&self, device: &Device) -> Model {
        Model::from_values(&self.config, device, |spec| {
            Ok::<_, String>(self.floats(&format!("param.{}", theirs(&spec.name))))
        })
        .expect("every weight is there")
    }
}

fn config(text: &str) -> ModelConfig {
    let config: serde_json::Value = serde_json::from_str(text).expect("a configuration");
    let size = |key: &str| config[key].as_u64().expect("a size") as usize;
    let config = ModelConfig {
        vocab: size("V"),
        width: size("D"),
        layers: size("L"),
        heads: size("H"),
        chunk: size("C"),
        slots: size("S"),
        merge_factor: size("f"),
        levels: size("levels"),
        feed_forward: size("F"),
        dropout: 0.0,
        gate_rank: 0,
        planning: false,
        window: 0,
    };
    config.validate().expect("a valid configuration");
    config
}

/// The reference's name of one of our weights; the framework names the kind of block in its paths as well.
pub fn theirs(name: &str) -> String {
    let (prefix, last) = match name.rsplit_once('.') {
        Some((prefix, last)) => (prefix.replace("blocks", "layers").replace(".Memory", "") + ".", last),
        None => (String::new(), name),
    };
    let (short, _) = NAMES.iter().find(|(_, ours)| *ours == last).expect("a known name");
    prefix + short
}

struct Gradient<'a> {
    gradients: &'a Gradients,
    path: Vec<String>,
    found: Vec<(String, Tensor<1>)>,
}

impl ModuleVisitor for Gradient<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients).expect("every weight has a gradient");
        let count: usize = gradient.dims().iter().product();
        self.found.push((self.path.join("."), gradient.reshape([count])));
    }
}

async fn read(tensors: Vec<Tensor<1>>) -> Vec<Vec<f32>> {
    let transaction = tensors.into_iter().fold(Transaction::default(), Transaction::register);
    let data = transaction.execute_async().await.expect("read back");
    data.into_iter().map(|data| data.try_to_vec::<f32>().expect("floats")).collect()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn norm(values: impl Iterator<Item = f32>) -> f32 {
    values.map(|v| v * v).sum::<f32>().sqrt()
}

/// Logits and loss within 1e-4, every gradient within 1e-3 of its norm.
pub async fn check_training(device: &Device) {
    let device = device.clone().autodiff();
    for golden in Golden::all() {
        let model = golden.model(&device);
        let logits = model.forward(golden.ints("tokens", &device), &mut Dropout::new(0.0, 0, 0));
        let count: usize = logits.dims().iter().product();
        let loss = cross_entropy(logits.clone(), golden.ints("targets", &device));
        let gradients = loss.clone().backward();
        let mut gradient = Gradient { gradients: &gradients, path: Vec::new(), found: Vec::new() };
        model.visit(&mut gradient);
        let (names, mut tensors): (Vec<_>, Vec<_>) = gradient.found.into_iter().unzip();
        tensors.push(logits.reshape([count]).inner());
        tensors.push(loss.inner());
        let mut values = read(tensors).await;

        let loss = values.pop().expect("the loss");
        assert!((loss[0] - golden.floats("loss")[0]).abs() < 1e-4, "{}: loss {}", golden.name, loss[0]);
        let logits = values.pop().expect("the logits");
        let worst = largest_difference(&logits, &golden.floats("logits"));
        assert!(worst < 1e-4, "{}: logits differ by {worst}", golden.name);
        assert_eq!(names.len(), 3 + 11 * golden.config.layers);
        for (name, ours) in names.iter().zip(values) {
            let expected = golden.floats(&format!("grad.{}", theirs(name)));
            assert_eq!(ours.len(), expected.len(), "{name}");
            let error = norm(ours.iter().zip(&expected).map(|(a, b)| a - b)) / norm(expected.iter().copied());
            assert!(error < 1e-3, "{}: gradient of {name} is off by {error} of its norm", golden.name);
        }
    }
}

/// Prompts that end before, at and after the borders of blocks (0: none), for devices where steps are cheap.
#[allow(dead_code)]
pub const ALL_PROMPTS: [usize; 6] = [0, 1, 8, 25, 50, 96];
/// One prompt, for devices that may be simulated: prefill up to the middle of a chunk, then token by token over its border.
#[allow(dead_code)]
pub const ONE_PROMPT: [usize; 1] = [90];

/// A prompt in parallel and the rest token by token, within 1e-4 of the reference at every position after the prompt.
pub async fn check_streaming(device: &Device, prompts: &[usize]) {
    for golden in Golden::all() {
        let model = golden.model(device);
        let tokens = golden.ints("stream.tokens", device);
        let expected = golden.floats("stream.logits");
        let (time, vocab) = (tokens.dims()[1], golden.config.vocab);
        for &prefix in prompts {
            let mut state = State::new(&golden.config);
            let mut logits = Vec::new();
            if prefix > 0 {
                logits.push(model.prefill(tokens.clone().narrow(1, 0, prefix), &mut state));
            }
            for t in prefix..time {
                logits.push(model.step(tokens.clone().narrow(1, t, 1), &mut state));
            }
            let first = prefix.saturating_sub(1);
            let ours = read(vec![Tensor::cat(logits, 1).reshape([(time - first) * vocab])]).await.remove(0);
            let worst = largest_difference(&ours, &expected[first * vocab..]);
            assert!(worst < 1e-4, "{} after a prompt of {prefix}: logits differ by {worst}", golden.name);
        }
    }
}
