//! libFuzzer gives bytes that may be a response; `src/response.rs` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| keepalive_fuzz::response::check(input));
