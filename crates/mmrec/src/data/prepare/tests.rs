use super::*;
use crate::data::index::INDEX_FILE;
use crate::data::shard::tests::InMemory;
use crate::data::text::{append, read_text};
use crate::data::{Dataset, Shard, Tokens, verify};
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::rc::Rc;

type Files = Rc<RefCell<BTreeMap<String, Vec<u8>>>>;

#[derive(Default)]
struct Folder {
    files: Files,
    order: Vec<String>,
}

struct FolderWriter(Files, String);

impl Write for FolderWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(1000);
        self.0.borrow_mut().get_mut(&self.1).unwrap().extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ShardSink for Folder {
    type Writer = FolderWriter;
    fn create(&mut self, name: &str) -> io::Result<FolderWriter> {
        self.order.push(name.to_owned());
        self.files.borrow_mut().insert(name.to_owned(), Vec::new());
        Ok(FolderWriter(self.files.clone(), name.to_owned()))
    }
}

impl Folder {
    fn index(&self) -> PreparedIndex {
        PreparedIndex::parse(&self.files.borrow()[INDEX_FILE]).unwrap()
    }
    fn shards(&self) -> Vec<Box<dyn Shard>> {
        let read = |file: &String| Box::new(InMemory::new(self.files.borrow()[file].clone())) as Box<dyn Shard>;
        self.index().shards.iter().map(|shard| read(&shard.file)).collect()
    }
}

struct Texts {
    list: Vec<TextSource>,
    contents: Vec<Vec<u8>>,
}

impl Texts {
    fn new(contents: &[&[u8]]) -> Self {
        let source = |(i, bytes): (usize, &&[u8])| TextSource { name: format!("{i}.txt"), bytes: bytes.len() as u64 };
        Self {
            list: contents.iter().enumerate().map(source).collect(),
            contents: contents.iter().map(|bytes| bytes.to_vec()).collect(),
        }
    }
}

impl TextSources for Texts {
    type Reader = Cursor<Vec<u8>>;
    fn list(&self) -> &[TextSource] {
        &self.list
    }
    fn open(&mut self, index: usize) -> io::Result<Self::Reader> {
        Ok(Cursor::new(self.contents[index].clone()))
    }
}

fn all(tokens: &Tokens) -> Vec<u16> {
    let mut ids = vec![0; tokens.len() as usize];
    tokens.read(0, &mut ids).unwrap();
    ids
}

fn prepared(contents: &[&[u8]], options: &PrepareOptions) -> Result<Folder, DataError> {
    let mut folder = Folder::default();
    prepare(options, &mut Texts::new(contents), &mut folder, |_| ControlFlow::Continue(()))?;
    Ok(folder)
}

#[test]
fn the_index_comes_last_and_progress_reaches_the_end() {
    let (mut folder, mut seen) = (Folder::default(), Vec::new());
    let options = PrepareOptions { shard_tokens: 4, ..PrepareOptions::new("x", TokenizerKind::Byte) };
    let index = prepare(&options, &mut Texts::new(&[b"abcdefghi", b"j"]), &mut folder, |progress| {
        seen.push(progress);
        ControlFlow::Continue(())
    });
    let index = index.unwrap().index;
    assert_eq!(folder.order, ["train-00000.bin", "train-00001.bin", "train-00002.bin", "val-00000.bin", "data.json"]);
    assert_eq!((index.train_tokens, index.val_tokens, index.val_chars), (9, 2, 2));
    assert_eq!(folder.index(), index);
    assert_eq!(seen[1], PrepareProgress { phase: Phase::Count, done: 10, total: 10 });
    assert_eq!(*seen.last().unwrap(), PrepareProgress { phase: Phase::Write, done: 10, total: 10 });
}

#[test]
fn a_given_tokenizer_is_used_as_it_is() {
    let made = Dataset::from_text("x", "abc", TokenizerKind::Char, None).unwrap().tokenizer;
    let options = PrepareOptions { given: Some(made.clone()), ..PrepareOptions::new("x", TokenizerKind::Char) };
    let folder = prepared(&["abcdabcd".repeat(9).as_bytes()], &options).unwrap();
    let opened = Dataset::open(folder.index(), folder.shards()).unwrap();
    let memory = Dataset::with_tokenizer("x", &"abcdabcd".repeat(9), made.clone(), None).unwrap();
    assert_eq!(opened.tokenizer, made);
    assert_eq!(all(&opened.train)[..5], [1, 2, 3, 0, 1]);
    assert_eq!(opened.fingerprint, memory.fingerprint);
}

#[test]
fn learning_is_told_and_stopped_in_between() {
    let text: String = (0..40_000).map(|i| format!("{:x} ", i * 7919)).collect();
    let options = PrepareOptions { vocab: 600, ..PrepareOptions::new("x", TokenizerKind::Bpe) };
    let (mut learning, mut folder) = (0, Folder::default());
    let result = prepare(&options, &mut Texts::new(&[text.as_bytes()]), &mut folder, |progress| {
        learning += usize::from(progress.phase == Phase::Learn);
        if learning > 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(result, Err(DataError::Stopped)));
    assert_eq!((learning, folder.order.len()), (101, 0));
}

#[test]
fn documents_and_separators_are_counted() {
    let options = PrepareOptions { separator: "--\r\n".to_owned(), ..PrepareOptions::new("x", TokenizerKind::Byte) };
    let texts: [&[u8]; 3] = [b"one\r\n--\r\ntwo\r\n--\r\n", b"three", b""];
    let found = prepare(&options, &mut Texts::new(&texts), &mut Folder::default(), |_| ControlFlow::Continue(()));
    let Prepared { documents, separators, findings, .. } = found.unwrap();
    assert_eq!((documents, separators, findings.len()), (3, 2, 3));
}

#[test]
fn bad_texts_are_named() {
    let options = PrepareOptions::new("notes", TokenizerKind::Char);
    let error = |contents: &[&[u8]]| prepared(contents, &options).err().unwrap().to_string();
    assert!(
        error(&[b"good", b"ab\xFF"]).starts_with("1.txt is not valid UTF-8: the first invalid byte is at offset 2")
    );
    assert!(error(&[b"good", b"ab\0\x01"]).starts_with("1.txt looks binary"));
    assert!(error(&[b"", b" \n"]).starts_with("notes holds no text"));
    assert!(error(&[]).starts_with("notes holds no text"));
}

#[test]
fn damaged_shards_are_found() {
    let options = PrepareOptions { shard_tokens: 30, ..PrepareOptions::new("x", TokenizerKind::Byte) };
    let folder = prepared(&[&[b'a'; 100]], &options).unwrap();
    let index = folder.index();
    verify(&index, &folder.shards(), |_| ControlFlow::Continue(())).unwrap();

    let mut fewer = folder.shards();
    fewer.pop();
    assert!(matches!(Dataset::open(index.clone(), fewer), Err(DataError::ShardCount { expected: 4, found: 3 })));
    folder.files.borrow_mut().get_mut("train-00001.bin").unwrap()[7] = 1;
    assert!(matches!(
        verify(&index, &folder.shards(), |_| ControlFlow::Continue(())),
        Err(DataError::ShardHash { .. })
    ));
    let data = Dataset::open(index.clone(), folder.shards()).unwrap();
    let mut ids = vec![0; data.train.len() as usize];
    assert!(matches!(data.train.read(0, &mut ids), Err(DataError::ShardChanged { .. })));
    folder.files.borrow_mut().get_mut("train-00001.bin").unwrap().pop();
    assert!(matches!(
        Dataset::open(index.clone(), folder.shards()),
        Err(DataError::ShardSize { expected: 60, found: 59, .. })
    ));

    let mut forged = index;
    forged.fingerprint = "0".repeat(64);
    let folder = prepared(&[&[b'a'; 100]], &options).unwrap();
    assert!(matches!(
        verify(&forged, &folder.shards(), |_| ControlFlow::Continue(())),
        Err(DataError::Fingerprint { .. })
    ));
}

#[test]
fn a_text_that_changes_is_refused() {
    struct Growing(Texts);
    impl TextSources for Growing {
        type Reader = Cursor<Vec<u8>>;
        fn list(&self) -> &[TextSource] {
            self.0.list()
        }
        fn open(&mut self, index: usize) -> io::Result<Self::Reader> {
            self.0.contents[index].push(b'x');
            self.0.open(index)
        }
    }
    let options = PrepareOptions::new("x", TokenizerKind::Byte);
    let error =
        prepare(&options, &mut Growing(Texts::new(&[b"abc"])), &mut Folder::default(), |_| ControlFlow::Continue(()));
    let error = error.unwrap_err();
    assert!(matches!(error, DataError::SourceChanged { before: 4, after: 5 }));
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[ab\u{e9}\u{20ac}\u{1f600}\r\n ]{0,60}".prop_map(String::into_bytes),
        1 => prop::collection::vec(prop::sample::select(b"ab\xC3\xA9\xE2\r\n ".to_vec()), 0..60),
    ]
}

proptest! {
    #[test]
    fn streamed_equals_in_memory(
        files in prop::collection::vec(file(), 1..4),
        byte in any::<bool>(),
        validation in prop::option::of(0.001f64..=0.5),
        shard_tokens in 1u64..50,
    ) {
        let kind = if byte { TokenizerKind::Byte } else { TokenizerKind::Char };
        let options = PrepareOptions { validation, lossy: true, shard_tokens, ..PrepareOptions::new("x", kind) };
        let mut text = String::new();
        for file in &files {
            let read = read_text(file, "x", true);
            prop_assume!(!matches!(read, Err(DataError::Unreadable { .. })));
            // What is blank is refused only where it is all.
            let lines = || String::from_utf8_lossy(file).replace("\r\n", "\n").replace('\r', "\n");
            append(&mut text, &read.map_or_else(|_| lines(), |(text, _)| text));
        }
        let contents: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        let folder = match (prepared(&contents, &options), Dataset::from_text("x", &text, kind, validation)) {
            (Ok(folder), Ok(_)) => folder,
            (Err(a), Err(b)) => {
                prop_assert_eq!(a.to_string(), b.to_string());
                return Ok(());
            }
            (a, b) => return Err(TestCaseError::fail(format!("{:?} {:?}", a.err(), b.err()))),
        };
        let memory = Dataset::from_text("x", &text, kind, validation).unwrap();
        verify(&folder.index(), &folder.shards(), |_| ControlFlow::Continue(())).unwrap();
        let opened = Dataset::open(folder.index(), folder.shards()).unwrap();
        prop_assert_eq!(&opened.tokenizer, &memory.tokenizer);
        prop_assert_eq!(all(&opened.train), all(&memory.train));
        prop_assert_eq!(all(&opened.validation), all(&memory.validation));
        prop_assert_eq!(opened.validation_chars, memory.validation_chars);
        prop_assert_eq!(opened.fingerprint, memory.fingerprint);
    }
}
