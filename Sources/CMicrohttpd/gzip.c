#include "CGzip.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* zlib's prototypes; three functions do not need its header. */
static struct {
    int (*compress2)(unsigned char *out, unsigned long *out_size, const unsigned char *in, unsigned long size, int level);
    unsigned long (*compressBound)(unsigned long size);
    unsigned long (*crc32)(unsigned long crc, const unsigned char *bytes, unsigned int size);
} zlib;

static int is_there;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
    void *library = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return;
    zlib.compress2 = (__typeof__(zlib.compress2))dlsym(library, "compress2");
    zlib.compressBound = (__typeof__(zlib.compressBound))dlsym(library, "compressBound");
    zlib.crc32 = (__typeof__(zlib.crc32))dlsym(library, "crc32");
    is_there = zlib.compress2 != NULL && zlib.compressBound != NULL && zlib.crc32 != NULL;
}

/* RFC 1952 (gzip): a header of 10 bytes, the output of deflate, a CRC and the size. compress2 writes RFC 1950: the
   output of deflate with a header of 2 and a trailer of 4 bytes. */
enum { gzip_header = 10, zlib_header = 2, zlib_trailer = 4, gzip_trailer = 8 };

static void put32(uint8_t *out, unsigned long number) {
    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(number >> 8 * i);
}

uint8_t *pillion_gzip(const uint8_t *bytes, size_t size, size_t *out_size) {
    pthread_once(&once, open_library);
    if (!is_there || size > UINT32_MAX / 2) return NULL;
    unsigned long room = zlib.compressBound(size);
    uint8_t *out = malloc(gzip_header - zlib_header + room + gzip_trailer);
    if (out == NULL) return NULL;
    uint8_t *body = out + gzip_header - zlib_header;
    if (zlib.compress2(body, &room, bytes, size, 6) != 0) {
        free(out);
        return NULL;
    }
    static const uint8_t header[gzip_header] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};
    memcpy(out, header, sizeof header);
    uint8_t *end = body + room - zlib_trailer;
    put32(end, zlib.crc32(0, bytes, (unsigned int)size));
    put32(end + 4, size);
    *out_size = (size_t)(end + gzip_trailer - out);
    return out;
}
