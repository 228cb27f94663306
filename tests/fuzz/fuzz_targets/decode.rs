#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| keepalive_fuzz::decode::check(input));
