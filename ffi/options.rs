//! `ka_client_options`, a sized struct with a field for every option of the engine.

use std::ffi::c_char;

use keepalive_core::{ClientConfig, Result};

pub use crate::generated::options::{ka_client_options, ka_timeout};
use crate::handle::{text, utf8};
use crate::sized;
use crate::status::{ka_error, ka_status};

/// Fills `options` with the defaults. The environment variable KEEPALIVE_TRUST_ENV=1 makes `trust_env` 1,
/// for programs that have no option for it; what is set afterwards counts. `size` is sizeof(ka_client_options): a program and a library of
/// different versions then agree on the fields that both know.
/// Ownership: `options` stays the caller's; its pointers are static.
/// Threads: any.
/// Errors: none; NULL, or a `size` that holds not even the first field, is left alone.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_options_init(options: *mut ka_client_options, size: usize) {
    ka_fn!(value(()), {
        let defaults = ka_client_options { size, ..ka_client_options::of(&default_config()) };
        // SAFETY: by the header's contract `options` is NULL or has room for `size` bytes.
        unsafe { sized::write(options, size, &defaults, "options") }
    })
}

/// Fills `options` with the defaults of a profile: "default", or "service" for calls between services.
/// ka_client_options tells what it has; KEEPALIVE_TRUST_ENV is as in ka_client_options_init.
/// Ownership: all stays the caller's; the pointers in `options` are static.
/// Threads: any.
/// Errors: KA_INVALID_ARGUMENT for NULL, another profile, or a `size` that holds not even the first
/// field.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_options_init_profile(
    options: *mut ka_client_options,
    size: usize,
    profile: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        // SAFETY: by the header's contract `profile` is NULL or a NUL-terminated string.
        let name = utf8(unsafe { text(profile, "profile") }?, "profile")?;
        let config = as_environment_says(ClientConfig::profile(name)?);
        let defaults = ka_client_options { size, ..ka_client_options::of(&config) };
        // SAFETY: by the header's contract `options` is NULL or has room for `size` bytes.
        unsafe { sized::write(options, size, &defaults, "options") }
    })
}

impl ka_client_options {
    /// Copies everything that `options` points to.
    ///
    /// # Safety
    /// `options` is NULL or points to a struct of the size it states, whose strings and bytes are
    /// as their fields say.
    pub(crate) unsafe fn read(options: *const ka_client_options) -> Result<ClientConfig> {
        let mut config = default_config();
        if options.is_null() {
            return Ok(config);
        }
        // SAFETY: the caller's promise; all fields are integers and raw pointers, for which every
        // bit pattern is a value.
        let given = unsafe { sized::read(options, ka_client_options::of(&config), "options") }?;
        // SAFETY: the caller's promise about the strings and bytes.
        unsafe { given.copy_to(&mut config) }?;
        Ok(config)
    }
}

/// Whether the environment's proxies are used, by its own word: for programs that have no such option.
fn as_environment_says(mut config: ClientConfig) -> ClientConfig {
    config.trust_env = std::env::var_os("KEEPALIVE_TRUST_ENV").is_some_and(|value| value == "1");
    config
}

/// What a client has when nothing is said of it.
pub(crate) fn default_config() -> ClientConfig {
    as_environment_says(ClientConfig::default())
}

#[cfg(test)]
mod tests;
