#define _GNU_SOURCE
#include "CCertificates.h"
#include "CGnuTLS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// As declared in <gnutls/x509.h>; see shim.c for why the header is not included.
typedef struct {
    unsigned char *data;
    unsigned int size;
} datum;

enum { PEM = 1, SHA256 = 6, SHA512 = 8, DNS_NAME = 1, IP_ADDRESS = 4, APPEND = 1, PLAIN = 1 };
// gnutls_pk_algorithm_t
enum { RSA = 1, DSA = 2, ECDSA = 4, ED25519 = 7 };
// GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)
enum { P256 = (int)(1u << 31 | 2) };
enum { DIGITAL_SIGNATURE = 128, KEY_ENCIPHERMENT = 32, CERT_SIGN = 4, CRL_SIGN = 2 };
// The largest number of certificates in one text.
enum { most_certificates = 64 };

static struct {
    int (*key_init)(void **key);
    void (*key_deinit)(void *key);
    int (*key_generate)(void *key, int algorithm, unsigned bits, unsigned flags);
    int (*key_import)(void *key, const datum *, int format, const char *password, unsigned flags);
    int (*key_export)(void *key, int format, const char *password, unsigned flags, datum *);
    int (*key_export_plain)(void *key, int format, datum *);
    int (*key_algorithm)(void *key);
    int (*key_id)(void *key, unsigned flags, unsigned char *out, size_t *size);
    int (*init)(void **crt);
    void (*deinit)(void *crt);
    int (*set_version)(void *crt, unsigned version);
    int (*set_serial)(void *crt, const void *serial, size_t size);
    int (*set_activation_time)(void *crt, time_t);
    int (*set_expiration_time)(void *crt, time_t);
    int (*set_subject)(void *crt, const char *oid, unsigned is_raw, const void *name, unsigned size);
    int (*set_key)(void *crt, void *key);
    int (*set_basic_constraints)(void *crt, unsigned is_authority, int path_length);
    int (*set_key_usage)(void *crt, unsigned usage);
    int (*set_purpose)(void *crt, const void *oid, unsigned critical);
    int (*set_name)(void *crt, int type, const void *data, unsigned size, unsigned flags);
    int (*set_subject_id)(void *crt, const void *id, size_t size);
    int (*set_authority_id)(void *crt, const void *id, size_t size);
    int (*id)(void *crt, unsigned flags, unsigned char *out, size_t *size);
    int (*sign)(void *crt, void *issuer, void *issuer_key, int digest, unsigned flags);
    int (*export)(void *crt, int format, datum *);
    int (*list_import)(void **list, unsigned *count, const datum *, int format, unsigned flags);
    time_t (*activation_time)(void *crt);
    time_t (*expiration_time)(void *crt);
    unsigned (*check_hostname)(void *crt, const char *name, unsigned flags);
    int (*verify)(void *crt, void *const *authorities, unsigned count, unsigned flags, unsigned *status);
} x509;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_open;

static void open_functions(void) {
    void *library = dlopen("libgnutls.so.30", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    int missing = 0;
#define RESOLVE(name, symbol) missing |= !(x509.name = (__typeof__(x509.name))dlsym(library, "gnutls_x509_" symbol))
    RESOLVE(key_init, "privkey_init");
    RESOLVE(key_deinit, "privkey_deinit");
    RESOLVE(key_generate, "privkey_generate");
    RESOLVE(key_import, "privkey_import2");
    RESOLVE(key_export, "privkey_export2_pkcs8");
    RESOLVE(key_export_plain, "privkey_export2");
    RESOLVE(key_algorithm, "privkey_get_pk_algorithm");
    RESOLVE(key_id, "privkey_get_key_id");
    RESOLVE(init, "crt_init");
    RESOLVE(deinit, "crt_deinit");
    RESOLVE(set_version, "crt_set_version");
    RESOLVE(set_serial, "crt_set_serial");
    RESOLVE(set_activation_time, "crt_set_activation_time");
    RESOLVE(set_expiration_time, "crt_set_expiration_time");
    RESOLVE(set_subject, "crt_set_dn_by_oid");
    RESOLVE(set_key, "crt_set_key");
    RESOLVE(set_basic_constraints, "crt_set_basic_constraints");
    RESOLVE(set_key_usage, "crt_set_key_usage");
    RESOLVE(set_purpose, "crt_set_key_purpose_oid");
    RESOLVE(set_name, "crt_set_subject_alt_name");
    RESOLVE(set_subject_id, "crt_set_subject_key_id");
    RESOLVE(set_authority_id, "crt_set_authority_key_id");
    RESOLVE(id, "crt_get_key_id");
    RESOLVE(sign, "crt_sign2");
    RESOLVE(export, "crt_export2");
    RESOLVE(list_import, "crt_list_import");
    RESOLVE(activation_time, "crt_get_activation_time");
    RESOLVE(expiration_time, "crt_get_expiration_time");
    RESOLVE(check_hostname, "crt_check_hostname2");
    RESOLVE(verify, "crt_verify");
#undef RESOLVE
    is_open = !missing;
}

// GnuTLS is initialised by the first call of its other functions, which shim.c opens.
static int need(void) {
    uint8_t byte;
    int status = pillion_random(&byte, 1);
    if (status) return status;
    pthread_once(&once, open_functions);
    return is_open ? PILLION_CRYPTO_OK : PILLION_CRYPTO_MISSING;
}

// Parses the certificates of a text, at least one; free_list frees them.
static int read_list(const char *pem, size_t size, void *list[most_certificates], unsigned *count) {
    datum text = {(unsigned char *)pem, (unsigned)size};
    *count = most_certificates;
    int found = x509.list_import(list, count, &text, PEM, 0);
    if (found < 1) {
        *count = 0;
        return PILLION_CRYPTO_REFUSED;
    }
    *count = (unsigned)found;
    return PILLION_CRYPTO_OK;
}

static void free_list(void *list[most_certificates], unsigned count) {
    for (unsigned i = 0; i < count; i++) x509.deinit(list[i]);
}

static int read_key(const char *pem, size_t size, void **key) {
    datum text = {(unsigned char *)pem, (unsigned)size};
    if (x509.key_init(key) < 0) return PILLION_CRYPTO_MEMORY;
    if (x509.key_import(*key, &text, PEM, NULL, 0) >= 0) return PILLION_CRYPTO_OK;
    x509.key_deinit(*key);
    *key = NULL;
    return PILLION_CRYPTO_REFUSED;
}

static int set_identifiers(void *crt, void *issuer) {
    unsigned char id[64];
    size_t size = sizeof id;
    if (x509.id(crt, 0, id, &size) < 0 || x509.set_subject_id(crt, id, size) < 0) return -1;
    size = sizeof id;
    return x509.id(issuer, 0, id, &size) < 0 ? -1 : x509.set_authority_id(crt, id, size);
}

static unsigned usage(const struct pillion_x509_request *request) {
    if (request->is_for_any_use) return DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | (request->is_authority ? CERT_SIGN : 0);
    return request->is_authority ? CERT_SIGN | CRL_SIGN : DIGITAL_SIGNATURE;
}

static int fill(void *crt, void *key, const struct pillion_x509_request *request) {
    uint8_t serial[16];
    if (pillion_random(serial, sizeof serial)) return -1;
    // The serial number is positive and has no leading zero.
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
    unsigned name_size = (unsigned)strlen(request->common_name);
    int depth = request->is_authority && !request->is_for_any_use ? 0 : -1;
    int bad = x509.set_version(crt, 3) < 0 ||
              (name_size && x509.set_subject(crt, "2.5.4.3", 0, request->common_name, name_size) < 0) ||
              x509.set_serial(crt, serial, sizeof serial) < 0 ||
              x509.set_activation_time(crt, (time_t)request->not_before) < 0 ||
              x509.set_expiration_time(crt, (time_t)request->not_after) < 0 || x509.set_key(crt, key) < 0 ||
              x509.set_basic_constraints(crt, request->is_authority != 0, depth) < 0 ||
              x509.set_key_usage(crt, usage(request)) < 0;
    int any = request->is_for_any_use;
    if (!bad && (any || !request->is_authority)) bad = x509.set_purpose(crt, "1.3.6.1.5.5.7.3.1", 0) < 0;
    if (!bad && any) bad = x509.set_purpose(crt, "1.3.6.1.5.5.7.3.2", 0) < 0;
    for (const char *const *name = request->names; !bad && name && *name; name++)
        bad = x509.set_name(crt, DNS_NAME, *name, (unsigned)strlen(*name), APPEND) < 0;
    for (size_t i = 0; !bad && i < request->address_count; i++) {
        const struct pillion_x509_address *address = &request->addresses[i];
        bad = x509.set_name(crt, IP_ADDRESS, address->bytes, (unsigned)address->size, APPEND) < 0;
    }
    return bad ? -1 : 0;
}

// Copies a text, with a NUL at its end, and frees the original. GnuTLS allocates with malloc, unless a program changes
// that.
static char *take(datum *text) {
    char *copy = text->data ? strndup((const char *)text->data, text->size) : NULL;
    free(text->data);
    text->data = NULL;
    return copy;
}

// Templates expect the older form of a key, if its kind has one.
static int write_key(void *key, int is_plain, char **text) {
    datum secret = {NULL, 0};
    if (x509.key_algorithm(key) == ED25519) is_plain = 0;
    int status = is_plain ? x509.key_export_plain(key, PEM, &secret) : x509.key_export(key, PEM, NULL, PLAIN, &secret);
    if (status < 0) return PILLION_CRYPTO_REFUSED;
    *text = take(&secret);
    return *text ? PILLION_CRYPTO_OK : PILLION_CRYPTO_MEMORY;
}

static int finish(void *crt, void *key, int is_plain, void *issuer, void *issuer_key, char **certificate,
                  char **key_text) {
    datum text = {NULL, 0};
    if (set_identifiers(crt, issuer) < 0) return PILLION_CRYPTO_REFUSED;
    int digest = x509.key_algorithm(issuer_key) == ED25519 ? SHA512 : SHA256;
    if (x509.sign(crt, issuer, issuer_key, digest, 0) < 0) return PILLION_CRYPTO_REFUSED;
    if (x509.export(crt, PEM, &text) < 0) return PILLION_CRYPTO_REFUSED;
    *certificate = take(&text);
    return *certificate ? write_key(key, is_plain, key_text) : PILLION_CRYPTO_MEMORY;
}

int pillion_x509_issue(const struct pillion_x509_request *request, char **certificate, char **key_text) {
    *certificate = *key_text = NULL;
    int status = need();
    if (status) return status;
    void *crt = NULL, *key = NULL, *issuer_key = NULL, *issuers[most_certificates];
    unsigned issuer_count = 0;
    int any = request->is_for_any_use;
    status = PILLION_CRYPTO_REFUSED;
    if (request->key) {
        if (read_key(request->key, request->key_size, &key)) goto end;
    } else if (x509.key_init(&key) < 0 || x509.key_generate(key, ECDSA, (unsigned)P256, 0) < 0) {
        goto end;
    }
    if (x509.init(&crt) < 0 || fill(crt, key, request)) goto end;
    if (request->issuer_certificate) {
        if (read_list(request->issuer_certificate, request->issuer_certificate_size, issuers, &issuer_count)) goto end;
        if (read_key(request->issuer_key, request->issuer_key_size, &issuer_key)) goto end;
        status = finish(crt, key, any, issuers[0], issuer_key, certificate, key_text);
    } else {
        status = finish(crt, key, any, crt, key, certificate, key_text);
    }
end:
    if (status) {
        free(*certificate);
        free(*key_text);
        *certificate = *key_text = NULL;
    }
    free_list(issuers, issuer_count);
    if (issuer_key) x509.key_deinit(issuer_key);
    if (crt) x509.deinit(crt);
    if (key) x509.key_deinit(key);
    return status;
}

int pillion_key_generate(enum pillion_key_kind kind, unsigned bits, char **pem) {
    static const int algorithms[] = {RSA, DSA, ECDSA, ED25519};
    *pem = NULL;
    int status = need();
    if (status) return status;
    if (kind == PILLION_KEY_ECDSA) bits = (unsigned)P256;
    if (kind == PILLION_KEY_ED25519) bits = 256;
    void *key = NULL;
    if (x509.key_init(&key) < 0) return PILLION_CRYPTO_MEMORY;
    status = PILLION_CRYPTO_REFUSED;
    if (x509.key_generate(key, algorithms[kind], bits, 0) >= 0) status = write_key(key, 1, pem);
    x509.key_deinit(key);
    return status;
}

int pillion_key_read(const char *text, size_t size, char **pem, int *kind) {
    void *key = NULL;
    *pem = NULL;
    int status = need();
    if (status) return status;
    if ((status = read_key(text, size, &key))) return status;
    switch (x509.key_algorithm(key)) {
    case RSA: *kind = PILLION_KEY_RSA; break;
    case DSA: *kind = PILLION_KEY_DSA; break;
    case ECDSA: *kind = PILLION_KEY_ECDSA; break;
    case ED25519: *kind = PILLION_KEY_ED25519; break;
    default: *kind = -1;
    }
    status = write_key(key, 1, pem);
    x509.key_deinit(key);
    return status;
}

void pillion_x509_free(char *text) { free(text); }

int pillion_x509_validity(const char *pem, size_t size, int64_t *not_before, int64_t *not_after) {
    void *list[most_certificates];
    unsigned count = 0;
    int status = need();
    if (status) return status;
    if ((status = read_list(pem, size, list, &count))) return status;
    *not_before = (int64_t)x509.activation_time(list[0]);
    *not_after = (int64_t)x509.expiration_time(list[0]);
    free_list(list, count);
    return PILLION_CRYPTO_OK;
}

int pillion_x509_has_name(const char *pem, size_t size, const char *name) {
    void *list[most_certificates];
    unsigned count = 0;
    int status = need();
    if (status) return status;
    if ((status = read_list(pem, size, list, &count))) return status;
    int answer = x509.check_hostname(list[0], name, 0) != 0;
    free_list(list, count);
    return answer;
}

int pillion_x509_has_key(const char *pem, size_t size, const char *key_text, size_t key_size) {
    void *list[most_certificates], *key = NULL;
    unsigned count = 0;
    int status = need();
    if (status) return status;
    if ((status = read_list(pem, size, list, &count))) return status;
    unsigned char ours[64], theirs[64];
    size_t our_size = sizeof ours, their_size = sizeof theirs;
    status = read_key(key_text, key_size, &key);
    if (!status)
        status = x509.id(list[0], 0, ours, &our_size) >= 0 && x509.key_id(key, 0, theirs, &their_size) >= 0 &&
                 our_size == their_size && memcmp(ours, theirs, our_size) == 0;
    if (key) x509.key_deinit(key);
    free_list(list, count);
    return status;
}

int pillion_x509_is_trusted(const char *pem, size_t size, const char *authorities, size_t authorities_size) {
    void *list[most_certificates], *trusted[most_certificates];
    unsigned count = 0, trusted_count = 0, problems = 1;
    int status = need();
    if (status) return status;
    if ((status = read_list(pem, size, list, &count))) return status;
    status = read_list(authorities, authorities_size, trusted, &trusted_count);
    if (!status) status = x509.verify(list[0], trusted, trusted_count, 0, &problems) >= 0 && problems == 0;
    free_list(trusted, trusted_count);
    free_list(list, count);
    return status;
}
