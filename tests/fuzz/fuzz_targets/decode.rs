//! libFuzzer gives bytes that may be a coded body; `src/decode.rs` says what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| keepalive_fuzz::decode::check(input));
