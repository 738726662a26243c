#include "CServerTLS.h"
#include "open_gnutls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    __typeof__(&gnutls_x509_crt_list_import2) x509_crt_list_import2;
    __typeof__(&gnutls_x509_crt_deinit) x509_crt_deinit;
    __typeof__(&gnutls_x509_crt_get_dn) x509_crt_get_dn;
    __typeof__(&gnutls_x509_crt_get_issuer_dn) x509_crt_get_issuer_dn;
    __typeof__(&gnutls_x509_crt_get_activation_time) x509_crt_get_activation_time;
    __typeof__(&gnutls_x509_crt_get_expiration_time) x509_crt_get_expiration_time;
    __typeof__(&gnutls_x509_crt_get_pk_algorithm) x509_crt_get_pk_algorithm;
    __typeof__(&gnutls_x509_crt_get_signature_algorithm) x509_crt_get_signature_algorithm;
    __typeof__(&gnutls_x509_crt_get_ca_status) x509_crt_get_ca_status;
    __typeof__(&gnutls_x509_crt_get_subject_alt_name) x509_crt_get_subject_alt_name;
    __typeof__(&gnutls_x509_crt_check_key_purpose) x509_crt_check_key_purpose;
    __typeof__(&gnutls_x509_crt_check_hostname) x509_crt_check_hostname;
    __typeof__(&gnutls_x509_crt_check_issuer) x509_crt_check_issuer;
    __typeof__(&gnutls_x509_trust_list_init) x509_trust_list_init;
    __typeof__(&gnutls_x509_trust_list_deinit) x509_trust_list_deinit;
    __typeof__(&gnutls_x509_trust_list_add_trust_mem) x509_trust_list_add_trust_mem;
    __typeof__(&gnutls_x509_trust_list_verify_crt2) x509_trust_list_verify_crt2;
    __typeof__(&gnutls_certificate_verification_status_print) certificate_verification_status_print;
    __typeof__(&gnutls_certificate_allocate_credentials) certificate_allocate_credentials;
    __typeof__(&gnutls_certificate_free_credentials) certificate_free_credentials;
    __typeof__(&gnutls_certificate_get_peers) certificate_get_peers;
    __typeof__(&gnutls_init) init;
    __typeof__(&gnutls_deinit) deinit;
    __typeof__(&gnutls_set_default_priority) set_default_priority;
    __typeof__(&gnutls_credentials_set) credentials_set;
    __typeof__(&gnutls_server_name_set) server_name_set;
    __typeof__(&gnutls_transport_set_int2) transport_set_int2;
    __typeof__(&gnutls_handshake_set_timeout) handshake_set_timeout;
    __typeof__(&gnutls_handshake) handshake;
    __typeof__(&gnutls_bye) bye;
    __typeof__(&gnutls_pk_algorithm_get_name) pk_algorithm_get_name;
    __typeof__(&gnutls_sign_get_name) sign_get_name;
    __typeof__(&gnutls_sign_is_secure2) sign_is_secure2;
    __typeof__(&gnutls_pem_base64_encode2) pem_base64_encode2;
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
    RESOLVE(x509_crt_get_dn);
    RESOLVE(x509_crt_get_issuer_dn);
    RESOLVE(x509_crt_get_activation_time);
    RESOLVE(x509_crt_get_expiration_time);
    RESOLVE(x509_crt_get_pk_algorithm);
    RESOLVE(x509_crt_get_signature_algorithm);
    RESOLVE(x509_crt_get_ca_status);
    RESOLVE(x509_crt_get_subject_alt_name);
    RESOLVE(x509_crt_check_key_purpose);
    RESOLVE(x509_crt_check_hostname);
    RESOLVE(x509_crt_check_issuer);
    RESOLVE(x509_trust_list_init);
    RESOLVE(x509_trust_list_deinit);
    RESOLVE(x509_trust_list_add_trust_mem);
    RESOLVE(x509_trust_list_verify_crt2);
    RESOLVE(certificate_verification_status_print);
    RESOLVE(certificate_allocate_credentials);
    RESOLVE(certificate_free_credentials);
    RESOLVE(certificate_get_peers);
    RESOLVE(init);
    RESOLVE(deinit);
    RESOLVE(set_default_priority);
    RESOLVE(credentials_set);
    RESOLVE(server_name_set);
    RESOLVE(transport_set_int2);
    RESOLVE(handshake_set_timeout);
    RESOLVE(handshake);
    RESOLVE(bye);
    RESOLVE(pk_algorithm_get_name);
    RESOLVE(sign_get_name);
    RESOLVE(sign_is_secure2);
    RESOLVE(pem_base64_encode2);
    RESOLVE(strerror);
    RESOLVE(free);
#undef RESOLVE
}

static int is_open(const char **error) {
    pthread_once(&once, open_library);
    *error = open_error;
    return open_error == NULL;
}

/* Usual chains have a handful of certificates, bundles of CAs a few dozen. */
enum { most_certificates = 256 };

struct list {
    gnutls_x509_crt_t *certificates;
    unsigned int count;
};

static void free_list(struct list *list) {
    for (unsigned int i = 0; i < list->count; i++) tls.x509_crt_deinit(list->certificates[i]);
    if (list->certificates != NULL) (*tls.free)(list->certificates);
    list->certificates = NULL;
    list->count = 0;
}

static int read_list(const uint8_t *pem, size_t size, struct list *list, const char **error) {
    list->certificates = NULL;
    list->count = 0;
    if (!is_open(error)) return -1;
    gnutls_datum_t text = {(unsigned char *)pem, (unsigned int)size};
    int result = tls.x509_crt_list_import2(&list->certificates, &list->count, &text, GNUTLS_X509_FMT_PEM, 0);
    if (result < 0) {
        *error = result == GNUTLS_E_NO_CERTIFICATE_FOUND ? "there is no PEM certificate" : tls.strerror(result);
        list->count = 0;
        return -1;
    }
    if (list->count <= most_certificates) return 0;
    free_list(list);
    *error = "there are more than 256 certificates";
    return -1;
}

static void describe(gnutls_x509_crt_t certificate, struct pillion_certificate *out,
                     struct pillion_certificate_texts *texts) {
    size_t size = sizeof texts->subject;
    if (tls.x509_crt_get_dn(certificate, texts->subject, &size) < 0) texts->subject[0] = 0;
    size = sizeof texts->issuer;
    if (tls.x509_crt_get_issuer_dn(certificate, texts->issuer, &size) < 0) texts->issuer[0] = 0;
    out->subject = texts->subject;
    out->issuer = texts->issuer;
    out->names = texts->names;
    out->not_before = tls.x509_crt_get_activation_time(certificate);
    out->not_after = tls.x509_crt_get_expiration_time(certificate);
    int algorithm = tls.x509_crt_get_pk_algorithm(certificate, &out->bits);
    out->is_rsa = algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS;
    const char *name = algorithm < 0 ? NULL : tls.pk_algorithm_get_name((gnutls_pk_algorithm_t)algorithm);
    out->algorithm = name == NULL ? "unknown" : name;
    int signature = tls.x509_crt_get_signature_algorithm(certificate);
    name = signature < 0 ? NULL : tls.sign_get_name((gnutls_sign_algorithm_t)signature);
    out->signature = name == NULL ? "unknown" : name;
    out->is_signature_secure = signature >= 0
        && tls.sign_is_secure2((gnutls_sign_algorithm_t)signature, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) != 0;
    out->is_authority = tls.x509_crt_get_ca_status(certificate, NULL) > 0;
    out->is_for_servers = tls.x509_crt_check_key_purpose(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0) != 0;
    out->is_own_issuer = tls.x509_crt_check_issuer(certificate, certificate) != 0;
    size_t used = 0;
    texts->names[0] = 0;
    for (unsigned int i = 0; i < 100; i++) {
        char text[256];
        size_t length = sizeof text - 1;
        int type = tls.x509_crt_get_subject_alt_name(certificate, i, text, &length, NULL);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) break;
        if (type != GNUTLS_SAN_DNSNAME || used + length + 2 > sizeof texts->names) continue;
        memcpy(texts->names + used, text, length);
        used += length;
        texts->names[used++] = '\n';
        texts->names[used] = 0;
    }
}

int pillion_certificates_read(const uint8_t *pem, size_t size, struct pillion_certificate *out,
                              struct pillion_certificate_texts *texts, unsigned int room, const char **error) {
    struct list list;
    if (read_list(pem, size, &list, error) < 0) return -1;
    unsigned int count = list.count < room ? list.count : room;
    for (unsigned int i = 0; i < count; i++) {
        describe(list.certificates[i], &out[i], &texts[i]);
        out[i].is_signed_by_next =
            i + 1 < list.count && tls.x509_crt_check_issuer(list.certificates[i], list.certificates[i + 1]) != 0;
    }
    free_list(&list);
    return (int)count;
}

int pillion_certificate_has_name(const uint8_t *pem, size_t size, const char *name) {
    struct list list;
    const char *error;
    if (read_list(pem, size, &list, &error) < 0) return 0;
    int answer = list.count > 0 && tls.x509_crt_check_hostname(list.certificates[0], name) != 0;
    free_list(&list);
    return answer;
}

int pillion_certificates_verify(const uint8_t *pem, size_t size, const uint8_t *authorities, size_t authorities_size,
                                char *reason, size_t room) {
    struct list list;
    const char *error = NULL;
    reason[0] = 0;
    if (read_list(pem, size, &list, &error) < 0) {
        snprintf(reason, room, "%s", error);
        return -1;
    }
    gnutls_x509_trust_list_t trust = NULL;
    gnutls_datum_t text = {(unsigned char *)authorities, (unsigned int)authorities_size};
    int result = tls.x509_trust_list_init(&trust, 0);
    if (result == 0) result = tls.x509_trust_list_add_trust_mem(trust, &text, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
    if (result == 0) error = "there is no PEM certificate in the bundle";
    unsigned int status = 0;
    if (result > 0) {
        gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID, (void *)GNUTLS_KP_TLS_WWW_SERVER, 0};
        result = tls.x509_trust_list_verify_crt2(trust, list.certificates, list.count, &purpose, 1,
                                                 GNUTLS_VERIFY_ALLOW_UNSORTED_CHAIN, &status, NULL);
        if (result < 0) error = tls.strerror(result);
    } else if (result < 0) {
        error = tls.strerror(result);
    }
    gnutls_datum_t sentence = {NULL, 0};
    if (error == NULL && status != 0
        && tls.certificate_verification_status_print(status, GNUTLS_CRT_X509, &sentence, 0) == 0) {
        snprintf(reason, room, "%s", (char *)sentence.data);
        (*tls.free)(sentence.data);
    } else if (error != NULL) {
        snprintf(reason, room, "%s", error);
    }
    if (trust != NULL) tls.x509_trust_list_deinit(trust, 1);
    free_list(&list);
    return error == NULL && status == 0 ? 0 : -1;
}

/* Writes a peer's certificates as PEM. */
static const char *write_chain(gnutls_session_t session, uint8_t *out, size_t room, size_t *size) {
    unsigned int count = 0;
    const gnutls_datum_t *peers = tls.certificate_get_peers(session, &count);
    if (peers == NULL) return "the server shows no certificate";
    *size = 0;
    for (unsigned int i = 0; i < count; i++) {
        gnutls_datum_t text = {NULL, 0};
        int result = tls.pem_base64_encode2("CERTIFICATE", &peers[i], &text);
        if (result < 0) return tls.strerror(result);
        int fits = *size + text.size + 1 <= room;
        if (fits) {
            memcpy(out + *size, text.data, text.size);
            *size += text.size;
            out[(*size)++] = '\n';
        }
        (*tls.free)(text.data);
        if (!fits) return "the server shows a chain of more than 64 KiB";
    }
    return NULL;
}

int pillion_certificates_served(int socket, const char *name, unsigned int milliseconds, uint8_t *out, size_t room,
                                size_t *size, const char **error) {
    if (!is_open(error)) return -1;
    gnutls_session_t session = NULL;
    gnutls_certificate_credentials_t credentials = NULL;
    int result = tls.init(&session, GNUTLS_CLIENT);
    if (result == 0) result = tls.set_default_priority(session);
    if (result == 0) result = tls.certificate_allocate_credentials(&credentials);
    if (result == 0) result = tls.credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
    if (result == 0 && name[0] != 0) result = tls.server_name_set(session, GNUTLS_NAME_DNS, name, strlen(name));
    if (result == 0) {
        tls.transport_set_int2(session, socket, socket);
        tls.handshake_set_timeout(session, milliseconds);
        do result = tls.handshake(session);
        while (result < 0 && (result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED));
    }
    *error = result < 0 ? tls.strerror(result) : write_chain(session, out, room, size);
    if (result == 0) tls.bye(session, GNUTLS_SHUT_WR);
    if (session != NULL) tls.deinit(session);
    if (credentials != NULL) tls.certificate_free_credentials(credentials);
    return *error == NULL ? 0 : -1;
}
