//! What the tables say, in the words of one language: names of options, units, values, and what
//! stands for "none".

use std::time::Duration;

use keepalive_tables::{OPTIONS, OptionDefault, OptionInfo, OptionKind, Profile, camel};

use crate::text::{number, size};

/// Who is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Language {
    C,
    Python,
    Node,
    /// A page for the users of all three; options have their names of Python.
    Page,
}

use Language::{C, Node, Page, Python};

impl Language {
    /// How an option is spelled.
    pub fn option(self, option: &OptionInfo) -> String {
        let OptionInfo { name, kind, .. } = option;
        match (self, kind) {
            (C, OptionKind::Time) => format!("{name}_ms"),
            (C, OptionKind::Micros) => format!("{name}_us"),
            (C, OptionKind::Size) if !name.ends_with("_size") => format!("{name}_size"),
            (C | Python | Page, _) => name.to_string(),
            (Node, _) => camel(name),
        }
    }

    /// A text of the tables with the options in it as they are spelled.
    pub fn text(self, text: &str) -> String {
        let quote = if self == Python { "``" } else { "`" };
        let mut parts = text.split('`');
        let mut spelled = parts.next().unwrap_or_default().to_string();
        let mut inside = true;
        for part in parts {
            spelled += quote;
            let option = OPTIONS.iter().find(|option| inside && option.name == part);
            spelled += &option.map_or_else(|| part.to_string(), |option| self.option(option));
            inside = !inside;
        }
        spelled
    }

    /// A length of time.
    fn time(self, time: Duration) -> String {
        match self {
            C | Node => number(time.as_millis() as u64),
            Python => format!("{:?}", time.as_secs_f64()),
            Page => match time.as_secs() {
                0 => format!("{} ms", time.as_millis()),
                seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} min", seconds / 60),
                seconds => format!("{seconds} s"),
            },
        }
    }

    /// The default, as a value of the language or as what it means.
    pub fn default(self, option: &OptionInfo) -> String {
        if !option.shown.is_empty() {
            return option.shown.to_string();
        }
        match option.default {
            // As they are written in a program.
            OptionDefault::Count(count) if self == Python => count.to_string(),
            OptionDefault::Count(bytes) if option.kind == OptionKind::Size => size(bytes),
            OptionDefault::Count(count) if self == Page => match option.kind {
                OptionKind::Micros => format!("{count} us"),
                OptionKind::Percent => format!("{count} %"),
                _ => number(count),
            },
            OptionDefault::Count(count) => number(count),
            OptionDefault::Time(Some(time)) => match (self, option.node) {
                (Node, Some(node)) => {
                    let other = self.time(time);
                    format!("{} (C and Python: {other})", self.time(node))
                }
                (Page, Some(node)) => format!("{}; Node {}", self.time(time), self.time(node)),
                _ => self.time(time),
            },
            OptionDefault::Time(None) if self == C => "0".to_string(),
            OptionDefault::Time(None) => option.none.to_string(),
            OptionDefault::Flag(flag) => match (self, flag) {
                (C, _) => u8::from(flag).to_string(),
                (Python, true) => "True".to_string(),
                (Python, false) => "False".to_string(),
                (Node, _) => flag.to_string(),
                (Page, true) => "on".to_string(),
                (Page, false) => "off".to_string(),
            },
            OptionDefault::Text(Some(text)) => text.to_string(),
            OptionDefault::Text(None) | OptionDefault::Pem => match self {
                C if option.kind == OptionKind::Pem => "empty".to_string(),
                C => "NULL".to_string(),
                _ => "not set".to_string(),
            },
        }
    }

    /// What stands for "none", and what that means.
    fn none(self, option: &OptionInfo) -> Option<String> {
        let OptionInfo { none, kind, .. } = option;
        if *kind == OptionKind::Flag && self == C {
            return Some("0 is off, 1 is on.".to_string());
        }
        if none.is_empty() {
            return None;
        }
        let nothing = match (self, kind) {
            (Page, OptionKind::Time) if *none == "no limit" => return None,
            (Page, OptionKind::Time) => "No limit",
            (Page, OptionKind::Text | OptionKind::File | OptionKind::Pem) => "None",
            (Python, OptionKind::Time) => "``math.inf``",
            (Node, OptionKind::Time) => "0 or `null`",
            (C, OptionKind::Text | OptionKind::File) => "NULL",
            (C, OptionKind::Pem)
            | (Python, OptionKind::Text | OptionKind::File | OptionKind::Pem) => "Empty",
            (Node, OptionKind::Text | OptionKind::File | OptionKind::Pem) => "`null`",
            _ => "0",
        };
        Some(format!("{nothing}: {none}."))
    }

    fn bounds(self, option: &OptionInfo) -> Option<String> {
        let least = number(option.least);
        let most =
            if option.kind == OptionKind::Size { size(option.most) } else { number(option.most) };
        match (option.least, option.most) {
            (0, u64::MAX) => None,
            (0, _) => Some(format!("At most {most}.")),
            (_, u64::MAX) => Some(format!("At least {least}.")),
            _ => Some(format!("{least} to {most}.")),
        }
    }

    /// What a profile sets.
    pub fn profile(self, profile: &Profile) -> String {
        let mut sets = Vec::new();
        for (name, value) in profile.sets {
            for option in OPTIONS.iter().filter(|option| option.name == *name) {
                let own = OptionInfo { default: *value, shown: "", node: None, ..*option };
                sets.push(format!("{} {}", self.option(option), self.default(&own)));
            }
        }
        sets.join(", ")
    }

    /// What an option does, and its bounds.
    pub fn meaning(self, option: &OptionInfo) -> String {
        let parts = [Some(self.text(option.doc)), self.none(option), self.bounds(option)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// All there is to say of an option.
    pub fn description(self, option: &OptionInfo) -> String {
        let unit = if self == C && option.kind == OptionKind::Time { " ms" } else { "" };
        let unit = if matches!(option.default, OptionDefault::Time(Some(_))) { unit } else { "" };
        format!("{} Default: {}{unit}.", self.meaning(option), self.default(option))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(name: &str) -> &'static OptionInfo {
        OPTIONS.iter().find(|option| option.name == name).expect("an option")
    }

    #[test]
    fn each_language_has_its_names_units_and_nothings() {
        let dns = option("dns_ttl");
        assert!(C.description(dns).ends_with(" 0: never. Default: 30,000 ms."));
        assert!(Python.description(dns).ends_with(" ``math.inf``: never. Default: 30.0."));
        assert!(Node.description(dns).ends_with(" 0 or `null`: never. Default: 30,000."));
        assert!(Page.meaning(dns).ends_with(" No limit: never."));
        assert_eq!(Page.default(dns), "30 s");
        let header = option("header_timeout");
        assert!(Node.description(header).ends_with("Default: 300,000 (C and Python: 65,000)."));
        let hedge = option("hedge");
        assert!(Node.description(hedge).contains("within `retryBudget`."));
        assert!(Python.description(hedge).contains("within ``retry_budget``."));
        assert!(C.description(hedge).ends_with("0 is off, 1 is on. Default: 0."));
        assert_eq!(C.option(option("drain_limit")), "drain_limit_size");
        assert_eq!(C.option(option("max_body_size")), "max_body_size");
        assert_eq!(C.option(option("busy_poll")), "busy_poll_us");
        assert!(C.description(option("total_timeout")).ends_with("0: no limit. Default: 0."));
    }
}
