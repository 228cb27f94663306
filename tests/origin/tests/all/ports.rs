//! The ports that servers of one process get: none twice.

use std::collections::HashSet;

use keepalive_origin::{is_new_port, listen_anew};

use crate::common::origin;

/// So many that the kernel gives a good hundred of them a second time.
const MANY: usize = 2_000;

#[test]
fn a_port_that_is_free_again_is_not_had_again() {
    let mut had = HashSet::new();
    for _ in 0..MANY {
        let port = listen_anew().expect("a port").local_addr().expect("an address").port();
        assert!(had.insert(port), "{port} after {}", had.len());
    }
    for port in had {
        assert!(!is_new_port(port));
    }
    let origin = origin();
    for base in [origin.http(), origin.https(), &origin.endpoints().tls12] {
        let port = base.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        assert!(!is_new_port(port), "{base}");
    }
}
