#ifndef PILLION_CGZIP_H
#define PILLION_CGZIP_H

#include <stddef.h>
#include <stdint.h>

/* Compresses bytes in the gzip format. The caller frees the result; NULL if zlib is not installed. The library is
   opened at first use. */
uint8_t *pillion_gzip(const uint8_t *bytes, size_t size, size_t *out_size);

#endif
