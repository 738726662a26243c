#ifndef PILLION_CSTACK_H
#define PILLION_CSTACK_H

#include <stdint.h>

/// Where the calling function's frame stands on its stack, which grows towards lower addresses: Swift cannot ask.
/// The address of a local variable would do, but the address sanitizer keeps those elsewhere.
static inline uintptr_t stack_address(void) { return (uintptr_t)__builtin_frame_address(0); }

#endif
