#include "CServerTLS.h"
#include "open_gnutls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct {
    __typeof__(&gnutls_x509_crt_list_import2) x509_crt_list_import2;
    __typeof__(&gnutls_x509_crt_deinit) x509_crt_deinit;
    __typeof__(&gnutls_x509_crt_init) x509_crt_init;
    __typeof__(&gnutls_x509_crt_import) x509_crt_import;
    __typeof__(&gnutls_x509_crt_get_key_id) x509_crt_get_key_id;
    __typeof__(&gnutls_x509_crt_get_activation_time) x509_crt_get_activation_time;
    __typeof__(&gnutls_x509_crt_get_expiration_time) x509_crt_get_expiration_time;
    __typeof__(&gnutls_x509_crt_get_pk_algorithm) x509_crt_get_pk_algorithm;
    __typeof__(&gnutls_x509_crt_check_hostname) x509_crt_check_hostname;
    __typeof__(&gnutls_x509_crt_get_dn_by_oid) x509_crt_get_dn_by_oid;
    __typeof__(&gnutls_x509_privkey_init) x509_privkey_init;
    __typeof__(&gnutls_x509_privkey_deinit) x509_privkey_deinit;
    __typeof__(&gnutls_x509_privkey_import2) x509_privkey_import2;
    __typeof__(&gnutls_x509_privkey_get_key_id) x509_privkey_get_key_id;
    __typeof__(&gnutls_privkey_init) privkey_init;
    __typeof__(&gnutls_privkey_deinit) privkey_deinit;
    __typeof__(&gnutls_privkey_import_x509) privkey_import_x509;
    __typeof__(&gnutls_pcert_import_x509) pcert_import_x509;
    __typeof__(&gnutls_pcert_export_x509) pcert_export_x509;
    __typeof__(&gnutls_pcert_deinit) pcert_deinit;
    __typeof__(&gnutls_session_get_ptr) session_get_ptr;
    __typeof__(&gnutls_certificate_get_peers) certificate_get_peers;
    __typeof__(&gnutls_certificate_server_set_request) certificate_server_set_request;
    __typeof__(&gnutls_x509_trust_list_init) x509_trust_list_init;
    __typeof__(&gnutls_x509_trust_list_deinit) x509_trust_list_deinit;
    __typeof__(&gnutls_x509_trust_list_add_trust_mem) x509_trust_list_add_trust_mem;
    __typeof__(&gnutls_x509_trust_list_verify_crt2) x509_trust_list_verify_crt2;
    __typeof__(&gnutls_strerror) strerror;
    __typeof__(&gnutls_free) free;
} tls;

static const char *open_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
    void *library = pillion_gnutls_library(&open_error);
    if (library == NULL) return;
#define RESOLVE(name) PILLION_RESOLVE(tls, library, name, &open_error)
    RESOLVE(x509_crt_list_import2);
    RESOLVE(x509_crt_deinit);
    RESOLVE(x509_crt_init);
    RESOLVE(x509_crt_import);
    RESOLVE(x509_crt_get_key_id);
    RESOLVE(x509_crt_get_activation_time);
    RESOLVE(x509_crt_get_expiration_time);
    RESOLVE(x509_crt_get_pk_algorithm);
    RESOLVE(x509_crt_check_hostname);
    RESOLVE(x509_crt_get_dn_by_oid);
    RESOLVE(x509_privkey_init);
    RESOLVE(x509_privkey_deinit);
    RESOLVE(x509_privkey_import2);
    RESOLVE(x509_privkey_get_key_id);
    RESOLVE(privkey_init);
    RESOLVE(privkey_deinit);
    RESOLVE(privkey_import_x509);
    RESOLVE(pcert_import_x509);
    RESOLVE(pcert_export_x509);
    RESOLVE(pcert_deinit);
    RESOLVE(session_get_ptr);
    RESOLVE(certificate_get_peers);
    RESOLVE(certificate_server_set_request);
    RESOLVE(x509_trust_list_init);
    RESOLVE(x509_trust_list_deinit);
    RESOLVE(x509_trust_list_add_trust_mem);
    RESOLVE(x509_trust_list_verify_crt2);
    RESOLVE(strerror);
    RESOLVE(free);
#undef RESOLVE
}

int pillion_tls_open(const char **error) {
    pthread_once(&once, open_library);
    *error = open_error;
    return open_error == NULL ? 0 : -1;
}

/* Usual chains have a handful of certificates; a file with more is not a chain. */
enum { longest_chain = 16 };

static const char *load_chain(gnutls_x509_crt_t *certificates, unsigned int count, struct pillion_tls_pair *pair) {
    gnutls_pcert_st *chain = calloc(count, sizeof *chain);
    if (chain == NULL) return "out of memory";
    pair->chain = chain;
    for (unsigned int i = 0; i < count; i++) {
        int result = tls.pcert_import_x509(&chain[i], certificates[i], 0);
        if (result < 0) return tls.strerror(result);
        pair->count = i + 1;
    }
    gnutls_x509_crt_t leaf = certificates[0];
    pair->not_before = tls.x509_crt_get_activation_time(leaf);
    pair->not_after = tls.x509_crt_get_expiration_time(leaf);
    pair->algorithm = tls.x509_crt_get_pk_algorithm(leaf, &pair->bits);
    return NULL;
}

static const char *load_key(gnutls_x509_crt_t leaf, gnutls_x509_privkey_t key, struct pillion_tls_pair *pair) {
    unsigned char leaf_id[64], key_id[64];
    size_t leaf_size = sizeof leaf_id, key_size = sizeof key_id;
    int result = tls.x509_crt_get_key_id(leaf, GNUTLS_KEYID_USE_SHA256, leaf_id, &leaf_size);
    if (result == 0) result = tls.x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, key_id, &key_size);
    if (result < 0) return tls.strerror(result);
    if (leaf_size != key_size || memcmp(leaf_id, key_id, leaf_size) != 0)
        return "the key is not the certificate's: their public keys differ";
    gnutls_privkey_t abstract;
    result = tls.privkey_init(&abstract);
    if (result < 0) return tls.strerror(result);
    result = tls.privkey_import_x509(abstract, key, GNUTLS_PRIVKEY_IMPORT_COPY);
    if (result < 0) {
        tls.privkey_deinit(abstract);
        return tls.strerror(result);
    }
    pair->key = abstract;
    return NULL;
}

int pillion_tls_pair_load(const uint8_t *certificates, size_t certificates_size, const uint8_t *key, size_t key_size,
                          struct pillion_tls_pair *pair, const char **error) {
    memset(pair, 0, sizeof *pair);
    gnutls_datum_t chain_text = {(unsigned char *)certificates, (unsigned int)certificates_size};
    gnutls_datum_t key_text = {(unsigned char *)key, (unsigned int)key_size};
    gnutls_x509_crt_t *list = NULL;
    unsigned int count = 0;
    int result = tls.x509_crt_list_import2(&list, &count, &chain_text, GNUTLS_X509_FMT_PEM,
                                           GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    if (result < 0) {
        *error = result == GNUTLS_E_NO_CERTIFICATE_FOUND ? "the certificate file holds no PEM certificate"
                                                         : tls.strerror(result);
        return -1;
    }
    gnutls_x509_privkey_t private_key = NULL;
    *error = count == 0 || count > longest_chain ? "the certificate file holds no chain of 1 to 16 certificates" : NULL;
    if (*error == NULL) *error = load_chain(list, count, pair);
    if (*error == NULL) {
        result = tls.x509_privkey_init(&private_key);
        if (result == 0) result = tls.x509_privkey_import2(private_key, &key_text, GNUTLS_X509_FMT_PEM, NULL, 0);
        if (result < 0) *error = "the key file holds no PEM key without a password";
    }
    if (*error == NULL) *error = load_key(list[0], private_key, pair);
    if (private_key != NULL) tls.x509_privkey_deinit(private_key);
    for (unsigned int i = 0; i < count; i++) tls.x509_crt_deinit(list[i]);
    if (list != NULL) (*tls.free)(list);
    if (*error == NULL) return 0;
    pillion_tls_pair_free(pair);
    return -1;
}

void pillion_tls_pair_free(struct pillion_tls_pair *pair) {
    gnutls_pcert_st *chain = pair->chain;
    for (unsigned int i = 0; i < pair->count; i++) tls.pcert_deinit(&chain[i]);
    free(chain);
    if (pair->key != NULL) tls.privkey_deinit(pair->key);
    memset(pair, 0, sizeof *pair);
}

int pillion_tls_pair_has_name(const struct pillion_tls_pair *pair, const char *name) {
    gnutls_x509_crt_t leaf;
    if (pair->count == 0 || tls.pcert_export_x509(pair->chain, &leaf) < 0) return 0;
    int answer = tls.x509_crt_check_hostname(leaf, name) != 0;
    tls.x509_crt_deinit(leaf);
    return answer;
}

void *pillion_tls_connection(void *session) { return tls.session_get_ptr(session); }

void *pillion_tls_authority_load(const uint8_t *pem, size_t size, unsigned int *count, const char **error) {
    if (pillion_tls_open(error) < 0) return NULL;
    gnutls_x509_trust_list_t list = NULL;
    int result = tls.x509_trust_list_init(&list, 0);
    if (result < 0) {
        *error = tls.strerror(result);
        return NULL;
    }
    gnutls_datum_t text = {(unsigned char *)pem, (unsigned int)size};
    result = tls.x509_trust_list_add_trust_mem(list, &text, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
    if (result > 0) {
        *count = (unsigned int)result;
        return list;
    }
    *error = result < 0 && result != GNUTLS_E_NO_CERTIFICATE_FOUND ? tls.strerror(result)
                                                                  : "the file holds no PEM certificate";
    tls.x509_trust_list_deinit(list, 1);
    return NULL;
}

void pillion_tls_authority_free(void *authority) { tls.x509_trust_list_deinit(authority, 1); }

void pillion_tls_ask_client(void *session) { tls.certificate_server_set_request(session, GNUTLS_CERT_REQUEST); }

/* Reads the certificates that the client presented, its own first, and returns their number. The caller frees them. */
static unsigned int client_certificates(void *session, gnutls_x509_crt_t *certificates, unsigned int room) {
    unsigned int shown = 0, count = 0;
    const gnutls_datum_t *list = tls.certificate_get_peers(session, &shown);
    for (; list != NULL && count < shown && count < room; count++) {
        if (tls.x509_crt_init(&certificates[count]) < 0) break;
        if (tls.x509_crt_import(certificates[count], &list[count], GNUTLS_X509_FMT_DER) == 0) continue;
        tls.x509_crt_deinit(certificates[count]);
        break;
    }
    return count;
}

int pillion_tls_verify_client(void *session, void *authority, char *name, size_t size) {
    gnutls_x509_crt_t chain[longest_chain];
    name[0] = 0;
    unsigned int count = client_certificates(session, chain, longest_chain);
    if (count == 0) return 0;
    unsigned int status = 0;
    gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID, (void *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
    int result = tls.x509_trust_list_verify_crt2(authority, chain, count, &purpose, 1, 0, &status, NULL);
    if (tls.x509_crt_get_dn_by_oid(chain[0], GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size) < 0) name[0] = 0;
    for (unsigned int i = 0; i < count; i++) tls.x509_crt_deinit(chain[i]);
    return result == 0 && status == 0 ? 1 : -1;
}

int pillion_tls_client_has_name(void *session, const char *name) {
    gnutls_x509_crt_t certificate;
    if (client_certificates(session, &certificate, 1) == 0) return 0;
    int answer = tls.x509_crt_check_hostname(certificate, name) != 0;
    tls.x509_crt_deinit(certificate);
    return answer;
}
