use std::time::Duration;

use keepalive_core::{OPTIONS, OptionValue, Shape};

use super::*;
use crate::slice::ka_bytes;

fn initialised() -> ka_client_options {
    // SAFETY: all fields are integers and raw pointers.
    let mut options: ka_client_options = unsafe { std::mem::zeroed() };
    ka_client_options_init(&mut options, size_of::<ka_client_options>());
    options
}

#[test]
fn every_number_time_and_flag_goes_to_c_and_back() {
    for option in OPTIONS {
        let mut config = ClientConfig::default();
        let value = match option.kind.shape() {
            Shape::Count => OptionValue::Count(77),
            Shape::Time => OptionValue::Time(Some(Duration::from_millis(77))),
            Shape::Flag => OptionValue::Flag(true),
            Shape::Text | Shape::Pem => continue,
        };
        config.set(option.name, value).unwrap();
        let options = ka_client_options::of(&config);
        // SAFETY: the strings are static.
        let read = unsafe { ka_client_options::read(&options) }.unwrap();
        assert_eq!(format!("{read:?}"), format!("{config:?}"), "{}", option.name);
    }
}

#[test]
fn texts_and_bytes_are_copied_each_to_its_option() {
    let pem = b"pem".as_slice();
    let options = ka_client_options {
        user_agent: c"agent".as_ptr(),
        resolve: c"resolve".as_ptr(),
        ca_file: c"ca".as_ptr(),
        ca_pem: ka_bytes::new(pem),
        client_cert_pem: ka_bytes::new(&pem[..2]),
        ..initialised()
    };
    // SAFETY: the strings are static.
    let config = unsafe { ka_client_options::read(&options) }.unwrap();
    assert_eq!(config.user_agent.as_deref(), Some("agent"));
    assert_eq!(config.resolve.as_deref(), Some("resolve"));
    assert_eq!(config.ca_file.as_deref(), Some("ca"));
    assert_eq!(config.ca_pem.as_deref(), Some(pem));
    assert_eq!(config.client_cert_pem.as_deref(), Some(&pem[..2]));
    assert_eq!(config.client_key_pem, None);
    let options = ka_client_options { user_agent: c"\xff".as_ptr(), ..initialised() };
    // SAFETY: as above.
    let error = unsafe { ka_client_options::read(&options) }.unwrap_err();
    assert_eq!(error.message(), "option user_agent: is not UTF-8");
}

#[test]
fn initialised_options_are_the_defaults() {
    let options = initialised();
    // SAFETY: initialised with its own size; the strings are static.
    let config = unsafe { ka_client_options::read(&options) }.unwrap();
    assert_eq!(format!("{config:?}"), format!("{:?}", ClientConfig::default()));
}

#[test]
fn zero_milliseconds_are_no_limit() {
    let options =
        ka_client_options { stall_timeout_ms: 0, total_timeout_ms: 1500, ..initialised() };
    // SAFETY: as above.
    let config = unsafe { ka_client_options::read(&options) }.unwrap();
    assert_eq!(config.stall_timeout, None);
    assert_eq!(config.total_timeout, Some(Duration::from_millis(1500)));
}

#[test]
fn a_shorter_struct_of_an_older_program_keeps_the_defaults_of_the_rest() {
    let size = std::mem::offset_of!(ka_client_options, max_dials_per_host);
    let options = ka_client_options { size, max_total: 9, max_dials_per_host: 1, ..initialised() };
    // SAFETY: as above, with fewer bytes.
    let config = unsafe { ka_client_options::read(&options) }.unwrap();
    assert_eq!(config.max_total, 9);
    assert_eq!(config.max_dials_per_host, ClientConfig::default().max_dials_per_host);
}

#[test]
fn a_longer_struct_of_a_newer_program_is_fine_while_its_tail_is_zero() {
    #[repr(C)]
    struct Newer {
        known: ka_client_options,
        added: u64,
    }
    let mut newer = Newer { known: initialised(), added: 0 };
    newer.known.size = size_of::<Newer>();
    let pointer = (&raw const newer).cast();
    // SAFETY: `size` is the size of the whole.
    assert!(unsafe { ka_client_options::read(pointer) }.is_ok());
    newer.added = 1;
    let pointer = (&raw const newer).cast();
    // SAFETY: as above.
    let error = unsafe { ka_client_options::read(pointer) }.unwrap_err();
    assert!(error.message().contains("options.size"), "{error}");
}

#[test]
fn init_fills_a_newer_programs_tail_with_zeros_and_writes_no_byte_beyond_it() {
    let known = size_of::<ka_client_options>();
    let mut words = vec![u64::MAX; known / 8 + 2];
    ka_client_options_init(words.as_mut_ptr().cast(), known + 8);
    assert_eq!(words[0], (known + 8) as u64);
    assert_eq!(words[known / 8], 0);
    assert_eq!(words[known / 8 + 1], u64::MAX);
}

#[test]
fn a_size_that_nobody_wrote_is_refused() {
    for size in [0, 7, usize::MAX] {
        let options = ka_client_options { size, ..initialised() };
        // SAFETY: the size is refused before any other byte is read.
        let error = unsafe { ka_client_options::read(&options) }.unwrap_err();
        assert!(error.message().contains("options.size"), "{error}");
    }
}

/// What a later version would put into a hole, an older one leaves as it finds it.
#[test]
fn structs_have_no_holes() {
    use crate::{ka_info, ka_origin_stats, ka_stats};
    let source =
        include_str!("../generated/stats.rs").to_string() + include_str!("../generated/options.rs");
    for (name, size) in [
        ("ka_client_options", size_of::<ka_client_options>()),
        ("ka_info", size_of::<ka_info>()),
        ("ka_stats", size_of::<ka_stats>()),
        ("ka_origin_stats", size_of::<ka_origin_stats>()),
    ] {
        let body = source.split_once(&format!("pub struct {name} {{")).expect(name).1;
        let body = body.split_once("\n}").expect("an end").0;
        let kinds = body.lines().filter_map(|line| {
            line.trim().strip_prefix("pub ")?.strip_suffix(',')?.split_once(": ").map(|pair| pair.1)
        });
        let sum: usize = kinds
            .map(|kind| match kind {
                "u32" | "ka_status" => 4,
                "u64" | "usize" | "*const c_char" => 8,
                "ka_str" | "ka_bytes" => 16,
                "[c_char; KA_ORIGIN_SIZE]" => crate::KA_ORIGIN_SIZE,
                "[c_char; KA_ADDRESSES_SIZE]" => crate::KA_ADDRESSES_SIZE,
                other => panic!("{name}: how large is {other}?"),
            })
            .sum();
        assert_eq!(sum, size, "{name}");
    }
}
