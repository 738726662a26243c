#ifndef PILLION_CSTACK_H
#define PILLION_CSTACK_H

#include <stdint.h>

/// Returns the address of the calling function's frame on its stack, which grows towards lower addresses. Swift has no
/// way to get it. The address of a local variable would work too, but the address sanitizer keeps those elsewhere.
static inline uintptr_t stack_address(void) { return (uintptr_t)__builtin_frame_address(0); }

#endif
