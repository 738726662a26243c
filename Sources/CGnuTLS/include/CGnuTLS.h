// Hashes, ciphers and random bytes from GnuTLS, password hashes from libxcrypt.
//
// In: bytes. Out: bytes and a status. No state is kept, and TLS is not supported (libmicrohttpd does that itself). Both
// libraries are opened only at the first call: opening GnuTLS takes milliseconds and megabytes, which a verb without
// hashes does not need.
#ifndef PILLION_CGNUTLS_H
#define PILLION_CGNUTLS_H

#include <stddef.h>
#include <stdint.h>

#include "CCertificates.h"

#ifdef __cplusplus
extern "C" {
#endif

// The numbers are those of GnuTLS (gnutls_digest_algorithm_t).
enum pillion_digest {
    PILLION_MD5 = 2,
    PILLION_SHA1 = 3,
    PILLION_SHA256 = 6,
    PILLION_SHA512 = 8,
};

enum pillion_crypto_status {
    PILLION_CRYPTO_OK = 0,
    // libgnutls.so.30 (or libcrypt.so.1) is not installed or lacks a function: see `pillion_crypto_problem`.
    PILLION_CRYPTO_MISSING = -1,
    // The library refused the arguments.
    PILLION_CRYPTO_REFUSED = -2,
    // There is no memory.
    PILLION_CRYPTO_MEMORY = -3,
};

// Returns the reason why the last call of this thread returned PILLION_CRYPTO_MISSING; never NULL.
const char *pillion_crypto_problem(void);

// Writes the digest of `size` bytes into `out`, which has room for 64.
int pillion_digest(enum pillion_digest algorithm, const void *data, size_t size, uint8_t *out);

// HMAC-SHA-256 (RFC 2104).
int pillion_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size, uint8_t out[32]);

// scrypt (RFC 7914): needs 128 * n * r bytes; n is a power of two.
int pillion_scrypt(const void *password, size_t password_size, const void *salt, size_t salt_size, uint64_t n,
                   uint32_t r, uint32_t p, uint8_t *out, size_t out_size);

// Encrypts or decrypts whole blocks of 16 bytes in place, with AES-256 in CBC mode.
int pillion_aes256_cbc(int encrypt, const uint8_t key[32], const uint8_t iv[16], uint8_t *data, size_t size);

// Writes unpredictable random bytes.
int pillion_random(void *out, size_t size);

// Writes the bcrypt hash with a new salt, `$2a$COST$…` and a NUL (61 bytes), into `out`. The password ends at its first
// NUL.
int pillion_bcrypt(const char *password, unsigned cost, char out[64]);

#ifdef __cplusplus
}
#endif
#endif
