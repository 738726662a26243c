// HTTPS requests with libcurl, in any flavour that is installed.
//
// In: one request as plain values. Out: the status, and the header lines and the body, which are passed to callbacks as
// they arrive. There are no retries and no redirects, and the body is not parsed. The shim exists because
// curl_easy_setopt is variadic, which Swift cannot call, and because the library is opened only at the first request:
// opening it takes milliseconds and megabytes, which a verb without a cluster does not need.
#ifndef PILLION_CCURL_H
#define PILLION_CCURL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A connection for one request at a time; it stays open between them.
typedef struct pillion_curl pillion_curl;

struct pillion_curl_request {
    // `GET`, `POST` …; `https://host:port/path?query`
    const char *method, *url;
    // `Name: value`, terminated by NULL.
    const char *const *headers;
    // NULL for none.
    const void *body;
    size_t body_size;
    // PEM in memory; NULL for none. Without authorities, those of the system are trusted.
    const void *authorities;
    size_t authorities_size;
    const void *certificate, *key;
    size_t certificate_size, key_size;
    // Nonzero accepts any certificate of the server.
    int skips_verification;
    // `from:port:to:port`: the host to connect to instead of the URL's (CURLOPT_CONNECT_TO); NULL for none.
    const char *connect_to;
    // `http://proxy:3128`; empty for none. The environment is ignored.
    const char *proxy;
    // The time limits of connecting and of the whole request, in milliseconds; the latter may be 0 for none.
    long connect_milliseconds, total_milliseconds;
    void *context;
    // Receive a header line without its line end, and bytes of the body. A result other than 0 ends the request.
    int (*header)(void *context, const char *line, size_t size);
    int (*received)(void *context, const uint8_t *bytes, size_t size);
};

enum pillion_curl_status {
    PILLION_CURL_OK = 0,
    // A callback or pillion_curl_cancel ended the request.
    PILLION_CURL_ENDED = -1,
    // The request failed: see the answer's problem.
    PILLION_CURL_FAILED = -2,
    // The request failed, and no byte of it can have reached the server.
    PILLION_CURL_NOT_SENT = -3,
    // The request failed because the server's or the client's certificate was refused.
    PILLION_CURL_TLS = -4,
    // A time limit has passed.
    PILLION_CURL_TIMEOUT = -5,
};

struct pillion_curl_answer {
    long http_status;
    char problem[320];
};

// Opens the library. Returns NULL, or the reason why it cannot be used.
const char *pillion_curl_open(void);

// Returns `libcurl/7.88.1 GnuTLS/3.7.9 …`, after the library was opened.
const char *pillion_curl_version(void);

// Creates a connection; NULL if there is no memory.
pillion_curl *pillion_curl_new(void);
void pillion_curl_free(pillion_curl *);

// Sends the request and returns when it has ended, with a pillion_curl_status. All requests of one handle must have the
// same authorities, certificate and key: those of the first are used. The connection stays open for the next request.
int pillion_curl_perform(pillion_curl *, const struct pillion_curl_request *, struct pillion_curl_answer *);

// Ends the current request immediately, and every later one. Any thread may call it.
void pillion_curl_cancel(pillion_curl *);

#ifdef __cplusplus
}
#endif
#endif
