//! What a request says for itself of the speed of its bodies, and who is told how far they have come.

use std::sync::Arc;

use crate::config::{ClientConfig, Limit};
use crate::progress::ProgressSink;

/// Most often there is none of it.
#[derive(Clone, Default)]
pub(crate) struct Pace {
    pub min_speed: Option<u64>,
    pub min_speed_time: Option<Limit>,
    pub max_speed: Option<u64>,
    pub progress: Option<Arc<dyn ProgressSink>>,
}

/// The limits on the speed of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Speed {
    /// Bytes per second that it must reach over a time; 0 asks for nothing.
    pub least: u64,
    pub over: Limit,
    /// Bytes per second that it must not exceed; 0 is no limit.
    pub most: u64,
}

impl Speed {
    /// Those of a request with the options of its client.
    pub fn of(config: &ClientConfig, own: Option<&Pace>) -> Speed {
        let ClientConfig { min_speed, min_speed_time, max_speed, .. } = *config;
        let common = Speed { least: min_speed, over: min_speed_time, most: max_speed };
        let Some(own) = own else { return common };
        Speed {
            least: own.min_speed.unwrap_or(common.least),
            over: own.min_speed_time.unwrap_or(common.over),
            most: own.max_speed.unwrap_or(common.most),
        }
    }
}
