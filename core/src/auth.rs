//! Authentication as HTTP frames it (RFC 9110 11): credentials, the challenges of a 401 or 407, and the
//! answers of Basic (RFC 7617) and Digest (RFC 7616).

pub(crate) mod credentials;
pub(crate) mod tries;

use std::fmt;

use base64::Engine as _;
use http_auth::parser::ChallengeParser;
use http_auth::{ChallengeRef, DigestClient, ParamValue, PasswordParams};

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
        server.answer(&params, DigestClient::respond)
    }
}

/// A Digest challenge, and how often it was answered.
#[derive(Debug)]
pub(crate) struct Digest(DigestClient);

impl Digest {
    /// What the crate leaves out where a server knows no `qop`: with a session it wants a nonce of the
    /// client's that such an answer has no place for, without one the algorithm has to be named.
    fn answer(
        &mut self,
        params: &PasswordParams<'_>,
        respond: impl FnOnce(&mut DigestClient, &PasswordParams<'_>) -> Result<String, String>,
    ) -> Option<String> {
        let old = self.0.rfc2069_compat();
        if old && self.0.session() {
            return None;
        }
        let mut answer = respond(&mut self.0, params).ok()?;
        if old && let Some(name) = self.algorithm() {
            answer += &format!(", algorithm={name}");
        }
        Some(answer)
    }

    /// Its name, if it is not the one that is meant without any.
    fn algorithm(&self) -> Option<&'static str> {
        use http_auth::digest::Algorithm;
        match self.0.algorithm() {
            Algorithm::Sha256 => Some("SHA-256"),
            Algorithm::Sha512Trunc256 => Some("SHA-512-256"),
            _ => None,
        }
    }

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
            && let Ok(digest) = DigestClient::try_from(&spelled(challenge))
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

/// Names of algorithms are compared without case (RFC 7616 3.3: they are tokens, of which servers have
/// their own spelling); the crate wants that of the RFC.
fn spelled<'i>(challenge: &ChallengeRef<'i>) -> ChallengeRef<'i> {
    const NAMES: [&str; 6] =
        ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"];
    let mut own = challenge.clone();
    for (_, value) in own.params.iter_mut().filter(|(n, _)| n.eq_ignore_ascii_case("algorithm")) {
        let given = value.to_unescaped();
        let name = NAMES.iter().find(|name| name.eq_ignore_ascii_case(&given));
        if let Some(Ok(name)) = name.map(|name| ParamValue::try_from_escaped(name)) {
            *value = name;
        }
    }
    own
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
        const CHALLENGE: &str = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                                 algorithm=SHA-256, \
                                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let mut found = read(&[CHALLENGE]);
        let digest = found.digest.as_mut().expect("one");
        let params = PasswordParams {
            username: "Mufasa",
            password: "Circle of Life",
            uri: "/dir/index.html",
            method: "GET",
            body: None,
        };
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let fixed = |digest: &mut Digest, params: &PasswordParams<'_>, cnonce: &str| {
            let respond = |client: &mut DigestClient, params: &PasswordParams<'_>| {
                client.respond_with_testing_cnonce(params, cnonce)
            };
            digest.answer(params, respond).expect("an answer")
        };
        let answer = fixed(digest, &params, cnonce);
        let expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(answer.contains(expected), "{answer}");
        let md5 = CHALLENGE.replace("SHA-256", "MD5");
        let answer = fixed(read(&[&md5]).digest.as_mut().expect("one"), &params, cnonce);
        assert!(answer.contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""), "{answer}");

        // The second example, with the values of erratum 4897: the algorithm is SHA-512/256.
        let mut found = read(&[
            "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
             nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
             opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true",
        ]);
        let params = PasswordParams {
            username: "J\u{e4}s\u{f8}n Doe",
            password: "Secret, or not?",
            uri: "/doe.json",
            method: "GET",
            body: None,
        };
        let cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
        let answer = fixed(found.digest.as_mut().expect("one"), &params, cnonce);
        let user = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b";
        let response = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5";
        for part in [user, response, "userhash=true", "algorithm=SHA-512-256"] {
            assert!(answer.contains(part), "{answer}");
        }
        assert!(!answer.contains("Doe"), "{answer}");
        let login = Login { user: "Mufasa".into(), password: "Circle of Life".into() };
        let answer = login.digest(digest, "GET", "/dir/index.html").expect("an answer");
        assert!(answer.starts_with("Digest ") && answer.contains("nc=00000002"), "{answer}");
        assert!(!answer.contains("Circle") && !format!("{login:?}").contains("Circle"));
        let lower = read(&[&CHALLENGE.replace("SHA-256", "sha-256-SESS")]);
        assert!(lower.digest.is_some_and(|digest| digest.0.session()));
        let old = "Digest realm=\"a\", nonce=\"n\"";
        let mut plain = read(&[&format!("{old}, algorithm=SHA-256")]);
        let answer = login.digest(plain.digest.as_mut().expect("one"), "GET", "/").expect("one");
        assert!(answer.ends_with(", algorithm=SHA-256") && !answer.contains("nc="), "{answer}");
        let mut session = read(&[&format!("{old}, algorithm=MD5-sess")]);
        assert_eq!(login.digest(session.digest.as_mut().expect("one"), "GET", "/"), None);
        let mut other = read(&["Digest realm=\"a\", nonce=\"n\", qop=\"auth-int\""]);
        let digest = other.digest.as_mut().expect("one");
        assert_eq!(login.digest(digest, "GET", "/"), None);
    }
}
