/* The interface is a header alone. This file sees to it that the header is C99 by itself, and that its records have
   the sizes that engines of this version were built with. */
#include "renderer_plugin.h"

#define HOLDS(name, condition) typedef char name[(condition) ? 1 : -1]

HOLDS(pillion_text_has_its_size, sizeof(struct pillion_text) == sizeof(void *) + sizeof(size_t));
HOLDS(pillion_limits_has_its_size, sizeof(struct pillion_limits) == 64);
