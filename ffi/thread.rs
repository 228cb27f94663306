//! The engine's thread, on a stack that the library made and never gives back. A forked child's libc
//! takes back the stacks that it made for its parent's threads, and with them would go the only
//! pointers to what the engine had in hand at the fork. A child must not drop that; so it stays
//! reachable, and a leak checker finds nothing lost.

use std::ffi::{c_int, c_void};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

type Body = Box<dyn FnOnce() + Send>;

/// Has the engine's threads started here. Whatever may start an engine calls it first.
pub fn on_own_stacks() {
    keepalive_core::start_threads_with(start);
}

fn start(size: usize, body: Body) -> io::Result<()> {
    // A failure drops `body`.
    let stack = Stack::new(size)?;
    let body = Box::into_raw(Box::new(body));
    // SAFETY: `body` is a box that nobody else has.
    let started = unsafe { stack.run(body) };
    if started.is_err() {
        // SAFETY: no thread was started that could have taken it.
        drop(unsafe { Box::from_raw(body) });
        stack.give_back();
    }
    started
}

/// Memory for one thread, for good once the thread runs: below it a page that nothing may touch.
struct Stack {
    memory: *mut c_void,
    guard: usize,
    size: usize,
}

impl Stack {
    fn new(size: usize) -> io::Result<Stack> {
        // SAFETY: it only looks.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        let guard = usize::try_from(page).map_err(|_| io::Error::last_os_error())?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK;
        // SAFETY: new memory, wherever there is room for it.
        let memory = unsafe { libc::mmap(ptr::null_mut(), guard + size, access, kind, -1, 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Stack { memory, guard, size };
        // SAFETY: the first page of memory that nobody uses yet.
        if unsafe { libc::mprotect(memory, guard, libc::PROT_NONE) } != 0 {
            let error = io::Error::last_os_error();
            stack.give_back();
            return Err(error);
        }
        Ok(stack)
    }

    /// # Safety
    /// `body` points to a box that is the thread's if it starts.
    unsafe fn run(&self, body: *mut Body) -> io::Result<()> {
        let lowest = self.memory.wrapping_byte_add(self.guard);
        // SAFETY: plain data; it is initialised before it is used.
        let mut attributes: libc::pthread_attr_t = unsafe { std::mem::zeroed() };
        // SAFETY: `attributes` lives through all of it and is destroyed once; the stack is memory of
        // that size which no other thread uses.
        unsafe {
            checked(libc::pthread_attr_init(&mut attributes))?;
            let mut thread = std::mem::zeroed();
            let started = checked(libc::pthread_attr_setstack(&mut attributes, lowest, self.size))
                .and_then(|()| {
                    let detached = libc::PTHREAD_CREATE_DETACHED;
                    checked(libc::pthread_attr_setdetachstate(&mut attributes, detached))
                })
                .and_then(|()| {
                    let argument = body.cast::<c_void>();
                    checked(libc::pthread_create(&mut thread, &attributes, main, argument))
                });
            libc::pthread_attr_destroy(&mut attributes);
            started
        }
    }

    /// No thread runs on it.
    fn give_back(self) {
        // SAFETY: what `new` mapped, unused.
        unsafe { libc::munmap(self.memory, self.guard + self.size) };
    }
}

extern "C" fn main(body: *mut c_void) -> *mut c_void {
    // SAFETY: the name is short enough and ends in a NUL; it is this thread's.
    unsafe { libc::pthread_setname_np(libc::pthread_self(), c"keepalive".as_ptr()) };
    // SAFETY: the box that `start` made for this thread alone.
    let body = unsafe { Box::from_raw(body.cast::<Body>()) };
    // A panic ends the thread, as it would one of the standard library's.
    let _ = catch_unwind(AssertUnwindSafe(body));
    ptr::null_mut()
}

fn checked(number: c_int) -> io::Result<()> {
    match number {
        0 => Ok(()),
        number => Err(io::Error::from_raw_os_error(number)),
    }
}

#[cfg(test)]
mod tests;
