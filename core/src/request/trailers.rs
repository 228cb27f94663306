//! The trailer fields of a request: given beforehand, or told when its body is over, as a checksum is.

use std::sync::Arc;

use keepalive_proto::Trailers as Lines;

use crate::error::Result;

/// Tells the value of a trailer field when the body has been sent.
pub type TrailerFn = dyn Fn() -> Result<Vec<u8>> + Send + Sync;

#[derive(Clone)]
enum Value {
    Given(Vec<u8>),
    Told(Arc<TrailerFn>),
}

/// Names and values, in the order in which they are sent.
#[derive(Clone, Default)]
pub(crate) struct Trailers(Vec<(Vec<u8>, Value)>);

impl Trailers {
    /// # Errors
    /// `InvalidHeader`.
    pub fn add(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        Lines::default().append(name, value)?;
        self.0.push((name.to_vec(), Value::Given(value.to_vec())));
        Ok(())
    }

    /// # Errors
    /// `InvalidHeader`.
    pub fn add_told(&mut self, name: &[u8], value: Arc<TrailerFn>) -> Result<()> {
        Lines::check_name(name)?;
        self.0.push((name.to_vec(), Value::Told(value)));
        Ok(())
    }

    /// The names as the value of a Trailer field (RFC 9110 6.6.2), each once.
    pub fn names(&self) -> Vec<u8> {
        let mut list = Vec::new();
        for (row, (name, _)) in self.0.iter().enumerate() {
            if self.0[..row].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                continue;
            }
            if !list.is_empty() {
                list.extend_from_slice(b", ");
            }
            list.extend_from_slice(name);
        }
        list
    }

    /// As they are sent, now that the body is over.
    ///
    /// # Errors
    /// What a function that tells a value returns, or `InvalidHeader` for what it told.
    pub fn lines(&self) -> Result<Lines> {
        let mut lines = Lines::default();
        for (name, value) in &self.0 {
            match value {
                Value::Given(value) => lines.append(name, value)?,
                Value::Told(told) => lines.append(name, &told()?)?,
            }
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_announced_once() {
        let mut trailers = Trailers::default();
        trailers.add(b"X-A", b"1").expect("a field");
        trailers.add(b"x-a", b"2").expect("a field");
        trailers.add_told(b"X-B", Arc::new(|| Ok(b"3".to_vec()))).expect("a field");
        assert_eq!(trailers.names(), b"X-A, X-B");
        trailers.add_told(b"Host", Arc::new(|| Ok(Vec::new()))).expect_err("forbidden");
        trailers.lines().expect("three fields");
        trailers.add_told(b"X-C", Arc::new(|| Ok(b"a\nb".to_vec()))).expect("a name");
        trailers.lines().expect_err("a line end");
    }
}
