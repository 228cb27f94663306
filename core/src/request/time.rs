//! Lengths of time as callers give them: numbers of a unit.

use std::time::Duration;

use crate::config::{Limit, check_time};
use crate::error::{Error, Result};

/// A whole-seconds-or-fraction time; `name` is what it was given as. 0 is no time at all.
///
/// # Errors
/// `InvalidArgument` when it is negative, NaN or infinite, or beyond [`MAX_TIME`](crate::MAX_TIME).
pub fn timeout_from_seconds(name: &str, seconds: f64) -> Result<Duration> {
    let time = Duration::try_from_secs_f64(seconds).map_err(|_| match seconds > 0.0 {
        true if seconds.is_finite() => Error::argument(format!(
            "{name}: {seconds:?} s is longer than the longest time, 10 years"
        )),
        _ => Error::argument(format!("{name}: {seconds} is not a length of time")),
    })?;
    check_time(name, time)?;
    Ok(time)
}

/// The limit that a number of milliseconds stands for; `name` is what it was given as. 0 and infinity are
/// no limit: one of no time at all could never be kept. What is longer than
/// [`MAX_TIME`](crate::MAX_TIME) is refused where it is set.
///
/// # Errors
/// `InvalidArgument` when it is negative or NaN, or more than a clock can count.
pub fn limit_from_millis(name: &str, milliseconds: f64) -> Result<Limit> {
    if milliseconds == f64::INFINITY {
        return Ok(None);
    }
    let time = Duration::try_from_secs_f64(milliseconds / 1000.0).map_err(|_| {
        Error::argument(format!("{name}: {milliseconds:?} is not a number of milliseconds"))
    })?;
    Ok(if milliseconds == 0.0 { None } else { Some(time) })
}

/// The limit that a whole number of milliseconds stands for: 0 is no limit.
pub fn limit_from_whole_millis(milliseconds: u64) -> Limit {
    (milliseconds != 0).then(|| Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_for_ever_are_no_limit_in_milliseconds() {
        let limit =
            |milliseconds| limit_from_millis("t", milliseconds).map_err(|error| error.to_string());
        assert_eq!(limit(0.0), Ok(None));
        assert_eq!(limit(f64::INFINITY), Ok(None));
        assert_eq!(limit(1.5), Ok(Some(Duration::from_micros(1500))));
        for wrong in [-1.0, f64::NAN, f64::MAX] {
            let text = limit(wrong).expect_err("refused");
            assert!(text.contains("t: ") && text.contains("milliseconds"), "{text}");
            assert!(text.len() < 100, "no number of hundreds of digits: {text}");
        }
        let text = timeout_from_seconds("t", f64::MAX).expect_err("refused").to_string();
        assert!(text.len() < 100 && text.contains("10 years"), "{text}");
        assert_eq!(limit_from_whole_millis(0), None);
        assert_eq!(limit_from_whole_millis(7), Some(Duration::from_millis(7)));
    }
}
