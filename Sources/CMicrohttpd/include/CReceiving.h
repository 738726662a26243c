#ifndef PILLION_CRECEIVING_H
#define PILLION_CRECEIVING_H

#include <stddef.h>
#include <stdint.h>

/* Puts a reader between the sockets and libmicrohttpd, so that malformed requests are refused in our words: what
   libmicrohttpd 0.9.75 answers itself is an HTML page, twice. Its calls of recv and gnutls_record_recv are redirected,
   in its own table of imported functions, which leaves every other caller alone. */

/* Bytes that arrived lie at the start of `bytes`, which has `room`; returns how many bytes from its start may be parsed.
   Called with `received` 0 first, for bytes that were kept back until there is room. */
typedef size_t (*pillion_receiving)(void *connection, uint8_t *bytes, size_t received, size_t room);
/* Bytes that are kept back. */
typedef size_t (*pillion_receiving_waits)(void *connection);

/* Called where no more bytes come: may write the rest of a body that is given up, up to `room` bytes, so that its request
   can be answered; returns how many, or 0 to let the end be seen. */
typedef size_t (*pillion_receiving_ends)(void *connection, uint8_t *bytes, size_t room);

/* Redirects the calls of an open libmicrohttpd; 0, or -1 with the reason in *error (static storage). */
int pillion_receiving_open(
    void *library, pillion_receiving receive, pillion_receiving_waits waits, pillion_receiving_ends ends,
    const char **error);

/* Watches a descriptor from now on, until it is called with NULL; 0, or -1 where the descriptor's number is too large. */
int pillion_receiving_watch(int descriptor, void *connection);

#endif
