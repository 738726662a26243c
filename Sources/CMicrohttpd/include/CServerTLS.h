#ifndef PILLION_CSERVERTLS_H
#define PILLION_CSERVERTLS_H

/* The functions of GnuTLS that a TLS listener needs in addition to libmicrohttpd's use of it: certificate chains that
   can be replaced while connections continue, and the name in a client's certificate. The library is opened like
   libmicrohttpd, which loads it anyway. */

#include <stddef.h>
#include <stdint.h>

/* A certificate chain with its key, ready for handshakes. It never changes. */
struct pillion_tls_pair {
    void *chain;        /* gnutls_pcert_st[count] */
    unsigned int count;
    void *key;          /* gnutls_privkey_t */
    int64_t not_before; /* of the leaf, seconds since 1970 */
    int64_t not_after;
    unsigned int bits;  /* of the leaf's key */
    int algorithm;      /* gnutls_pk_algorithm_t of the leaf */
};

/* Opens the library. Returns 0, or -1 with the reason in *error (static storage). */
int pillion_tls_open(const char **error);

/* Parses a chain and its key in PEM, and checks that the key is the leaf's. Returns 0, or -1 with the reason in *error
   (static storage). */
int pillion_tls_pair_load(const uint8_t *certificates, size_t certificates_size, const uint8_t *key, size_t key_size,
                          struct pillion_tls_pair *pair, const char **error);
void pillion_tls_pair_free(struct pillion_tls_pair *pair);

/* Whether the leaf was issued for that DNS name. */
int pillion_tls_pair_has_name(const struct pillion_tls_pair *pair, const char *name);

/* Returns the connection that libmicrohttpd stored in a session. */
void *pillion_tls_connection(void *session);

/* Parses the CAs for client certificates from PEM, and stores their number in *count. Returns NULL with the reason in
   *error (static storage). */
void *pillion_tls_authority_load(const uint8_t *pem, size_t size, unsigned int *count, const char **error);
void pillion_tls_authority_free(void *authority);

/* Makes the current handshake of this session request a certificate from the client, of any CA. */
void pillion_tls_ask_client(void *session);

/* Verifies the client's chain. Returns 0 without a certificate; 1 if it is valid, with its common name in `name`
   (truncated to the size); -1 if it is not trusted. */
int pillion_tls_verify_client(void *session, void *authority, char *name, size_t size);

/* Whether the client's certificate was issued for that DNS name. */
int pillion_tls_client_has_name(void *session, const char *name);

/* The buffers for the texts of a certificate, which are truncated to their size. Swift only allocates them: it imports
   a C array as a tuple, and the compiler spent 20 s on copies of 4,096 elements. */
struct pillion_certificate_texts {
    char subject[256];
    char issuer[256];
    char names[4096];
};

/* The contents of a certificate. */
struct pillion_certificate {
    const char *subject;  /* these three are in the texts */
    const char *issuer;
    const char *names;    /* its DNS names, each followed by a line feed */
    const char *algorithm; /* of its key; static storage */
    const char *signature; /* the algorithm of its signature; static storage */
    int64_t not_before;   /* seconds since 1970 */
    int64_t not_after;
    unsigned int bits;    /* of its key */
    int is_rsa;
    int is_signature_secure;
    int is_authority;
    int is_for_servers;   /* by its extended key usage, or without one */
    int is_own_issuer;
    int is_signed_by_next; /* whether the next one in the file signed it */
};

/* Parses a PEM file of certificates, at most `room`. Returns their number, or -1 with the reason in *error (static
   storage). The texts have to outlive the certificates. */
int pillion_certificates_read(const uint8_t *pem, size_t size, struct pillion_certificate *out,
                              struct pillion_certificate_texts *texts, unsigned int room, const char **error);

/* Whether the first certificate was issued for that DNS name. */
int pillion_certificate_has_name(const uint8_t *pem, size_t size, const char *name);

/* Checks whether the chain leads to one of the CAs, is valid now and is for servers. Returns 0, or -1 with a sentence
   in `reason`. */
int pillion_certificates_verify(const uint8_t *pem, size_t size, const uint8_t *authorities, size_t authorities_size,
                                char *reason, size_t room);

/* Reads the chain that the TLS server on the other end of the socket presents, as PEM, without verifying it. Returns 0,
   or -1 with the reason in *error (static storage). */
int pillion_certificates_served(int socket, const char *name, unsigned int milliseconds, uint8_t *out, size_t room,
                                size_t *size, const char **error);

#endif
