//! A request target that is sent byte for byte: signed URLs, keys of object stores with dot segments in
//! them, `OPTIONS *`.

use crate::error::{Error, Result};
use crate::request::Request;

impl Request {
    /// Sends `target` as the request target (RFC 9112 3.2) in place of the URL's path and query, byte for
    /// byte: nothing is encoded, and no dot segment removed. `*` is the asterisk-form. The connection is
    /// still the URL's, and so is what a redirect's Location is relative to; a redirect does not inherit the
    /// target. A proxy that forwards requests gets the origin before it, unless it begins with neither `/`
    /// nor `?`.
    ///
    /// # Errors
    /// `InvalidArgument` names the byte that cannot be in a target, and its place: only visible ASCII can,
    /// without `#`. Also for CONNECT, whose target is in its URL.
    pub fn set_raw_target(&mut self, target: &[u8]) -> Result<()> {
        if self.head.is_connect() {
            return Err(Error::argument(
                "raw_target: CONNECT has no other target than the host:port in its URL",
            ));
        }
        if target.is_empty() {
            return Err(Error::argument("raw_target: is empty; expected / at least"));
        }
        if let Some(at) = target.iter().position(|&byte| !byte.is_ascii_graphic() || byte == b'#') {
            let byte = target[at];
            let what = match byte {
                b' ' => "a space".to_string(),
                b'#' => "\"#\", which begins a fragment".to_string(),
                b'\r' | b'\n' => "a line break".to_string(),
                0x80.. => format!("0x{byte:02x}, which is not ASCII"),
                _ => format!("the control character 0x{byte:02x}"),
            };
            return Err(Error::argument(format!(
                "raw_target: {what} at byte {at} cannot be sent in one; percent-encode it"
            )));
        }
        Ok(self.head.set_target(target)?)
    }
}
