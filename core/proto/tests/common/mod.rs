//! The wire cases as the origin reads them, and a transport played by hand.
#![allow(dead_code)] // each test binary uses its part

pub mod play;

use std::path::Path;

pub use keepalive_origin::cases::{After, Case, End};

/// All cases of tests/wire but those about content codings, which the machine does not know.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/wire");
    let mut cases = keepalive_origin::cases::load(&folder).expect("well-formed cases");
    cases.retain(|case| !case.request.decode);
    assert!(cases.len() >= 400, "only {} cases found", cases.len());
    cases
}
