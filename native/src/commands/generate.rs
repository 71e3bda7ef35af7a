//! `mmrec generate`: a model writes.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use mmrec::checkpoint::Checkpoint;
use mmrec::config::SampleConfig;
use mmrec::data::text::line_ends;
use mmrec::generate::{Generator, next_logits};
use mmrec::model::Model;
use mmrec::tokenizer::Tokenizer;
use serde_json::json;

use crate::args::adapters::AdapterFlags;
use crate::args::compute::Compute;
use crate::args::prompt::PromptFlags;
use crate::args::whole;
use crate::run::checkpoint_file;
use crate::terminal::failure::Usage;
use crate::terminal::output::{Output, note};
use crate::terminal::{format, progress};

const EXAMPLES: &str = "\
Examples:
  mmrec generate runs/book/best.safetensors --prompt \"Once upon a time\"
  mmrec generate best.safetensors --prompt \"Q: \" --stop \"Q:\" --temperature 0.5 --seed 7
  mmrec generate best.safetensors --prompt-file chapter.txt --tokens 500
  pbpaste | mmrec generate best.safetensors --prompt -
  mmrec generate best.safetensors --prompt \"Once\" --logits --json
  mmrec generate base.safetensors --adapter runs/letters/adapter.safetensors --prompt \"Dear\"

The text appears as it is written. Its length is not limited: the model's memory does not grow with it. The same seed gives the
same text.";

/// Let a model write
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct GenerateArgs {
    /// A .safetensors file that training wrote, here or in the browser
    checkpoint: PathBuf,
    #[command(flatten)]
    adapters: AdapterFlags,
    #[command(flatten)]
    prompt: PromptFlags,
    /// Tokens to write at most [default: 300] [1 to 1000000000]
    #[arg(long, value_name = "N")]
    tokens: Option<usize>,
    /// How much chance there is: 0 always takes the likeliest token, 1 draws as the model believes [default: 0.8] [0 to 100]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    temperature: Option<f64>,
    /// Draw from the N likeliest tokens only; 0 from all [default: 0]
    #[arg(long, value_name = "N")]
    top_k: Option<usize>,
    /// Draw from the fewest tokens that together have this probability; 1 from all [default: 0.95] [above 0, at most 1]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    top_p: Option<f64>,
    /// The same seed gives the same text [default: 0]
    #[arg(long, value_name = "N", value_parser = whole())]
    seed: Option<u64>,
    /// Stop before this text appears; may be given several times
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    stop: Vec<String>,
    /// Print the logits of the token after the prompt instead of writing
    #[arg(long, conflicts_with_all = ["tokens", "temperature", "top_k", "top_p", "seed", "stop"])]
    logits: bool,
    #[command(flatten)]
    compute: Compute,
}

impl GenerateArgs {
    fn options(&self) -> Result<SampleConfig> {
        let default = SampleConfig::default();
        let options = SampleConfig {
            temperature: self.temperature.unwrap_or(default.temperature),
            top_k: self.top_k.unwrap_or(default.top_k),
            top_p: self.top_p.unwrap_or(default.top_p),
            seed: self.seed.unwrap_or(default.seed),
            max_tokens: self.tokens.unwrap_or(default.max_tokens),
            stop: self.stop.iter().map(|stop| line_ends(stop).into_owned()).collect(),
        };
        options.validate().map_err(|error| Usage(error.to_string()))?;
        Ok(options)
    }

    /// What was given although it changes nothing, and why.
    fn without_effect(&self, options: &SampleConfig, vocab: usize) -> Vec<String> {
        if self.top_k.is_some() && options.temperature > 0.0 && options.top_k >= vocab {
            return vec![format!("--top-k has no effect: the model has {vocab} tokens to draw from")];
        }
        let reason = match (options.temperature == 0.0, options.top_k == 1) {
            (true, _) => "at --temperature 0",
            (false, true) => "with --top-k 1",
            (false, false) => return Vec::new(),
        };
        let given = [
            ("--temperature", self.temperature.is_some() && options.temperature > 0.0),
            ("--top-k", self.top_k.is_some() && options.temperature == 0.0),
            ("--top-p", self.top_p.is_some()),
            ("--seed", self.seed.is_some()),
        ];
        let flags = given.into_iter().filter(|(_, given)| *given);
        flags.map(|(flag, _)| format!("{flag} has no effect: {reason} the likeliest token is always taken")).collect()
    }
}

/// Runs the command.
pub fn run(args: &GenerateArgs, output: Output) -> Result<()> {
    let options = args.options()?;
    let prompt = args.prompt.read()?;
    let checkpoint = checkpoint_file::read(&args.checkpoint)?;
    args.without_effect(&options, checkpoint.model.vocab).iter().for_each(|why| note(why));
    let (device, _) = args.compute.start()?;
    let checkpoint = args.adapters.apply(checkpoint, &args.checkpoint)?;
    let model = checkpoint.build_model(&device);
    warn_of_unknown(&checkpoint.tokenizer, &prompt);
    if args.logits {
        return print_logits(&checkpoint, &model, &prompt, output);
    }
    let generator = Generator::new(&model, &checkpoint.model, &checkpoint.tokenizer, &prompt, &options)?;
    write(generator, &prompt, &options, output)
}

/// Tells which characters of the prompt the model cannot see.
fn warn_of_unknown(tokenizer: &Tokenizer, prompt: &str) {
    let unknown = tokenizer.count_unknown(&tokenizer.encode(prompt));
    if unknown > 0 {
        note(&format!("{} of the prompt never appeared in training", format::count(unknown, "character")));
    }
}

fn print_logits(checkpoint: &Checkpoint, model: &Model, prompt: &str, output: Output) -> Result<()> {
    let logits = pollster::block_on(next_logits(model, &checkpoint.model, &checkpoint.tokenizer, prompt))?;
    output.value(&json!({ "logits": logits }))?;
    let mut ranked: Vec<_> = logits.iter().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(a.1));
    ranked.into_iter().try_for_each(|(id, logit)| {
        output.line(&format!("{logit:>10.4}  {}", checkpoint.tokenizer.token_label(id as u16)))
    })
}

fn write(mut generator: Generator, prompt: &str, options: &SampleConfig, output: Output) -> Result<()> {
    let started = Instant::now();
    let (mut text, mut pieces) = (String::new(), 0);
    output.piece(prompt)?;
    loop {
        let reading = generator.reading().is_some();
        let Some(piece) = pollster::block_on(generator.next())? else { break };
        pieces += usize::from(!reading);
        if !piece.is_empty() {
            output.piece(&piece)?;
            output.value(&json!({ "type": "text", "text": piece }))?;
            text.push_str(&piece);
        }
    }
    output.line("")?;
    let (tokens, seconds) = (options.max_tokens.min(pieces), started.elapsed().as_secs_f64());
    output.value(&json!({
        "type": "generated",
        "prompt": prompt,
        "text": text,
        "tokens": tokens,
        "seconds": seconds,
        "tokens_per_s": tokens as f64 / seconds.max(1e-9),
    }))?;
    if progress::stdout_is_terminal() && !output.is_json() {
        let speed = format::thousands((tokens as f64 / seconds.max(1e-9)) as u64);
        note(&format!("[{}, {speed} a second]", format::count(tokens as u64, "token")));
    }
    Ok(())
}
