// RE2 for the Go engine's regular expressions: linear time, with the same syntax family and matching rules as Go's.
//
// In: a pattern and texts, as bytes. Out: offsets of groups. Go's error texts and its `$1` in replacements are
// implemented elsewhere. libre2 is opened only at the first pattern.
#ifndef PILLION_CRE2_H
#define PILLION_CRE2_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pillion_regex pillion_regex;

enum pillion_regex_status {
    PILLION_REGEX_OK = 0,
    // libre2.so.9 is not installed or lacks a function.
    PILLION_REGEX_MISSING = -1,
    // The pattern is not valid.
    PILLION_REGEX_REFUSED = -2,
    // The compiled pattern exceeds the memory limit.
    PILLION_REGEX_TOO_LARGE = -3,
};

// Compiles a pattern; `*out` must be freed with `pillion_regex_free`. `problem` (room for `room` bytes, ends in NUL)
// receives the problem. `memory` is the number of bytes that the compiled program and its automaton may take.
int pillion_regex_compile(const char *pattern, size_t size, int64_t memory, pillion_regex **out, char *problem,
                          size_t room);
void pillion_regex_free(pillion_regex *regex);

// Returns the number of instructions of the compiled pattern: in the worst case, each is tried at every byte of a text.
int pillion_regex_size(const pillion_regex *regex);

// Returns the number of groups of the pattern, without the whole match.
int pillion_regex_groups(const pillion_regex *regex);

// Searches for the first match that begins at byte `start` or later. `offsets` receives the begin and end of the whole
// match and of `groups - 1` groups, or -1 for those that did not match. Returns 1 or 0. Any number of threads may call
// it.
int pillion_regex_match(const pillion_regex *regex, const char *text, size_t size, size_t start, ptrdiff_t *offsets,
                        int groups);

#ifdef __cplusplus
}
#endif
#endif
