#ifndef PILLION_OPEN_GNUTLS_H
#define PILLION_OPEN_GNUTLS_H

/* How a file of this module fills its table of GnuTLS functions: opened when first needed, like libmicrohttpd, which
   loads the library anyway. */

#include <dlfcn.h>
#include <stddef.h>

/* NULL with the reason in *error (static storage). */
static inline void *pillion_gnutls_library(const char **error) {
    void *library = dlopen("libgnutls.so.30", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) *error = "libgnutls.so.30 cannot be opened: install libgnutls30";
    return library;
}

/* Puts gnutls_NAME into the member NAME of a table. */
#define PILLION_RESOLVE(table, library, name, error)                                           \
    do {                                                                                       \
        (table).name = (__typeof__((table).name))dlsym(library, "gnutls_" #name);              \
        if ((table).name == NULL) *(error) = "libgnutls.so.30 has no gnutls_" #name ": want 3.7 or later"; \
    } while (0)

#endif
