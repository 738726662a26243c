#define _GNU_SOURCE
#include "CGnuTLS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// As declared in <gnutls/crypto.h>, which is not included, so that the build needs no development package.
typedef struct {
    unsigned char *data;
    unsigned int size;
} datum;

static struct {
    int (*hash_fast)(int algorithm, const void *text, size_t size, void *digest);
    int (*hmac_fast)(int algorithm, const void *key, size_t key_size, const void *text, size_t size, void *out);
    int (*cipher_init)(void **handle, int cipher, const datum *key, const datum *iv);
    int (*cipher_encrypt)(void *handle, void *text, size_t size);
    int (*cipher_decrypt)(void *handle, void *text, size_t size);
    void (*cipher_deinit)(void *handle);
    int (*random)(int level, void *data, size_t size);
} gnutls;

static struct {
    char *(*gensalt)(const char *prefix, unsigned long count, const char *random, int size, char *out, int out_size);
    char *(*hash)(const char *phrase, const char *setting, void *data, int size);
} xcrypt;

static pthread_once_t gnutls_once = PTHREAD_ONCE_INIT;
static pthread_once_t xcrypt_once = PTHREAD_ONCE_INIT;
static char gnutls_problem[256];
static char xcrypt_problem[256];
static _Thread_local const char *last_problem = "";

const char *pillion_crypto_problem(void) { return last_problem; }

// Finds one function, or records the name of the missing one.
static void *find(void *library, const char *name, char *problem, size_t room) {
    void *symbol = library ? dlsym(library, name) : NULL;
    if (library && !symbol && !problem[0]) snprintf(problem, room, "the library has no function %s", name);
    return symbol;
}

static void *open_library(const char *name, char *problem, size_t room) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *why = dlerror();
        snprintf(problem, room, "%s cannot be opened: %s", name, why ? why : "no reason given");
    }
    return library;
}

static void open_gnutls(void) {
    char *p = gnutls_problem;
    size_t n = sizeof gnutls_problem;
    void *library = open_library("libgnutls.so.30", p, n);
    gnutls.hash_fast = find(library, "gnutls_hash_fast", p, n);
    gnutls.hmac_fast = find(library, "gnutls_hmac_fast", p, n);
    gnutls.cipher_init = find(library, "gnutls_cipher_init", p, n);
    gnutls.cipher_encrypt = find(library, "gnutls_cipher_encrypt", p, n);
    gnutls.cipher_decrypt = find(library, "gnutls_cipher_decrypt", p, n);
    gnutls.cipher_deinit = find(library, "gnutls_cipher_deinit", p, n);
    gnutls.random = find(library, "gnutls_rnd", p, n);
}

static void open_xcrypt(void) {
    char *p = xcrypt_problem;
    size_t n = sizeof xcrypt_problem;
    void *library = open_library("libcrypt.so.1", p, n);
    xcrypt.gensalt = find(library, "crypt_gensalt_rn", p, n);
    xcrypt.hash = find(library, "crypt_rn", p, n);
}

static int need_gnutls(void) {
    pthread_once(&gnutls_once, open_gnutls);
    last_problem = gnutls_problem;
    return gnutls_problem[0] ? PILLION_CRYPTO_MISSING : PILLION_CRYPTO_OK;
}

int pillion_digest(enum pillion_digest algorithm, const void *data, size_t size, uint8_t *out) {
    int status = need_gnutls();
    if (status) return status;
    return gnutls.hash_fast(algorithm, data, size, out) < 0 ? PILLION_CRYPTO_REFUSED : PILLION_CRYPTO_OK;
}

int pillion_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size, uint8_t out[32]) {
    int status = need_gnutls();
    if (status) return status;
    if (gnutls.hmac_fast(PILLION_SHA256, key, key_size, data, size, out) < 0) return PILLION_CRYPTO_REFUSED;
    return PILLION_CRYPTO_OK;
}

// PBKDF2-HMAC-SHA-256 with one round, which is all that scrypt needs.
static int pbkdf2_once(const void *password, size_t password_size, const uint8_t *salt, size_t salt_size,
                       uint8_t *out, size_t out_size) {
    uint8_t *message = malloc(salt_size + 4);
    if (!message) return PILLION_CRYPTO_MEMORY;
    if (salt_size) memcpy(message, salt, salt_size);
    int status = PILLION_CRYPTO_OK;
    for (uint32_t block = 1; out_size > 0 && !status; block++) {
        uint8_t sum[32];
        for (int i = 0; i < 4; i++) message[salt_size + i] = (uint8_t)(block >> (24 - 8 * i));
        status = pillion_hmac_sha256(password, password_size, message, salt_size + 4, sum);
        size_t part = out_size < 32 ? out_size : 32;
        memcpy(out, sum, part);
        out += part;
        out_size -= part;
    }
    free(message);
    return status;
}

static uint32_t rotate(uint32_t value, int by) { return value << by | value >> (32 - by); }

// Salsa20/8 (RFC 7914, section 3), in place.
static void salsa(uint32_t b[16]) {
    static const uint8_t quarters[8][4] = {
        {0, 4, 8, 12}, {5, 9, 13, 1}, {10, 14, 2, 6}, {15, 3, 7, 11},
        {0, 1, 2, 3},  {5, 6, 7, 4},  {10, 11, 8, 9}, {15, 12, 13, 14},
    };
    uint32_t x[16];
    memcpy(x, b, sizeof x);
    for (int round = 0; round < 8; round += 2)
        for (int q = 0; q < 8; q++) {
            const uint8_t *at = quarters[q];
            x[at[1]] ^= rotate(x[at[0]] + x[at[3]], 7);
            x[at[2]] ^= rotate(x[at[1]] + x[at[0]], 9);
            x[at[3]] ^= rotate(x[at[2]] + x[at[1]], 13);
            x[at[0]] ^= rotate(x[at[3]] + x[at[2]], 18);
        }
    for (int i = 0; i < 16; i++) b[i] += x[i];
}

// scryptBlockMix (section 4): 2 * r blocks of 16 words from `in` to `out`.
static void mix_block(const uint32_t *in, uint32_t *out, uint32_t r) {
    uint32_t x[16];
    memcpy(x, in + (2 * r - 1) * 16, sizeof x);
    for (uint32_t i = 0; i < 2 * r; i++) {
        for (int k = 0; k < 16; k++) x[k] ^= in[i * 16 + k];
        salsa(x);
        memcpy(out + ((i & 1) * r + i / 2) * 16, x, sizeof x);
    }
}

// scryptROMix (section 5) of one part of 128 * r bytes, in place.
static void mix_memory(uint8_t *part, uint64_t n, uint32_t r, uint32_t *table, uint32_t *x, uint32_t *y) {
    size_t words = 32 * (size_t)r;
    for (size_t i = 0; i < words; i++)
        x[i] = part[4 * i] | (uint32_t)part[4 * i + 1] << 8 | (uint32_t)part[4 * i + 2] << 16 |
               (uint32_t)part[4 * i + 3] << 24;
    for (uint64_t i = 0; i < n; i++) {
        memcpy(table + i * words, x, 4 * words);
        mix_block(table + i * words, x, r);
    }
    for (uint64_t i = 0; i < n; i++) {
        uint64_t index = (x[words - 16] | (uint64_t)x[words - 15] << 32) & (n - 1);
        for (size_t k = 0; k < words; k++) y[k] = x[k] ^ table[index * words + k];
        mix_block(y, x, r);
    }
    for (size_t i = 0; i < words; i++)
        for (int k = 0; k < 4; k++) part[4 * i + k] = (uint8_t)(x[i] >> (8 * k));
}

int pillion_scrypt(const void *password, size_t password_size, const void *salt, size_t salt_size, uint64_t n,
                   uint32_t r, uint32_t p, uint8_t *out, size_t out_size) {
    if (n < 2 || (n & (n - 1)) || n > 1 << 24 || r == 0 || r > 64 || p == 0 || p > 64) return PILLION_CRYPTO_REFUSED;
    size_t part = 128 * (size_t)r;
    uint8_t *blocks = malloc(part * p);
    uint32_t *table = malloc(part * n);
    uint32_t *work = malloc(2 * part);
    int status = blocks && table && work ? PILLION_CRYPTO_OK : PILLION_CRYPTO_MEMORY;
    if (!status) status = pbkdf2_once(password, password_size, salt, salt_size, blocks, part * p);
    for (uint32_t i = 0; !status && i < p; i++)
        mix_memory(blocks + i * part, n, r, table, work, work + part / 4);
    if (!status) status = pbkdf2_once(password, password_size, blocks, part * p, out, out_size);
    free(blocks);
    free(table);
    free(work);
    return status;
}

int pillion_aes256_cbc(int encrypt, const uint8_t key[32], const uint8_t iv[16], uint8_t *data, size_t size) {
    enum { aes_256_cbc = 5 };
    int status = need_gnutls();
    if (status) return status;
    if (size % 16) return PILLION_CRYPTO_REFUSED;
    if (size == 0) return PILLION_CRYPTO_OK;
    datum the_key = {(unsigned char *)key, 32}, the_iv = {(unsigned char *)iv, 16};
    void *handle = NULL;
    if (gnutls.cipher_init(&handle, aes_256_cbc, &the_key, &the_iv) < 0) return PILLION_CRYPTO_REFUSED;
    int result = encrypt ? gnutls.cipher_encrypt(handle, data, size) : gnutls.cipher_decrypt(handle, data, size);
    gnutls.cipher_deinit(handle);
    return result < 0 ? PILLION_CRYPTO_REFUSED : PILLION_CRYPTO_OK;
}

int pillion_random(void *out, size_t size) {
    enum { nonce = 0, random = 1 };
    int status = need_gnutls();
    if (status) return status;
    return gnutls.random(random, out, size) < 0 ? PILLION_CRYPTO_REFUSED : PILLION_CRYPTO_OK;
}

int pillion_bcrypt(const char *password, unsigned cost, char out[64]) {
    // sizeof(struct crypt_data) of <crypt.h>, the same in every release of libcrypt.so.1.
    enum { crypt_data_size = 32768 };
    pthread_once(&xcrypt_once, open_xcrypt);
    last_problem = xcrypt_problem;
    if (xcrypt_problem[0]) return PILLION_CRYPTO_MISSING;
    uint8_t seed[16];
    int status = pillion_random(seed, sizeof seed);
    if (status) return status;
    char setting[192];
    if (!xcrypt.gensalt("$2a$", cost, (const char *)seed, sizeof seed, setting, sizeof setting))
        return PILLION_CRYPTO_REFUSED;
    void *data = calloc(1, crypt_data_size);
    if (!data) return PILLION_CRYPTO_MEMORY;
    const char *hash = xcrypt.hash(password, setting, data, crypt_data_size);
    if (hash) snprintf(out, 64, "%s", hash);
    free(data);
    return hash ? PILLION_CRYPTO_OK : PILLION_CRYPTO_REFUSED;
}
