#include "CMicrohttpd.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

static struct {
    __typeof__(&MHD_start_daemon) start_daemon;
    __typeof__(&MHD_quiesce_daemon) quiesce_daemon;
    __typeof__(&MHD_stop_daemon) stop_daemon;
    __typeof__(&MHD_lookup_connection_value) lookup_connection_value;
    __typeof__(&MHD_lookup_connection_value_n) lookup_connection_value_n;
    __typeof__(&MHD_get_connection_values) get_connection_values;
    __typeof__(&MHD_get_connection_info) get_connection_info;
    __typeof__(&MHD_suspend_connection) suspend_connection;
    __typeof__(&MHD_resume_connection) resume_connection;
    __typeof__(&MHD_create_response_from_buffer) create_response_from_buffer;
    __typeof__(&MHD_add_response_header) add_response_header;
    __typeof__(&MHD_queue_response) queue_response;
    __typeof__(&MHD_destroy_response) destroy_response;
} mhd;

static const char *open_error;
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static int was_opened;
static pillion_receiving receiving;
static pillion_receiving_waits receiving_waits;
static pillion_receiving_ends receiving_ends;

static void open_library(void) {
    void *library = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        open_error = "libmicrohttpd.so.12 cannot be opened: install libmicrohttpd12";
        return;
    }
#define RESOLVE(name)                                                                          \
    do {                                                                                       \
        mhd.name = (__typeof__(mhd.name))dlsym(library, "MHD_" #name);                         \
        if (mhd.name == NULL) open_error = "libmicrohttpd.so.12 has no MHD_" #name ": expected 0.9.75 or later"; \
    } while (0)
    RESOLVE(start_daemon);
    RESOLVE(quiesce_daemon);
    RESOLVE(stop_daemon);
    RESOLVE(lookup_connection_value);
    RESOLVE(lookup_connection_value_n);
    RESOLVE(get_connection_values);
    RESOLVE(get_connection_info);
    RESOLVE(suspend_connection);
    RESOLVE(resume_connection);
    RESOLVE(create_response_from_buffer);
    RESOLVE(add_response_header);
    RESOLVE(queue_response);
    RESOLVE(destroy_response);
#undef RESOLVE
    if (open_error == NULL) pillion_receiving_open(library, receiving, receiving_waits, receiving_ends, &open_error);
}

int pillion_mhd_open(
    pillion_receiving receive, pillion_receiving_waits waits, pillion_receiving_ends ends, const char **error) {
    /* Servers may start at the same time. */
    pthread_mutex_lock(&opening);
    if (!was_opened) {
        was_opened = 1;
        receiving = receive;
        receiving_waits = waits;
        receiving_ends = ends;
        open_library();
    }
    *error = open_error;
    pthread_mutex_unlock(&opening);
    return *error == NULL ? 0 : -1;
}

struct MHD_Daemon *pillion_mhd_start(const struct pillion_mhd_options *options) {
    struct MHD_OptionItem items[16];
    int count = 0;
#define ADD(name, number, pointer)                                                             \
    items[count++] = (struct MHD_OptionItem){MHD_OPTION_##name, (intptr_t)(number), (void *)(pointer)}
    ADD(LISTEN_SOCKET, options->listen_fd, NULL);
    /* A pool of one thread is refused; one thread needs no pool. */
    if (options->threads > 1) ADD(THREAD_POOL_SIZE, options->threads, NULL);
    ADD(CONNECTION_MEMORY_LIMIT, options->connection_memory, NULL);
    ADD(CONNECTION_LIMIT, options->connections, NULL);
    ADD(CONNECTION_TIMEOUT, options->idle_seconds, NULL);
    ADD(THREAD_STACK_SIZE, options->stack_bytes, NULL);
    /* Requests that a stricter parser would answer itself are refused before they get here. */
    ADD(STRICT_FOR_CLIENT, 0, NULL);
    ADD(NOTIFY_COMPLETED, (intptr_t)options->completed, options->context);
    ADD(NOTIFY_CONNECTION, (intptr_t)options->notify, options->context);
    ADD(URI_LOG_CALLBACK, (intptr_t)options->request_line, options->context);
    if (options->uses_tls) {
        ADD(HTTPS_PRIORITIES, 0, options->tls_priorities);
        ADD(HTTPS_CERT_CALLBACK, 0, options->tls_certificate_callback);
    }
    ADD(END, 0, NULL);
#undef ADD
    /* TLS uses poll(2): with epoll, 0.9.75 treats a connection whose handshake waits for the client as ready, and one
       client that connects and sends nothing makes a thread spin. */
    unsigned int flags = MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO
        | (options->uses_tls ? MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS : MHD_USE_EPOLL_INTERNAL_THREAD);
    return mhd.start_daemon(
        flags, 0, NULL, NULL, options->access, options->context, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}

int pillion_mhd_quiesce(struct MHD_Daemon *daemon) { return mhd.quiesce_daemon(daemon); }

void pillion_mhd_stop(struct MHD_Daemon *daemon) { mhd.stop_daemon(daemon); }

const char *pillion_mhd_header(struct MHD_Connection *connection, const char *name) {
    return mhd.lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

const char *pillion_mhd_argument(struct MHD_Connection *connection, const char *name, int *found) {
    const char *value = NULL;
    size_t length = 0;
    size_t name_length = 0;
    while (name[name_length] != 0) name_length++;
    *found = mhd.lookup_connection_value_n(
                 connection, MHD_GET_ARGUMENT_KIND, name, name_length, &value, &length)
        == MHD_YES;
    return value;
}

int pillion_mhd_header_count(struct MHD_Connection *connection) {
    return mhd.get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL);
}

void pillion_mhd_each(
    struct MHD_Connection *connection, int arguments, MHD_KeyValueIterator each, void *context) {
    mhd.get_connection_values(connection, arguments ? MHD_GET_ARGUMENT_KIND : MHD_HEADER_KIND, each, context);
}

static const union MHD_ConnectionInfo *information(
    struct MHD_Connection *connection, enum MHD_ConnectionInfoType type) {
    return mhd.get_connection_info(connection, type);
}

int pillion_mhd_fd(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = information(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

void *pillion_mhd_socket_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = information(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

const struct sockaddr *pillion_mhd_client(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = information(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}

void *pillion_mhd_tls_session(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = information(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info == NULL ? NULL : info->tls_session;
}

void pillion_mhd_suspend(struct MHD_Connection *connection) { mhd.suspend_connection(connection); }

void pillion_mhd_resume(struct MHD_Connection *connection) { mhd.resume_connection(connection); }

struct MHD_Response *pillion_mhd_response(size_t size, void *bytes, int lives_forever) {
    return mhd.create_response_from_buffer(
        size, bytes, lives_forever ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE);
}

void pillion_mhd_add_header(struct MHD_Response *response, const char *name, const char *value) {
    mhd.add_response_header(response, name, value);
}

int pillion_mhd_queue(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *response) {
    return mhd.queue_response(connection, status, response);
}

void pillion_mhd_destroy(struct MHD_Response *response) { mhd.destroy_response(response); }
