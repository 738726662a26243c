#ifndef PILLION_CMICROHTTPD_H
#define PILLION_CMICROHTTPD_H

/* libmicrohttpd, called through a table of function pointers. The library (and with it GnuTLS, 4 MB and 3 ms) is opened
   when the first server starts, so that verbs without a server never load it. Each wrapper is named after its function;
   none may be called before pillion_mhd_open has returned 0. */

#include "CGzip.h"
#include "CReceiving.h"
#include "CServerTLS.h"

#include <microhttpd.h>
#include <stddef.h>

/* The options of a daemon; each member corresponds to an option of MHD_start_daemon, which is variadic and cannot be
   imported into Swift. */
struct pillion_mhd_options {
    int uses_tls;
    int listen_fd;
    unsigned int threads;           /* 0 or 1: no pool */
    size_t connection_memory;       /* bytes for the headers and buffers of one connection */
    unsigned int connections;
    unsigned int idle_seconds;
    size_t stack_bytes;
    const char *tls_priorities;     /* if uses_tls */
    void *tls_certificate_callback; /* gnutls_certificate_retrieve_function2 *, if uses_tls */
    MHD_RequestCompletedCallback completed;
    MHD_NotifyConnectionCallback notify;
    void *(*request_line)(void *context, const char *uri, struct MHD_Connection *connection);
    MHD_AccessHandlerCallback access;
    void *context;                  /* the first argument of every callback */
};

/* Opens the library, and redirects its reading so that everything that a watched descriptor receives is passed to
   `receive` first. Returns 0, or -1 with the reason in *error (static storage). */
int pillion_mhd_open(
    pillion_receiving receive, pillion_receiving_waits waits, pillion_receiving_ends ends, const char **error);

struct MHD_Daemon *pillion_mhd_start(const struct pillion_mhd_options *options);
int pillion_mhd_quiesce(struct MHD_Daemon *daemon);
void pillion_mhd_stop(struct MHD_Daemon *daemon);

/* Returns the value of a header; NULL if it is missing. */
const char *pillion_mhd_header(struct MHD_Connection *connection, const char *name);
const char *pillion_mhd_argument(struct MHD_Connection *connection, const char *name, int *found);
int pillion_mhd_header_count(struct MHD_Connection *connection);
/* Calls `each` with every header, or with every argument of the query (whose value may be NULL). */
void pillion_mhd_each(
    struct MHD_Connection *connection, int arguments, MHD_KeyValueIterator each, void *context);

int pillion_mhd_fd(struct MHD_Connection *connection);
void *pillion_mhd_socket_context(struct MHD_Connection *connection);
const struct sockaddr *pillion_mhd_client(struct MHD_Connection *connection);
void *pillion_mhd_tls_session(struct MHD_Connection *connection);
void pillion_mhd_suspend(struct MHD_Connection *connection);
void pillion_mhd_resume(struct MHD_Connection *connection);

/* Creates a response, which frees the bytes with free() unless they live forever. */
struct MHD_Response *pillion_mhd_response(size_t size, void *bytes, int lives_forever);
void pillion_mhd_add_header(struct MHD_Response *response, const char *name, const char *value);
int pillion_mhd_queue(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *response);
void pillion_mhd_destroy(struct MHD_Response *response);

/* Sets the niceness of the calling thread, and requests time slices of that many nanoseconds. Since Linux 6.12, a
   thread with shorter slices that wakes up, such as any thread with the default, preempts one with longer slices
   immediately; earlier versions ignore the request. Returns -1 if the system refuses, as before 3.14 or in a
   sandbox. */
int pillion_thread_yields(int nice, uint64_t slice);

#endif
