//! The limits on the speed of a request's bodies, as they are set.

use std::sync::Arc;
use std::time::Duration;

use crate::config::check_time;
use crate::error::{Error, Result};
use crate::progress::ProgressSink;
use crate::request::Request;
use crate::request::pace::Pace;
use crate::request::time::limit_from_whole_millis;

impl Request {
    /// Sets one of these options by its name; `None` if it is none of them.
    pub(super) fn set_speed_option(
        &mut self,
        name: &str,
        value: Option<&str>,
    ) -> Option<Result<()>> {
        let number = || {
            let wrong = || Error::argument(format!("option {name}: expected a whole number"));
            value.map(|text| text.parse::<u64>().map_err(|_| wrong())).transpose()
        };
        let result = match name {
            "min_speed" => number().map(|speed| self.pace_mut().min_speed = speed),
            "max_speed" => number().map(|speed| self.pace_mut().max_speed = speed),
            "min_speed_time" => number().and_then(|millis| {
                let limit = millis.map(limit_from_whole_millis);
                if let Some(Some(time)) = limit {
                    check_time("option min_speed_time", time)?;
                }
                self.pace_mut().min_speed_time = limit;
                Ok(())
            }),
            _ => return None,
        };
        Some(result)
    }

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
