#define _GNU_SOURCE
#include "CCurl.h"

#define CURL_DISABLE_TYPECHECK
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// curl.h has macros with the same names that check arguments.
#undef curl_easy_setopt
#undef curl_easy_getinfo

static struct {
    __typeof__(&curl_global_init) global_init;
    __typeof__(&curl_version) version;
    __typeof__(&curl_easy_init) easy_init;
    __typeof__(&curl_easy_reset) easy_reset;
    __typeof__(&curl_easy_cleanup) easy_cleanup;
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    __typeof__(&curl_easy_strerror) easy_strerror;
    __typeof__(&curl_slist_append) slist_append;
    __typeof__(&curl_slist_free_all) slist_free_all;
    __typeof__(&curl_multi_init) multi_init;
    __typeof__(&curl_multi_cleanup) multi_cleanup;
    __typeof__(&curl_multi_add_handle) multi_add_handle;
    __typeof__(&curl_multi_remove_handle) multi_remove_handle;
    __typeof__(&curl_multi_perform) multi_perform;
    __typeof__(&curl_multi_poll) multi_poll;
    __typeof__(&curl_multi_wakeup) multi_wakeup;
    __typeof__(&curl_multi_info_read) multi_info_read;
} curl;

static char open_problem[320];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
    // The GnuTLS flavour first: libmicrohttpd loads GnuTLS already.
    const char *names[] = {"libcurl-gnutls.so.4", "libcurl.so.4"};
    void *library = NULL;
    for (int i = 0; i < 2 && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *why = dlerror();
        snprintf(open_problem, sizeof open_problem,
                 "neither libcurl-gnutls.so.4 nor libcurl.so.4 can be opened (%s): install libcurl3-gnutls",
                 why ? why : "no reason given");
        return;
    }
#define RESOLVE(name)                                                                                     \
    do {                                                                                                  \
        curl.name = (__typeof__(curl.name))dlsym(library, "curl_" #name);                                 \
        if (!curl.name)                                                                                   \
            snprintf(open_problem, sizeof open_problem, "libcurl has no curl_" #name ": expected 7.68 or later"); \
    } while (0)
    RESOLVE(global_init);
    RESOLVE(version);
    RESOLVE(easy_init);
    RESOLVE(easy_reset);
    RESOLVE(easy_cleanup);
    RESOLVE(easy_setopt);
    RESOLVE(easy_getinfo);
    RESOLVE(easy_strerror);
    RESOLVE(slist_append);
    RESOLVE(slist_free_all);
    RESOLVE(multi_init);
    RESOLVE(multi_cleanup);
    RESOLVE(multi_add_handle);
    RESOLVE(multi_remove_handle);
    RESOLVE(multi_perform);
    RESOLVE(multi_poll);
    RESOLVE(multi_wakeup);
    RESOLVE(multi_info_read);
#undef RESOLVE
    if (!open_problem[0] && curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        snprintf(open_problem, sizeof open_problem, "libcurl does not start");
}

const char *pillion_curl_open(void) {
    pthread_once(&once, open_library);
    return open_problem[0] ? open_problem : NULL;
}

const char *pillion_curl_version(void) { return curl.version(); }

// A PEM text in a file without a folder: the GnuTLS flavour cannot read it from memory, and the root file system may be
// read-only.
struct memory_file {
    int descriptor;
    char path[40];
};

struct pillion_curl {
    CURL *easy;
    CURLM *multi;
    atomic_int is_cancelled;
    const struct pillion_curl_request *request;
    // The authorities, the certificate and the key. The files are kept, because libcurl reuses a connection only for
    // the same paths.
    struct memory_file files[3];
};

pillion_curl *pillion_curl_new(void) {
    pillion_curl *handle = calloc(1, sizeof *handle);
    if (!handle) return NULL;
    for (int i = 0; i < 3; i++) handle->files[i].descriptor = -1;
    handle->easy = curl.easy_init();
    handle->multi = curl.multi_init();
    if (handle->easy && handle->multi) return handle;
    pillion_curl_free(handle);
    return NULL;
}

void pillion_curl_free(pillion_curl *handle) {
    if (!handle) return;
    if (handle->easy) curl.easy_cleanup(handle->easy);
    if (handle->multi) curl.multi_cleanup(handle->multi);
    for (int i = 0; i < 3; i++)
        if (handle->files[i].descriptor >= 0) close(handle->files[i].descriptor);
    free(handle);
}

void pillion_curl_cancel(pillion_curl *handle) {
    atomic_store(&handle->is_cancelled, 1);
    curl.multi_wakeup(handle->multi);
}

static size_t received(char *bytes, size_t one, size_t count, void *context) {
    pillion_curl *handle = context;
    size_t size = one * count;
    return handle->request->received(handle->request->context, (const uint8_t *)bytes, size) ? 0 : size;
}

static size_t header(char *bytes, size_t one, size_t count, void *context) {
    pillion_curl *handle = context;
    size_t size = one * count, length = size;
    while (length && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r')) length--;
    return handle->request->header(handle->request->context, bytes, length) ? 0 : size;
}

static int make_file(struct memory_file *file, const void *bytes, size_t size) {
    if (file->descriptor >= 0) return 0;
    file->descriptor = memfd_create("pem", MFD_CLOEXEC);
    if (file->descriptor < 0) return -1;
    size_t done = 0;
    while (done < size) {
        ssize_t count = write(file->descriptor, (const char *)bytes + done, size - done);
        if (count <= 0) return -1;
        done += (size_t)count;
    }
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->descriptor);
    return 0;
}

static int set_credentials(CURL *easy, const struct pillion_curl_request *request, struct memory_file files[3]) {
    if (request->authorities) {
        if (make_file(&files[0], request->authorities, request->authorities_size)) return -1;
        curl.easy_setopt(easy, CURLOPT_CAINFO, files[0].path);
        // Debian's libcurl would read the system's folder too.
        curl.easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (request->certificate && request->key) {
        if (make_file(&files[1], request->certificate, request->certificate_size)) return -1;
        if (make_file(&files[2], request->key, request->key_size)) return -1;
        curl.easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
        curl.easy_setopt(easy, CURLOPT_SSLCERT, files[1].path);
        curl.easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
        curl.easy_setopt(easy, CURLOPT_SSLKEY, files[2].path);
    }
    if (request->skips_verification) {
        curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return 0;
}

static void set_request(pillion_curl *handle, const struct pillion_curl_request *request, char *problem,
                        struct curl_slist *headers, struct curl_slist *connect_to) {
    CURL *easy = handle->easy;
    curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, problem);
    curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(easy, CURLOPT_URL, request->url);
    curl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    // A connection has one request at a time, and a watch is one request: HTTP/2 has no advantage.
    curl.easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl.easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, request->connect_milliseconds);
    curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, request->total_milliseconds);
    // A watch may be silent for a long time: keepalive detects that the other side is gone.
    curl.easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl.easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
    curl.easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 15L);
    curl.easy_setopt(easy, CURLOPT_PROXY, request->proxy ? request->proxy : "");
    curl.easy_setopt(easy, CURLOPT_NOPROXY, "");
    if (connect_to) curl.easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to);
    if (headers) curl.easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    if (request->body) {
        curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        curl.easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    }
    curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, received);
    curl.easy_setopt(easy, CURLOPT_WRITEDATA, handle);
    curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, header);
    curl.easy_setopt(easy, CURLOPT_HEADERDATA, handle);
    // The headers of a proxy's answer to CONNECT are not the server's.
    curl.easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

// The OpenSSL flavour writes to connections that the server has closed without MSG_NOSIGNAL. The disposition of the
// signal belongs to the whole process, so the signal is blocked in this thread, and consumed if it occurred.
struct pipe_guard {
    sigset_t before;
    int was_pending;
};

static void guard_pipe(struct pipe_guard *guard) {
    sigset_t pipe, pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    guard->was_pending = sigismember(&pending, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &guard->before);
}

static void release_pipe(const struct pipe_guard *guard) {
    sigset_t pipe;
    struct timespec now = {0, 0};
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (!guard->was_pending) sigtimedwait(&pipe, NULL, &now);
    pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}

// Runs the request to its end. Checks for a cancellation after each event, and when woken.
static CURLcode drive(pillion_curl *handle) {
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    if (curl.multi_add_handle(handle->multi, handle->easy) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
    while (!atomic_load(&handle->is_cancelled)) {
        int running = 0, left = 0;
        if (curl.multi_perform(handle->multi, &running) != CURLM_OK) {
            result = CURLE_OUT_OF_MEMORY;
            break;
        }
        CURLMsg *message = curl.multi_info_read(handle->multi, &left);
        if (message && message->msg == CURLMSG_DONE) {
            result = message->data.result;
            break;
        }
        curl.multi_poll(handle->multi, NULL, 0, 1000, NULL);
    }
    curl.multi_remove_handle(handle->multi, handle->easy);
    return result;
}

static int status_of(CURLcode code) {
    switch (code) {
    case CURLE_OK: return PILLION_CURL_OK;
    case CURLE_WRITE_ERROR:
    case CURLE_ABORTED_BY_CALLBACK: return PILLION_CURL_ENDED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT: return PILLION_CURL_NOT_SENT;
    // Not CURLE_SSL_CONNECT_ERROR, which is also the result if the connection is lost in the handshake.
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR: return PILLION_CURL_TLS;
    case CURLE_OPERATION_TIMEDOUT: return PILLION_CURL_TIMEOUT;
    default: return PILLION_CURL_FAILED;
    }
}

int pillion_curl_perform(pillion_curl *handle, const struct pillion_curl_request *request,
                         struct pillion_curl_answer *answer) {
    memset(answer, 0, sizeof *answer);
    if (atomic_load(&handle->is_cancelled)) return PILLION_CURL_ENDED;
    struct curl_slist *headers = NULL, *connect_to = NULL;
    char problem[CURL_ERROR_SIZE] = "";
    handle->request = request;
    for (const char *const *line = request->headers; line && *line; line++)
        headers = curl.slist_append(headers, *line);
    if (request->connect_to) connect_to = curl.slist_append(NULL, request->connect_to);
    set_request(handle, request, problem, headers, connect_to);
    int status = PILLION_CURL_FAILED;
    if (set_credentials(handle->easy, request, handle->files)) {
        snprintf(answer->problem, sizeof answer->problem, "the certificates cannot be handed to libcurl");
    } else {
        struct pipe_guard guard;
        guard_pipe(&guard);
        CURLcode code = drive(handle);
        release_pipe(&guard);
        status = status_of(code);
        curl.easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &answer->http_status);
        snprintf(answer->problem, sizeof answer->problem, "%s", problem[0] ? problem : curl.easy_strerror(code));
    }
    // This resets the options, but keeps the connection.
    curl.easy_reset(handle->easy);
    curl.slist_free_all(headers);
    curl.slist_free_all(connect_to);
    handle->request = NULL;
    return status;
}
