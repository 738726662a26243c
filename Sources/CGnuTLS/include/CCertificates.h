// Issues certificates with GnuTLS, and checks the few properties that decide whether one can be kept.
//
// In and out: PEM, the format of Secrets and files. Keys are ECDSA over P-256 unless one is given; signatures use
// SHA-256 (for Ed25519, its own). TLS and revocation are not supported, nor are chains longer than a leaf and its
// issuer.
#ifndef PILLION_CCERTIFICATES_H
#define PILLION_CCERTIFICATES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pillion_x509_address {
    uint8_t bytes[16];
    // 4 or 16
    size_t size;
};

enum pillion_key_kind { PILLION_KEY_RSA, PILLION_KEY_DSA, PILLION_KEY_ECDSA, PILLION_KEY_ED25519 };

struct pillion_x509_request {
    // Empty for none.
    const char *common_name;
    // DNS names, terminated by NULL; none for an authority.
    const char *const *names;
    int is_authority;
    // Seconds since 1970.
    int64_t not_before, not_after;
    // The issuer's certificate and key in PEM; NULL is self-signed.
    const char *issuer_certificate, *issuer_key;
    size_t issuer_certificate_size, issuer_key_size;
    // All following members may be 0.
    const struct pillion_x509_address *addresses;
    size_t address_count;
    // The certificate's own key; NULL generates one.
    const char *key;
    size_t key_size;
    // Whether to issue certificates as templates expect them: for servers and clients, with a key for signatures and
    // encipherment, and authorities of any depth.
    int is_for_any_use;
};

// Generates a key in the form that OpenSSL used for its kind before PKCS #8 (Ed25519 has only that one). ECDSA is over
// P-256; `bits` is for RSA and DSA.
int pillion_key_generate(enum pillion_key_kind, unsigned bits, char **pem);
// Converts a key to that form; PILLION_CRYPTO_REFUSED if the text contains none. `kind` receives a pillion_key_kind, or
// -1.
int pillion_key_read(const char *text, size_t size, char **pem, int *kind);

// Issues a certificate. Returns a pillion_crypto_status. The texts end in NUL and must be freed with pillion_x509_free.
int pillion_x509_issue(const struct pillion_x509_request *, char **certificate, char **key);
void pillion_x509_free(char *text);

// Reads the validity of the first certificate of a text; PILLION_CRYPTO_REFUSED if it is missing.
int pillion_x509_validity(const char *pem, size_t size, int64_t *not_before, int64_t *not_after);

// Whether the certificate is for a DNS name, and whether a key belongs to it: 1 is yes, 0 is no, otherwise a
// pillion_crypto_status. The common name is not checked.
int pillion_x509_has_name(const char *pem, size_t size, const char *name);
int pillion_x509_has_key(const char *pem, size_t size, const char *key, size_t key_size);
// Whether one of the authorities signed it, and all are valid now.
int pillion_x509_is_trusted(const char *pem, size_t size, const char *authorities, size_t authorities_size);

#ifdef __cplusplus
}
#endif
#endif
