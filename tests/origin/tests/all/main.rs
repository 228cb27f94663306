//! The origin as its clients see it.

mod binary;
mod common;
mod plain;
mod ports;
mod tls;
mod wire_cases;
