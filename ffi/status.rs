//! `ka_status` and `ka_error`: the engine's error table as C sees it. Types only: the boundary is
//! built on them.

use keepalive_core::Error;

pub use crate::generated::status::{ka_sent, ka_status};

/// A `ka_status` as it comes from C, where it is any number.
pub type ka_status_number = i32;

/// Why a call failed. Decide by the status; the message is for people and may change.
pub struct ka_error {
    pub(crate) error: Error,
}

impl ka_error {
    pub(crate) fn new(error: Error) -> Self {
        ka_error { error }
    }
}

#[cfg(test)]
mod tests {
    use keepalive_core::ErrorKind;

    use super::*;

    #[test]
    fn the_statuses_are_the_table_of_errors() {
        assert_eq!(ka_status::ALL[0], ka_status::KA_OK);
        let ours: Vec<(i32, String)> =
            ka_status::ALL[1..].iter().map(|s| (*s as i32, format!("{s:?}"))).collect();
        let table: Vec<(i32, String)> =
            ErrorKind::ALL.iter().map(|kind| (*kind as i32, kind.code().to_string())).collect();
        assert_eq!(ours, table);
        for kind in ErrorKind::ALL {
            assert_eq!(ka_status::of(*kind) as i32, *kind as i32);
        }
    }
}
