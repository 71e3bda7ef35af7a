//! Limits of the control groups that the process is in, of both versions: containers and services are confined by them.

use std::fs;
use std::path::Path;

/// What a version calls things.
struct Names {
    limit: &'static str,
    used: &'static str,
    /// Pages of files, which are given back before memory runs out.
    files: [&'static str; 2],
}

const V1: Names = Names {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    files: ["total_inactive_file", "total_active_file"],
};
const V2: Names = Names { limit: "memory.max", used: "memory.current", files: ["inactive_file", "active_file"] };

/// Bytes that the process may still take; `None` where it is not confined.
pub fn room() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    least(&groups, Path::new("/sys/fs/cgroup"))
}

/// `groups`: the content of `/proc/self/cgroup`.
fn least(groups: &str, mount: &Path) -> Option<u64> {
    let hierarchies = groups.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next()?, fields.next()?);
        match controllers.is_empty() {
            // Beside version 1 version 2 may be mounted in a folder of its own.
            true => {
                Some(nested(mount, group, &V2).into_iter().chain(nested(&mount.join("unified"), group, &V2)).min()?)
            }
            false if controllers.split(',').any(|name| name == "memory") => nested(&mount.join("memory"), group, &V1),
            false => None,
        }
    });
    hierarchies.min()
}

/// The least of a group and of those that it lies in. In a container the outer ones may not be seen, and its own is the root.
fn nested(root: &Path, group: &str, names: &Names) -> Option<u64> {
    let group = root.join(group.trim_start_matches('/'));
    let outwards = group.ancestors().take_while(|folder| folder.starts_with(root));
    outwards.filter_map(|folder| room_of(folder, names)).min()
}

fn room_of(folder: &Path, names: &Names) -> Option<u64> {
    let text = |name| fs::read_to_string(folder.join(name)).ok();
    let number = |name| text(name)?.trim().parse::<u64>().ok();
    // Version 2 says "max" where there is no limit, which is no number.
    let limit = number(names.limit)?;
    let statistics = text("memory.stat").unwrap_or_default();
    let files = statistics.lines().filter_map(|line| {
        let (name, bytes) = line.split_once(' ')?;
        names.files.contains(&name).then(|| bytes.parse::<u64>().ok())?
    });
    let used = number(names.used).unwrap_or(0).saturating_sub(files.sum());
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (name, content) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    #[test]
    fn the_least_of_nested_groups_counts_without_pages_of_files() {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("memory.max", "max\n"),
            ("a/memory.max", "1000\n"),
            ("a/memory.current", "700\n"),
            ("a/memory.stat", "anon 300\ninactive_file 250\nactive_file 150\n"),
            ("a/b/memory.max", "5000\n"),
            ("a/b/memory.current", "100\n"),
        ];
        write(root.path(), &files);
        assert_eq!(least("0::/a/b\n", root.path()), Some(700));
        assert_eq!(least("0::/a/b/not/seen/here\n", root.path()), Some(700));
        assert_eq!(least("0::/\n", root.path()), None, "max is no limit");
        assert_eq!(least("", root.path()), None);
    }

    #[test]
    fn both_versions_are_read() {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("memory/box/memory.limit_in_bytes", "900"),
            ("memory/box/memory.usage_in_bytes", "500"),
            ("memory/box/memory.stat", "inactive_file 1\ntotal_inactive_file 100"),
            ("unified/box/memory.max", "450"),
        ];
        write(root.path(), &files);
        assert_eq!(least("9:cpu,memory:/box\n3:cpuset:/\n", root.path()), Some(500));
        assert_eq!(least("9:cpu,memory:/box\n0::/box\n", root.path()), Some(450));
    }
}
