#ifndef PILLION_CSERVERTLS_H
#define PILLION_CSERVERTLS_H

/* What a TLS listener needs of GnuTLS besides what libmicrohttpd does with it: certificate chains that can be
   swapped while connections go on, and the name in a client's certificate. The library is opened like
   libmicrohttpd, which loads it anyway. */

#include <stddef.h>
#include <stdint.h>

/* A certificate chain with its key, ready for handshakes. Never changes. */
struct pillion_tls_pair {
    void *chain;        /* gnutls_pcert_st[count] */
    unsigned int count;
    void *key;          /* gnutls_privkey_t */
    int64_t not_before; /* of the leaf, seconds since 1970 */
    int64_t not_after;
    unsigned int bits;  /* of the leaf's key */
    int algorithm;      /* gnutls_pk_algorithm_t of the leaf */
};

/* 0, or -1 with the reason in *error (static storage). */
int pillion_tls_open(const char **error);

/* Reads PEM. Checks that the key is the leaf's. 0, or -1 with the reason in *error (static storage). */
int pillion_tls_pair_load(const uint8_t *certificates, size_t certificates_size, const uint8_t *key, size_t key_size,
                          struct pillion_tls_pair *pair, const char **error);
void pillion_tls_pair_free(struct pillion_tls_pair *pair);

/* Whether the leaf is made out for that DNS name. */
int pillion_tls_pair_has_name(const struct pillion_tls_pair *pair, const char *name);

/* The connection that libmicrohttpd left in a session. */
void *pillion_tls_connection(void *session);

/* Verifies the client's chain against the CA of the listener. 0: no certificate; 1: verified, with its common name
   in `name` (cut at the size); -1: not to be trusted. */
int pillion_tls_verify_client(void *session, char *name, size_t size);

/* Whether the client's certificate is made out for that DNS name. */
int pillion_tls_client_has_name(void *session, const char *name);

#endif
