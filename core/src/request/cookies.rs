//! What a request says of cookies in place of its client.

use std::sync::Arc;

use crate::cookies::{Cookies, check_own};
use crate::error::Result;

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct OwnCookies {
    /// Who keeps them; `Some(None)`: nobody.
    pub keeper: Option<Option<Cookies>>,
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl OwnCookies {
    /// Names and values that are sent beside what is kept.
    pub fn pairs(&self) -> &[(Vec<u8>, Vec<u8>)] {
        &self.pairs
    }

    /// Adds one, in place of one of its name.
    ///
    /// # Errors
    /// `InvalidArgument`: why it cannot be sent.
    pub fn add(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        check_own(name, value)?;
        self.pairs.retain(|(other, _)| other != name);
        self.pairs.push((name.to_vec(), value.to_vec()));
        Ok(())
    }
}

/// Who keeps the cookies of a request that says `own`; `client` is who keeps the client's.
pub(crate) fn keeper<'a>(
    own: &'a Option<Arc<OwnCookies>>,
    client: Option<&'a Cookies>,
) -> Option<&'a Cookies> {
    let own = own.as_ref().and_then(|own| own.keeper.as_ref());
    own.map_or(client, Option::as_ref)
}
