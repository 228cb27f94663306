//! The connections of a pool that take requests behind the one they carry, by the numbers by which the
//! pool knows them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::connection::Pipeline;
use crate::sync::lock;

#[derive(Default)]
pub(crate) struct Pipelines(Mutex<HashMap<u64, Arc<Pipeline>>>);

impl Pipelines {
    pub fn add(&self, id: u64, pipeline: Arc<Pipeline>) {
        lock(&self.0).insert(id, pipeline);
    }

    pub fn of(&self, id: u64) -> Option<Arc<Pipeline>> {
        lock(&self.0).get(&id).cloned()
    }

    pub fn remove(&self, id: u64) {
        lock(&self.0).remove(&id);
    }
}
