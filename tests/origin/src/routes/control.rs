//! The control paths, `/_...`: what tests ask and tell the origin itself.

use std::time::Duration;

use serde_json::{Value, json};

use crate::connection::Failure;
use crate::exchange::{Exchange, Next, Reply};
use crate::runs::Over;
use crate::state::Shared;

/// How long a control path waits unless `?ms=` says otherwise.
const PATIENCE_MS: u64 = 5000;

pub(super) fn answer(
    exchange: &mut Exchange<'_>,
    segments: &[&str],
    body: &[u8],
) -> Result<Option<Next>, Failure> {
    let shared = exchange.connection.shared.clone();
    let request = &exchange.request;
    let patience = Duration::from_millis(request.number("ms", PATIENCE_MS));
    let reply = match *segments {
        ["_cases"] => {
            let cases: Vec<Value> = shared.cases.iter().map(|case| case.to_json()).collect();
            Reply::json(&cases)
        }
        ["_certificates"] => Reply::json(&shared.certificate_cases.get()),
        ["_judge", run, case] => judge(&shared, run, case, body, patience),
        ["_verdict", run] => {
            let over = request.param("over").unwrap_or_default();
            match over.split(',').map(Over::named).collect::<Option<Vec<_>>>() {
                Some(over) => Reply::json(&shared.verdict(run, &over)),
                None => Reply::text(400, format!("over={over}: expected http, https or both\n")),
            }
        }
        ["_journal"] => Reply::json(&shared.journal(request.key())),
        ["_chaos"] => Reply::json(&shared.lock().chaos.report()),
        ["_connections"] => Reply::json(&shared.connections()),
        ["_connections", "wait"] => {
            let reached = shared.wait_for_open(request.number("open", 0), patience);
            waited(reached, &json!(shared.connections()))
        }
        ["_reset"] if request.method == "POST" => {
            shared.reset();
            Reply::json(&json!({}))
        }
        ["_gate", name, "open"] => waited(shared.open_gate(name, patience), &json!({})),
        ["_gate", name, "close"] => {
            shared.update(|state| state.gates.entry(name.into()).or_default().open = false);
            Reply::json(&json!({}))
        }
        ["_gate", name, "waiting"] => Reply::json(&json!({ "waiting": shared.waiting_at(name) })),
        ["_gate", name, "wait"] => {
            let reached = shared.wait_at_gate(name, request.number("n", 1), patience);
            waited(reached, &json!({ "waiting": shared.waiting_at(name) }))
        }
        _ => return Ok(None),
    };
    exchange.send(reply).map(Some)
}

/// What is wrong with the facts that a runner posts of a case.
fn judge(shared: &Shared, run: &str, name: &str, facts: &[u8], limit: Duration) -> Reply {
    let Some(case) = shared.cases.iter().find(|case| case.name == name) else {
        return Reply::text(404, format!("no case {name}\n"));
    };
    match serde_json::from_slice(facts) {
        Ok(facts) => Reply::json(&shared.judge(run, case, facts, limit)),
        Err(error) => Reply::text(400, format!("facts: {error}\n")),
    }
}

/// 200 when what was waited for has happened, 504 when it has not; the same body for both.
fn waited(reached: bool, value: &Value) -> Reply {
    let status = if reached { 200 } else { 504 };
    Reply::new(status).body("application/json", value.to_string().into_bytes())
}
