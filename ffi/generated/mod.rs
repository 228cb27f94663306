//! What the tables decide of the ABI. The files beside this one are written by `make generate`.

pub mod options;
pub mod stats;
pub mod status;
