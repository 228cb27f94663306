//! What a request says for itself of the speed of its bodies, and who is told how far they have come.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{ClientConfig, Limit, check_time};
use crate::error::{Error, Result};
use crate::progress::ProgressSink;
use crate::request::Request;
use crate::request::time::limit_from_whole_millis;

/// Most often there is none of it.
#[derive(Clone, Default)]
pub(crate) struct Pace {
    min_speed: Option<u64>,
    min_speed_time: Option<Limit>,
    max_speed: Option<u64>,
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

/// Sets one of these options by its name; `None` if it is none of them.
pub(super) fn set(request: &mut Request, name: &str, value: Option<&str>) -> Option<Result<()>> {
    let number = || {
        let wrong = || Error::argument(format!("option {name}: expected a whole number"));
        value.map(|text| text.parse::<u64>().map_err(|_| wrong())).transpose()
    };
    let result = match name {
        "min_speed" => number().map(|speed| request.pace_mut().min_speed = speed),
        "max_speed" => number().map(|speed| request.pace_mut().max_speed = speed),
        "min_speed_time" => number().and_then(|millis| {
            let limit = millis.map(limit_from_whole_millis);
            if let Some(Some(time)) = limit {
                check_time("option min_speed_time", time)?;
            }
            request.pace_mut().min_speed_time = limit;
            Ok(())
        }),
        _ => return None,
    };
    Some(result)
}

impl Request {
    fn pace_mut(&mut self) -> &mut Pace {
        Arc::make_mut(self.pace.get_or_insert_default())
    }

    /// Least speed of its bodies, in bytes per second over `time` (`None`: as the client has it); 0 asks for
    /// none. In place of `min_speed` and `min_speed_time`.
    pub fn set_min_speed(&mut self, bytes: u64, time: Option<Duration>) {
        let pace = self.pace_mut();
        pace.min_speed = Some(bytes);
        pace.min_speed_time = time.map(Some);
    }

    /// Greatest speed of its bodies, in bytes per second; 0 is no limit. In place of `max_speed`.
    pub fn set_max_speed(&mut self, bytes: u64) {
        self.pace_mut().max_speed = Some(bytes);
    }

    /// Who is told how far its bodies have come.
    pub fn set_progress(&mut self, sink: Arc<dyn ProgressSink>) {
        self.pace_mut().progress = Some(sink);
    }
}
