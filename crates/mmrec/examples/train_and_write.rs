//! Trains the smallest model on a short text and lets it write, on the processor:
//!
//! ```sh
//! cargo run --release --package mmrec --example train_and_write
//! ```

use std::error::Error;

use mmrec::Device;
use mmrec::config::{SampleConfig, Stage, TrainConfig};
use mmrec::data::Dataset;
use mmrec::driver::{Event, Session};
use mmrec::tokenizer::TokenizerKind;

const TEXT: &str = "The cat sat on the mat. The dog sat on the log. The cat saw the dog, and the dog saw the cat. ";

fn main() -> Result<(), Box<dyn Error>> {
    pollster::block_on(train_and_write())
}

async fn train_and_write() -> Result<(), Box<dyn Error>> {
    // A tenth of the text is held back, to judge the model by.
    let data = Dataset::from_text("cats and dogs", &TEXT.repeat(60), TokenizerKind::Char, Some(0.1))?;
    let model = Stage::Tiny.config(data.tokenizer.vocab());
    let train =
        TrainConfig { context: 64, batch: 4, steps: 60, warmup: 10, eval_every: 20, ..TrainConfig::for_model(&model) };
    let mut session = Session::new(model, train, data, &Device::flex())?;

    // Each call does one bounded piece of work. A program of its own would save on `Event::Save`.
    while !session.is_finished() {
        for event in session.advance().await? {
            match event {
                Event::Eval { step, val_loss, .. } => println!("step {step}: validation loss {val_loss:.3}"),
                Event::Finished { message, .. } => println!("{message}"),
                _ => {}
            }
        }
    }

    let options = SampleConfig { max_tokens: 80, ..SampleConfig::default() };
    let mut generator = session.generator("The cat ", &options)?;
    print!("The cat ");
    while let Some(piece) = generator.next().await? {
        print!("{piece}");
    }
    println!();
    Ok(())
}
