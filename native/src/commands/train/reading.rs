//! How a run's text is read: what was asked for, what was recorded, and what cannot be asked for any more.

use std::path::Path;

use anyhow::{Result, bail};
use mmrec::tokenizer::Tokenizer;

use crate::args::text::TextFlags;
use crate::run::settings_file::DataOrigin;
use crate::terminal::failure::Usage;
use crate::terminal::output::note;
use crate::terminal::shell::Suggestion;

/// What is not said anew stays as it was.
pub fn over(flags: &TextFlags, recorded: Option<&DataOrigin>) -> TextFlags {
    let Some(recorded) = recorded else { return flags.clone() };
    // A vocabulary goes with the tokenizer that it was learned for.
    let is_recorded = flags.tokenizer.is_none_or(|kind| kind == recorded.tokenizer);
    TextFlags {
        tokenizer: flags.tokenizer.or((flags.vocab.is_none()).then_some(recorded.tokenizer)),
        vocab: flags.vocab.or(recorded.vocab.filter(|_| is_recorded)),
        val: flags.val.or(recorded.validation),
        lossy: flags.lossy || recorded.lossy,
    }
}

/// What is asked for otherwise than it was recorded.
pub fn beyond(flags: &TextFlags, recorded: Option<&DataOrigin>) -> TextFlags {
    let Some(recorded) = recorded else { return flags.clone() };
    TextFlags {
        tokenizer: flags.tokenizer,
        vocab: flags.vocab,
        val: flags.val.filter(|val| recorded.validation != Some(*val)),
        lossy: flags.lossy && !recorded.lossy,
    }
}

/// How prepared data are read was settled when they were prepared.
pub fn refuse_of_prepared(asked: &TextFlags, folder: &Path, tokenizer: &Tokenizer) -> Result<()> {
    let shown = folder.display();
    let kind = tokenizer.kind();
    if asked.tokenizer.is_some_and(|wanted| wanted != kind) {
        bail!("{shown} was prepared with the {kind} tokenizer: prepare the text anew to use another");
    }
    refuse_other_vocabulary(asked, tokenizer, &format!("{shown} was prepared with"))?;
    if let Some(val) = asked.val {
        let anew = Suggestion::new("data prepare").words(&format!("--input TEXT --val {val} --out NEW"));
        bail!(Usage(format!(
            "{shown} was split when it was prepared, so --val has no effect: leave it out, or prepare the text anew: {anew}"
        )));
    }
    if asked.lossy {
        note(&format!("--lossy has no effect: {shown} was read when it was prepared"));
    }
    Ok(())
}

/// A model keeps its tokenizer.
pub fn refuse_other_tokens(asked: &TextFlags, tokenizer: &Tokenizer) -> Result<()> {
    if let Some(wanted) = asked.tokenizer.filter(|wanted| *wanted != tokenizer.kind()) {
        bail!(Usage(format!(
            "--tokenizer {wanted} does not go with a model that has the {tokenizer}: leave it out, or train a new model"
        )));
    }
    refuse_other_vocabulary(asked, tokenizer, "the model keeps")
}

fn refuse_other_vocabulary(asked: &TextFlags, tokenizer: &Tokenizer, whose: &str) -> Result<()> {
    let Some(wanted) = asked.vocab else { return Ok(()) };
    let has = tokenizer.vocab();
    if !tokenizer.kind().has_chosen_vocab() || (wanted as usize) < has {
        bail!(Usage(format!(
            "--vocab {wanted} has no effect: {whose} the {tokenizer}. Leave it out, or make a new one of the text"
        )));
    }
    if wanted as usize > has {
        note(&format!("--vocab {wanted} has no effect: {whose} the {tokenizer}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mmrec::tokenizer::TokenizerKind;

    use super::*;

    fn recorded() -> DataOrigin {
        DataOrigin {
            name: "x".to_owned(),
            path: "x.txt".into(),
            fingerprint: "f".to_owned(),
            tokenizer: TokenizerKind::Bpe,
            vocab: Some(300),
            validation: Some(0.2),
            lossy: true,
        }
    }

    #[test]
    fn what_was_recorded_holds_unless_it_is_said_anew() {
        let read = |flags: TextFlags| {
            let TextFlags { tokenizer, vocab, val, lossy } = over(&flags, Some(&recorded()));
            (tokenizer, vocab, val, lossy)
        };
        let none = TextFlags::default;
        assert_eq!(read(none()), (Some(TokenizerKind::Bpe), Some(300), Some(0.2), true));
        let char = TextFlags { tokenizer: Some(TokenizerKind::Char), val: Some(0.3), ..none() };
        assert_eq!(read(char), (Some(TokenizerKind::Char), None, Some(0.3), true));
        assert_eq!(read(TextFlags { vocab: Some(400), ..none() }), (None, Some(400), Some(0.2), true));
        let same = beyond(&TextFlags { val: Some(0.2), lossy: true, ..none() }, Some(&recorded()));
        assert_eq!((same.val, same.lossy), (None, false));
        assert_eq!(beyond(&TextFlags { val: Some(0.3), ..none() }, Some(&recorded())).val, Some(0.3));
    }

    #[test]
    fn what_can_no_longer_be_chosen_is_refused() {
        let refused = |flags: TextFlags| {
            let of_model = refuse_other_tokens(&flags, &Tokenizer::Byte).map_err(|error| error.to_string());
            let of_data =
                refuse_of_prepared(&flags, Path::new("p"), &Tokenizer::Byte).map_err(|error| error.to_string());
            (of_model.err().unwrap_or_default(), of_data.err().unwrap_or_default())
        };
        let none = TextFlags::default;
        assert_eq!(refused(none()), (String::new(), String::new()));
        let (model, data) = refused(TextFlags { vocab: Some(400), ..none() });
        assert!(model.contains("--vocab 400 has no effect") && data.contains("byte tokenizer"), "{model} {data}");
        let (model, data) = refused(TextFlags { val: Some(0.4), ..none() });
        assert!(model.is_empty() && data.contains("--val 0.4 --out NEW"), "{data}");
        let (model, data) = refused(TextFlags { tokenizer: Some(TokenizerKind::Char), ..none() });
        assert!(model.contains("--tokenizer char") && data.contains("prepared with the byte"), "{model} {data}");
    }
}
