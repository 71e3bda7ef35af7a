//! The engine of one worker: one device, one text, one run.

use mmrec::checkpoint::Checkpoint;
use mmrec::config::{ModelConfig, SampleConfig, Stage};
use mmrec::data::{Dataset, natural_order};
use mmrec::driver::{RateFinder, Session, probe};
use mmrec::generate::{Generator, next_logits};
use mmrec::grow::{GrowOptions, Target, grow};
use mmrec::inspect::Inspection;
use mmrec::model::Model;
use mmrec::plan::{Memory, Setup, flops_per_token};
use mmrec::tokenizer::Tokenizer;
use mmrec::train::Comparison;
use mmrec::{Device, platform};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use crate::settings::{Description, RunInfo, STAGES, Settings, StageInfo, grows_to};
use crate::text::{PrepareOptions, Progress, Text};
use crate::{failed, faults, from_js, thrown, to_js};

/// Vocabulary that sizes are counted with before there is a text.
const ASSUMED_VOCABULARY: usize = 256;

/// Trains and writes on one device.
#[wasm_bindgen]
pub struct Engine {
    pub(crate) device: Device,
    name: String,
    text: Text,
    data: Option<Dataset>,
    run: Option<Run>,
    generator: Option<Generator>,
    pub(crate) inspection: Option<Inspection>,
    pub(crate) comparison: Option<Comparison>,
    pub(crate) finder: Option<RateFinder>,
}

/// What is loaded: a run in training, or a model that only writes.
pub(crate) enum Run {
    Session(Box<Session>),
    Model { config: ModelConfig, tokenizer: Tokenizer, model: Box<Model> },
}

#[derive(Deserialize)]
struct GenerateOptions {
    tokens: usize,
    temperature: f64,
    top_k: usize,
    top_p: f64,
    seed: f64,
    #[serde(default)]
    stop: Vec<String>,
}

#[derive(Serialize)]
struct Speed {
    tokens_per_s: f64,
}

#[derive(Serialize)]
struct Unknown {
    character: char,
    count: u64,
}

#[wasm_bindgen]
impl Engine {
    /// Opens a device: "cpu" or "webgpu". Throws where it is absent. `fault`, if there is one, is called with what a GPU complains
    /// of, at any time: what it computes is no longer to be trusted then.
    pub async fn create(device: String, fault: Option<js_sys::Function>) -> Result<Engine, JsError> {
        console_error_panic_hook::set_once();
        faults::listen(fault);
        let wanted = if device == "webgpu" { "wgpu" } else { &device };
        let (device, name) = platform::device(wanted).await.map_err(failed)?;
        let name = if wanted == "wgpu" { format!("WebGPU: {name}") } else { cpu_name(platform::workers(&device)) };
        Ok(Engine {
            device,
            name,
            text: Text::default(),
            data: None,
            run: None,
            generator: None,
            inspection: None,
            comparison: None,
            finder: None,
        })
    }

    /// The device's name for people.
    pub fn device_name(&self) -> String {
        self.name.clone()
    }

    /// The stages with their sizes at the present vocabulary.
    pub fn stages(&self) -> Result<JsValue, JsError> {
        to_js(&STAGES.map(|stage| StageInfo::new(stage, self.vocabulary())))
    }

    /// Adds one file to the text.
    pub fn read_text(&mut self, bytes: &[u8], name: &str, lossy: bool) -> Result<JsValue, JsError> {
        to_js(&self.text.add(bytes, name, lossy).map_err(failed)?)
    }

    /// Begins a file that comes in pieces, to be added to the text.
    pub fn begin_file(&mut self, name: &str, lossy: bool) {
        self.text.begin(name, lossy);
    }

    /// Takes the next bytes of the file.
    pub fn read_part(&mut self, bytes: &[u8]) -> Result<(), JsError> {
        self.text.read(bytes).map_err(failed)
    }

    /// Adds the file to the text.
    pub fn end_file(&mut self) -> Result<JsValue, JsError> {
        to_js(&self.text.end().map_err(failed)?)
    }

    /// The order in which files of these names are read, by their places among them: that of the command line.
    pub fn in_order(&self, names: Vec<String>) -> Vec<u32> {
        let mut places: Vec<u32> = (0..names.len() as u32).collect();
        places.sort_by(|&a, &b| natural_order(&names[a as usize], &names[b as usize]));
        places
    }

    /// Takes a text that `text` gave, as it was.
    pub fn restore_text(&mut self, bytes: &[u8], name: &str) -> Result<JsValue, JsError> {
        self.data = None;
        self.text = Text::kept(bytes, name);
        to_js(&self.text.kept_info(name))
    }

    /// Forgets the text.
    pub fn clear_text(&mut self) {
        self.text = Text::default();
        self.data = None;
    }

    /// Takes the built-in sample as the text.
    pub fn sample_text(&mut self) {
        self.text = Text::sample();
        self.data = None;
    }

    /// Splits the text and turns it into tokens. `progress`, if there is one, is called with the share that is done, 0 to 1.
    pub fn prepare(&mut self, options: JsValue, progress: Option<js_sys::Function>) -> Result<JsValue, JsError> {
        let options: PrepareOptions = from_js(options)?;
        let mut progress = Progress::new(progress);
        let (data, info) = self.text.prepare(&options, |share| progress.at(share)).map_err(failed)?;
        self.data = Some(data);
        to_js(&info)
    }

    /// The longest context that the text has room for, also where the last `prepare` found it too short; `undefined` where there is
    /// no telling.
    pub fn longest_context(&self) -> Option<f64> {
        self.text.longest_context().map(|tokens| tokens as f64)
    }

    /// The normalised text, to be kept for later.
    pub fn text(&self) -> Vec<u8> {
        self.text.as_bytes().to_vec()
    }

    /// Sensible settings of a stage.
    pub fn defaults(&self, stage: &str) -> Result<JsValue, JsError> {
        let stage: Stage = stage.parse().map_err(|error: mmrec::config::ConfigError| failed(error))?;
        to_js(&Settings::defaults(stage))
    }

    /// What numbers among the settings may be, by name.
    pub fn fields(&self) -> Result<JsValue, JsError> {
        to_js(&Settings::fields())
    }

    /// What some settings mean; throws where one is out of range.
    pub fn describe(&self, settings: JsValue) -> Result<JsValue, JsError> {
        let settings: Settings = from_js(settings)?;
        let vocabulary = self.vocabulary();
        let (model, train) = (settings.model(vocabulary), settings.train);
        model.validate().map_err(failed)?;
        train.validate().map_err(failed)?;
        to_js(&Description {
            parameters: model.parameters(),
            flops_per_step: flops_per_token(&model, train.recompute) as f64 * train.tokens_per_step() as f64,
            tokens_per_step: train.tokens_per_step(),
            vocabulary,
            uniform_loss: (vocabulary as f64).ln(),
            grows_to: grows_to(&model),
            memory: Memory::of(&Setup { model, train, devices: 1, workers: 1 }).total,
        })
    }

    /// Measures a few real steps on scratch weights.
    pub async fn probe(&self, settings: JsValue) -> Result<JsValue, JsError> {
        let settings: Settings = from_js(settings)?;
        let vocabulary = self.vocabulary();
        let speed = probe(&settings.model(vocabulary), &settings.train, &self.device).await;
        to_js(&Speed { tokens_per_s: speed.map_err(failed)? })
    }

    /// Begins a new run on the prepared text.
    pub fn start(&mut self, settings: JsValue) -> Result<(), JsError> {
        let settings: Settings = from_js(settings)?;
        let data = self.prepared()?;
        let vocabulary = data.tokenizer.vocab();
        let session = Session::new(settings.model(vocabulary), settings.train, data, &self.device);
        self.replace(Run::Session(Box::new(session.map_err(failed)?)));
        Ok(())
    }

    /// Continues a checkpoint on the prepared text.
    pub fn resume(&mut self, bytes: &[u8]) -> Result<JsValue, JsError> {
        let checkpoint = Checkpoint::from_bytes(bytes).map_err(failed)?;
        let data = self.data_of(&checkpoint)?;
        let session = Session::resume(&checkpoint, data, &self.device).map_err(failed)?;
        self.replace(Run::Session(Box::new(session)));
        to_js(&RunInfo::of(&checkpoint))
    }

    /// Goes on with a larger model that begins with what a checkpoint's knows, on the prepared text and on the same curve;
    /// `settings` are the larger one's, and its steps come on top of those taken.
    pub fn grow(&mut self, bytes: &[u8], settings: JsValue) -> Result<JsValue, JsError> {
        let settings: Settings = from_js(settings)?;
        let small = Checkpoint::from_bytes(bytes).map_err(failed)?;
        let before = small.progress.clone().ok_or_else(|| thrown(&mmrec::Error::NotResumable))?;
        let (vocabulary, parameters) = (small.model.vocab, small.model.parameters());
        let model = settings.model(vocabulary);
        let model = ModelConfig { dropout: model.dropout, ..model.with_options_of(&small.model) };
        let target = Target { model, tokenizer: small.tokenizer.clone() };
        let grown = grow(&small, &target, &GrowOptions::default()).map_err(failed)?;
        let data = self.data_of(&small)?;
        // A tab has little memory, and the larger model comes next.
        drop(small);
        let train = settings.train;
        let session = Session::resume_grown(&before, parameters, &grown, train, data, &self.device).map_err(failed)?;
        let info = RunInfo::of_session(&session);
        self.replace(Run::Session(Box::new(session)));
        to_js(&info)
    }

    /// Opens a checkpoint to write only; needs no text.
    pub fn open(&mut self, bytes: &[u8]) -> Result<JsValue, JsError> {
        let checkpoint = Checkpoint::from_bytes(bytes).map_err(failed)?;
        self.replace(Run::Model {
            model: Box::new(checkpoint.build_model(&self.device)),
            config: checkpoint.model.clone(),
            tokenizer: checkpoint.tokenizer.clone(),
        });
        to_js(&RunInfo::of(&checkpoint))
    }

    /// Looks at a checkpoint without loading it.
    pub fn inspect(&self, bytes: &[u8]) -> Result<JsValue, JsError> {
        let opened = Checkpoint::open(bytes).map_err(failed)?;
        to_js(&RunInfo { changed: opened.changed, ..RunInfo::of(&opened.content) })
    }

    /// Does one bounded piece of work and returns what happened.
    pub async fn advance(&mut self) -> Result<JsValue, JsError> {
        let events = self.session()?.advance().await.map_err(failed)?;
        to_js(&events)
    }

    /// The run as a file.
    pub async fn checkpoint(&mut self) -> Result<Vec<u8>, JsError> {
        let checkpoint = self.session()?.checkpoint().await.map_err(failed)?;
        checkpoint.to_bytes().map_err(failed)
    }

    /// Changes how often a sample is written (0: never) and after what.
    pub fn set_sample(&mut self, prompt: &str, every: u32) -> Result<(), JsError> {
        self.session()?.set_sample(prompt, every.into()).map_err(failed)
    }

    /// Changes the number of planned steps.
    pub fn set_steps(&mut self, steps: u32) -> Result<(), JsError> {
        self.session()?.set_steps(steps.into()).map_err(failed)
    }

    /// Begins to write; `next_text` brings the text, once it has read a long prompt piece by piece.
    pub async fn generate(&mut self, prompt: String, options: JsValue) -> Result<(), JsError> {
        let options: GenerateOptions = from_js(options)?;
        let options = SampleConfig {
            temperature: options.temperature,
            top_k: options.top_k,
            top_p: options.top_p,
            seed: options.seed as u64,
            max_tokens: options.tokens,
            stop: options.stop,
        };
        let generator = match self.loaded()? {
            Run::Session(session) => session.generator(&prompt, &options),
            Run::Model { config, tokenizer, model } => Generator::new(model, config, tokenizer, &prompt, &options),
        };
        self.generator = Some(generator.map_err(failed)?);
        Ok(())
    }

    /// The next piece of text; `undefined` at the end.
    pub async fn next_text(&mut self) -> Result<Option<String>, JsError> {
        let Some(generator) = &mut self.generator else { return Ok(None) };
        let text = generator.next().await.map_err(failed)?;
        if text.is_none() {
            self.generator = None;
        }
        Ok(text)
    }

    /// The share of the prompt that is read, 0 to 1; `undefined` once all of it is.
    pub fn reading(&self) -> Option<f64> {
        self.generator.as_ref().and_then(Generator::reading)
    }

    /// The characters of a prompt that the model has no tokens for, each with how often it is there.
    pub fn unknown_characters(&self, prompt: &str) -> Result<JsValue, JsError> {
        let tokenizer = match self.loaded()? {
            Run::Session(session) => &session.data().tokenizer,
            Run::Model { tokenizer, .. } => tokenizer,
        };
        let unknown = tokenizer.unknown(prompt).into_iter();
        to_js(&unknown.map(|(character, count)| Unknown { character, count }).collect::<Vec<_>>())
    }

    /// Stops writing.
    pub fn stop_generation(&mut self) {
        self.generator = None;
    }

    /// The logits of the token that follows a prompt.
    pub async fn logits(&self, prompt: String) -> Result<Vec<f32>, JsError> {
        let logits = match self.loaded()? {
            Run::Session(session) => session.logits(&prompt).await,
            Run::Model { config, tokenizer, model } => next_logits(model, config, tokenizer, &prompt).await,
        };
        logits.map_err(failed)
    }
}

impl Engine {
    fn vocabulary(&self) -> usize {
        self.data.as_ref().map_or(ASSUMED_VOCABULARY, |data| data.tokenizer.vocab())
    }

    pub(crate) fn prepared(&self) -> Result<Dataset, JsError> {
        self.data.clone().ok_or_else(|| JsError::new("no text is prepared yet: choose one and prepare it first"))
    }

    /// The prepared text in the tokens of a checkpoint. An earlier version may have learned other word pieces from the same text.
    fn data_of(&mut self, checkpoint: &Checkpoint) -> Result<Dataset, JsError> {
        let data = self.prepared()?;
        let trained_on = checkpoint.progress.as_ref().map(|progress| &progress.data_fingerprint);
        let is_other = trained_on.is_some_and(|fingerprint| *fingerprint != data.fingerprint);
        let (had, has) = (checkpoint.tokenizer.kind(), data.tokenizer.kind());
        if !is_other || had != has || !has.has_chosen_vocab() {
            return Ok(data);
        }
        let again = self.text.with_tokenizer(&checkpoint.tokenizer).map_err(failed)?;
        if trained_on != Some(&again.fingerprint) {
            return Ok(data);
        }
        self.data = Some(again.clone());
        Ok(again)
    }

    /// The training part of the text that was prepared, and the part held back.
    pub(crate) fn text_parts(&self, data: &Dataset) -> (&str, &str) {
        self.text.split(data.validation_chars as usize)
    }

    fn replace(&mut self, run: Run) {
        self.run = Some(run);
        self.generator = None;
        self.inspection = None;
    }

    pub(crate) fn loaded(&self) -> Result<&Run, JsError> {
        self.run.as_ref().ok_or_else(|| JsError::new("no model is loaded yet: train one or load a checkpoint first"))
    }

    fn session(&mut self) -> Result<&mut Session, JsError> {
        match &mut self.run {
            Some(Run::Session(session)) => Ok(session),
            Some(Run::Model { .. }) => Err(thrown(&mmrec::Error::NotResumable)),
            None => Err(JsError::new("no run is in progress: start one first")),
        }
    }
}

fn cpu_name(threads: usize) -> String {
    let plural = if threads == 1 { "" } else { "s" };
    format!("CPU (WebAssembly SIMD, {threads} thread{plural})")
}
