/* What ThreadSanitizer must be told when the library is instrumented and Rust's std is not (a std built
 * for it needs std's sources, which not every machine can have).
 *
 * std's locks are inlined into instrumented code but for the paths where a thread has to wait. Those are
 * wrapped (ld --wrap), and say afterwards what they did: took the lock, or gave it up for a while. The
 * names come from scripts/sanitize.sh, since they hold a hash of the toolchain. */
#include <stdbool.h>
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define PASTE(a, b) a##b
#define WRAP(name) PASTE(__wrap_, name)
#define REAL(name) PASTE(__real_, name)

void REAL(MUTEX_LOCK_CONTENDED)(void *mutex);
void WRAP(MUTEX_LOCK_CONTENDED)(void *mutex) {
    REAL(MUTEX_LOCK_CONTENDED)(mutex);
    __tsan_acquire(mutex);
}

void REAL(RWLOCK_READ_CONTENDED)(void *lock);
void WRAP(RWLOCK_READ_CONTENDED)(void *lock) {
    REAL(RWLOCK_READ_CONTENDED)(lock);
    __tsan_acquire(lock);
}

void REAL(RWLOCK_WRITE_CONTENDED)(void *lock);
void WRAP(RWLOCK_WRITE_CONTENDED)(void *lock) {
    REAL(RWLOCK_WRITE_CONTENDED)(lock);
    __tsan_acquire(lock);
}

void REAL(CONDVAR_WAIT)(void *condvar, void *mutex);
void WRAP(CONDVAR_WAIT)(void *condvar, void *mutex) {
    __tsan_release(mutex);
    REAL(CONDVAR_WAIT)(condvar, mutex);
    __tsan_acquire(mutex);
}

bool REAL(CONDVAR_WAIT_TIMEOUT)(void *condvar, void *mutex, uint64_t seconds, uint32_t nanoseconds);
bool WRAP(CONDVAR_WAIT_TIMEOUT)(void *condvar, void *mutex, uint64_t seconds, uint32_t nanoseconds) {
    bool woken;
    __tsan_release(mutex);
    woken = REAL(CONDVAR_WAIT_TIMEOUT)(condvar, mutex, seconds, nanoseconds);
    __tsan_acquire(mutex);
    return woken;
}
