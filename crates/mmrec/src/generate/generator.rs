//! The generator: prefill, then one token at a time.

use burn::tensor::{Int, Tensor};

use super::choose::Chooser;
use super::opening::opening;
use super::stop::Stop;
use crate::Error;
use crate::config::{ModelConfig, SampleConfig};
use crate::data::DOCUMENT_END;
use crate::model::{Model, State};
use crate::platform::read;
use crate::tokenizer::{StreamDecoder, Tokenizer};

/// A text being written.
#[derive(Debug)]
pub struct Generator {
    model: Model,
    state: State,
    logits: Tensor<3>,
    chooser: Chooser,
    decoder: StreamDecoder,
    stop: Stop,
    banned: Option<u16>,
    left: usize,
    /// Without a prompt: what is needed to find out what the text begins like.
    unopened: Option<(ModelConfig, Tokenizer)>,
}

impl Generator {
    /// Reads the prompt; `model` is one without gradients. An empty prompt begins like a document, where the model knows
    /// documents, else like a new line. The text ends where the model ends a document.
    ///
    /// # Errors
    /// [`Error::Config`] if an option is out of range.
    pub fn new(
        model: &Model,
        config: &ModelConfig,
        tokenizer: &Tokenizer,
        prompt: &str,
        options: &SampleConfig,
    ) -> Result<Self, Error> {
        options.validate()?;
        let mut state = State::new(config);
        let logits = model.prefill(prompt_tokens(model, tokenizer, prompt), &mut state);
        let unopened = prompt.is_empty().then(|| (config.clone(), tokenizer.clone()));
        Ok(Self {
            unopened,
            model: model.clone(),
            state,
            logits,
            chooser: Chooser::new(options),
            decoder: tokenizer.decoder(),
            stop: Stop::new(options.stop.iter().cloned().chain([DOCUMENT_END.to_string()])),
            // The unknown token stands for no character that could be written.
            banned: matches!(tokenizer, Tokenizer::Char(_)).then_some(0),
            left: options.max_tokens,
        })
    }

    /// The next piece of text, possibly empty (while a character or a stop string is incomplete); `None` at the end.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if the model is damaged, [`Error::DeviceLost`] if the device fails.
    pub async fn next(&mut self) -> Result<Option<String>, Error> {
        if self.left == 0 {
            let rest = self.decoder.finish();
            let (mut text, _) = self.stop.push(&rest);
            text.push_str(&self.stop.finish());
            return Ok((!text.is_empty()).then_some(text));
        }
        self.open().await?;
        let logits = read(vec![row(self.logits.clone())]).await?.swap_remove(0);
        let token = self.chooser.choose(&logits, self.banned)?;
        self.left -= 1;
        let (text, stopped) = self.stop.push(&self.decoder.push(token));
        if stopped {
            self.left = 0;
            self.decoder.finish();
        } else if self.left > 0 {
            self.logits = self.model.step(self.model.ids(&[token]), &mut self.state);
        }
        Ok(Some(text))
    }

    /// Begins a text without a prompt.
    async fn open(&mut self) -> Result<(), Error> {
        let Some((config, tokenizer)) = self.unopened.take() else { return Ok(()) };
        let ids = opening(&self.model, &config, &tokenizer).await?;
        self.state = State::new(&config);
        self.logits = self.model.prefill(self.model.ids(&ids), &mut self.state);
        Ok(())
    }

    /// Floats that the memory holds now; bounded whatever the length of the text.
    pub fn state_floats(&self) -> usize {
        self.state.floats()
    }
}

/// The logits of the token that follows a prompt.
///
/// # Errors
/// [`Error::DeviceLost`] if the device fails.
pub async fn next_logits(
    model: &Model,
    config: &ModelConfig,
    tokenizer: &Tokenizer,
    prompt: &str,
) -> Result<Vec<f32>, Error> {
    let tokens = match prompt {
        "" => model.ids(&opening(model, config, tokenizer).await?),
        prompt => prompt_tokens(model, tokenizer, prompt),
    };
    let logits = model.prefill(tokens, &mut State::new(config));
    Ok(read(vec![row(logits)]).await?.swap_remove(0))
}

fn prompt_tokens(model: &Model, tokenizer: &Tokenizer, prompt: &str) -> Tensor<2, Int> {
    // Until it is known what a text without one begins like.
    let prompt = if prompt.is_empty() { "\n" } else { prompt };
    model.ids(&tokenizer.encode(prompt))
}

/// The last logits as one row.
pub(super) fn row(logits: Tensor<3>) -> Tensor<1> {
    let count: usize = logits.dims().iter().product();
    logits.reshape([count])
}
