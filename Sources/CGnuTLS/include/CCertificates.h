// Certificates by GnuTLS: making them, and the few facts that decide whether one can be kept.
//
// What comes in and goes out: PEM, which is what Secrets and files hold. Keys are ECDSA over P-256 unless one is
// given, signatures SHA-256 (Ed25519: its own). What it doesn't do: TLS, revocation, or judging chains of more than a
// leaf and who signed it.
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
    // DNS names, ended by NULL; none for an authority.
    const char *const *names;
    int is_authority;
    // Seconds since 1970.
    int64_t not_before, not_after;
    // PEM of who signs; NULL signs by itself.
    const char *issuer_certificate, *issuer_key;
    size_t issuer_certificate_size, issuer_key_size;
    // What follows may all be 0.
    const struct pillion_x509_address *addresses;
    size_t address_count;
    // The certificate's own key; NULL makes one.
    const char *key;
    size_t key_size;
    // As templates want them: for servers and clients, the key for signatures and encipherment, authorities of any
    // depth.
    int is_for_any_use;
};

// A new key in the form that OpenSSL had for its kind before PKCS #8 (Ed25519 has that one only).
// ECDSA is over P-256; `bits` is for RSA and DSA.
int pillion_key_generate(enum pillion_key_kind, unsigned bits, char **pem);
// The same key in that form; PILLION_CRYPTO_REFUSED where the text holds none. `kind` gets a pillion_key_kind, or -1.
int pillion_key_read(const char *text, size_t size, char **pem, int *kind);

// A pillion_crypto_status. The texts, with a NUL at their end, are for pillion_x509_free.
int pillion_x509_issue(const struct pillion_x509_request *, char **certificate, char **key);
void pillion_x509_free(char *text);

// Of the first certificate of a text; PILLION_CRYPTO_REFUSED if it is missing.
int pillion_x509_validity(const char *pem, size_t size, int64_t *not_before, int64_t *not_after);

// 1 yes, 0 no, else a pillion_crypto_status. The name is a DNS name; the common name is not read.
int pillion_x509_has_name(const char *pem, size_t size, const char *name);
int pillion_x509_has_key(const char *pem, size_t size, const char *key, size_t key_size);
// Whether one of the authorities signed it, all being in force now.
int pillion_x509_is_trusted(const char *pem, size_t size, const char *authorities, size_t authorities_size);

#ifdef __cplusplus
}
#endif
#endif
