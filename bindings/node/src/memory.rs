//! Memory that bodies are received into and that becomes Buffers, so that the kernel's copy is the
//! only one. Large blocks ask for huge pages: most of the time that a large body takes would go
//! into page faults.

use std::alloc::{Layout, alloc, dealloc};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use keepalive_core::{Destination, Response, Result};

use crate::convert::LENT;
use crate::slots::Slots;

/// A block of memory without content. Its bytes are handed out once: to be written, then to be read.
struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: a block owns its memory, like a Vec.
unsafe impl Send for Block {}
// SAFETY: shared, it gives out nothing by itself; see `Part` and `Pieces`.
unsafe impl Sync for Block {}

impl Block {
    /// `None` when there is not that much memory.
    fn new(size: usize) -> Option<Block> {
        if size < HUGE {
            let layout = Layout::from_size_align(size.max(1), 64).ok()?;
            // SAFETY: the layout's size is not zero.
            return NonNull::new(unsafe { alloc(layout) }).map(|start| Block { start, layout });
        }
        let layout = Layout::from_size_align(size.checked_next_multiple_of(HUGE)?, HUGE).ok()?;
        map(layout.size()).map(|start| Block { start, layout })
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.layout.align() == HUGE {
            unmap(self.start, self.layout.size());
        } else {
            // SAFETY: allocated in `new` with this layout, and freed once.
            unsafe { dealloc(self.start.as_ptr(), self.layout) };
        }
    }
}

/// The size of a huge page where it matters, and a multiple of every system's pages.
const HUGE: usize = 2 << 20;

/// A mapping of its own, since in the heap a huge page has no place between small ones. `size` is a
/// multiple of `HUGE`, and the result is aligned to it.
fn map(size: usize) -> Option<NonNull<u8>> {
    let room = size.checked_add(HUGE)?;
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new private mapping; takes no pointer.
    let mapped = unsafe { libc::mmap(std::ptr::null_mut(), room, access, kind, -1, 0) };
    if mapped == libc::MAP_FAILED {
        return None;
    }
    let mapped = NonNull::new(mapped.cast::<u8>())?;
    let before = mapped.align_offset(HUGE);
    // SAFETY: `before` is less than HUGE, so start and end are within the mapping.
    let (start, end) = unsafe { (mapped.add(before), mapped.add(before + size)) };
    unmap(mapped, before);
    unmap(end, HUGE - before);
    #[cfg(target_os = "linux")]
    // SAFETY: whole pages of the new mapping; the advice changes no content.
    unsafe {
        libc::madvise(start.as_ptr().cast(), size, libc::MADV_HUGEPAGE)
    };
    Some(start)
}

fn unmap(start: NonNull<u8>, size: usize) {
    if size > 0 {
        // SAFETY: whole pages of a mapping made in `map`, which nobody uses any more.
        unsafe { libc::munmap(start.as_ptr().cast(), size) };
    }
}

/// Where a whole body of known length is received.
pub struct Whole {
    block: Block,
    size: usize,
}

/// Most memory taken on the word of a Content-Length. Before anything is written to it, it costs
/// addresses only.
const MOST: u64 = 256 << 20;

impl Whole {
    /// For the rest of this body; `None` when its length is not known or beyond what is taken on
    /// its word.
    pub fn of(response: &mut Response) -> Option<Whole> {
        let size = response.remaining().filter(|&left| left <= MOST)?;
        let size = usize::try_from(size).ok()?;
        Some(Whole { block: Block::new(size)?, size })
    }

    /// The first `filled` bytes, which have been written.
    pub fn into_bytes(self, filled: usize) -> Bytes {
        let size = filled.min(self.size);
        let block = Arc::new(Shared { block: Some(self.block), store: None });
        Bytes::from_owner(Part { block, start: 0, size })
    }
}

impl Destination for Whole {
    fn memory(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: the block is this object's alone and has `size` bytes.
        unsafe { std::slice::from_raw_parts_mut(self.block.start.as_ptr().cast(), self.size) }
    }
}

/// A written part of a block, which lives until its last part is dropped.
struct Part {
    block: Arc<Shared>,
    start: usize,
    size: usize,
}

/// A block and where it goes when it is used no more.
struct Shared {
    block: Option<Block>,
    store: Option<Arc<Store>>,
}

impl Shared {
    fn at(&self, offset: usize) -> *mut u8 {
        let start = self.block.as_ref().map_or(std::ptr::null_mut(), |block| block.start.as_ptr());
        start.wrapping_add(offset)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let (Some(block), Some(store)) = (self.block.take(), &self.store) {
            store.put(block);
        }
    }
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: whoever made the part has written these bytes, gives them to no other part, and
        // keeps to the block, which is there as long as `Shared` is.
        unsafe { std::slice::from_raw_parts(self.block.at(self.start), self.size) }
    }
}

/// Blocks that have been used before: their pages are there already. Kept only while bodies are
/// being read.
#[derive(Default)]
struct Store {
    blocks: Mutex<(bool, Vec<Block>)>,
}

impl Store {
    fn get(&self) -> Option<Block> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.0 = true;
        blocks.1.pop()
    }

    fn put(&self, block: Block) {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if blocks.0 && blocks.1.len() < KEPT {
            blocks.1.push(block);
        }
    }

    fn close(&self) {
        let kept = {
            let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
            blocks.0 = false;
            std::mem::take(&mut blocks.1)
        };
        drop(kept);
    }
}

/// As many as V8 lets become garbage before it collects it.
const KEPT: usize = 16;

/// Pieces of bodies, read on the JavaScript thread one behind the other into shared blocks.
#[derive(Default)]
pub struct Pieces {
    block: Option<Arc<Shared>>,
    used: usize,
    store: Arc<Store>,
}

/// Memory that pieces share. A Buffer keeps the whole block alive.
const SHARED: usize = HUGE;
/// The most that one piece takes.
const PIECE: usize = 512 * 1024;
/// With less room than this a new block is begun.
const LEAST: usize = 128 * 1024;
impl Pieces {
    /// What is at hand of a body as one piece; `None` as of `Response::read_now`.
    pub fn read(&mut self, response: &mut Response, max: usize) -> Option<Result<Bytes>> {
        if self.block.is_none() || self.used + LEAST > SHARED {
            let block = self.store.get().or_else(|| Block::new(SHARED))?;
            let store = Some(self.store.clone());
            self.block = Some(Arc::new(Shared { block: Some(block), store }));
            self.used = 0;
        }
        let block = self.block.as_ref()?;
        let room = PIECE.min(max).min(SHARED - self.used);
        // SAFETY: the bytes behind `used` belong to no part yet, and only this function, on one
        // thread, takes them.
        let free = unsafe {
            std::slice::from_raw_parts_mut(block.at(self.used).cast::<MaybeUninit<u8>>(), room)
        };
        Some(match response.read_now_uninit(free)? {
            Ok(size) => {
                let part = Part { block: block.clone(), start: self.used, size };
                if size < LENT {
                    // Copied anyway; a block should not live on for its sake.
                    return Some(Ok(Bytes::copy_from_slice(part.as_ref())));
                }
                // The next piece begins on a cache line of its own.
                self.used = (self.used + size).next_multiple_of(64).min(SHARED);
                Ok(Bytes::from_owner(part))
            }
            Err(error) => Err(error),
        })
    }

    /// Something ended: when no body is being read any more, what is not lent is freed.
    pub fn rest(&mut self, slots: &Slots) {
        if self.block.is_some() && !slots.any_open() {
            self.block = None;
            self.store.close();
        }
    }
}
