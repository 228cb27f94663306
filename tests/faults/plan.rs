//! What is tried: a plan says what is asked, how, and what the server does to it. The grid has every
//! byte of request and response; the seed decides the rest.

/// A small generator (splitmix64): the same seed gives the same plans.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % n.max(1) as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Send,
    Submit,
}

/// Method, and whether the request carries Idempotency-Key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    pub name: &'static str,
    pub key: bool,
}

const fn plain(name: &'static str) -> Method {
    Method { name, key: false }
}

pub const METHODS: [Method; 7] = [
    plain("GET"),
    plain("PUT"),
    plain("POST"),
    Method { name: "POST", key: true },
    plain("HEAD"),
    plain("DELETE"),
    plain("PATCH"),
];

impl Method {
    /// RFC 9110 9.2.2, or the caller's word.
    pub fn is_replayable(self) -> bool {
        self.key || ["GET", "HEAD", "PUT", "DELETE"].contains(&self.name)
    }

    pub fn has_body(self) -> bool {
        ["PUT", "POST", "PATCH"].contains(&self.name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    None,
    /// 20 bytes in memory.
    Whole,
    /// The same bytes from a stream that rewinds.
    Rewinds,
    /// The same bytes from a stream that does not.
    Once,
    /// 2 MB in memory: more than the kernel takes at once.
    Large,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// FIN; under TLS after a close_notify or without.
    Fin {
        notify: bool,
    },
    Rst,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Length,
    Chunked,
    CloseDelimited,
    NoContent,
    NotModified,
    Interim,
}

pub const SHAPES: [Shape; 6] = [
    Shape::Length,
    Shape::Chunked,
    Shape::CloseDelimited,
    Shape::NoContent,
    Shape::NotModified,
    Shape::Interim,
];

/// What happens to an idle connection before the request, and has arrived when that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    Nothing,
    End(End),
    /// An unasked response, or its first byte.
    Stray {
        whole: bool,
        end: Option<End>,
    },
    /// A TLS record that is no death.
    KeyUpdate,
}

impl Idle {
    pub fn is_fatal(self) -> bool {
        matches!(self, Idle::End(_) | Idle::Stray { .. })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Ends after reading so many bytes of the request; 0: when its first byte is there.
    Request {
        bytes: usize,
        end: End,
    },
    /// Ends after sending so many bytes of the response.
    Response {
        bytes: usize,
        end: End,
    },
    /// TLS: after so many bytes of the records that carry the response.
    Records {
        bytes: usize,
        end: End,
    },
    /// TLS: after so many bytes of its side of the handshake.
    Handshake {
        bytes: usize,
        end: End,
    },
    /// When the connection has been idle for so many milliseconds, unless the request comes first.
    Age {
        ms: u64,
        end: End,
    },
    /// Between the checkout and the first byte of the request, by RST.
    BeforeWrite,
    /// Answers 413 with a part of the upload unread.
    Early {
        end: End,
    },
    /// Sends so many bytes of the response and then nothing until the client goes.
    Stall {
        bytes: usize,
    },
    /// The same, and the client cancels.
    Cancel {
        bytes: usize,
    },
}

#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub number: usize,
    pub tls: bool,
    pub way: Way,
    /// The response body is received in pieces rather than whole.
    pub pieces: bool,
    pub method: Method,
    pub body: Body,
    pub shape: Shape,
    /// Another request came first, so that the connection is reused.
    pub warm: bool,
    pub idle: Idle,
    pub fault: Fault,
    /// The fault strikes the replay's connection too.
    pub twice: bool,
    /// Where the server pauses in sending its response, in plaintext bytes.
    pub split: usize,
}

impl Plan {
    /// A second GET on a connection, and nothing goes wrong.
    pub const EASY: Plan = Plan {
        number: 0,
        tls: false,
        way: Way::Send,
        pieces: false,
        method: METHODS[0],
        body: Body::None,
        shape: Shape::Length,
        warm: true,
        idle: Idle::Nothing,
        fault: Fault::None,
        twice: false,
        split: 0,
    };

    /// The number of the connection on which the request is tried first.
    pub fn first(&self) -> usize {
        usize::from(self.warm && self.idle.is_fatal())
    }

    /// Whether that connection has carried a response before.
    pub fn reuses(&self) -> bool {
        self.warm && !self.idle.is_fatal()
    }

    pub fn is_rewindable(&self) -> bool {
        self.body != Body::Once
    }

    /// What the server does on its connection `number`.
    pub fn fault_on(&self, number: usize) -> Fault {
        let struck = number == self.first() || (self.twice && number == self.first() + 1);
        if struck { self.fault } else { Fault::None }
    }

    /// The response as pieces: bytes, and whether they are body.
    pub fn response(&self) -> Vec<(String, bool)> {
        let head = |text: &str| (format!("HTTP/1.1 {text}\r\nKeep-Alive: timeout=60\r\n"), false);
        let text = |text: &str| (text.to_string(), false);
        let letters = ("abcdefghijklmnopqrstuvwxyz".to_string(), true);
        if matches!(self.fault, Fault::Early { .. }) {
            return vec![head("413 Content Too Large"), text("Content-Length: 0\r\n\r\n")];
        }
        let mut parts = match self.shape {
            Shape::Length => vec![head("200 OK"), text("Content-Length: 26\r\n\r\n"), letters],
            Shape::Chunked => vec![
                head("200 OK"),
                text("Transfer-Encoding: chunked\r\n\r\n"),
                text("a\r\n"),
                (letters.0[..10].into(), true),
                text("\r\n10\r\n"),
                (letters.0[10..].into(), true),
                text("\r\n0\r\nX-Sum: 1\r\n\r\n"),
            ],
            Shape::CloseDelimited => {
                vec![head("200 OK"), text("Connection: close\r\n\r\n"), letters]
            }
            Shape::NoContent => vec![head("204 No Content"), text("X-A: b\r\n\r\n")],
            Shape::NotModified => {
                vec![head("304 Not Modified"), text("Content-Length: 26\r\n\r\n")]
            }
            Shape::Interim => vec![
                text("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
                head("200 OK"),
                text("Content-Length: 26\r\n\r\n"),
                letters,
            ],
        };
        if self.method.name == "HEAD" {
            let end = parts.iter().position(|(text, _)| {
                text.ends_with("\r\n\r\n") && !text.starts_with("HTTP/1.1 103")
            });
            parts.truncate(end.map_or(parts.len(), |end| end + 1));
        }
        parts
    }

    pub fn response_bytes(&self) -> Vec<u8> {
        self.response().into_iter().flat_map(|(text, _)| text.into_bytes()).collect()
    }
}

/// Every byte of request and response, every ending, both waits, plain and TLS, for four methods; then
/// plans of the seed's own, until there are `count`. `lengths[tls][method]`: bytes of the request.
pub fn plans(dice: &mut Dice, count: usize, lengths: &[[usize; METHODS.len()]; 2]) -> Vec<Plan> {
    let mut plans = Vec::new();
    for tls in [false, true] {
        for way in [Way::Send, Way::Submit] {
            for &end in endings(tls) {
                for (index, &method) in METHODS[..4].iter().enumerate() {
                    let mut base = random(dice, tls, way, method);
                    for bytes in 0..=lengths[usize::from(tls)][index] {
                        plans.push(Plan {
                            fault: Fault::Request { bytes, end },
                            ..vary(dice, base)
                        });
                    }
                    base.shape = dice.pick(&SHAPES);
                    for bytes in 0..=base.response_bytes().len() {
                        let fault = Fault::Response { bytes, end };
                        plans.push(Plan { fault, shape: base.shape, ..vary(dice, base) });
                    }
                }
            }
        }
    }
    while plans.len() < count {
        plans.push(own(dice, lengths));
    }
    // Shuffled, so that each worker has some of everything.
    for at in (1..plans.len()).rev() {
        plans.swap(at, dice.below(at + 1));
    }
    for (number, plan) in plans.iter_mut().enumerate() {
        plan.number = number;
    }
    plans
}

fn endings(tls: bool) -> &'static [End] {
    const ALL: [End; 3] = [End::Fin { notify: true }, End::Rst, End::Fin { notify: false }];
    if tls { &ALL } else { &ALL[..2] }
}

fn random(dice: &mut Dice, tls: bool, way: Way, method: Method) -> Plan {
    let base = Plan { tls, way, method, ..Plan::EASY };
    vary(dice, base)
}

/// The same with what a grid leaves open chosen anew.
fn vary(dice: &mut Dice, base: Plan) -> Plan {
    let body = match base.method.has_body() {
        true => dice.pick(&[Body::Whole, Body::Whole, Body::Whole, Body::Rewinds, Body::Once]),
        false => Body::None,
    };
    Plan {
        pieces: dice.chance(30),
        body,
        shape: dice.pick(&SHAPES),
        warm: dice.chance(80),
        twice: dice.chance(10),
        split: if dice.chance(50) { 0 } else { dice.below(150) },
        ..base
    }
}

/// A plan off the grid.
fn own(dice: &mut Dice, lengths: &[[usize; METHODS.len()]; 2]) -> Plan {
    let tls = dice.chance(50);
    let way = dice.pick(&[Way::Send, Way::Submit]);
    let index = dice.below(METHODS.len());
    let mut plan = random(dice, tls, way, METHODS[index]);
    let end = dice.pick(endings(tls));
    let request = dice.below(lengths[usize::from(tls)][index] + 1);
    let response = dice.below(plan.response_bytes().len() + 1);
    match dice.below(10) {
        0 | 1 if tls => {
            let bytes = dice.below(plan.response_bytes().len() + 44);
            // After part of a record a close_notify would be garbage.
            let end = if end == End::Rst { end } else { End::Fin { notify: false } };
            plan.fault = Fault::Records { bytes, end };
        }
        2 if tls => {
            plan.warm = false;
            plan.fault = Fault::Handshake { bytes: dice.below(900), end };
        }
        3 if plan.method.has_body() => {
            plan.body = dice.pick(&[Body::Rewinds, Body::Once]);
            plan.warm = true;
            plan.twice = false;
            plan.fault = Fault::BeforeWrite;
        }
        4 if plan.method.has_body() => {
            plan.body = Body::Large;
            plan.fault = Fault::Early { end };
        }
        5 if plan.method.has_body() => {
            plan.body = Body::Large;
            plan.fault = Fault::Request { bytes: dice.below(2_000_000), end };
        }
        6 if response < plan.response_bytes().len() && dice.chance(30) => {
            plan.fault = Fault::Stall { bytes: response };
        }
        7 if response < plan.response_bytes().len() => {
            plan.way = Way::Submit;
            plan.pieces = false;
            plan.fault = Fault::Cancel { bytes: response };
        }
        _ => {
            plan.warm = true;
            plan.idle = match dice.below(5) {
                0 | 1 => Idle::End(end),
                2 | 3 => {
                    Idle::Stray { whole: dice.chance(70), end: dice.chance(40).then_some(end) }
                }
                _ if tls => Idle::KeyUpdate,
                _ => Idle::Nothing,
            };
            plan.fault = match dice.below(3) {
                0 => Fault::Request { bytes: request, end },
                1 => Fault::Response { bytes: response, end },
                _ => Fault::None,
            };
        }
    }
    plan
}
