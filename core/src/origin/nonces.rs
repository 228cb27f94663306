//! Digest challenges of origins, answered until they are too old: with them a request is right at once, and
//! each nonce is counted over all requests of a client (RFC 7616 3.4).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::auth::tries::Tries;
use crate::auth::{Digest, Login};
use crate::origin::Origin;
use crate::sync::lock;

/// Origins, and who asks there, whose challenges are remembered.
const REMEMBERED: usize = 256;

/// Each pool, and so each fork generation, has its own.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<HashMap<(Arc<Origin>, Login), Digest>>);

impl Nonces {
    /// The value of Authorization for a request of that method and target; `None` when the origin has not
    /// asked yet, or asks for what is not known here.
    pub fn answer(
        &self,
        (origin, login): (&Arc<Origin>, &Login),
        (method, target): (&str, &str),
        tries: &mut Tries,
    ) -> Option<String> {
        let key = (origin.clone(), login.clone());
        let mut known = lock(&self.0);
        if let Some(own) = tries.take() {
            if known.len() >= REMEMBERED && !known.contains_key(&key) {
                known.clear();
            }
            known.insert(key.clone(), own);
        }
        let digest = known.get_mut(&key)?;
        let answer = login.digest(digest, method, target);
        match answer {
            Some(_) => tries.answered(),
            // Its count is used up, or it is not known here: the server is to ask anew.
            None => drop(known.remove(&key)),
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Challenges;
    use crate::origin::Scheme;

    fn challenge(nonce: &str) -> Digest {
        let text = format!("Digest realm=\"r\", qop=\"auth\", nonce=\"{nonce}\"");
        Challenges::read([text.as_bytes()].into_iter()).digest.expect("one")
    }

    #[test]
    fn counts_go_on_per_origin_and_login_and_memory_is_bounded() {
        let nonces = Nonces::default();
        let origin = |port| Arc::new(Origin::new(Scheme::Http, "a".into(), port));
        let login = |user: &str| Login { user: user.into(), password: "p".into() };
        let answer = |port, user, own: Option<&str>| {
            let mut tries = Tries::default();
            if let Some(nonce) = own {
                assert!(tries.asks(challenge(nonce)));
            }
            nonces.answer((&origin(port), &login(user)), ("GET", "/"), &mut tries)
        };
        assert_eq!(answer(1, "ann", None), None);
        let first = answer(1, "ann", Some("n")).expect("an answer");
        assert!(first.contains("nc=00000001") && first.contains("nonce=\"n\""), "{first}");
        assert!(answer(1, "ann", None).expect("known").contains("nc=00000002"));
        assert_eq!(answer(2, "ann", None), None);
        assert_eq!(answer(1, "bob", None), None);
        assert!(answer(1, "ann", Some("m")).expect("an answer").contains("nc=00000001"));
        for port in 10..2000 {
            answer(port, "ann", Some("n"));
            assert!(lock(&nonces.0).len() <= REMEMBERED);
        }
    }
}
