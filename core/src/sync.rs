//! The locks of the modules whose interleavings are modelled. `tests/model` compiles those same
//! files with its own `crate::sync`, whose threads take turns as a scheduler decides.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
