//! What trainer and worker tell each other beside tensors: texts (JSON), as numbers that the framework's operations carry. All of
//! it is read as if the other side were wrong.

use burn::backend::ir::ScalarIr;
use mmrec::model::WeightSpec;
use mmrec::train::{Batch, MAX_WORLD_SIZE, StepContext, StepShard};
use serde::{Deserialize, Serialize};

/// The operation that a session begins with: both sides say who they are. Its form stays as it is in all versions.
pub const HANDSHAKE: &str = "mmrec.hello";

/// The operation that computes a shard. Inputs: tokens, then the weights as rows, in [buckets](super::bucket). Outputs, in buckets
/// as well: a report, empty if all is well, the loss, the gradients as rows and, where the model plans, those of its plans.
pub const BACKPROP: &str = "mmrec.pass";

/// Numbers of a report, a byte each.
pub const REPORT: usize = 512;

/// Bytes that a text may have; a run's settings have a prompt in them.
const TEXT: u64 = 1 << 20;

/// Tokens that one shard may have.
const TOKENS: u64 = 1 << 28;

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Handshake {
    /// The version of mmrec.
    pub mmrec: String,
    /// What computes.
    pub device: String,
}

impl Handshake {
    /// This process, which computes by `device`.
    pub fn new(device: &str) -> Self {
        Self { mmrec: env!("CARGO_PKG_VERSION").to_owned(), device: device.to_owned() }
    }

    /// Refuses a worker that may compute something else.
    pub fn check(&self, worker: &Handshake) -> Result<(), String> {
        if self.mmrec == worker.mmrec {
            return Ok(());
        }
        Err(format!(
            "it runs mmrec {} and this is mmrec {}: install the same version on both machines",
            worker.mmrec, self.mmrec
        ))
    }
}

/// A shard without its tokens.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    step: StepContext,
    rows: Vec<u64>,
    context: u64,
}

impl Request {
    /// The shard in two parts: what is asked for, and its tokens, all inputs and then all targets.
    pub fn of(shard: StepShard) -> (Self, Vec<i32>) {
        let rows = shard.batches.iter().map(|batch| batch.rows() as u64).collect();
        let context = shard.batches.first().map_or(0, |batch| batch.context as u64);
        let of =
            |side: fn(&Batch) -> &Vec<u16>| shard.batches.iter().flat_map(move |batch| side(batch).iter().copied());
        let tokens = of(|batch| &batch.inputs).chain(of(|batch| &batch.targets)).map(i32::from).collect();
        (Self { step: shard.context, rows, context }, tokens)
    }

    /// Refuses a request that is not sound.
    pub fn check(&self) -> Result<(), String> {
        let StepContext { model, train, .. } = &self.step;
        let sizes = model.validate().and_then(|()| train.validate()).and_then(|()| train.validate_for(model));
        sizes.map_err(|error| error.to_string())?;
        if self.step.rank >= MAX_WORLD_SIZE as u64 {
            return Err(format!("rank {} of {MAX_WORLD_SIZE}", self.step.rank));
        }
        let count = self.tokens()?;
        if self.step.tokens < count {
            return Err(format!("{count} tokens are more than the step's {}", self.step.tokens));
        }
        Ok(())
    }

    /// Values of every weight's row.
    pub fn weights(&self) -> Vec<usize> {
        self.step.weights().iter().map(WeightSpec::len).collect()
    }

    /// Everything that there is a gradient of, in the order of the result's rows.
    pub fn trainable(&self) -> Vec<WeightSpec> {
        self.step.trainable()
    }

    /// Values of every row of the result.
    pub fn outputs(&self) -> Vec<usize> {
        let mut lengths = vec![REPORT, 1];
        let gradients: Vec<usize> = self.trainable().iter().map(WeightSpec::len).collect();
        let plans = if self.step.model.plans(self.context as usize) { gradients.clone() } else { Vec::new() };
        lengths.extend(gradients.into_iter().chain(plans));
        lengths
    }

    /// Tokens of all rows.
    fn tokens(&self) -> Result<u64, String> {
        let rows = self.rows.iter().try_fold(0u64, |sum, rows| sum.checked_add(*rows));
        let count = rows.and_then(|rows| rows.checked_mul(self.context)).filter(|count| *count <= TOKENS);
        match count {
            Some(count) if count > 0 && self.rows.iter().all(|rows| *rows > 0) => Ok(count),
            _ => Err(format!("{:?} rows of {} tokens are no shard of a step", self.rows, self.context)),
        }
    }

    /// The shard, with `tokens` as [`of`](Self::of) returned them.
    pub fn shard(self, tokens: &[i64]) -> Result<StepShard, String> {
        let count = self.tokens()?;
        if tokens.len() as u64 != 2 * count {
            return Err(format!("{} tokens came and {} were announced", tokens.len(), 2 * count));
        }
        let vocab = self.step.model.vocab;
        let id = |&id: &i64| u16::try_from(id).ok().filter(|id| usize::from(*id) < vocab);
        let ids: Option<Vec<u16>> = tokens.iter().map(id).collect();
        let ids = ids.ok_or_else(|| format!("a token is not in the vocabulary of {vocab}"))?;
        let (mut inputs, mut targets) = ids.split_at(count as usize);
        let context = self.context as usize;
        let take = |from: &mut &[u16], rows: u64| {
            let (taken, rest) = from.split_at(rows as usize * context);
            *from = rest;
            taken.to_vec()
        };
        let batch = |rows: u64| Batch { inputs: take(&mut inputs, rows), targets: take(&mut targets, rows), context };
        let batches = self.rows.iter().copied().map(batch).collect();
        Ok(StepShard { batches, context: self.step })
    }
}

/// A text as an operation's arguments: its length in bytes, then eight bytes a number.
pub fn to_scalars(text: &str) -> Vec<ScalarIr> {
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    let words = text.as_bytes().chunks(8).map(word);
    std::iter::once(text.len() as u64).chain(words).map(ScalarIr::UInt).collect()
}

/// The text that such arguments hold.
pub fn from_scalars(scalars: &[ScalarIr]) -> Result<String, String> {
    let number = |scalar: &ScalarIr| match scalar {
        ScalarIr::UInt(number) => Ok(*number),
        other => Err(format!("{other:?} is no part of a text")),
    };
    let [length, words @ ..] = scalars else { return Err("an operation without arguments".to_owned()) };
    let length = number(length)?;
    if length > TEXT || length.div_ceil(8) != words.len() as u64 {
        return Err(format!("a text of {length} bytes in {} numbers", words.len()));
    }
    let words: Vec<u64> = words.iter().map(number).collect::<Result<_, _>>()?;
    let mut bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
    bytes.truncate(length as usize);
    String::from_utf8(bytes).map_err(|_| "a text that is not UTF-8".to_owned())
}

/// A text as a report's numbers, cut where it is too long.
pub fn to_report(text: &str) -> Vec<f32> {
    let bytes = text.bytes().map(f32::from).chain(std::iter::repeat(0.0));
    bytes.take(REPORT).collect()
}

/// The text of a report.
pub fn from_report(values: &[f32]) -> String {
    let bytes: Vec<u8> = values.iter().map(|value| *value as u8).take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use mmrec::config::{ModelConfig, Stage, TrainConfig};

    use super::*;

    fn shard() -> StepShard {
        let batch = |first: u16| Batch {
            inputs: (first..first + 6).collect(),
            targets: (first + 1..first + 7).collect(),
            context: 3,
        };
        let model = ModelConfig { planning: true, chunk: 1, ..Stage::Tiny.config(40) };
        let train = TrainConfig {
            seed: i64::MAX as u64,
            lora: 2,
            lora_alpha: 3.0,
            freeze: 1,
            sample_prompt: "\u{1}".repeat(100_000),
            ..TrainConfig::for_model(&model)
        };
        let context = StepContext { model, train, step: 7, rank: 1, tokens: 24 };
        StepShard { batches: vec![batch(0), batch(10)], context }
    }

    fn request(change: impl FnOnce(&mut Request)) -> (Request, Vec<i64>) {
        let (mut request, tokens) = Request::of(shard());
        change(&mut request);
        (request, tokens.into_iter().map(i64::from).collect())
    }

    #[test]
    fn a_shard_arrives_as_it_was_sent() {
        let (request, tokens) = request(|_| ());
        let text = serde_json::to_string(&request).expect("written");
        let text = from_scalars(&to_scalars(&text)).expect("carried");
        let request: Request = serde_json::from_str(&text).expect("read");
        assert_eq!(request.check(), Ok(()));
        assert_eq!(request.weights()[0], 40 * 64);
        assert_eq!(request.outputs()[..3], [REPORT, 1, 64 * 2], "the gradient of the first A");
        assert_eq!(request.shard(&tokens).expect("sound"), shard());
    }

    #[test]
    fn plans_are_outputs_where_there_are_any() {
        let (planning, _) = request(|_| ());
        let (short, _) = request(|r| r.step.model.chunk = 2);
        let gradients = planning.step.trainable().len();
        assert_eq!(planning.outputs().len(), 2 + 2 * gradients);
        assert_eq!(short.outputs().len(), 2 + gradients);
    }

    #[test]
    fn requests_that_are_not_sound_are_refused() {
        let refused = |change: fn(&mut Request)| request(change).0.check().expect_err("not sound");
        assert!(refused(|r| r.step.model.width = 3).contains("heads"));
        assert!(refused(|r| r.step.train.freeze = 99).contains("freeze"));
        assert!(refused(|r| r.step.train.lora = 1 << 40).contains("lora"));
        assert!(refused(|r| r.step.train.lr = 2.0).contains("lr"));
        assert!(refused(|r| r.step.rank = 64).contains("rank"));
        assert!(refused(|r| r.step.tokens = 11).contains("more than"));
        let changes: [fn(&mut Request); 3] = [|r| r.context = 0, |r| r.rows = vec![], |r| r.rows = vec![u64::MAX, 2]];
        for change in changes {
            assert!(refused(change).contains("no shard"));
        }
        assert!(refused(|r| (r.rows, r.context) = (vec![1 << 40], 1 << 40)).contains("no shard"));
        let (sound, tokens) = request(|_| ());
        assert!(sound.shard(&tokens[1..]).expect_err("too few").contains("announced"));
        for bad in [-1, 40, 1 << 40] {
            let (sound, mut tokens) = request(|_| ());
            tokens[3] = bad;
            assert!(sound.shard(&tokens).expect_err("unknown").contains("vocabulary"));
        }
    }

    #[test]
    fn texts_are_bounded() {
        for text in ["", "12345678", "größer als acht"] {
            assert_eq!(from_scalars(&to_scalars(text)).expect("a text"), text);
            assert_eq!(from_report(&to_report(text)), text);
        }
        assert!(from_scalars(&[]).is_err());
        assert!(from_scalars(&[ScalarIr::UInt(u64::MAX)]).is_err());
        assert!(from_scalars(&[ScalarIr::UInt(9), ScalarIr::UInt(0)]).is_err());
        assert!(from_scalars(&[ScalarIr::UInt(1), ScalarIr::Float(f64::NAN)]).is_err());
        assert_eq!(from_report(&to_report(&"x".repeat(9_999))).len(), REPORT);
        assert_eq!(from_report(&[f32::NAN, 5.0]), "");
    }

    #[test]
    fn another_version_is_named_with_what_to_do() {
        let ours = Handshake::new("CPU");
        assert_eq!(ours.check(&Handshake::new("GPU")), Ok(()));
        let theirs = Handshake { mmrec: "9.8.7".to_owned(), ..ours.clone() };
        let error = ours.check(&theirs).expect_err("another version");
        assert!(error.contains("9.8.7") && error.contains(env!("CARGO_PKG_VERSION")) && error.contains("install"));
    }
}
