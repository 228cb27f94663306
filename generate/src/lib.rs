//! Writes what is told of options, errors, counters and exchanges outside the engine, from the
//! tables of `keepalive-tables`: the structs of C and the header, the declarations of Python and
//! TypeScript, and pages of the documentation.
//!
//! Files that are generated as a whole say so in their first line. In others the generated parts
//! stand between two comments, `<generated NAME>` and `</generated>`; the rest is written by hand.
#![forbid(unsafe_code)]

mod blocks;
mod c;
mod declared;
mod exports;
mod header;
mod licences;
mod man;
mod node;
mod pages;
mod python;
mod record;
mod spell;
mod text;

use std::fs;
use std::path::Path;

/// Why nothing could be generated; names the file.
pub type Result<T> = std::result::Result<T, String>;

/// What a file of the tree should contain.
struct Output {
    path: &'static str,
    text: String,
}

/// Writes the files below `root` that are not current; returns their paths.
pub fn write(root: &Path) -> Result<Vec<&'static str>> {
    let mut written = Vec::new();
    // The header is made of sources that are generated themselves.
    for outputs in [sources as fn(&Path) -> Result<Vec<Output>>, headers] {
        for Output { path, text } in outputs(root)? {
            if read(root, path).ok().as_ref() == Some(&text) {
                continue;
            }
            let file = root.join(path);
            let folder = file.parent().unwrap_or(root);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&file, text))
                .map_err(|error| format!("{path}: {error}"))?;
            written.push(path);
        }
    }
    Ok(written)
}

/// The files below `root` that [`write`] would write.
pub fn stale(root: &Path) -> Result<Vec<&'static str>> {
    let all = sources(root)?.into_iter().chain(headers(root)?);
    let stale = all.filter(|output| read(root, output.path).ok().as_ref() != Some(&output.text));
    Ok(stale.map(|output| output.path).collect())
}

fn sources(root: &Path) -> Result<Vec<Output>> {
    let mut outputs = c::outputs(root)?;
    outputs.extend(python::outputs(root)?);
    outputs.extend(node::outputs(root)?);
    outputs.extend(pages::outputs());
    Ok(outputs)
}

fn headers(root: &Path) -> Result<Vec<Output>> {
    let header = header::output(root)?;
    let exports = exports::output(root, &declared::parse(&header.text)?)?;
    Ok(vec![header, exports, licences::output(root)?])
}

/// Writes the manual pages to `folder`, made if absent, with `date` (YYYY-MM-DD) in them; returns how many.
pub fn write_manual(root: &Path, folder: &Path, date: &str) -> Result<usize> {
    let declared = declared::parse(&header::output(root)?.text)?;
    let named = |error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(named)?;
    let pages = man::pages(&declared, date);
    for page in &pages {
        fs::write(folder.join(&page.file), &page.text).map_err(named)?;
    }
    Ok(pages.len())
}

fn read(root: &Path, path: &str) -> Result<String> {
    fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))
}
