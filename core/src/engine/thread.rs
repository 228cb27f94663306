//! How the engine's thread is started: by the standard library, or by glue that can do what safe code
//! cannot. The C ABI's gives it a stack that a forked child keeps.

use std::io;

use once_cell::race::OnceBox;

/// Starts a thread with a stack of so many bytes, that runs what it is given and ends. A failure drops
/// it.
pub type ThreadStarter = fn(usize, Box<dyn FnOnce() + Send>) -> io::Result<()>;

static STARTER: OnceBox<ThreadStarter> = OnceBox::new();

/// Has `starter` start the engine's threads that are started from now on; the first one that was given
/// counts. Any thread.
pub fn start_threads_with(starter: ThreadStarter) {
    // Somebody was first.
    let _ = STARTER.set(Box::new(starter));
}

/// A thread named `keepalive` that runs `body`.
pub(crate) fn start(stack: usize, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    match STARTER.get() {
        Some(starter) => starter(stack, Box::new(body)),
        None => {
            let thread = std::thread::Builder::new().name("keepalive".to_string());
            // Nobody joins it: what it ends with comes by a channel.
            thread.stack_size(stack).spawn(body).map(drop)
        }
    }
}
