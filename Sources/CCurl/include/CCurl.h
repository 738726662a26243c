// HTTPS requests through libcurl, whichever flavour of it is installed.
//
// What comes in: one request as plain values. What goes out: status, header lines and body, the latter two handed
// to callbacks as they come. What it doesn't do: retries, redirects, reading of what came. The shim exists because
// curl_easy_setopt is variadic, which Swift does not call, and because the library is opened at the first request
// and never before: opening it takes milliseconds and megabytes that a verb without a cluster need not pay.
#ifndef PILLION_CCURL_H
#define PILLION_CCURL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// One connection that requests go over, one at a time; kept open between them.
typedef struct pillion_curl pillion_curl;

struct pillion_curl_request {
    // `GET`, `POST` …; `https://host:port/path?query`
    const char *method, *url;
    // `Name: value`, ended by NULL.
    const char *const *headers;
    // NULL for none.
    const void *body;
    size_t body_size;
    // PEM in memory; NULL for none. Without authorities, those of the system are trusted.
    const void *authorities;
    size_t authorities_size;
    const void *certificate, *key;
    size_t certificate_size, key_size;
    // Nonzero: any certificate of the server is taken.
    int skips_verification;
    // `from:port:to:port`: where the connection goes in place of the URL's host (CURLOPT_CONNECT_TO); NULL.
    const char *connect_to;
    // `http://proxy:3128`; empty for none. The environment is not asked.
    const char *proxy;
    // Milliseconds for connecting, and for all of it; 0 in the latter is without end.
    long connect_milliseconds, total_milliseconds;
    void *context;
    // A header line without its line end, and bytes of the body; anything but 0 ends the request.
    int (*header)(void *context, const char *line, size_t size);
    int (*received)(void *context, const uint8_t *bytes, size_t size);
};

enum pillion_curl_status {
    PILLION_CURL_OK = 0,
    // A callback ended it, or pillion_curl_cancel.
    PILLION_CURL_ENDED = -1,
    // It could not be done: see the answer's problem.
    PILLION_CURL_FAILED = -2,
    // The same, and no byte of the request can have reached the server.
    PILLION_CURL_NOT_SENT = -3,
    // The same because the server's certificate, or the client's, was refused.
    PILLION_CURL_TLS = -4,
    // A time limit has passed.
    PILLION_CURL_TIMEOUT = -5,
};

struct pillion_curl_answer {
    long http_status;
    char problem[320];
};

// NULL, or why the library cannot be used.
const char *pillion_curl_open(void);

// `libcurl/7.88.1 GnuTLS/3.7.9 …`, after it was opened.
const char *pillion_curl_version(void);

// NULL where there is no memory.
pillion_curl *pillion_curl_new(void);
void pillion_curl_free(pillion_curl *);

// Sends the request and returns when it has ended: a pillion_curl_status. The requests of one handle have the same
// authorities, certificate and key: those of the first are used. Its connection stays open for the next.
int pillion_curl_perform(pillion_curl *, const struct pillion_curl_request *, struct pillion_curl_answer *);

// From any thread: ends the current request at once, and every later one.
void pillion_curl_cancel(pillion_curl *);

#ifdef __cplusplus
}
#endif
#endif
