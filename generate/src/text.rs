//! Pieces of text, of whatever language.

/// `text` in lines of at most `width` characters, each with `prefix` before it. A number is not parted
/// from what it counts, a label not from what it says.
pub fn wrapped(text: &str, prefix: &str, width: usize) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if is_label(last) => *last = format!("{last} {word}"),
            _ => words.push(word.to_string()),
        }
    }
    let mut lines = String::new();
    let mut line = prefix.to_string();
    let mut empty = true;
    for word in &words {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            lines += line.trim_end();
            lines.push('\n');
            line = prefix.to_string();
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line += word;
        empty = false;
    }
    lines += line.trim_end();
    lines.push('\n');
    lines
}

fn is_label(word: &str) -> bool {
    let number = word.trim_end_matches(':');
    word == "Default:" || number.chars().all(|digit| digit.is_ascii_digit() || digit == ',')
}

/// `65536` as `65,536`.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `65536` as `65,536 (64 KiB)`.
pub fn size(bytes: u64) -> String {
    for (power, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >> power > 0 && bytes & ((1 << power) - 1) == 0 {
            return format!("{} ({} {unit})", number(bytes), bytes >> power);
        }
    }
    number(bytes)
}

/// `["a", "b", "c"]` as `a, b or c`.
pub fn either<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_string(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(T::as_ref).collect();
            format!("{} or {}", most.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use keepalive_tables::camel;

    use super::*;

    #[test]
    fn lines_are_as_long_as_they_may_be_and_no_longer() {
        assert_eq!(wrapped("aa bb  cc", "// ", 8), "// aa bb\n// cc\n");
        assert_eq!(wrapped("a-long-word b", "", 4), "a-long-word\nb\n");
        assert_eq!(wrapped("", "//", 4), "//\n");
        assert_eq!(wrapped("a a 10 ms Default: 1 b", "", 6), "a a\n10 ms\nDefault: 1\nb\n");
    }

    #[test]
    fn names_and_numbers_are_spelled() {
        assert_eq!(camel("max_per_host"), "maxPerHost");
        assert_eq!(number(7), "7");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(size(64 << 10), "65,536 (64 KiB)");
        assert_eq!(size(2 << 30), "2,147,483,648 (2 GiB)");
        assert_eq!(size(1000), "1,000");
        assert_eq!(either(&["a", "b", "c"]), "a, b or c");
    }
}
