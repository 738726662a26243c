#define _GNU_SOURCE
#include "CReceiving.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than any system lets a process open by default; unused entries take no memory. */
enum { most_descriptors = 1 << 20 };

/* GnuTLS is not linked: its types are opaque here, and GNUTLS_E_AGAIN is part of its ABI. */
typedef ssize_t (*record_recv)(void *session, void *bytes, size_t size);
typedef size_t (*record_check_pending)(void *session);
typedef int (*transport_get_int)(void *session);
enum { tls_try_again = -28 };

static struct {
    ssize_t (*recv)(int, void *, size_t, int);
    record_recv record_recv;
    record_check_pending check_pending;
    transport_get_int descriptor;
    pillion_receiving receive;
    pillion_receiving_waits waits;
    pillion_receiving_ends ends;
    _Atomic(void *) *connections;
} hooks;

static void *connection_of(int descriptor) {
    if (descriptor < 0 || descriptor >= most_descriptors) return NULL;
    return atomic_load_explicit(&hooks.connections[descriptor], memory_order_acquire);
}

int pillion_receiving_watch(int descriptor, void *connection) {
    if (descriptor < 0 || descriptor >= most_descriptors) return -1;
    atomic_store_explicit(&hooks.connections[descriptor], connection, memory_order_release);
    return 0;
}

/* The result of reading if the client sends nothing more, or nothing yet. */
static ssize_t ended(void *connection, void *bytes, size_t size, ssize_t received) {
    int error = errno;
    size_t count = hooks.ends(connection, bytes, size);
    errno = error;
    return count > 0 ? (ssize_t)count : received;
}

/* Reads until there are bytes that may be parsed: with edge-triggered epoll, the end must be reached, because otherwise
   no event follows. The bytes that are kept back meanwhile have their own limits, so that this ends. */
static ssize_t plain_receive(int descriptor, void *bytes, size_t size, int flags) {
    void *connection = connection_of(descriptor);
    if (connection == NULL || (flags & MSG_PEEK)) return hooks.recv(descriptor, bytes, size, flags);
    size_t count = hooks.receive(connection, bytes, 0, size);
    while (count == 0) {
        ssize_t received = hooks.recv(descriptor, bytes, size, flags);
        if (received <= 0) return ended(connection, bytes, size, received);
        count = hooks.receive(connection, bytes, (size_t)received, size);
    }
    return (ssize_t)count;
}

static ssize_t tls_receive(void *session, void *bytes, size_t size) {
    void *connection = connection_of(hooks.descriptor(session));
    if (connection == NULL) return hooks.record_recv(session, bytes, size);
    size_t count = hooks.receive(connection, bytes, 0, size);
    while (count == 0) {
        ssize_t received = hooks.record_recv(session, bytes, size);
        if (received <= 0) return ended(connection, bytes, size, received);
        count = hooks.receive(connection, bytes, (size_t)received, size);
    }
    return (ssize_t)count;
}

static size_t tls_pending(void *session) {
    void *connection = connection_of(hooks.descriptor(session));
    return hooks.check_pending(session) + (connection == NULL ? 0 : hooks.waits(connection));
}

/* Returns an address of the dynamic section, which some loaders leave relative to the library's start. */
static const void *dynamic_address(const struct link_map *map, ElfW(Addr) value) {
    return (const void *)(value < map->l_addr ? value + map->l_addr : value);
}

/* The part that the loader makes read-only after opening the library (PT_GNU_RELRO). */
struct sealed_part {
    ElfW(Addr) library;
    uintptr_t start, end;
};

static int find_sealed_part(struct dl_phdr_info *info, size_t size, void *context) {
    struct sealed_part *part = context;
    (void)size;
    if (info->dlpi_addr != part->library) return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_GNU_RELRO) continue;
        part->start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        part->end = part->start + info->dlpi_phdr[i].p_memsz;
    }
    return 1;
}

/* Writes one entry of a table of imports, and restores the protection of its page. */
static int write_entry(const struct link_map *map, void **entry, void *function) {
    uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
    void *page = (void *)((uintptr_t)entry & ~(size - 1));
    struct sealed_part sealed = {map->l_addr, 0, 0};
    dl_iterate_phdr(find_sealed_part, &sealed);
    int is_sealed = (uintptr_t)entry >= sealed.start && (uintptr_t)entry < sealed.end;
    if (is_sealed && mprotect(page, size, PROT_READ | PROT_WRITE) != 0) return -1;
    *entry = function;
    return is_sealed ? mprotect(page, size, PROT_READ) : 0;
}

/* Replaces the function of a library's import, and stores the previous one in *before. */
static int redirect(const struct link_map *map, const char *name, void *function, void **before) {
    const ElfW(Sym) *symbols = NULL;
    const char *names = NULL;
    const ElfW(Rela) *entries = NULL;
    size_t count = 0;
    for (const ElfW(Dyn) *part = map->l_ld; part->d_tag != DT_NULL; part++) {
        switch (part->d_tag) {
        case DT_SYMTAB: symbols = dynamic_address(map, part->d_un.d_ptr); break;
        case DT_STRTAB: names = dynamic_address(map, part->d_un.d_ptr); break;
        case DT_JMPREL: entries = dynamic_address(map, part->d_un.d_ptr); break;
        case DT_PLTRELSZ: count = part->d_un.d_val / sizeof(ElfW(Rela)); break;
        default: break;
        }
    }
    if (symbols == NULL || names == NULL || entries == NULL) return -1;
    for (size_t i = 0; i < count; i++) {
        const ElfW(Sym) *symbol = &symbols[ELF64_R_SYM(entries[i].r_info)];
        if (strcmp(names + symbol->st_name, name) != 0) continue;
        void **entry = (void **)(map->l_addr + entries[i].r_offset);
        *before = *entry;
        return write_entry(map, entry, function);
    }
    return -1;
}

int pillion_receiving_open(
    void *library, pillion_receiving receive, pillion_receiving_waits waits, pillion_receiving_ends ends,
    const char **error) {
    struct link_map *map = NULL;
    hooks.receive = receive;
    hooks.waits = waits;
    hooks.ends = ends;
    hooks.connections = calloc(most_descriptors, sizeof *hooks.connections);
    if (hooks.connections == NULL) {
        *error = "no memory for watching connections";
        return -1;
    }
    if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0
        || redirect(map, "recv", (void *)plain_receive, (void **)&hooks.recv) != 0) {
        *error = "libmicrohttpd's calls of recv cannot be watched on this system";
        return -1;
    }
    /* A libmicrohttpd without TLS has none of these; an attempt to use TLS reports that. */
    hooks.descriptor = (transport_get_int)dlsym(library, "gnutls_transport_get_int");
    if (hooks.descriptor == NULL) return 0;
    if (redirect(map, "gnutls_record_recv", (void *)tls_receive, (void **)&hooks.record_recv) != 0
        || redirect(map, "gnutls_record_check_pending", (void *)tls_pending, (void **)&hooks.check_pending) != 0) {
        *error = "libmicrohttpd's calls of GnuTLS cannot be watched on this system";
        return -1;
    }
    return 0;
}
