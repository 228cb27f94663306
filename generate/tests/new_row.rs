//! A new option, error, counter or fact is one row of a table and its use: in a copy of the tree, rows
//! are added, everything is generated, and the files that somebody had to write are counted.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the workspace needs to be built.
const PARTS: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
    "cbindgen.toml",
    "bindings",
    "core",
    "docs",
    "ffi",
    "generate",
    "include",
    "tests",
];

/// What is no source.
const LEFT_OUT: &[&str] = &["target", "node_modules", "__pycache__"];

struct Tree {
    root: PathBuf,
}

impl Tree {
    /// A copy of this tree. Its version is another one, so that what cargo builds of it takes the
    /// place of nothing that was built here, and what both depend on is not built twice; it has no library
    /// that is linked, whose name has no version.
    fn copied() -> Tree {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tree");
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new_row");
        if root.exists() {
            fs::remove_dir_all(&root).expect("the copy before this one");
        }
        fs::create_dir_all(&root).expect("the target directory is writable");
        for part in PARTS {
            copy(&here.join(part), &root.join(part));
        }
        let tree = Tree { root };
        let version = format!("version = \"{}\"\nedition", env!("CARGO_PKG_VERSION"));
        tree.replace("Cargo.toml", &version, "version = \"0.1.99\"\nedition");
        tree.replace(
            "Cargo.toml",
            "crate-type = [\"cdylib\", \"staticlib\", \"rlib\"]",
            "crate-type = [\"rlib\"]",
        );
        tree
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(old).count(), 1, "{path} has {old:?} once");
        fs::write(self.root.join(path), text.replace(old, new)).expect("writable");
    }

    fn append(&self, path: &str, text: &str) {
        fs::write(self.root.join(path), self.read(path) + text).expect("writable");
    }

    fn cargo(&self, arguments: &[&str]) -> String {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
        let mut command = Command::new(env!("CARGO"));
        // To the build scripts of crates that look at these (ring) they are a change.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        let output = command
            .args(arguments)
            .args(["--offline", "--quiet", "--target-dir"])
            .arg(target)
            .current_dir(&self.root)
            .output()
            .expect("cargo runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo {}: {told}", arguments.join(" "));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Every file and its content.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("listed").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&self.root).expect("inside").to_string_lossy();
                    files.insert(name.into_owned(), fs::read(&path).expect("readable"));
                }
            }
        }
        files
    }

    /// Generates; returns the files that were written.
    fn generate(&self) -> Vec<String> {
        let told = self.cargo(&["run", "--bin", "keepalive-generate"]);
        told.lines().filter_map(|line| line.strip_prefix("wrote ")).map(str::to_string).collect()
    }

    /// Makes an edit and generates; returns the files that changed without having been generated.
    fn by_hand(&self, generated: &[&str], edit: impl FnOnce()) -> Vec<String> {
        let before = self.files();
        edit();
        let mut written = self.generate();
        written.sort();
        assert_eq!(written, generated, "the files that tell of it");
        let changed = |(name, content): &(String, Vec<u8>)| before.get(name) != Some(content);
        let changed = self.files().into_iter().filter(changed).map(|(name, _)| name);
        changed.filter(|name| !written.contains(name)).collect()
    }
}

fn copy(from: &Path, to: &Path) {
    let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if LEFT_OUT.contains(&&*name) || from.is_symlink() {
        return;
    }
    if !from.is_dir() {
        fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        return;
    }
    fs::create_dir_all(to).expect("writable");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("listed").path();
        let name = path.file_name().expect("a name").to_owned();
        copy(&path, &to.join(name));
    }
}

#[test]
fn a_new_row_is_all_that_is_written_by_hand() {
    let tree = Tree::copied();
    tree.generate();
    let contains = |path: &str, text: &str| {
        assert!(tree.read(path).contains(text), "{path} has {text}");
    };

    let by_hand = tree.by_hand(
        &[
            "bindings/node/index.d.ts",
            "bindings/python/libkeepalive/_native.pyi",
            "bindings/python/src/generated.rs",
            "docs/options.md",
            "ffi/generated/options.rs",
            "include/keepalive.h",
        ],
        || {
            tree.replace(
                "core/tables/src/options.rs",
                "            max_total: Count",
                "            new_delay: Time = seconds(3), \"What `max_total` has to wait for.\", none = \"never\";\n            \
                 max_total: Count",
            );
            tree.append(
                "core/src/config.rs",
                "\npub(crate) fn used(config: &ClientConfig) -> Option<Duration> {\n    config.new_delay\n}\n",
            );
        },
    );
    assert_eq!(
        by_hand,
        ["core/src/config.rs", "core/tables/src/options.rs"],
        "its use, and the row"
    );
    let header = tree.read("include/keepalive.h");
    let last = "What `max_total` has to wait for. 0: never. Default: 3,000 ms.\n     */\n    \
                uint64_t new_delay_ms;\n} ka_client_options;";
    assert!(header.contains(last), "at the end of the struct, behind what programs know");
    contains("bindings/python/libkeepalive/_native.pyi", "    new_delay: float | None\n");
    contains("bindings/python/src/generated.rs", "(\"new_delay\", \"float | None\", \"3.0\", ");
    contains("bindings/node/index.d.ts", "  newDelay?: number | null\n");
    contains("bindings/node/index.d.ts", "What `maxTotal` has to wait for. 0 or `null`: never.");
    contains("docs/options.md", "| `new_delay` | `new_delay_ms` | `newDelay` | 3 s | ");

    let by_hand = tree.by_hand(
        &[
            "bindings/node/index.d.ts",
            "bindings/python/libkeepalive/__init__.py",
            "bindings/python/libkeepalive/_errors.py",
            "docs/errors.md",
            "ffi/generated/status.rs",
            "include/keepalive.h",
        ],
        || {
            tree.replace(
                "core/tables/src/errors.rs",
                "    Panic = 900",
                "    NewTrouble = 699, Flow, KA_NEW_TROUBLE, NewTrouble(RequestError), \"New trouble.\";\n    \
                 Panic = 900",
            );
        },
    );
    assert_eq!(by_hand, ["core/tables/src/errors.rs"]);
    contains("include/keepalive.h", "    KA_NEW_TROUBLE = 699,\n");
    contains("bindings/python/libkeepalive/_errors.py", "class NewTrouble(RequestError):\n");
    contains("bindings/python/libkeepalive/__init__.py", "    \"NewTrouble\",\n");
    contains("bindings/node/index.d.ts", "  | 'KA_NEW_TROUBLE'\n");

    let of_a_pool = [
        "bindings/node/index.d.ts",
        "bindings/node/src/generated.rs",
        "bindings/python/libkeepalive/_native.pyi",
        "bindings/python/src/generated.rs",
        "docs/facts.md",
        "ffi/generated/stats.rs",
        "include/keepalive.h",
    ];
    let by_hand = tree.by_hand(&of_a_pool, || {
        tree.replace(
            "core/tables/src/facts.rs",
            "                reused: \"Requests",
            "                new_count: \"What is new.\";\n                reused: \"Requests",
        );
    });
    assert_eq!(by_hand, ["core/tables/src/facts.rs"]);
    contains("include/keepalive.h", "    uint64_t new_count;\n} ka_stats;");
    contains("bindings/node/src/generated.rs", "new_count: stats.new_count as f64,");

    let mut of_a_response = of_a_pool.to_vec();
    of_a_response.insert(0, "bindings/node/lib/completion_record.js");
    of_a_response.sort_unstable();
    let by_hand = tree.by_hand(&of_a_response, || {
        tree.replace(
            "core/tables/src/facts.rs",
            "    connection_id: Count,",
            "    new_fact: Flag, \"Whether it is new.\";\n    connection_id: Count,",
        );
    });
    assert_eq!(by_hand, ["core/tables/src/facts.rs"]);
    contains("include/keepalive.h", "    uint64_t new_fact;\n} ka_info;");
    contains("bindings/node/lib/completion_record.js", "    newFact: (flags & NEW_FACT) !== 0,\n");
    contains("bindings/python/src/generated.rs", "            new_fact: info.new_fact,\n");

    assert!(tree.generate().is_empty(), "nothing is left to be generated");
    // Rather than a check, and without -p: what is below was built so for the tests.
    tree.cargo(&["build", "--lib"]);
}
