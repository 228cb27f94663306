//! `ka_verifier`: a function of the host's that decides about the certificates of servers.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use keepalive_common::fork;
use keepalive_core::{CertificateCheck, Client, Presented, Result};

use crate::client::ka_client;
use crate::handle::{give, missing};
use crate::host;
use crate::options::ka_client_options;
use crate::reader::ka_destroy_fn;
use crate::sized;
use crate::slice::{ka_bytes, ka_str};
use crate::status::{ka_error, ka_status};
use crate::thread;

/// What a server has shown of itself, for the time of a call of `verify`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_peer {
    /// The number of bytes of this struct that the running library knows.
    pub size: usize,
    /// The name or address that the certificate has to be for.
    pub host: ka_str,
    /// The certificates that the server sent, in DER, its own first.
    pub chain: *const ka_bytes,
    /// How many there are.
    pub chain_count: usize,
    /// Why the certificate is rejected by the options of the client, in words; empty: it is not.
    pub rejected: ka_str,
}

/// Decides about the certificate of a server: true is that it is believed.
pub type ka_verify_fn =
    Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, peer: *const ka_peer) -> bool>;

/// A function that decides about certificates: ka_client_new_with_verifier. Set what is not used to
/// NULL, as an initialiser does: `ka_verifier verifier = {sizeof verifier, verify, NULL, data};`.
///
/// `verify` is asked in each handshake that resumes no session, and its word counts, whatever the
/// options of the client come to: `rejected` tells that. Pinned keys (option `tls_pins`) are checked
/// besides. It runs on the engine's thread, where it must not block: all connections wait meanwhile. It
/// may call the library; what would wait is refused there (KA_INVALID_STATE). It ends by returning: see
/// "Leaving" at the head of this file.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_verifier {
    /// sizeof(ka_verifier).
    pub size: usize,
    /// Decides. Never NULL.
    pub verify: ka_verify_fn,
    /// Called exactly once, after the last call of `verify`: when the client was freed and its last
    /// connection is closed. It runs in that call, or on the engine's thread, where it must not block. A
    /// forked child has a copy, and calls it for the clients that it frees. Not called for what is left
    /// when the process ends. NULL: nothing is to be done.
    pub destroy: ka_destroy_fn,
    /// Handed to the functions; never looked at.
    pub user_data: *mut c_void,
}

impl ka_verifier {
    const NONE: ka_verifier = ka_verifier {
        size: size_of::<ka_verifier>(),
        verify: None,
        destroy: None,
        user_data: ptr::null_mut(),
    };

    /// Takes over what `verifier` points to: once its functions are known, `destroy` is called in the
    /// end, also when this fails.
    ///
    /// # Safety
    /// `verifier` points to a struct of the size it states. Its functions keep to their types and may be
    /// called from any thread with its `user_data`, until `destroy` was called.
    unsafe fn take(verifier: *const ka_verifier) -> Result<Verifier> {
        // SAFETY: the caller's promise; an integer and pointers, for which NULL is a value.
        let given = unsafe { sized::read_known(verifier, ka_verifier::NONE, "verifier") }?;
        let ka_verifier { verify, destroy, user_data, .. } = given;
        let owned = Verifier { verify, destroy, user_data };
        // SAFETY: the caller's promise.
        unsafe { sized::check_tail(verifier, "verifier") }?;
        match owned.verify {
            Some(_) => Ok(owned),
            None => Err(missing("verifier.verify")),
        }
    }
}

struct Verifier {
    verify: ka_verify_fn,
    destroy: ka_destroy_fn,
    user_data: *mut c_void,
}

// SAFETY: the header tells on which threads the functions run.
unsafe impl Send for Verifier {}
// SAFETY: `verify` runs on the engine's one thread, `destroy` when nobody else has it.
unsafe impl Sync for Verifier {}

impl CertificateCheck for Verifier {
    fn accepts(&self, presented: &Presented<'_>) -> bool {
        let Some(verify) = self.verify else { return false };
        let chain: Vec<ka_bytes> = presented.chain.iter().map(|der| ka_bytes::new(der)).collect();
        let peer = ka_peer {
            size: size_of::<ka_peer>(),
            host: ka_str::new(presented.host.as_bytes()),
            chain: chain.as_ptr(),
            chain_count: chain.len(),
            rejected: ka_str::new(presented.rejected.unwrap_or_default().as_bytes()),
        };
        // SAFETY: by the header's contract the function takes these arguments, and its data is alive
        // until it is given to `destroy`.
        host::call("verify of a ka_verifier", || unsafe { verify(self.user_data, &raw const peer) })
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: by the header's contract the function takes its data, once; nobody has it now.
            host::call("destroy of a ka_verifier", || unsafe { destroy(self.user_data) });
        }
    }
}

/// Makes a client whose `verifier` decides about the certificates of its servers. `options` NULL means
/// the defaults, `verifier` NULL that there is none, as with ka_client_new.
/// Ownership: `options` and `verifier` stay the caller's and are copied; what `user_data` of the verifier
/// points to is the client's until `destroy`, which is called also when this fails. On KA_OK `*client` is
/// owned: ka_client_free.
/// Threads: any; the client may be used by many at once.
/// Errors: KA_INVALID_ARGUMENT names the option, or what is wrong with the verifier.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_new_with_verifier(
    options: *const ka_client_options,
    verifier: *const ka_verifier,
    client: *mut *mut ka_client,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(client), {
        fork::watch();
        thread::on_own_stacks();
        let mut check: Option<Arc<dyn CertificateCheck>> = None;
        if !verifier.is_null() {
            // SAFETY: by the header's contract a struct of the size it states.
            check = Some(Arc::new(unsafe { ka_verifier::take(verifier) }?));
        }
        // SAFETY: by the header's contract `options` is NULL or a struct of the size it states.
        let mut config = unsafe { ka_client_options::read(options) }?;
        config.certificate_check = check;
        Ok(give(ka_client { client: Client::new(config)? }))
    })
}
