//! What the C ABI and the bindings share that is not HTTP: noticing forks, a descriptor that wakes an
//! event loop, and advice about the memory of large bodies. Each library that links this has its own.

pub mod fork;
pub mod huge_pages;
pub mod signal;
