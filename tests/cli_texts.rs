//! Texts as people have them: in other encodings, of other kinds, given twice, in folders with other things beside them.

// A test that cannot go on says so by panicking, helpers included.
#![allow(clippy::unwrap_used)]

#[path = "shared/binary.rs"]
mod binary;

use std::fs;

use binary::Room;
use serde_json::Value;

/// Prepares some texts; what the command said about them, and the result.
fn prepare(room: &Room, line: &str) -> (Value, String) {
    let ran = room.run(&format!("data prepare --json --out out --input {line}"));
    assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    fs::remove_dir_all(room.path("out")).unwrap();
    (serde_json::from_str(&ran.stdout).unwrap(), ran.stderr)
}

fn refused(room: &Room, line: &str) -> String {
    let message = room.refusal(&format!("data prepare --out out --input {line}"), 1);
    assert!(!room.path("out").exists());
    message
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

fn letters() -> String {
    (0..300).map(|i| format!("Brief {i}: Die Fähre läuft um {} Uhr aus.\r\n", i % 24)).collect()
}

#[test]
fn utf_16_is_read_with_and_without_a_mark() {
    let room = Room::new();
    let chinese: String = (0..6000u32).filter_map(|i| char::from_u32(0x4E11 + (i * 7919) % 0x2F00)).collect();
    for text in [letters(), chinese] {
        room.write("plain.txt", text.as_bytes());
        let expected = prepare(&room, "plain.txt").0["fingerprint"].clone();
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            for marked in [text.clone(), format!("\u{FEFF}{text}")] {
                room.write("wide.txt", &utf16(&marked, order));
                let (read, said) = prepare(&room, "wide.txt");
                assert_eq!(read["fingerprint"], expected);
                assert!(said.contains("wide.txt: read as UTF-16"), "{said}");
                assert_eq!(read["remarks"][0]["replaced"], 0);
            }
        }
    }
    fs::create_dir(room.path("folder")).unwrap();
    room.write("folder/wide.txt", &utf16(&letters(), u16::to_le_bytes));
    assert_eq!(prepare(&room, "folder").0["documents"], 1);
    room.json("train --data folder --config settings.toml --steps 2 --threads 1 --out run");
    let judged = &room.json("eval run/last.safetensors --data folder/wide.txt")[0];
    assert_eq!(judged["unknown_characters"], 0);
}

#[test]
fn other_encodings_are_named_and_what_is_replaced_is_counted() {
    let room = Room::new();
    let german: Vec<u8> = letters().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    room.write("german.txt", &german);
    let message = refused(&room, "german.txt");
    assert!(message.contains("windows-1252") && message.contains("iconv") && message.contains("--lossy"), "{message}");
    let (read, said) = prepare(&room, "german.txt --lossy");
    assert!(said.contains("german.txt: 600 characters could not be read") && said.contains("windows-1252"), "{said}");
    assert_eq!((&read["remarks"][0]["replaced"], &read["remarks"][0]["seems"]), (&600.into(), &"windows-1252".into()));

    let japanese =
        b"\x8C\xE1\x94\x79\x82\xCD\x94\x4C\x82\xC5\x82\xA0\x82\xE9\x81\x42\x96\xBC\x91\x4F\x82\xCD\x82\xDC\x82\xBE\x96\xB3\x82\xA2\x81\x42\x82\xC7\x82\xB1\x82\xC5\x90\xB6\x82\xEA\x82\xBD\x82\xA9\x82\xC6\x82\xF1\x82\xC6\x8C\xA9\x93\x96\x82\xAA\x82\xC2\x82\xA9\x82\xCA\x81\x42\n".repeat(90);
    room.write("japanese.txt", &japanese);
    assert!(refused(&room, "japanese.txt").contains("Shift_JIS"));
    let russian = b"\xD1\xFA\xE5\xF8\xFC \xE6\xE5 \xE5\xF9\xB8 \xFD\xF2\xE8\xF5 \xEC\xFF\xE3\xEA\xE8\xF5\n".repeat(90);
    room.write("russian.txt", &russian);
    let message = refused(&room, "russian.txt --lossy");
    assert!(message.contains("windows-1251") && message.contains("too many to learn from"), "{message}");
}

#[test]
fn a_stray_zero_is_accepted_where_that_is_asked_for() {
    let room = Room::new();
    room.write("zero.txt", &[letters().as_bytes(), b"\0", letters().as_bytes()].concat());
    let message = refused(&room, "zero.txt");
    assert!(message.contains("NUL character at offset") && message.contains("--lossy"), "{message}");
    let (read, said) = prepare(&room, "zero.txt --lossy");
    assert!(said.contains("1 character could not be read"), "{said}");
    assert_eq!(read["documents"], 1);
}

#[test]
fn documents_that_are_no_plain_text_are_refused_or_told() {
    let room = Room::new();
    fs::create_dir(room.path("all")).unwrap();
    let write = |name: &str, text: &str| {
        room.write(name, text.as_bytes());
        room.write(&format!("all/{name}"), text.as_bytes());
    };
    let words = "The ferry leaves the old pier at nine and comes back at dusk.";
    write("scan.txt", &format!("%PDF-1.4\n{}", format!("BT ({words}) Tj ET\n").repeat(90)));
    write("letter.txt", &format!("{{\\rtf1\\ansi {}}}", format!("\\pard {words}\\par ").repeat(90)));
    write("page.txt", &format!("<!doctype html><html><body>{}", format!("<p class=\"x\">{words}</p>").repeat(90)));
    write("lines.txt", &format!("{{\"id\":1,\"text\":\"{words}\"}}\n").repeat(90));
    write("table.txt", &format!("1,{words}\n").repeat(90));
    write("plain.txt", &format!("{words}\n").repeat(90));
    for (name, what) in [("scan.txt", "a PDF document"), ("letter.txt", "RTF")] {
        let message = refused(&room, &format!("{name} --lossy"));
        assert!(message.contains(name) && message.contains(what) && message.contains("plain text"), "{message}");
    }
    for (name, what) in [("page.txt", "HTML"), ("lines.txt", "JSON lines"), ("table.txt", "table (CSV)")] {
        let (_, said) = prepare(&room, name);
        assert!(said.contains(&format!("{name} is {what}")) || said.contains(&format!("{name} is a {what}")), "{said}");
    }
    assert_eq!(prepare(&room, "plain.txt").1, "");
    let (read, said) = prepare(&room, "all");
    assert_eq!((&read["files"], read["skipped"].as_array().unwrap().len()), (&4.into(), 2));
    for part in
        ["scan.txt: a PDF document", "letter.txt: a document in RTF", "page.txt is HTML", "lines.txt is JSON lines"]
    {
        assert!(said.contains(part), "\"{part}\" is missing in: {said}");
    }
}

#[test]
fn a_text_given_twice_is_read_once() {
    let room = Room::new();
    room.write_text();
    let alone = prepare(&room, "text.txt").0;
    fs::create_dir(room.path("folder")).unwrap();
    fs::copy(room.path("text.txt"), room.path("folder/text.txt")).unwrap();
    fs::copy(room.path("text.txt"), room.path("folder/text (copy).txt")).unwrap();
    for given in ["text.txt text.txt", "folder", "text.txt folder/text.txt"] {
        let (read, said) = prepare(&room, given);
        assert_eq!((&read["bytes"], &read["fingerprint"]), (&alone["bytes"], &alone["fingerprint"]), "{given}");
        assert!(said.contains("the same text as "), "{given}: {said}");
    }
}

/// In another encoding, or with other line ends, as the page knows it too.
#[test]
fn a_text_stored_twice_is_read_once() {
    let room = Room::new();
    let text = letters().replace("\r\n", "\n");
    room.write("text.txt", text.as_bytes());
    let alone = prepare(&room, "text.txt").0;
    fs::create_dir(room.path("folder")).unwrap();
    room.write("folder/a.txt", text.as_bytes());
    room.write("folder/b.txt", letters().as_bytes());
    room.write("folder/c.txt", format!("\u{FEFF}{text}").as_bytes());
    room.write("folder/d.txt", &utf16(&letters(), u16::to_be_bytes));
    room.write("folder/e.txt", text.replace('\n', "\r").as_bytes());
    let (read, said) = prepare(&room, "folder");
    assert_eq!((&read["files"], &read["fingerprint"]), (&1.into(), &alone["fingerprint"]), "{said}");
    assert!(said.contains("skipped 4 files: the same text as "), "{said}");
}

#[test]
fn texts_that_are_left_out_are_named_first() {
    let room = Room::new();
    fs::create_dir(room.path("folder")).unwrap();
    for i in 0..25 {
        room.write(&format!("folder/{i}.png"), b"\x89PNG\r\n\x1A\n\0\0");
    }
    let wide: Vec<u8> = letters().chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    room.write("folder/novel.txt", &wide);
    let message = refused(&room, "folder");
    assert!(message.contains("novel.txt: UTF-32: save it as UTF-8"), "{message}");
    room.write("folder/scan.txt", b"%PDF-1.4\n");
    room.write("folder/words.txt", letters().as_bytes());
    let (read, said) = prepare(&room, "folder");
    assert_eq!(read["skipped"].as_array().unwrap().len(), 27);
    let lines: Vec<&str> = said.lines().collect();
    let expected = ["novel.txt: UTF-32: save it as UTF-8", "scan.txt: a PDF document: ", "skipped 25 files: binary ("];
    assert_eq!(lines.len(), 3, "{said}");
    lines.iter().zip(expected).for_each(|(line, part)| assert!(line.contains(part), "{line}"));
}

#[test]
fn the_next_command_names_a_folder_that_is_free() {
    let room = Room::new();
    room.write_text();
    let next = |out: &str| room.run(&format!("data prepare --input text.txt --out {out}")).stdout;
    assert!(next("a").ends_with("--out runs/first\n"));
    fs::create_dir_all(room.path("runs/first")).unwrap();
    room.write("runs/first/last.safetensors", b"x");
    assert!(next("b").ends_with("--out runs/first-2\n"));
}

#[test]
fn files_are_in_natural_order() {
    let room = Room::new();
    fs::create_dir_all(room.path("book/part 10")).unwrap();
    fs::create_dir_all(room.path("book/part 2")).unwrap();
    for name in ["chapter1", "chapter02", "chapter10", "part 2/1", "part 10/1"] {
        room.write(&format!("book/{name}.txt"), format!("<{name}> goes on.").as_bytes());
    }
    room.json("data prepare --input book --tokenizer byte --out out");
    let shards = ["out/train-00000.bin", "out/val-00000.bin"].map(|shard| fs::read(room.path(shard)).unwrap());
    let text: String = shards.concat().chunks(2).map(|token| char::from(token[0])).collect();
    let names: Vec<&str> = text.split('\0').map(|text| text.split(['<', '>']).nth(1).unwrap()).collect();
    assert_eq!(names, ["chapter1", "chapter02", "chapter10", "part 2/1", "part 10/1"]);
}

#[test]
fn what_the_program_wrote_is_no_text_and_a_foreign_index_is() {
    let room = Room::new();
    fs::create_dir_all(room.path("mine/site/data")).unwrap();
    room.write_text();
    fs::copy(room.path("text.txt"), room.path("mine/a.txt")).unwrap();
    let alone = prepare(&room, "mine").0;
    room.json("train --data mine --config settings.toml --steps 2 --threads 1 --out mine/run");
    room.json("data prepare --sample --bytes 5000 --out mine/prepared");
    room.write("mine/desktop.ini", b"[.ShellClassInfo]\nIconResource=x\n");
    let (read, said) = prepare(&room, "mine");
    assert_eq!(read["fingerprint"], alone["fingerprint"]);
    assert!(said.contains("run: a run of mmrec") && said.contains("prepared: prepared data"), "{said}");
    assert!(said.contains("desktop.ini: made by the system"), "{said}");
    assert!(refused(&room, "mine/run").contains("is a run of mmrec"));

    // Other programs have files of these names, too.
    fs::copy(room.path("text.txt"), room.path("mine/site/a.txt")).unwrap();
    for place in ["mine/site/data.json", "mine/site/data/data.json"] {
        room.write(place, br#"{"title":"my site"}"#);
        let ran = room.run("train --data mine/site --config settings.toml --steps 2 --threads 1 --out run");
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stderr.contains("data.json is JSON"), "{}", ran.stderr);
        fs::remove_dir_all(room.path("run")).unwrap();
        fs::remove_file(room.path(place)).unwrap();
    }
}

#[test]
fn separators_are_found_or_missed_aloud() {
    let room = Room::new();
    let letters: String = (0..200).map(|i| format!("Letter {i} is quiet.\r\n\r\n---\r\n")).collect();
    room.write("letters.txt", letters.as_bytes());
    let with = |separator: &str| {
        let mut command = room.command("data prepare --input letters.txt --out out --separator");
        command.arg(separator);
        let ran = binary::finish(command);
        fs::remove_dir_all(room.path("out")).unwrap();
        (ran.stdout, ran.stderr)
    };
    for separator in ["\n---\n", "\r\n---\r\n", r"\n---\n", r"\r\n---\r\n", r"\nLetter"] {
        let (out, said) = with(separator);
        assert!(out.contains("200 documents") && !said.contains("nowhere"), "{separator:?}: {out}{said}");
    }
    let (out, said) = with("<|end|>");
    assert!(out.contains("1 document,") && said.contains("\"<|end|>\" occurs nowhere in the text, so"), "{out}{said}");
    assert!(with(r"\newpage").1.contains("is written twice"));
}

/// Learning is told of, and stopped at once.
#[cfg(unix)]
#[test]
fn word_pieces_are_learned_aloud_and_can_be_interrupted() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let room = Room::new();
    // Words that hardly ever come again.
    let mut state = 1u64;
    let word = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:016x}{:016x}\n", state, state.rotate_left(31).wrapping_mul(0x9E37_79B9))
            .replace(|c: char| c.is_ascii_digit(), "z")
    };
    room.write("words.txt", (0..500_000).map(word).collect::<String>().as_bytes());
    let mut command = room.command("data prepare --input words.txt --tokenizer bpe --vocab 60000 --out out");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let is_learning = |line: String| line.contains("learning word pieces: ");
    assert!(told.by_ref().any(is_learning), "nothing was said");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(told.map(is_learning).filter(|is| *is).count() <= 1, "it went on learning");
    assert!(!room.path("out").exists());
}
