//! The generator: the prompt piece by piece, then one token at a time.

use std::vec::IntoIter;

use burn::tensor::Tensor;

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
    /// What is left of the prompt.
    unread: IntoIter<u16>,
    /// Tokens of the whole prompt.
    prompt: usize,
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
    /// Reads the first piece of the prompt; `model` is one without gradients. An empty prompt begins like a document, where the model
    /// knows documents, else like a new line. The text ends where the model ends a document.
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
        let unopened = prompt.is_empty().then(|| (config.clone(), tokenizer.clone()));
        let (mut state, tokens) = (State::new(config), prompt_tokens(tokenizer, prompt));
        let prompt = tokens.len();
        let mut unread = tokens.into_iter();
        let logits = read_piece(model, &mut state, &mut unread);
        Ok(Self {
            unopened,
            model: model.clone(),
            state,
            unread,
            prompt,
            logits,
            chooser: Chooser::new(options),
            decoder: tokenizer.decoder(),
            stop: Stop::new(options.stop.iter().cloned().chain([DOCUMENT_END.to_string()])),
            // It stands for no character that could be written.
            banned: tokenizer.unknown_id(),
            left: options.max_tokens,
        })
    }

    /// The share of the prompt that is read, while it is being read.
    pub fn reading(&self) -> Option<f64> {
        let left = self.unread.len();
        (left > 0).then(|| 1.0 - left as f64 / self.prompt as f64)
    }

    /// The next piece of text, possibly empty (while a character or a stop string is incomplete, and for each further piece of a long
    /// prompt); `None` at the end.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if the model is damaged, [`Error::DeviceLost`] if the device fails.
    pub async fn next(&mut self) -> Result<Option<String>, Error> {
        if self.reading().is_some() {
            self.logits = read_piece(&self.model, &mut self.state, &mut self.unread);
            // A device that works behind one's back would else be given the whole prompt at once.
            read(vec![row(self.logits.clone())]).await?;
            return Ok(Some(String::new()));
        }
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
    let ids = match prompt {
        "" => opening(model, config, tokenizer).await?,
        prompt => prompt_tokens(tokenizer, prompt),
    };
    let logits = model.prefill(model.ids(&ids), &mut State::new(config));
    Ok(read(vec![row(logits)]).await?.swap_remove(0))
}

fn prompt_tokens(tokenizer: &Tokenizer, prompt: &str) -> Vec<u16> {
    // Until it is known what a text without one begins like.
    tokenizer.encode(if prompt.is_empty() { "\n" } else { prompt })
}

/// The logits after one more piece of a prompt.
fn read_piece(model: &Model, state: &mut State, unread: &mut IntoIter<u16>) -> Tensor<3> {
    let piece: Vec<u16> = unread.take(model.prefill_tokens()).collect();
    model.prefill(model.ids(&piece), state)
}

/// The last logits as one row.
pub(super) fn row(logits: Tensor<3>) -> Tensor<1> {
    let count: usize = logits.dims().iter().product();
    logits.reshape([count])
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use pollster::block_on;

    use super::*;
    use crate::config::Stage;

    #[test]
    fn a_long_prompt_is_read_in_pieces_and_gives_what_it_gives_as_a_whole() {
        let sizes = ModelConfig { width: 8, layers: 1, heads: 2, chunk: 4, levels: 2, ..Stage::Tiny.config(256) };
        let config = ModelConfig { feed_forward: 6, ..sizes };
        let model = Model::new(&config, 1, &Device::flex());
        let prompt = "a long prompt ".repeat(60);
        let options = SampleConfig { temperature: 0.0, max_tokens: 1, ..SampleConfig::default() };
        let mut generator =
            Generator::new(&model, &config, &Tokenizer::Byte, &prompt, &options).expect("options in range");
        let mut shares = Vec::new();
        while let Some(share) = generator.reading() {
            shares.push(share);
            assert_eq!(block_on(generator.next()).expect("read").as_deref(), Some(""));
        }
        assert_eq!(shares.len(), prompt.len().div_ceil(model.prefill_tokens()) - 1, "the first piece is read at once");
        assert!(shares.is_sorted() && shares.iter().all(|share| (0.0..1.0).contains(share)), "{shares:?}");
        let whole = block_on(next_logits(&model, &config, &Tokenizer::Byte, &prompt)).expect("read");
        assert_eq!(block_on(read(vec![row(generator.logits.clone())])).expect("read"), [whole]);
    }
}
