//! Options with a range: both ends are accepted, what lies beyond is refused with the option's name
//! and the bound, and nothing is taken for another value in silence.

use keepalive_core::*;

/// An option, and the least and the most that it may be.
const RANGES: [(&str, u64, u64); 8] = [
    ("max_per_host", 1, u64::MAX),
    ("max_total", 1, u64::MAX),
    ("max_dials_per_host", 1, u64::MAX),
    ("max_fields", 1, u64::MAX),
    ("max_head_size", 64, 1 << 30),
    ("busy_poll", 0, 1_000),
    ("retry_budget", 0, 100),
    ("retries", 0, u64::MAX),
];

fn with(name: &str, value: u64) -> Result<Client> {
    let mut config = ClientConfig::default();
    config.set(name, OptionValue::Count(value))?;
    Client::new(config)
}

#[test]
fn a_count_beyond_its_range_is_refused_by_name() {
    for (name, least, most) in RANGES {
        for value in [least, most] {
            assert!(with(name, value).is_ok(), "{name}: {value}");
        }
        let beyond = [(least.checked_sub(1), least), (most.checked_add(1), most)];
        for (value, bound) in beyond {
            let Some(value) = value else { continue };
            let error = with(name, value).err().unwrap_or_else(|| panic!("{name}: {value}"));
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            let text = error.to_string();
            assert!(text.contains(&format!("option {name}: must be")), "{text}");
            assert!(text.contains(&bound.to_string()), "{text}");
        }
    }
}
