use keepalive_core::{OPTIONS, OptionKind};

use super::*;

fn initialised() -> ka_client_options {
    // SAFETY: all fields are integers and raw pointers.
    let mut options: ka_client_options = unsafe { std::mem::zeroed() };
    ka_client_options_init(&mut options, size_of::<ka_client_options>());
    options
}

#[test]
fn the_struct_has_a_field_of_the_right_type_for_every_row_of_the_table_in_its_order() {
    let source = include_str!("../options.rs");
    let body = source.split_once("pub struct ka_client_options {").unwrap().1;
    let body = body.split_once("\n}").unwrap().0;
    let fields: Vec<(&str, &str)> = body
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub ")?.strip_suffix(',')?.split_once(": "))
        .collect();
    let mut expected = vec![("size", "usize")];
    expected.extend(OPTIONS.iter().map(|option| {
        let kind = match option.kind {
            OptionKind::Count | OptionKind::Time | OptionKind::Flag => "u64",
            OptionKind::Text => "*const c_char",
            OptionKind::Pem => "ka_bytes",
        };
        (option.name, kind)
    }));
    assert_eq!(fields, expected);
}

#[test]
fn every_option_is_read_and_shown() {
    let source = include_str!("../options.rs");
    for option in OPTIONS {
        assert!(source.contains(&format!("config.{} =", option.name)), "{}: read", option.name);
        let value = format!("            {}: ", option.name);
        assert!(source.contains(&value), "{}: default", option.name);
    }
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
    let options = ka_client_options { stall_timeout: 0, total_timeout: 1500, ..initialised() };
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
