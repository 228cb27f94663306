//! What core promises, a module for each matter, in one program: linking one for each would take longer than running
//! them. Tests of what concerns the whole process are programs of their own beside this one.

#[path = "../common/mod.rs"]
mod common;

mod again;
mod authentication;
mod bodies;
mod certificates;
mod connect;
mod cookies;
mod download_places;
mod downloads;
mod early_data;
mod exchange;
mod expect;
mod farewell;
mod hedge;
mod held;
mod idle;
mod keep_alive;
mod lookup_hook;
mod observer;
mod options;
mod panics;
mod pipelining;
mod pipelining_ends;
mod pipelining_never;
mod queue;
mod raw;
mod redirect_policy;
mod redirects;
mod resilience;
mod resumption;
mod sources;
mod speed;
mod streams;
mod timings;
mod timings_roads;
mod tls;
mod tls_settings;
mod trust;
mod turns;
mod upkeep;
mod upload_sources;
mod upload_speed;
mod uploads;
mod urls;
mod whole;
mod wire;
