//! The options of a client as the engine has them. What they are, their defaults and their reasons
//! stand in the table of `keepalive-tables`.

pub(crate) mod redirects;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use keepalive_tables::{
    OPTIONS, OptionDefault, OptionInfo, OptionKind, PROFILES, milliseconds, seconds,
};
use once_cell::race::OnceBox;

use crate::auth::credentials::Credentials;
use crate::config::redirects::{Redirects, SensitiveNames, sensitive_names};
use crate::cookies::{CookieJar, Cookies};
use crate::error::{Error, Result};
use crate::verify::CertificateCheck;

/// A value given by name, of the [`Shape`](keepalive_tables::Shape) of its option.
#[derive(Debug, Clone)]
pub enum OptionValue {
    /// A number.
    Count(u64),
    /// A length of time; `None` is no limit.
    Time(Option<Duration>),
    /// Yes or no.
    Flag(bool),
    /// Text; `None` is not set.
    Text(Option<String>),
    /// PEM bytes; `None` is not set.
    Pem(Option<Bytes>),
}

impl From<OptionDefault> for OptionValue {
    fn from(value: OptionDefault) -> OptionValue {
        match value {
            OptionDefault::Count(count) => OptionValue::Count(count),
            OptionDefault::Time(time) => OptionValue::Time(time),
            OptionDefault::Flag(flag) => OptionValue::Flag(flag),
            OptionDefault::Text(text) => OptionValue::Text(text.map(str::to_string)),
            OptionDefault::Pem => OptionValue::Pem(None),
        }
    }
}

/// The type of an option's value.
macro_rules! type_of {
    (Time) => { Option<Duration> };
    (Flag) => { bool };
    (Text) => { Option<String> };
    (File) => { Option<String> };
    (Pem) => { Option<Bytes> };
    ($number:ident) => { u64 };
}

/// The value that stands for the default in the table.
macro_rules! own {
    (Text $value:expr) => {
        None::<&str>.or($value).map(str::to_string)
    };
    (File $value:expr) => {
        None::<&str>.or($value).map(str::to_string)
    };
    ($kind:ident $value:expr) => {
        $value
    };
}

macro_rules! value_of {
    (Time $value:ident) => {
        OptionValue::Time($value)
    };
    (Flag $value:ident) => {
        OptionValue::Flag($value)
    };
    (Text $value:ident) => {
        OptionValue::Text($value)
    };
    (File $value:ident) => {
        OptionValue::Text($value)
    };
    (Pem $value:ident) => {
        OptionValue::Pem($value)
    };
    ($number:ident $value:ident) => {
        OptionValue::Count($value)
    };
}

macro_rules! define {
    ($($name:ident: $kind:ident = $default:expr, $doc:literal $(, $more:ident = $value:expr)*;)*) => {
        /// The options of a client. `ClientConfig::default()` is the table's defaults.
        #[derive(Clone)]
        #[non_exhaustive]
        pub struct ClientConfig {
            $(#[doc = concat!($doc, " Default: `", stringify!($default), "`.")]
            pub $name: type_of!($kind),)*
            /// Decides about the certificates of servers in place of what the options come to. Default:
            /// nobody does.
            pub certificate_check: Option<Arc<dyn CertificateCheck>>,
        }

        impl Default for ClientConfig {
            fn default() -> Self {
                ClientConfig { $($name: own!($kind $default),)* certificate_check: None }
            }
        }

        impl ClientConfig {
            /// Sets an option by its name; names the option when the name or type is wrong.
            pub fn set(&mut self, name: &str, value: OptionValue) -> Result<()> {
                match (name, value) {
                    $((stringify!($name), value_of!($kind value)) => self.$name = value,)*
                    _ => return Err(match OPTIONS.iter().find(|option| option.name == name) {
                        Some(option) => {
                            let expected = option.kind.shape().describe();
                            Error::argument(format!("option {name}: expected {expected}"))
                        }
                        None => Error::argument(format!("unknown option {name}")),
                    }),
                }
                Ok(())
            }

            /// Every value, in the order of the table.
            fn values(&self) -> impl Iterator<Item = OptionValue> {
                [$({ let value = self.$name.clone(); value_of!($kind value) },)*].into_iter()
            }
        }
    };
}

keepalive_tables::options! { define }

impl std::fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("ClientConfig");
        for (option, value) in OPTIONS.iter().zip(self.values()) {
            match option.secret {
                true => shown.field(option.name, &"..."),
                false => shown.field(option.name, &value),
            };
        }
        shown.finish()
    }
}

/// The options of a client, and what follows from them once and for all.
pub(crate) struct Settings {
    pub config: Arc<ClientConfig>,
    /// Of requests that have none of their own.
    pub limits: Limits,
    /// The speed of bodies is limited.
    pub is_paced: bool,
    /// The serialised User-Agent field.
    pub agent_field: Vec<u8>,
    /// The same and the Accept-Encoding field, for requests whose responses are decoded.
    pub decoding_fields: Vec<u8>,
    /// Who keeps the cookies; set once, if at all.
    pub cookies: OnceBox<Cookies>,
    /// Who asks, unless a request says otherwise.
    pub auth: Option<Credentials>,
    pub redirects: Redirects,
    /// Fields that redirects take to no other origin, beside those that always are.
    pub sensitive: SensitiveNames,
}

impl Settings {
    /// `codings` are the content codings that can be decoded.
    ///
    /// # Errors
    /// `InvalidArgument` names the option.
    pub fn new(config: ClientConfig, codings: &str) -> Result<Settings> {
        let agent_field = match &config.user_agent {
            Some(agent) => format!("User-Agent: {agent}\r\n").into_bytes(),
            None => Vec::new(),
        };
        let encoding = format!("Accept-Encoding: {codings}\r\n");
        let decoding_fields = [&agent_field, encoding.as_bytes()].concat();
        let auth = config.auth.as_deref().map(Credentials::parse).transpose()?;
        let cookies = OnceBox::new();
        if config.cookies {
            let _ = cookies.set(Box::new(CookieJar::new().into()));
        }
        Ok(Settings {
            auth: auth.filter(|auth| *auth != Credentials::None),
            redirects: Redirects::parse(config.redirect.as_deref().unwrap_or_default())?,
            sensitive: sensitive_names(config.sensitive_headers.as_deref().unwrap_or_default())?,
            limits: Limits::of(&config, &Timeouts::default()),
            is_paced: config.limits_speed(),
            config: Arc::new(config),
            agent_field,
            decoding_fields,
            cookies,
        })
    }
}

impl ClientConfig {
    /// Whether bodies have to move at some speed.
    pub(crate) fn limits_speed(&self) -> bool {
        self.min_speed > 0 || self.max_speed > 0
    }

    /// The defaults of a named profile: `default`, or `service` for calls between services.
    ///
    /// # Errors
    /// `InvalidArgument` for another name.
    pub fn profile(name: &str) -> Result<ClientConfig> {
        let Some(profile) = PROFILES.iter().find(|profile| profile.name == name) else {
            let names: Vec<String> = PROFILES.iter().map(|p| format!("{:?}", p.name)).collect();
            return Err(Error::argument(format!(
                "option profile: {name:?} is not a profile; expected {}",
                names.join(" or ")
            )));
        };
        let mut config = ClientConfig::default();
        for (option, value) in profile.sets {
            config.set(option, (*value).into())?;
        }
        Ok(config)
    }

    /// Checks the values; the error names the option and the reason.
    pub fn check(&self) -> Result<()> {
        for (option, value) in OPTIONS.iter().zip(self.values()) {
            match value {
                OptionValue::Count(count) => check_number(option, count)?,
                OptionValue::Time(Some(time)) => {
                    check_time(&format!("option {}", option.name), time)?
                }
                _ => {}
            }
        }
        if let Some(agent) = &self.user_agent
            && !agent.bytes().all(|byte| byte == b'\t' || (b' '..0x7f).contains(&byte))
        {
            return Err(Error::argument("option user_agent: only printable ASCII is allowed"));
        }
        Ok(())
    }
}

/// Checks a number against the bounds of the table.
fn check_number(option: &OptionInfo, number: u64) -> Result<()> {
    let OptionInfo { name, least, most, .. } = option;
    if (*least..=*most).contains(&number) {
        return Ok(());
    }
    let unit = match option.kind {
        OptionKind::Size => " bytes",
        OptionKind::Micros => " microseconds",
        OptionKind::Percent => " percent",
        _ => "",
    };
    let bounds = match (*least, *most) {
        (0, most) => format!("at most {most}"),
        (least, u64::MAX) => format!("at least {least}"),
        (least, most) => format!("at least {least} and at most {most}"),
    };
    Err(Error::argument(format!("option {name}: must be {bounds}{unit}")))
}

/// The longest time that can be asked for, 10 years: more is a slip of units, and the sums of clocks
/// and jitter have room beyond it. Without a limit is said by giving none.
pub const MAX_TIME: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Checks a length of time that a caller gave; `name` is what it was given as.
pub(crate) fn check_time(name: &str, time: Duration) -> Result<()> {
    if time <= MAX_TIME {
        return Ok(());
    }
    Err(Error::argument(format!(
        "{name}: {} s is longer than the longest time, 10 years ({} s)",
        time.as_secs(),
        MAX_TIME.as_secs()
    )))
}

macro_rules! define_limits {
    ($($name:ident: $option:ident, $doc:literal, $python:ident, $node:ident;)*) => {
        /// The time limits of a request; `None` takes the client's.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Timeouts {
            $(#[doc = concat!($doc, " In place of `", stringify!($option), "`.")]
            pub $name: Option<Limit>,)*
        }

        impl Timeouts {
            /// The limit with a number, which is its place in the table.
            pub fn at(&mut self, number: usize) -> Option<&mut Option<Limit>> {
                [$(&mut self.$name,)*].into_iter().nth(number)
            }

            /// These limits, and those of `others` where there is none.
            #[must_use]
            pub fn or(self, others: Timeouts) -> Timeouts {
                Timeouts { $($name: self.$name.or(others.$name),)* }
            }

            /// Checks the values; the error names the limit.
            pub(crate) fn check(&self) -> Result<()> {
                $(if let Some(Some(limit)) = self.$name {
                    check_time(concat!(stringify!($name), " timeout"), limit)?;
                })*
                Ok(())
            }
        }
    };
}

keepalive_tables::limits! { define_limits }

/// A time limit that was given: a duration or none at all.
pub type Limit = Option<Duration>;

/// The limits of time of one request: its own, and its client's where it has none. Made once for a client, and
/// for each request that has some of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub queue: Limit,
    pub queue_stall: Limit,
    pub connect: Limit,
    pub header: Limit,
    pub send: Limit,
    pub read: Limit,
    /// Of the whole exchange.
    pub whole: Limit,
}

impl Limits {
    /// Those of a request that says `own`.
    pub fn of(config: &ClientConfig, own: &Timeouts) -> Limits {
        Limits {
            queue: own.queue.unwrap_or(config.queue_timeout),
            // A limit that a request gives is meant: it waits for so long, and no shorter.
            queue_stall: match own.queue {
                None => config.queue_stall_timeout,
                Some(_) => None,
            },
            connect: own.connect.unwrap_or(config.connect_timeout),
            header: own.header.unwrap_or(config.header_timeout),
            send: own.send.unwrap_or(config.stall_timeout),
            read: own.read.unwrap_or(config.stall_timeout),
            whole: own.total.unwrap_or(config.total_timeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use keepalive_tables::Shape;

    use super::*;

    #[test]
    fn every_bound_of_the_table_is_kept() {
        for option in OPTIONS {
            let mut numbers = Vec::new();
            numbers.extend(option.least.checked_sub(1));
            numbers.extend(option.most.checked_add(1));
            for number in numbers {
                let mut config = ClientConfig::default();
                config.set(option.name, OptionValue::Count(number)).expect("a number");
                let error = config.check().expect_err("out of bounds");
                assert!(
                    error.message().starts_with(&format!("option {}: ", option.name)),
                    "{error}"
                );
            }
            if matches!(option.default, OptionDefault::Count(_)) {
                for number in [option.least, option.most] {
                    let mut config = ClientConfig::default();
                    config.set(option.name, OptionValue::Count(number)).expect("a number");
                    config.check().expect("within bounds");
                }
            }
        }
    }

    #[test]
    fn the_largest_head_is_the_protocol_machine_s() {
        let option = OPTIONS.iter().find(|option| option.name == "max_head_size").expect("a row");
        assert_eq!(option.most, keepalive_proto::Limits::MOST_HEAD_BYTES as u64);
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut config = ClientConfig::default();
        for option in OPTIONS.iter().filter(|option| option.secret) {
            let value = match option.kind.shape() {
                Shape::Text => OptionValue::Text(Some("hush".into())),
                Shape::Pem => OptionValue::Pem(Some("hush".into())),
                shape => panic!("{}: {shape:?} is never a secret", option.name),
            };
            config.set(option.name, value).expect("its type");
        }
        assert!(!format!("{config:?}").contains("hush"));
        config.user_agent = Some("told".into());
        assert!(format!("{config:?}").contains("told"));
    }

    #[test]
    fn profiles_are_accepted_and_differ_from_the_defaults_by_what_they_set() {
        let default = format!("{:?}", ClientConfig::default());
        assert_eq!(format!("{:?}", ClientConfig::profile("default").unwrap()), default);
        let service = ClientConfig::profile("service").unwrap();
        assert_eq!((service.retries, service.total_timeout), (2, seconds(5)));
        service.check().unwrap();
        let error = ClientConfig::profile("fast").unwrap_err();
        assert!(error.message().contains(r#"expected "default" or "service""#), "{error}");
    }
}
