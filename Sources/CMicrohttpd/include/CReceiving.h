#ifndef PILLION_CRECEIVING_H
#define PILLION_CRECEIVING_H

#include <stddef.h>
#include <stdint.h>

/* Inserts a reader between the sockets and libmicrohttpd, so that malformed requests are refused with our own messages:
   libmicrohttpd 0.9.75 itself responds with an HTML page, twice. Its calls of recv and gnutls_record_recv are
   redirected in its own table of imported functions, which does not affect other callers. */

/* Processes received bytes at the start of `bytes`, which has `room`; returns how many bytes from its start may be
   parsed. Before reading, it is called with `received` 0, for bytes that were kept back until there is room. */
typedef size_t (*pillion_receiving)(void *connection, uint8_t *bytes, size_t received, size_t room);
/* Returns the number of bytes that are kept back. */
typedef size_t (*pillion_receiving_waits)(void *connection);

/* Called if no more bytes arrive. It may write the rest of an abandoned body, up to `room` bytes, so that its request
   can be answered; returns how many, or 0 to pass on the end. */
typedef size_t (*pillion_receiving_ends)(void *connection, uint8_t *bytes, size_t room);

/* Redirects the calls of an open libmicrohttpd; returns 0, or -1 with the reason in *error (static storage). */
int pillion_receiving_open(
    void *library, pillion_receiving receive, pillion_receiving_waits waits, pillion_receiving_ends ends,
    const char **error);

/* Starts watching a descriptor, or stops if the connection is NULL; returns 0, or -1 if the descriptor's number is too
   large. */
int pillion_receiving_watch(int descriptor, void *connection);

#endif
