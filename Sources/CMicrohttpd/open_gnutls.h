#ifndef PILLION_OPEN_GNUTLS_H
#define PILLION_OPEN_GNUTLS_H

/* Fills a file's table of GnuTLS functions. The library is opened at first use, like libmicrohttpd, which loads it
   anyway. */

#include <dlfcn.h>
#include <stddef.h>

/* Opens the library; NULL with the reason in *error (static storage). */
static inline void *pillion_gnutls_library(const char **error) {
    void *library = dlopen("libgnutls.so.30", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) *error = "libgnutls.so.30 cannot be opened: install libgnutls30";
    return library;
}

/* Stores gnutls_NAME in the member NAME of a table. */
#define PILLION_RESOLVE(table, library, name, error)                                           \
    do {                                                                                       \
        (table).name = (__typeof__((table).name))dlsym(library, "gnutls_" #name);              \
        if ((table).name == NULL) *(error) = "libgnutls.so.30 has no gnutls_" #name ": expected 3.7 or later"; \
    } while (0)

#endif
