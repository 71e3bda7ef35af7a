//! Training runs for tests: a tiny model on a built-in text, on any device, natively and in the browser.

use mmrec::Device;
use mmrec::config::{ModelConfig, SampleConfig, Stage, TrainConfig};
use mmrec::data::{Dataset, sample_stories};
use mmrec::driver::{Event, Session};
use mmrec::tokenizer::TokenizerKind;

pub fn data() -> Dataset {
    let text = sample_stories(5, 40_000);
    Dataset::from_text("stories", &text, TokenizerKind::Char, None).expect("a text")
}

pub fn model(vocab: usize) -> ModelConfig {
    ModelConfig { width: 16, layers: 2, heads: 2, feed_forward: 24, levels: 2, chunk: 4, ..Stage::Tiny.config(vocab) }
}

pub fn train(steps: u64) -> TrainConfig {
    let config = model(64);
    TrainConfig {
        context: 32,
        batch: 4,
        steps,
        warmup: 2,
        eval_every: 10,
        eval_windows: 8,
        save_every: 20,
        ..TrainConfig::for_model(&config)
    }
}

pub fn session(train: TrainConfig, dropout: f64, device: &Device) -> Session {
    let data = data();
    let model = ModelConfig { dropout, ..model(data.tokenizer.vocab()) };
    Session::new(model, train, data, device).expect("valid settings")
}

/// Everything that happens until the session stands at `step` or ends.
pub async fn run_to(session: &mut Session, step: u64) -> Vec<Event> {
    let mut events = Vec::new();
    while session.step() < step && !session.is_finished() {
        events.extend(session.advance().await.expect("training goes on"));
    }
    events
}

/// Everything that happens until the session ends.
pub async fn run_out(session: &mut Session) -> Vec<Event> {
    run_to(session, u64::MAX).await
}

/// Step and loss of every event that tells one.
pub fn losses(events: &[Event]) -> Vec<(u64, f32)> {
    let mut losses = Vec::new();
    for event in events {
        match event {
            Event::Step(point) => losses.push((point.step, point.train_loss)),
            Event::Eval { step, val_loss, .. } => losses.push((*step, *val_loss)),
            _ => {}
        }
    }
    losses
}

/// The model learns on `device`, and writes the same text twice.
pub async fn check_learning(device: &Device, steps: u64, falls_to: f32) {
    let mut session = session(train(steps), 0.0, device);
    let uniform = (session.model_config().vocab as f32).ln();
    let losses = losses(&run_out(&mut session).await);
    let (_, last) = losses.last().expect("the last step is evaluated");
    assert!((losses[0].1 - uniform).abs() < 0.2 * uniform, "first loss {}", losses[0].1);
    assert!(*last < falls_to * uniform, "the validation loss fell from {uniform} to {last} only");
    let options = SampleConfig { max_tokens: 40, seed: 3, ..SampleConfig::default() };
    let mut texts = Vec::new();
    for _ in 0..2 {
        let mut generator = session.generator("The ", &options).expect("valid options");
        let mut text = String::new();
        while let Some(piece) = generator.next().await.expect("finite") {
            text.push_str(&piece);
        }
        texts.push(text);
    }
    assert_eq!(texts[0].chars().count(), 40);
    assert_eq!(texts[0], texts[1]);
}
