//! hyper-util's pooling client: a task for each request in flight, on a current-thread runtime
//! (no hop between threads); on the multi-thread runtime when several threads are asked for.

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustix::time::{ClockId, clock_gettime};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

const IDLE_SECONDS: u64 = 3;
const SETTLE_SECONDS: u64 = 1;

type Error = Box<dyn std::error::Error + Send + Sync>;
type HyperClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

#[derive(Clone)]
struct Options {
    url: Uri,
    mode: String,
    ca: Option<String>,
    requests: u64,
    warmup: u64,
    length: usize,
    in_flight: u64,
    threads: u64,
    body: Bytes,
}

fn parse() -> Result<Options, Error> {
    let mut options = Options {
        url: Uri::default(),
        mode: "get".into(),
        ca: None,
        requests: 1000,
        warmup: 0,
        length: 0,
        in_flight: 1,
        threads: 1,
        body: Bytes::new(),
    };
    let mut args = std::env::args().skip(1);
    while let (Some(name), Some(value)) = (args.next(), args.next()) {
        match name.as_str() {
            "--url" => options.url = value.parse()?,
            "--mode" => options.mode = value,
            "--ca" => options.ca = Some(value),
            "--requests" => options.requests = value.parse()?,
            "--warmup" => options.warmup = value.parse()?,
            "--length" => options.length = value.parse()?,
            "--in-flight" => options.in_flight = value.parse()?,
            "--threads" => options.threads = value.parse()?,
            "--upload" => options.body = vec![b'x'; value.parse()?].into(),
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(options)
}

fn new_client(options: &Options) -> Result<HyperClient, Error> {
    let mut roots = rustls::RootCertStore::empty();
    if let Some(path) = &options.ca {
        for certificate in CertificateDer::pem_file_iter(path)? {
            roots.add(certificate?)?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector))
}

async fn start(
    client: &HyperClient,
    url: &Uri,
    options: &Options,
) -> Result<Response<Incoming>, Error> {
    let method = if options.body.is_empty() { "GET" } else { "POST" };
    let body = Full::new(options.body.clone());
    let request = Request::builder().method(method).uri(url.clone()).body(body)?;
    Ok(client.request(request).await?)
}

async fn finish(response: Response<Incoming>, options: &Options) -> Result<(), Error> {
    let mut body = response.into_body();
    let mut got = 0;
    if options.mode == "stream" {
        while let Some(frame) = body.frame().await {
            got += frame?.data_ref().map_or(0, Bytes::len);
        }
    } else {
        got = body.collect().await?.to_bytes().len();
    }
    if got != options.length {
        return Err(format!("body of {got} bytes, expected {}", options.length).into());
    }
    Ok(())
}

/// Makes `count` exchanges in `workers` tasks; returns how many each made.
async fn run(
    client: &HyperClient,
    options: &Options,
    workers: u64,
    count: u64,
) -> Result<Vec<u64>, Error> {
    let taken = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..workers)
        .map(|_| {
            let (client, options, taken) = (client.clone(), options.clone(), taken.clone());
            tokio::spawn(async move {
                let mut made = 0;
                while taken.fetch_add(1, Relaxed) < count {
                    finish(start(&client, &options.url, &options).await?, &options).await?;
                    made += 1;
                }
                Ok::<u64, Error>(made)
            })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        made.push(task.await??);
    }
    Ok(made)
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32).as_secs_f64()
}

/// Anonymous memory in use, after the allocator has given back what it can.
fn memory_bytes() -> Result<i64, Error> {
    // SAFETY: malloc_trim has no preconditions.
    unsafe { libc::malloc_trim(0) };
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no RssAnon")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<i64>()? * 1024)
}

fn open_sockets() -> Result<usize, Error> {
    let mut count = 0;
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let target = std::fs::read_link(entry?.path());
        count += usize::from(target.is_ok_and(|to| to.to_string_lossy().starts_with("socket:")));
    }
    Ok(count)
}

async fn idle(options: Options) -> Result<(), Error> {
    let client = new_client(&options)?;
    let url = options.url.to_string();
    let one = format!("{url}1").parse()?;
    let all = format!("{url}{}", options.requests).parse()?;
    finish(start(&client, &one, &options).await?, &options).await?;
    let before = memory_bytes()?;
    let mut held = Vec::new();
    for _ in 0..options.requests {
        held.push(start(&client, &all, &options).await?);
    }
    for response in held {
        finish(response, &options).await?;
    }
    tokio::time::sleep(Duration::from_secs(SETTLE_SECONDS)).await;
    let after = memory_bytes()?;
    let cpu = cpu_seconds();
    tokio::time::sleep(Duration::from_secs(IDLE_SECONDS)).await;
    println!(
        r#"{{"connections": {}, "bytes": {}, "idle_seconds": {}, "idle_cpu_seconds": {}}}"#,
        open_sockets()?,
        after - before,
        IDLE_SECONDS,
        cpu_seconds() - cpu
    );
    Ok(())
}

async fn measure(options: Options) -> Result<(), Error> {
    let workers = options.in_flight * options.threads;
    let client = new_client(&options)?;
    run(&client, &options, workers, options.warmup * options.threads).await?;
    let (cpu, started) = (cpu_seconds(), Instant::now());
    let made = run(&client, &options, workers, options.requests).await?;
    println!(
        r#"{{"requests": {}, "seconds": {}, "cpu_seconds": {}, "slowest": {}, "fastest": {}}}"#,
        options.requests,
        started.elapsed().as_secs_f64(),
        cpu_seconds() - cpu,
        made.iter().min().unwrap_or(&0),
        made.iter().max().unwrap_or(&0)
    );
    Ok(())
}

fn main() -> Result<(), Error> {
    let options = parse()?;
    let mut builder = if options.threads > 1 {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = builder.enable_all().build()?;
    if options.mode == "idle" {
        runtime.block_on(idle(options))
    } else {
        runtime.block_on(measure(options))
    }
}
