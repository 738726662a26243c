/* The interface consists of a header only. This file checks that the header is valid C99 by itself, and that its
   records have the sizes for which engines of this version were built. */
#include "renderer_plugin.h"

#define HOLDS(name, condition) typedef char name[(condition) ? 1 : -1]

HOLDS(pillion_text_has_its_size, sizeof(struct pillion_text) == sizeof(void *) + sizeof(size_t));
HOLDS(pillion_limits_has_its_size, sizeof(struct pillion_limits) == 64);
