//! Advice about memory that large bodies are received into.

use std::mem::MaybeUninit;

/// Memory of fewer bytes is left as it is.
pub const LEAST: usize = 4 << 20;

/// Asks for huge pages behind `memory`, if it is large: most of the time that a large body takes would
/// go into page faults. Nothing happens where the system has none. The content stays as it is.
#[cfg(target_os = "linux")]
pub fn advise(memory: &mut [MaybeUninit<u8>]) {
    if memory.len() < LEAST {
        return;
    }
    // SAFETY: it takes no pointer.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let Ok(page) = usize::try_from(page) else { return };
    let start = memory.as_mut_ptr();
    let (from, size) = pages(start.addr(), memory.len(), page);
    let from = start.with_addr(from);
    // SAFETY: the pages are those of `memory`, the first and last perhaps also its neighbours' in the
    // heap; the advice changes no content.
    let _ = unsafe { libc::madvise(from.cast(), size, libc::MADV_HUGEPAGE) };
}

/// Where the pages of so many bytes at `start` begin, and how long they are: from page to page, so that memory with a
/// mapping of its own stays one mapping. Linux refuses advice that begins within a page, and a page of aarch64 has 4,
/// 16 or 64 KiB.
#[cfg(target_os = "linux")]
fn pages(start: usize, size: usize, page: usize) -> (usize, usize) {
    let from = start & !(page - 1);
    (from, (start + size).next_multiple_of(page) - from)
}

/// Asks for huge pages behind `memory`: this system is not asked.
#[cfg(not(target_os = "linux"))]
pub fn advise(memory: &mut [MaybeUninit<u8>]) {
    let _ = (memory, LEAST);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The flags of the mapping that has `address`.
    fn flags(address: usize) -> String {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in maps.lines() {
            let range = line.split_whitespace().next().and_then(|word| word.split_once('-'));
            if let Some((from, to)) = range
                && let (Ok(from), Ok(to)) =
                    (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16))
            {
                inside = (from..to).contains(&address);
            }
            if inside && let Some(flags) = line.strip_prefix("VmFlags:") {
                return flags.to_string();
            }
        }
        panic!("no mapping has {address:x}")
    }

    #[test]
    fn advice_begins_and_ends_with_a_page_of_the_systems() {
        for page in [4 << 10, 16 << 10, 64 << 10] {
            assert_eq!(pages(3 * page + 16, LEAST, page), (3 * page, LEAST + page));
            assert_eq!(pages(3 * page, LEAST, page), (3 * page, LEAST));
        }
        // Within the first of 16 KiB, not of 4.
        assert_eq!(pages(0x5000, 0x4000, 16 << 10), (0x4000, 0x8000));
        assert_eq!(pages(0x5000, 0x4000, 4 << 10), (0x5000, 0x4000));
    }

    #[test]
    fn only_large_memory_is_advised_and_its_content_stays() {
        let advised = |size: usize| {
            let mut memory = vec![MaybeUninit::new(7u8); size];
            advise(&mut memory);
            // SAFETY: written above.
            assert!(memory.iter().all(|byte| unsafe { byte.assume_init() } == 7));
            flags(memory.as_ptr().addr() + size / 2).contains(" hg")
        };
        assert!(advised(LEAST));
        assert!(!advised(LEAST - 1));
    }
}
