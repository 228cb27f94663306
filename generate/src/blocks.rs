//! Generated parts of files that are otherwise written by hand.

use crate::Result;

/// Puts `text` between the line that ends with `<generated NAME>` and the next with `</generated>`.
pub fn replace(file: &str, path: &str, name: &str, text: &str) -> Result<String> {
    let opening = format!("<generated {name}>");
    let lines: Vec<&str> = file.split_inclusive('\n').collect();
    let opens: Vec<usize> =
        (0..lines.len()).filter(|at| lines[*at].trim_end().ends_with(&opening)).collect();
    let [open] = opens[..] else {
        return Err(format!("{path}: {} lines end with {opening}, not one", opens.len()));
    };
    let is_mark = |line: &&str| line.contains("<generated ") || line.contains("</generated>");
    let length = lines[open + 1..].iter().position(is_mark);
    let close = length.map(|length| open + 1 + length);
    match close {
        Some(close) if lines[close].trim_end().ends_with("</generated>") => {
            Ok([&lines[..=open].concat(), text, &lines[close..].concat()].concat())
        }
        _ => Err(format!("{path}: {opening} has no </generated>")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "a\n  # <generated x>\nold\n  # </generated>\nb\n# <generated y>\n";

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let new = replace(FILE, "f", "x", "new\nnew\n").unwrap();
        assert_eq!(new, FILE.replace("old", "new\nnew"));
        assert_eq!(replace(&new, "f", "x", "old\n").unwrap(), FILE);
    }

    #[test]
    fn marks_that_are_not_there_are_told() {
        assert!(replace(FILE, "f", "z", "").unwrap_err().contains("f: 0 lines end with"));
        assert!(replace(FILE, "f", "y", "").unwrap_err().contains("no </generated>"));
        let nested = "# <generated x>\n# <generated y>\n# </generated>\n";
        assert!(replace(nested, "f", "x", "").is_err());
    }
}
