/* Preloaded: counts the heap allocations that the code of one shared object asks for, in the eight
 * bytes of a file that outlive the process. ALLOCATIONS_OF is a part of the object's file name,
 * ALLOCATIONS_FILE the file. Whoever else allocates in the process is not counted, so that the number
 * says what one request costs in the library and nothing about the interpreter around it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Atomic uintptr_t start, end;
static _Atomic uint64_t nothing;
static _Atomic uint64_t *count = &nothing;

static void note(const void *caller) {
    uintptr_t address = (uintptr_t)caller;
    if (address >= atomic_load_explicit(&start, memory_order_relaxed) &&
        address < atomic_load_explicit(&end, memory_order_relaxed))
        atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

static int look(struct dl_phdr_info *info, size_t size, void *wanted) {
    (void)size;
    if (strstr(info->dlpi_name, wanted) == NULL) return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) continue;
        atomic_store(&start, info->dlpi_addr + segment->p_vaddr);
        atomic_store(&end, info->dlpi_addr + segment->p_vaddr + segment->p_memsz);
    }
    return 1;
}

static void find(void) {
    char *wanted = getenv("ALLOCATIONS_OF");
    if (wanted != NULL) dl_iterate_phdr(look, wanted);
}

__attribute__((constructor)) static void open_file(void) {
    const char *path = getenv("ALLOCATIONS_FILE");
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) count = memory;
    find();
}

/* Interpreters load their extensions by this. */
void *dlopen(const char *path, int flags) {
    static void *(*real)(const char *, int);
    if (real == NULL) real = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    void *handle = real(path, flags);
    if (atomic_load(&start) == 0) find();
    return handle;
}

void *malloc(size_t size) {
    note(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    note(__builtin_return_address(0));
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    note(__builtin_return_address(0));
    return __libc_realloc(old, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    note(__builtin_return_address(0));
    *memory = __libc_memalign(alignment, size);
    return *memory == NULL ? 12 : 0; /* ENOMEM */
}

void *aligned_alloc(size_t alignment, size_t size) {
    note(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}
