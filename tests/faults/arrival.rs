//! What the kernel holds for a socket of this machine, asked for by sock_diag(7), the way of ss(8): one
//! socket by its addresses, where `/proc/net/tcp` is a text of all of them.

use std::io::Read;
use std::net::{IpAddr, SocketAddr};

use keepalive_origin::within;
use socket2::{Domain, Protocol, Socket, Type};

use crate::wire::PATIENCE;

const AF_NETLINK: i32 = 16;
const AF_INET: u8 = 2;
const IPPROTO_TCP: u8 = 6;
const NETLINK_SOCK_DIAG: i32 = 4;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const ENOENT: i32 = 2;
/// A `struct nlmsghdr`.
const HEADER: usize = 16;

/// A state of a socket, as the kernel numbers them.
pub const ESTABLISHED: u8 = 1;

/// Waits until what was sent to the socket at `client` has arrived in its kernel queue: `what` gets the
/// state and the bytes that can be read, or `None` when the socket is no longer connected.
pub fn wait_until(
    client: SocketAddr,
    server: SocketAddr,
    what: impl Fn(Option<(u8, u32)>) -> bool,
) {
    let mut kernel = Kernel::new();
    let mut seen = None;
    let arrived = within(PATIENCE, || {
        seen = kernel.socket(client, server);
        what(seen)
    });
    assert!(arrived, "it does not arrive: {seen:?}");
}

struct Kernel(Socket);

impl Kernel {
    fn new() -> Kernel {
        let protocol = Some(Protocol::from(NETLINK_SOCK_DIAG));
        let socket = Socket::new(Domain::from(AF_NETLINK), Type::DGRAM, protocol);
        Kernel(socket.expect("Linux has it"))
    }

    /// The state of the TCP socket at `here` whose peer is `there`, and how much it has to read.
    fn socket(&mut self, here: SocketAddr, there: SocketAddr) -> Option<(u8, u32)> {
        self.0.send(&question(here, there)).expect("the kernel takes it");
        let mut answer = [0; 1024];
        let count = self.0.read(&mut answer).expect("the kernel answers");
        let (header, message) = answer[..count].split_at(HEADER);
        let number =
            |at: usize| u32::from_ne_bytes(message[at..at + 4].try_into().expect("four bytes"));
        if header[4..6] == NLMSG_ERROR.to_ne_bytes() {
            assert_eq!(number(0) as i32, -ENOENT, "sock_diag: an errno");
            return None;
        }
        // A struct inet_diag_msg: idiag_state, idiag_rqueue.
        Some((message[1], number(56)))
    }
}

/// A `struct nlmsghdr` and a `struct inet_diag_req_v2`.
fn question(here: SocketAddr, there: SocketAddr) -> Vec<u8> {
    let mut question = Vec::new();
    question.extend([AF_INET, IPPROTO_TCP, 0, 0]);
    question.extend(u32::MAX.to_ne_bytes()); // in any state
    for address in [here, there] {
        question.extend(address.port().to_be_bytes());
    }
    for address in [here, there] {
        let IpAddr::V4(ip) = address.ip() else { panic!("{address}: the servers here have IPv4") };
        question.extend(ip.octets());
        question.extend([0; 12]);
    }
    question.extend([0; 4]); // on any interface
    question.extend([u8::MAX; 8]); // whichever socket it is
    let length = (HEADER + question.len()) as u32;
    let mut header = Vec::new();
    header.extend(length.to_ne_bytes());
    header.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    header.extend(NLM_F_REQUEST.to_ne_bytes());
    header.extend([0; 8]); // no number, from no port
    header.extend(question);
    header
}
