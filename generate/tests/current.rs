//! Every generated file of the tree is what the tables say.

use std::path::Path;

#[test]
fn every_generated_file_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tree");
    let stale = keepalive_generate::stale(root).expect("the tree can be read");
    assert!(stale.is_empty(), "not current, run `make generate`: {}", stale.join(", "));
}
