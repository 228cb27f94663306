//! Dates of cookies, read as leniently as servers write them (RFC 6265bis 5.1.1), and seconds to dates.

/// Seconds since 1970 of a cookie-date; `None` when it is none.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|&byte| is_delimiter(byte)).filter(|token| !token.is_empty()) {
        if time.is_none()
            && let Some(found) = time_of(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = number(token, 2, 4)
        {
            year = Some(found);
        }
    }
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let date = [year, month?, day?];
    if year < 1601 {
        return None;
    }
    seconds(date, time?)
}

/// `2027-01-02T03:04:05Z`, with or without a fraction, as JSON files have it.
pub(super) fn parse_iso(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let time = time.split('.').next()?;
    let three = |text: &str, separator| -> Option<[i64; 3]> {
        let parts: Vec<_> = text.split(separator).map(|part| part.parse::<i64>().ok()).collect();
        <[Option<i64>; 3]>::try_from(parts).ok().and_then(|[a, b, c]| Some([a?, b?, c?]))
    };
    seconds(three(date, '-')?, three(time, ':')?)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'/' | b';'..=b'@' | b'['..=b'`' | b'{'..=b'~')
}

/// A number of so many digits; what follows them is no digit.
fn number(token: &[u8], least: usize, most: usize) -> Option<i64> {
    let count = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = (least..=most).contains(&count).then(|| &token[..count])?;
    Some(digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
}

/// `h:m:s` with one or two digits each.
fn time_of(token: &[u8]) -> Option<[i64; 3]> {
    let mut parts = token.splitn(3, |&byte| byte == b':');
    let [hour, minute, second] = [parts.next()?, parts.next()?, parts.next()?];
    let whole = |part: &[u8]| part.iter().all(u8::is_ascii_digit).then(|| number(part, 1, 2))?;
    Some([whole(hour)?, whole(minute)?, number(second, 1, 2)?])
}

fn month_of(token: &[u8]) -> Option<i64> {
    const MONTHS: [&[u8; 3]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
        b"dec",
    ];
    let start = token.get(..3)?;
    let place = MONTHS.iter().position(|month| start.eq_ignore_ascii_case(*month))?;
    Some(place as i64 + 1)
}

/// Seconds since 1970; `None` when there is no such moment.
fn seconds([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3]) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    if !(1..=longest).contains(&day) || !is_time || !(0..=9999).contains(&year) {
        return None;
    }
    // Years that begin in March have their leap day last.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (years.div_euclid(400), years.rem_euclid(400));
    let of_year = (153 * months + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_servers_write_them() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "6 nov 1994 8:49:37",
            "1994 6 November 08:49:37",
            "08:49:37 Nov 6th 94",
            "Sun,06 Nov 1994 08:49:37 GMT+0200",
            "date=6/Nov/1994 08:49:37.123",
        ] {
            assert_eq!(parse(text.as_bytes()), Some(784_111_777), "{text}");
        }
        assert_eq!(parse(b"Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse(b"29 Feb 2000 00:00:00"), Some(951_782_400));
        assert_eq!(parse(b"1 Jan 1601 0:0:0"), Some(-11_644_473_600));
        assert_eq!(parse(b"31 Dec 9999 23:59:59"), Some(253_402_300_799));
        assert_eq!(parse(b"1 Jan 70 0:0:0"), Some(0));
        assert_eq!(parse(b"1 Jan 69 0:0:0"), Some(3_124_224_000));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "tomorrow",
            "06 Nov 1994",
            "06 Nov 08:49:37",
            "Nov 1994 08:49:37",
            "31 Feb 2027 00:00:00",
            "29 Feb 1900 00:00:00",
            "0 Jan 2027 00:00:00",
            "32 Jan 2027 00:00:00",
            "1 Jan 1600 00:00:00",
            "1 Jan 2027 24:00:00",
            "1 Jan 2027 00:60:00",
            "1 Jan 2027 00:00:60",
            "1 Jan 12345 00:00:00",
            "1 Jan 2027 000:00:00",
            "\u{661} Jan 2027 00:00:00",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn dates_of_json_are_read() {
        assert_eq!(parse_iso("1994-11-06T08:49:37.000Z"), Some(784_111_777));
        assert_eq!(parse_iso("1994-11-06T08:49:37Z"), Some(784_111_777));
        for text in ["", "Infinity", "1994-11-06", "1994-13-06T08:49:37Z", "a-b-cTd:e:fZ"] {
            assert_eq!(parse_iso(text), None, "{text:?}");
        }
    }
}
