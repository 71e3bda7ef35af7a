//! Looking inside a model while it reads a text: what it expected, what its memories hold, and what they are worth.
//!
//! Everything is computed from the model's own projections, norms and products; what the kernels do not expose is made of plain
//! operations, which tests compare with them. Nothing here changes the model.

mod ablate;
mod attention;
mod error;
mod gates;
mod pieces;
mod predict;
mod recall;
#[cfg(test)]
mod tests;

pub use ablate::{Ablation, Part};
pub use attention::{Attention, HeadAttention, Place};
pub use error::InspectError;
pub use gates::{Decay, Gates};
pub use pieces::pieces;
pub use predict::{Candidate, Prediction};
pub use recall::{HeadRecall, Recall, Write};

use burn::tensor::Tensor;
use serde::Serialize;

use crate::Error;
use crate::model::{Block, Dropout, Model};
use crate::tokenizer::Tokenizer;
use attention::{attention, window_attention};
use gates::LayerGates;
use predict::{loss, prediction};
use recall::recall;

/// The most tokens of a text that is looked at: what is shown of each of them stays small enough for a page.
pub const MAX_TOKENS: usize = 512;
/// The most gates of one layer; a model of very many heads is looked at over a shorter text.
const MAX_GATES: usize = 1 << 15;

/// A model at work on a text. It holds what was computed on the way, a float for every layer, token and channel, and shares the
/// model's weights, so that it goes on showing the same model while another one is trained.
#[derive(Debug)]
pub struct Inspection {
    model: Model,
    ids: Vec<u16>,
    /// The stream before each block, `[1, whole chunks of time, width]`.
    streams: Vec<Tensor<3>>,
    gates: Vec<LayerGates>,
    reading: Reading,
}

/// The whole text at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading {
    /// Token by token; their texts joined are the text.
    pub tokens: Vec<ReadToken>,
    /// Mean surprise in nats per token; none for a single token.
    pub loss: Option<f32>,
    /// How long the recurrent memory remembers, by layer and head; empty for a GPT, which has none.
    pub decays: Vec<Vec<Decay>>,
    /// Layers of the model.
    pub layers: usize,
    /// Heads of a layer.
    pub heads: usize,
    /// Levels of the model's memory above the tokens, whether the text reaches them or not.
    pub levels: usize,
    /// What can be switched off: parts that have something to do in this text.
    pub parts: Vec<Part>,
}

/// One token of the text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadToken {
    /// The characters that end with it; empty where it ends inside one.
    pub text: String,
    /// Its visible name, as of [`Tokenizer::token_label`]; "unknown" for a character that the model has no token for.
    pub label: String,
    /// How it was predicted; none for the first.
    pub prediction: Option<Prediction>,
}

/// One layer at one token.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Look {
    /// What the recurrent memory gives back, and what is written into it; none in a GPT.
    pub recall: Option<Recall>,
    /// How attention spreads over the hierarchy; in a GPT, over its window.
    pub attention: Attention,
}

impl Inspection {
    /// Reads `text`, at most [`MAX_TOKENS`] tokens, from its beginning; `model` is one without gradients.
    ///
    /// # Errors
    /// [`Error::Inspect`] if the text is empty or too long, [`Error::NotFinite`] if the model is damaged, [`Error::DeviceLost`] if the
    /// device fails.
    pub async fn new(model: &Model, tokenizer: &Tokenizer, text: &str) -> Result<Self, Error> {
        let ids = tokenizer.encode(text);
        check_length(ids.len(), model.heads())?;
        let mut streams = streams(model, &ids);
        let last = streams.pop().expect("the stream before the first block");
        let mut predictions = vec![None];
        let mut predict =
            |logits: &[f32], odds: &_, next| predictions.push(Some(prediction(logits, odds, next, tokenizer)));
        let loss = loss(model, last, &ids, &mut predict).await?;
        let gates = LayerGates::read(model, &streams, ids.len()).await?;
        let tokens = pieces(tokenizer, text, &ids).into_iter().zip(&ids).zip(predictions);
        let reading = Reading {
            tokens: tokens
                .map(|((text, id), prediction)| ReadToken { text, label: tokenizer.token_label(*id), prediction })
                .collect(),
            loss,
            decays: gates.iter().map(LayerGates::decays).collect(),
            levels: model.sizes().levels,
            layers: model.blocks.len(),
            heads: model.heads(),
            parts: if ids.len() > 1 { Part::of(model, ids.len()) } else { Vec::new() },
        };
        Ok(Self { model: model.clone(), ids, streams, gates, reading })
    }

    /// The whole text at a glance.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// The gates of one layer, token by token.
    ///
    /// # Errors
    /// [`InspectError::NoSuchLayer`], [`InspectError::NoMemory`] of a GPT.
    pub fn gates(&self, layer: usize) -> Result<Gates, Error> {
        self.check_layer(layer)?;
        Ok(self.gates.get(layer).ok_or(InspectError::NoMemory)?.gates())
    }

    /// Both memories of one layer at one token, or its attention in a GPT; both count from 0.
    ///
    /// # Errors
    /// [`Error::Inspect`] if there is no such layer or token, [`Error::DeviceLost`] if the device fails.
    pub async fn look(&self, layer: usize, token: usize) -> Result<Look, Error> {
        self.check_layer(layer)?;
        let (stream, count) = (self.streams[layer].clone(), self.ids.len());
        if token >= count {
            return Err(InspectError::NoSuchToken { token, count }.into());
        }
        match &self.model.blocks[layer] {
            Block::Memory(block) => {
                let p = block.projection(stream);
                Ok(Look {
                    recall: Some(recall(block, &p, &self.gates[layer], token).await?),
                    attention: attention(block, self.model.sizes(), &p, token).await?,
                })
            }
            Block::Attention(block) => {
                Ok(Look { recall: None, attention: window_attention(block, stream, token).await? })
            }
        }
    }

    /// The loss over the text with one part of the model switched off, in another pass over it.
    ///
    /// # Errors
    /// [`Error::Inspect`] if the model has no such level, or the text is a single token, [`Error::DeviceLost`] if the device fails.
    pub async fn without(&self, part: Part) -> Result<Ablation, Error> {
        let (with, count) = (self.reading.loss.ok_or(InspectError::OneToken)?, self.reading.levels);
        if part == Part::Recurrence && self.model.is_gpt() {
            return Err(InspectError::NoMemory.into());
        }
        if let Part::Level { level } = part
            && !(1..=count).contains(&level)
        {
            return Err(InspectError::NoSuchLevel { level, count }.into());
        }
        let stream = part.stream_without(&self.model, self.model.ids(&self.ids));
        let loss = loss(&self.model, stream, &self.ids, &mut |_, _, _| ()).await?.unwrap_or(with);
        Ok(Ablation { part, loss, difference: loss - with })
    }

    fn check_layer(&self, layer: usize) -> Result<(), InspectError> {
        let count = self.reading.layers;
        if layer < count { Ok(()) } else { Err(InspectError::NoSuchLayer { layer, count }) }
    }
}

fn check_length(tokens: usize, heads: usize) -> Result<(), InspectError> {
    let most = MAX_TOKENS.min(MAX_GATES / heads);
    match tokens {
        0 => Err(InspectError::NoText),
        tokens if tokens > most => Err(InspectError::TooLong { tokens, most }),
        _ => Ok(()),
    }
}

/// The stream before each block, and after the last.
fn streams(model: &Model, ids: &[u16]) -> Vec<Tensor<3>> {
    let (tables, off) = (model.tables(ids.len()), &mut Dropout::new(0.0, 0, 0));
    let mut streams = vec![model.embed(model.ids(ids))];
    for block in 0..model.blocks.len() {
        streams.push(model.through(block, streams[block].clone(), tables.as_ref(), off));
    }
    streams
}
