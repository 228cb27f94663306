//! Authentication as HTTP frames it (RFC 9110 11): credentials, the challenges of a 401 or 407, and the
//! answers of Basic (RFC 7617) and Digest (RFC 7616).

use std::fmt;

use base64::Engine as _;
use http_auth::parser::ChallengeParser;
use http_auth::{ChallengeRef, DigestClient, PasswordParams};

/// `Basic` credentials of RFC 7617.
pub fn basic_credentials(user: &[u8], password: &[u8]) -> String {
    let mut pair = user.to_vec();
    pair.push(b':');
    pair.extend_from_slice(password);
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// A name and its password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Login {
    pub user: String,
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login { .. }")
    }
}

impl Login {
    /// What Basic sends.
    pub fn basic(&self) -> String {
        basic_credentials(self.user.as_bytes(), self.password.as_bytes())
    }

    /// What Digest sends for a request of that method and target; each call is a count of the nonce.
    /// `None` when the server asks for what is not known here, such as `auth-int` alone.
    pub fn digest(&self, server: &mut Digest, method: &str, target: &str) -> Option<String> {
        let (username, password) = (&*self.user, &*self.password);
        let params = PasswordParams { username, password, uri: target, method, body: None };
        server.0.respond(&params).ok()
    }
}

/// A Digest challenge, and how often it was answered.
#[derive(Debug)]
pub(crate) struct Digest(DigestClient);

impl Digest {
    /// The last answer was right but for its nonce, which is too old (RFC 7616 3.3).
    pub fn is_stale(&self) -> bool {
        self.0.stale()
    }
}

/// What the challenge fields of a response ask for.
#[derive(Debug, Default)]
pub(crate) struct Challenges {
    pub basic: bool,
    /// The strongest one that can be answered.
    pub digest: Option<Digest>,
    /// Schemes and realms, for messages; no more than the first few, and no control characters.
    pub shown: String,
}

/// Challenges beyond that many are not looked at.
const MOST: usize = 16;

/// Most characters of them in a message.
const SHOWN: usize = 200;

impl Challenges {
    /// Reads the values of WWW-Authenticate or Proxy-Authenticate; what breaks the grammar ends a value.
    pub fn read<'a>(values: impl Iterator<Item = &'a [u8]>) -> Challenges {
        let mut found = Challenges::default();
        for value in values.take(MOST) {
            let text = String::from_utf8_lossy(value);
            let parsed = ChallengeParser::new(&text).map_while(Result::ok);
            parsed.take(MOST).for_each(|challenge| found.add(&challenge));
        }
        if found.shown.is_empty() {
            found.shown.push_str("no challenge");
        }
        found
    }

    fn add(&mut self, challenge: &ChallengeRef<'_>) {
        let is = |scheme: &str| challenge.scheme.eq_ignore_ascii_case(scheme);
        self.basic |= is("Basic");
        if is("Digest")
            && let Ok(digest) = DigestClient::try_from(challenge)
            && self.digest.as_ref().is_none_or(|known| strength(&digest) > strength(&known.0))
        {
            self.digest = Some(Digest(digest));
        }
        let realm = challenge.params.iter().find(|(name, _)| name.eq_ignore_ascii_case("realm"));
        let mut text = challenge.scheme.to_string();
        if let Some((_, realm)) = realm {
            text += &format!(" realm={:?}", realm.to_unescaped());
        }
        let separator = if self.shown.is_empty() { "" } else { ", " };
        if self.shown.len() + separator.len() + text.len() <= SHOWN {
            self.shown += separator;
            self.shown += &text;
        }
    }
}

fn strength(digest: &DigestClient) -> u8 {
    use http_auth::digest::Algorithm;
    match digest.algorithm() {
        Algorithm::Md5 => 0,
        Algorithm::Sha256 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Challenges {
        Challenges::read(values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn the_strongest_digest_is_chosen_and_everything_is_shown() {
        let found = read(&[
            "Basic realm=\"a\\\"b\", Digest realm=\"d\", qop=\"auth\", nonce=\"n\", algorithm=MD5",
            "Digest realm=\"e\", qop=\"auth\", nonce=\"m\", algorithm=SHA-256, stale=true, Negotiate",
        ]);
        assert!(found.basic);
        let digest = found.digest.expect("one");
        assert!(digest.is_stale() && digest.0.realm() == "e");
        assert_eq!(
            found.shown,
            r#"Basic realm="a\"b", Digest realm="d", Digest realm="e", Negotiate"#
        );
    }

    #[test]
    fn what_is_no_challenge_is_none() {
        for values in [&[][..], &[""], &["\u{1}"], &["=,;"]] {
            let found = read(values);
            assert!(!found.basic && found.digest.is_none(), "{values:?}");
            assert_eq!(found.shown, "no challenge", "{values:?}");
        }
        let endless = format!("Digest realm=\"{}\"", "x".repeat(100_000));
        assert!(read(&[&*endless; 100]).shown.len() <= SHOWN);
        assert!(!read(&["Bearer realm=\"\u{1b}[31m\n\""]).shown.contains(['\u{1b}', '\n']));
    }

    #[test]
    fn digest_answers_are_those_of_rfc_7616() {
        let mut found = read(&[
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
        ]);
        let digest = found.digest.as_mut().expect("one");
        let params = PasswordParams {
            username: "Mufasa",
            password: "Circle of Life",
            uri: "/dir/index.html",
            method: "GET",
            body: None,
        };
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let answer = digest.0.respond_with_testing_cnonce(&params, cnonce).expect("an answer");
        let expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(answer.contains(expected), "{answer}");
        let login = Login { user: "Mufasa".into(), password: "Circle of Life".into() };
        let answer = login.digest(digest, "GET", "/dir/index.html").expect("an answer");
        assert!(answer.starts_with("Digest ") && answer.contains("nc=00000002"), "{answer}");
        assert!(!answer.contains("Circle") && !format!("{login:?}").contains("Circle"));
        let mut other = read(&["Digest realm=\"a\", nonce=\"n\", qop=\"auth-int\""]);
        let digest = other.digest.as_mut().expect("one");
        assert_eq!(login.digest(digest, "GET", "/"), None);
    }
}
