#ifndef PILLION_CGZIP_H
#define PILLION_CGZIP_H

#include <stddef.h>
#include <stdint.h>

/* The bytes as gzip has them, to be freed by the caller; NULL where zlib is not installed. The library is opened when
   it is first needed. */
uint8_t *pillion_gzip(const uint8_t *bytes, size_t size, size_t *out_size);

#endif
