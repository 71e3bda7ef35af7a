//! `docs/architecture.md` names what lies in each source folder, and nothing else, and its pictures say who uses whom.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

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

/// The rooms of a picture, `a  →  b, c  →  d`, and how far right each stands.
fn places(page: &str, heading: &str) -> BTreeMap<String, usize> {
    let mut below = page.lines().skip_while(|line| *line != heading).skip(1);
    let picture = below.find(|line| line.contains('→')).expect("a picture stands below the heading");
    let rooms = |(place, group): (usize, &str)| {
        group.split(',').map(|room| (room.trim().to_owned(), place)).collect::<Vec<_>>()
    };
    picture.split('→').enumerate().flat_map(rooms).collect()
}

/// All files below a folder with this ending, without those of tests.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            files(&path, ending, found);
        } else if name.ends_with(ending) && name != "tests.rs" {
            found.push(path);
        }
    }
}

/// The modules of its crate that a line of Rust names.
fn used_in_rust(_file: &Path, line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    code.split("crate::").skip(1).map(name).filter(|name| !name.is_empty()).collect()
}

/// The rooms that a line of a page's module imports from when it runs; types are comments.
fn used_in_page(file: &Path, line: &str) -> Vec<String> {
    let line = line.trim_start();
    if line.starts_with('*') || line.starts_with('/') {
        return Vec::new();
    }
    // Also where the names fill several lines, where they are passed on, and where there are none.
    let imported = [" from \"", "import \"", "import(\""].into_iter().flat_map(|before| line.split(before).skip(1));
    let room = |rest: &str| {
        let mut path = file.parent().expect("a folder").to_path_buf();
        for part in Path::new(rest.split('"').next().unwrap_or_default()).components() {
            match part {
                Component::ParentDir => drop(path.pop()),
                Component::Normal(name) => path.push(name),
                _ => {}
            }
        }
        let inside = path.strip_prefix(root().join("web")).expect("a module of the page").to_path_buf();
        let mut parts = inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
        parts.next().expect("a room")
    };
    imported.filter(|path| path.starts_with('.')).map(room).collect()
}

/// The rooms that a line of a file uses.
type Used = fn(&Path, &str) -> Vec<String>;

/// Every use of a room by one that stands right of it.
fn against(places: &BTreeMap<String, usize>, folder: &str, ending: &str, used: Used) -> Vec<String> {
    let mut found = Vec::new();
    let mut uses = 0;
    for (room, place) in places {
        let mut below = Vec::new();
        let folder = root().join(folder).join(room);
        if folder.is_dir() {
            files(&folder, ending, &mut below);
        }
        for file in below {
            let text = fs::read_to_string(&file).expect("a text");
            for line in text.lines() {
                let reached: Vec<_> = used(&file, line).iter().filter_map(|other| places.get(other)).copied().collect();
                uses += reached.len();
                if reached.iter().any(|reached| reached < place) {
                    found.push(format!("{}: {}", file.display(), line.trim()));
                }
            }
        }
    }
    assert!(uses > 20, "{folder}: what uses what is not seen any more");
    found
}

#[test]
fn no_room_uses_one_that_stands_left_of_it() {
    let page = fs::read_to_string(root().join(PAGE)).expect("the page is text");
    let pictures: [(&str, &str, &str, Used); 4] = [
        ("**The crate**", "crates/mmrec/src", ".rs", used_in_rust),
        ("**The operations** (`mmrec-ops`)", "crates/mmrec-ops/src", ".rs", used_in_rust),
        ("**The program**", "native/src", ".rs", used_in_rust),
        ("**The page**", "web", ".js", used_in_page),
    ];
    for (heading, folder, ending, used) in pictures {
        let places = places(&page, heading);
        let rooms =
            present(&root().join(folder)).into_iter().filter_map(|name| Some(name.strip_suffix('/')?.to_owned()));
        let missing: Vec<_> = rooms.filter(|room| !places.contains_key(room) && room != "icons").collect();
        assert!(missing.is_empty(), "{heading} does not show {missing:?}");
        let found = against(&places, folder, ending, used);
        assert!(found.is_empty(), "against the arrows of {heading}:\n{}", found.join("\n"));
    }
}
