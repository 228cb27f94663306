//! `on_redirect`: a function of the caller's that decides about redirects, on the thread that sends or, for
//! event loops, on the loop's.

use std::sync::{Arc, Mutex};

use keepalive_core::{
    Error, ErrorKind, Outcome, Queue, RedirectHook, RedirectQuestion, Request,
    Response as CoreResponse,
};
use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::body::Failure;
use crate::errors::wrong_type;
use crate::once::{PyOnceLock, intern};
use crate::response::Response;

/// Asks `hook`; what it raised, if it did: then the redirect is refused.
fn decide(
    py: Python<'_>,
    question: RedirectQuestion,
    call: impl FnOnce(Bound<'_, PyAny>, &str) -> PyResult<bool>,
) -> Option<PyErr> {
    let method = question.method().to_string();
    let response = Response::whole(CoreResponse::from(&question), method.into());
    let said = Bound::new(py, response)
        .and_then(|response| call(response.into_any(), question.next_url()));
    match said {
        Ok(true) => question.follow(),
        Ok(false) => question.refuse("on_redirect refused it"),
        Err(raised) => {
            question.refuse("on_redirect raised an exception");
            return Some(raised);
        }
    }
    None
}

/// A word that is none must not be taken for leave.
fn verdict(said: &Bound<'_, PyAny>) -> PyResult<bool> {
    if said.is_none() {
        return Ok(true);
    }
    if let Ok(word) = said.cast::<PyBool>() {
        return Ok(word.is_true());
    }
    // A coroutine that nobody awaits would warn besides.
    if said.hasattr(intern!(said.py(), "close"))? {
        said.call_method0(intern!(said.py(), "close"))?;
    }
    Err(wrong_type("on_redirect", "True, False or None of it", said))
}

/// For a blocking call: asked on its thread.
struct Here {
    hook: Py<PyAny>,
    raised: Failure,
}

impl RedirectHook for Here {
    fn asked(&self, question: RedirectQuestion) {
        // While the interpreter shuts down, the question is dropped, which refuses.
        let asked = Python::try_attach(|py| {
            let hook = self.hook.bind(py);
            decide(py, question, |response, url| verdict(&hook.call1((response, url))?))
        });
        if let Some(Some(raised)) = asked {
            self.raised.set(raised);
        }
    }
}

/// Has `hook` decide about the redirects of a blocking call.
pub fn attach_here(request: &mut Request, hook: Py<PyAny>) -> Failure {
    let raised = Failure::default();
    request.set_redirect_hook(Arc::new(Here { hook, raised: raised.clone() }));
    raised
}

/// For a call of an event loop: the question goes to the loop's queue.
struct There {
    queue: Arc<Queue>,
    token: u64,
}

impl RedirectHook for There {
    fn asked(&self, question: RedirectQuestion) {
        self.queue.push(self.token, Outcome::Redirect(question));
    }
}

/// What the loop does with it.
pub struct Deciding {
    hook: Py<PyAny>,
    /// The variables of the task that sends.
    context: Py<PyAny>,
    raised: Mutex<Option<PyErr>>,
}

impl Deciding {
    /// Has `hook` decide about the redirects of a call.
    pub fn attach(
        py: Python<'_>,
        request: &mut Request,
        hook: Py<PyAny>,
        queue: &Arc<Queue>,
        token: u64,
    ) -> PyResult<Arc<Deciding>> {
        static COPY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let context = COPY.import(py, "contextvars", "copy_context")?.call0()?.unbind();
        request.set_redirect_hook(Arc::new(There { queue: queue.clone(), token }));
        Ok(Arc::new(Deciding { hook, context, raised: Mutex::default() }))
    }

    /// Answers a question, on the loop's thread.
    pub fn answer(&self, py: Python<'_>, question: RedirectQuestion) {
        let context = self.context.bind(py);
        let raised = decide(py, question, |response, url| {
            let run = intern!(py, "run");
            verdict(&context.call_method1(run, (self.hook.bind(py), response, url))?)
        });
        let old = std::mem::replace(&mut *self.lock(), raised);
        drop(old);
    }

    /// What the function raised, if that is why the request failed.
    pub fn take(&self, error: &Error) -> Option<PyErr> {
        if error.kind() == ErrorKind::RedirectRefused { self.lock().take() } else { None }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<PyErr>> {
        self.raised.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
