//! libFuzzer gives bytes that may be a URL and a Location; `src/url.rs` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| keepalive_fuzz::url::check(input));
