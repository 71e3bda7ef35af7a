//! `mmrec data prepare`: texts to token shards.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand};
use mmrec::data::text::line_ends;
use mmrec::data::{INDEX_FILE, PrepareOptions, Prepared, sample_stories};
use serde_json::json;

use crate::args::text::TextFlags;
use crate::args::whole;
use crate::io::download::{Checksum, TINY_SHAKESPEARE_SHA256, TINY_SHAKESPEARE_URL, download};
use crate::io::prepare::prepare;
use crate::io::skipped::{self, Skipped};
use crate::io::text_files::Inputs;
use crate::io::{atomic_file, findings, out_path};
use crate::run::own_folders;
use crate::terminal::format;
use crate::terminal::output::{Output, name, note, path_text};
use crate::terminal::progress::{Progress, download_message};
use crate::terminal::shell::Suggestion;

/// Prepare texts for training
#[derive(Debug, Args)]
pub struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// Turn texts into a folder of tokens that training reads as it needs them, whatever their size
    Prepare(PrepareArgs),
}

const EXAMPLES: &str = "\
Examples:
  mmrec data prepare --input book.txt notes/ --out data/mine
  mmrec data prepare --sample --out data/stories
  mmrec data prepare --tiny-shakespeare --tokenizer byte --out data/shakespeare

Each file is a document: a model learns where documents end, and stops writing there.

The text is read as UTF-8 or UTF-16 (a byte order mark is dropped, all line ends become LF), twice and in pieces, so its size is
limited by the disk alone. Its tail is held back for validation and never trained on. A text that is given twice is read once.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("source").required(true)))]
struct PrepareArgs {
    /// Text files, and folders whose text files are read recursively, in natural order (2.txt before 10.txt)
    #[arg(long, value_name = "FILE|DIR", num_args = 1.., group = "source")]
    input: Vec<PathBuf>,
    /// The built-in sample: short stories from a seeded generator
    #[arg(long, group = "source")]
    sample: bool,
    /// Tiny Shakespeare (1.1 MB), downloaded and checked
    #[arg(long, group = "source")]
    tiny_shakespeare: bool,
    /// Folder to write; it must not exist yet, or be empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    text: TextFlags,
    /// What ends a document within a file, such as "<|endoftext|>" or "\n\nChapter" (\n is a line end, \t a tab, \\ a \ itself); the
    /// end of a file always does
    #[arg(
        long,
        value_name = "TEXT",
        requires = "input",
        conflicts_with_all = ["sample", "tiny_shakespeare"],
        default_value = "",
        value_parser = separator,
        allow_hyphen_values = true,
        hide_default_value = true
    )]
    separator: String,
    /// Where to download Tiny Shakespeare from
    #[arg(long, requires = "tiny_shakespeare", conflicts_with_all = ["input", "sample"], default_value = TINY_SHAKESPEARE_URL)]
    url: String,
    /// What the download's SHA-256 must be; "none" accepts any
    #[arg(long, value_name = "HEX|none", requires = "tiny_shakespeare", conflicts_with_all = ["input", "sample"], default_value = TINY_SHAKESPEARE_SHA256)]
    sha256: Checksum,
    /// Seed of the sample's stories
    #[arg(long, value_name = "N", requires = "sample", conflicts_with_all = ["input", "tiny_shakespeare"], default_value_t = 1, value_parser = whole())]
    seed: u64,
    /// Size of the sample, in bytes, up to the end of a story
    #[arg(long, value_name = "N", requires = "sample", conflicts_with_all = ["input", "tiny_shakespeare"], default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    bytes: u32,
}

/// What hardly any shell lets one type, and what is typed for it.
const ESCAPES: [(&str, char); 4] = [("\\n", '\n'), ("\\r", '\r'), ("\\t", '\t'), ("\\\\", '\\')];

/// A text with what its [`ESCAPES`] stand for.
fn separator(text: &str) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(c) = rest.chars().next() {
        let escaped = ESCAPES.iter().find_map(|&(escape, stands_for)| Some((stands_for, rest.strip_prefix(escape)?)));
        let (next, after) = escaped.unwrap_or((c, &rest[c.len_utf8()..]));
        out.push(next);
        rest = after;
    }
    Ok(out)
}

/// Runs the command.
pub fn run(args: DataArgs, output: Output) -> Result<()> {
    let DataCommand::Prepare(args) = args.command;
    let target = atomic_file::absolute(&args.out)?;
    // What a killed command was moving there is taken back first.
    atomic_file::remove_leftovers(&target);
    out_path::refuse_used(&target)?;
    let folder = atomic_file::temporary_folder_for(&target)?;
    let (mut inputs, skipped, name) = sources(&args, folder.path(), output)?;
    skipped::tell(&skipped, note);
    if args.sample && args.text.lossy {
        note("--lossy has no effect: the sample is valid UTF-8");
    }
    let options = PrepareOptions { separator: line_ends(&args.separator).into_owned(), ..args.text.options(&name)? };
    let prepared = prepare(&mut inputs, &options, folder.path(), output)?;
    atomic_file::publish_folder(folder, &target, INDEX_FILE)?;
    if prepared.separators == 0 && !options.separator.is_empty() {
        note(&nowhere(&options.separator));
    }
    report(&args.out, &prepared, &inputs, &skipped, output)
}

fn nowhere(separator: &str) -> String {
    // LaTeX has such commands.
    let may_be_command = separator.contains(['\n', '\r', '\t']);
    let hint = if may_be_command { " (a \\ before n, r or t that is meant itself is written twice)" } else { "" };
    format!(
        "--separator {separator:?} occurs nowhere in the text{hint}, so documents end at the end of a file only: look how they end in it"
    )
}

/// The files to read, what was skipped, and what to call the text. Texts that are made or fetched are kept beside their tokens.
fn sources(args: &PrepareArgs, folder: &Path, output: Output) -> Result<(Inputs, Vec<Skipped>, String)> {
    let (file, name) = if args.sample {
        let file = folder.join("sample.txt");
        atomic_file::write(&file, sample_stories(args.seed, args.bytes as usize).as_bytes())?;
        (file, "Sample stories".to_owned())
    } else if args.tiny_shakespeare {
        let file = folder.join("tinyshakespeare.txt");
        fetch(args, &file, output)?;
        (file, "Tiny Shakespeare".to_owned())
    } else {
        let (inputs, skipped) = Inputs::collect(&args.input, Some(&args.out), own_folders::what_is)?;
        return Ok((inputs, skipped, name_of(&args.input)));
    };
    let (inputs, skipped) = Inputs::collect(&[file], None, own_folders::what_is)?;
    Ok((inputs, skipped, name))
}

fn fetch(args: &PrepareArgs, file: &Path, output: Output) -> Result<()> {
    let mut progress = Progress::counting(output, None);
    let result = download(&args.url, &args.sha256, file, &mut |done, total| {
        if let Some(total) = total {
            progress.set_length(total);
        }
        progress.show(done, &download_message(done, total), Some(done) == total);
    });
    progress.clear();
    result.map(drop)
}

/// What to call the text of some files and folders.
pub fn name_of(paths: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        let name = path.file_name().or_else(|| path.components().next_back().map(|last| last.as_os_str()));
        name.map_or_else(|| "text".to_owned(), |name| name.to_string_lossy().into_owned())
    };
    match paths {
        [] => "text".to_owned(),
        [path] => name(path),
        [first, rest @ ..] => format!("{} and {} more", name(first), rest.len()),
    }
}

fn report(folder: &Path, prepared: &Prepared, inputs: &Inputs, skipped: &[Skipped], output: Output) -> Result<()> {
    let index = &prepared.index;
    let remarks = inputs.paths().zip(&prepared.findings).filter_map(|(path, found)| findings::as_json(path, found));
    let skipped: Vec<_> =
        skipped.iter().map(|file| json!({ "path": path_text(&file.path), "reason": file.reason })).collect();
    output.value(&json!({
        "type": "prepared",
        "folder": path_text(folder),
        "name": index.name,
        "files": inputs.len(),
        "bytes": inputs.bytes(),
        "skipped": skipped,
        "documents": prepared.documents,
        "remarks": remarks.collect::<Vec<_>>(),
        "tokenizer": index.tokenizer.kind(),
        "vocabulary": index.tokenizer.vocab(),
        "train_tokens": index.train_tokens,
        "val_tokens": index.val_tokens,
        "val_characters": index.val_chars,
        "fingerprint": index.fingerprint,
    }))?;
    output.line(&format!(
        "{}: {} in {}, {}, {} tokenizer with a vocabulary of {}",
        name(&index.name),
        format::size(inputs.bytes()),
        format::count(inputs.len() as u64, "file"),
        format::count(prepared.documents, "document"),
        index.tokenizer.kind(),
        format::thousands(index.tokenizer.vocab() as u64),
    ))?;
    output.line(&format!(
        "{} to train on, {} for validation",
        format::count(index.train_tokens, "token"),
        format::thousands(index.val_tokens)
    ))?;
    let run = out_path::free(Path::new("runs/first"));
    output.next(&Suggestion::new("train").words("--data").path(folder).words("--stage tiny --out").path(&run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_called_by_their_files() {
        assert_eq!(name_of(&["a/b.txt".into()]), "b.txt");
        assert_eq!(name_of(&["a/b.txt".into(), "c".into(), "d".into()]), "b.txt and 2 more");
        assert_eq!(name_of(&["..".into()]), "..");
    }

    #[test]
    fn separators_may_have_line_ends() {
        let read = |text: &str| separator(text).unwrap();
        assert_eq!([read("<|end|>"), read(r"\n\n"), read(r"\r\n--\t")], ["<|end|>", "\n\n", "\r\n--\t"]);
        assert_eq!([read(r"\n\nIt"), read(r"\nShe")], ["\n\nIt", "\nShe"]);
        assert_eq!([read(r"\\newpage"), read(r"\section"), read("\\")], [r"\newpage", r"\section", "\\"]);
    }
}
