//! `docs/architecture.md` names what lies in each source folder, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PAGE: &str = "docs/architecture.md";

/// The folders whose content the page lists, each under a heading of its name.
const FOLDERS: [&str; 4] = ["crates/mmrec/src", "crates/mmrec-ops/src", "native/src", "web"];

/// What a build puts beside the page's modules.
const BUILT: [&str; 2] = ["vendor/", "wasm/"];

/// The folder that holds the page, wherever the test is built from.
fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().find(|folder| folder.join(PAGE).is_file()).expect("the page lies above the package")
}

/// The names that stand first in the list below the folder's heading; those of folders end with a slash.
fn named(page: &str, folder: &str) -> BTreeSet<String> {
    let heading = format!("### `{folder}`");
    let below = page.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with('#'));
    let names = below.filter_map(|line| line.strip_prefix("- `")?.split_once('`'));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// The names of what lies in the folder.
fn present(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry"));
    let name = |entry: fs::DirEntry| {
        let slash = if entry.path().is_dir() { "/" } else { "" };
        format!("{}{slash}", entry.file_name().to_string_lossy())
    };
    entries.map(name).filter(|name| !name.starts_with('.') && !BUILT.contains(&name.as_str())).collect()
}

#[test]
fn every_room_is_named_and_every_one_named_is_there() {
    let page = fs::read_to_string(root().join(PAGE)).expect("the page is text");
    for folder in FOLDERS {
        let (named, present) = (named(&page, folder), present(&root().join(folder)));
        let unnamed: Vec<_> = present.difference(&named).collect();
        let absent: Vec<_> = named.difference(&present).collect();
        assert!(unnamed.is_empty(), "{PAGE} does not name {unnamed:?}, which lies in {folder}");
        assert!(absent.is_empty(), "{PAGE} names {absent:?}, which does not lie in {folder}");
    }
}
