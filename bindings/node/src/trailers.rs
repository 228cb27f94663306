//! Trailer fields of a request whose values JavaScript tells when it has given the body.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use keepalive_core::{Request, Result, source_failed};

/// The values of one request, by the names of their fields.
#[derive(Default)]
pub struct Told(Mutex<HashMap<String, Vec<u8>>>);

impl Told {
    pub fn tell(&self, name: &str, value: Vec<u8>) {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.insert(name.to_string(), value);
    }

    fn value(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Announces a field to `request`, whose value is what was told of it by then.
    pub fn announce(self: &Arc<Told>, request: &mut Request, name: &str) -> Result<()> {
        let (told, field) = (self.clone(), name.to_string());
        let value = move || {
            let missing = || source_failed(&format!("the trailer {field} was not told"));
            told.value(&field).ok_or_else(missing)
        };
        request.add_told_trailer(name.as_bytes(), Arc::new(value))
    }
}
