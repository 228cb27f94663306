//! The fault harness: a scripted server ends connections before, during and after every byte of
//! request and response, by FIN and RST, plain and TLS, in at least 10,000 generated plans a run, and
//! what the client makes of each is held against a small model of the replay rule.
//!
//! The seed is printed; KEEPALIVE_SEED=N repeats a run.

mod ages;
mod arrival;
mod client;
mod line;
mod model;
mod plan;
mod refusals;
mod server;
mod storm;
mod wire;

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use keepalive_core::*;
use keepalive_origin::{Origin, OriginOptions, within};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use client::{LIMIT, named, perform, request};
use plan::{Body, Dice, Idle, METHODS, Plan};
use server::{Server, Stage};

const PLANS: usize = 10_500;
const WORKERS: usize = 8;

/// The seed of this run, which is said also when the test passes.
fn seed() -> u64 {
    let seed = match std::env::var("KEEPALIVE_SEED") {
        Ok(seed) => seed.parse().expect("KEEPALIVE_SEED is a number"),
        Err(_) => SystemTime::UNIX_EPOCH.elapsed().map_or(1, |time| time.as_nanos() as u64),
    };
    let _ = writeln!(std::io::stderr(), "KEEPALIVE_SEED={seed}");
    seed
}

/// Certificates, and a client that trusts them.
struct Trust {
    server: Arc<ServerConfig>,
    ca_pem: String,
}

impl Trust {
    fn new() -> Trust {
        let origin = Origin::start(OriginOptions::default()).expect("the origin starts");
        let endpoints = origin.endpoints();
        let chain = CertificateDer::from_pem_file(&endpoints.server_cert_file).expect("PEM");
        let key = PrivateKeyDer::from_pem_file(&endpoints.server_key_file).expect("PEM");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .expect("a certificate");
        Trust { server: Arc::new(config), ca_pem: origin.ca_pem().to_string() }
    }

    fn client(&self, change: impl FnOnce(&mut ClientConfig)) -> Client {
        let mut config = ClientConfig::default();
        change(&mut config);
        config.ca_pem = Some(self.ca_pem.clone().into());
        config.header_timeout = Some(LIMIT);
        config.stall_timeout = Some(LIMIT);
        config.connect_timeout = Some(LIMIT);
        Client::new(config).expect("a client")
    }
}

/// One server and one client, used for one plan after the other.
struct Bench {
    server: Server,
    client: Client,
    bases: [String; 2],
    replays: u64,
    opened: [u64; 2],
}

impl Bench {
    fn new(trust: &Trust) -> Bench {
        let server = Server::start(trust.server.clone());
        let bases = [format!("http://{}", server.plain), format!("https://{}", server.tls)];
        Bench { server, client: trust.client(|_| {}), bases, replays: 0, opened: [0, 0] }
    }

    /// Carries out a plan; returns what is wrong.
    fn run(&mut self, plan: &Plan) -> Vec<String> {
        let stage = Stage::new(*plan);
        self.server.begin(&stage);
        let base = &self.bases[usize::from(plan.tls)];
        let mut wrong = Vec::new();
        if plan.warm {
            let warm = self.client.send_whole(&named("GET", base, "warm"), Blocking::default());
            if let Err(error) = warm {
                wrong.push(format!("warming: {error}"));
            }
            if plan.idle != Idle::Nothing {
                stage.act.open();
                stage.acted.wait(plan);
            }
        }
        let request = request(plan, base, &stage);
        let seen = perform(&self.client, plan, &request, &stage);
        // Whatever happened, the next request must be none the worse for it.
        let follows = !plan.twice && plan.number.is_multiple_of(3);
        if follows {
            match self.client.send_whole(&named("GET", base, "after"), Blocking::default()) {
                Ok(mut response) => {
                    self.replays += u64::from(response.info().replays);
                    if response.take_complete().as_deref() != Some(b"after") {
                        wrong.push("the next request got another's response".into());
                    }
                }
                Err(error) => wrong.push(format!("the next request: {:?} {error}", error.kind())),
            }
        }
        self.settle();
        let facts = self.server.finish();
        let due = model::due(plan, &facts);
        self.replays += u64::from(due.replays);
        let [least, most] = &mut self.opened;
        *least += facts.iter().filter(|facts| facts.is_open).count() as u64;
        *most += facts.len() as u64;
        wrong.extend(model::judge(plan, &due, &seen, &facts));
        if !wrong.is_empty() {
            wrong.push(format!("{plan:?}\n  due {due:?}\n  seen {seen:?}\n  server {facts:?}"));
        }
        wrong
    }

    /// Until nothing is under way and nothing is kept.
    fn settle(&self) {
        let settled = || {
            self.client.close_idle();
            let stats = self.client.stats();
            stats.active + stats.dialing + stats.waiting + stats.idle == 0
        };
        assert!(within(LIMIT, settled), "it does not settle: {:?}", self.client.stats());
    }

    /// What does not add up at the end.
    fn imbalance(&self) -> Option<String> {
        let stats = self.client.stats();
        let closed: u64 = stats.closed.iter().map(|(_, count)| count).sum();
        let [least, most] = self.opened;
        let holds = stats.opened == closed + stats.idle
            && stats.replayed == self.replays
            && (least..=most).contains(&stats.opened);
        (!holds).then(|| {
            format!("{} replays, {least} to {most} connections were due: {stats:?}", self.replays)
        })
    }
}

/// The lengths of the requests, as the server counts them.
fn lengths(trust: &Trust) -> [[usize; METHODS.len()]; 2] {
    let bench = Bench::new(trust);
    [false, true].map(|tls| {
        METHODS.map(|method| {
            let body = if method.has_body() { Body::Whole } else { Body::None };
            let plan = Plan { tls, method, body, warm: false, ..Plan::EASY };
            let stage = Stage::new(plan);
            bench.server.begin(&stage);
            let request = request(&plan, &bench.bases[usize::from(tls)], &stage);
            let seen = perform(&bench.client, &plan, &request, &stage);
            assert!(seen.error.is_none(), "{method:?}: {seen:?}");
            bench.settle();
            bench.server.finish().iter().map(|facts| facts.request_bytes).sum()
        })
    })
}

#[test]
fn every_byte_every_ending_both_waits() {
    let seed = seed();
    let trust = Trust::new();
    let plans = plan::plans(&mut Dice(seed), PLANS, &lengths(&trust));
    assert!(plans.len() >= 10_000);
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let mut bench = Bench::new(&trust);
                while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = bench.run(plan);
                    if !found.is_empty() {
                        let mut wrong = wrong.lock().expect("no panic");
                        wrong.push(found.join("; "));
                        if wrong.len() > 20 {
                            return;
                        }
                    }
                }
                wrong.lock().expect("no panic").extend(bench.imbalance());
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic");
    assert!(
        wrong.is_empty(),
        "KEEPALIVE_SEED={seed}, {} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
