// RE2 for the Go engine's regular expressions: linear time, the same syntax family and matching rule as Go's.
//
// What comes in: a pattern and texts, as bytes. What goes out: offsets of groups. What it doesn't do: know Go's
// error texts or its `$1` in replacements. libre2 is opened at the first pattern and never before.
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
    // libre2.so.9 is not there or lacks a function.
    PILLION_REGEX_MISSING = -1,
    // The pattern is refused.
    PILLION_REGEX_REFUSED = -2,
    // The pattern compiles to more than the memory allowed.
    PILLION_REGEX_TOO_LARGE = -3,
};

// Compiles a pattern; `*out` is to be given to `pillion_regex_free`. `problem` (room for `room` bytes, ends in NUL)
// gets what was wrong. `memory` is the number of bytes that the compiled program and its automaton may take.
int pillion_regex_compile(const char *pattern, size_t size, int64_t memory, pillion_regex **out, char *problem,
                          size_t room);
void pillion_regex_free(pillion_regex *regex);

// Instructions of the compiled pattern: at worst, each is tried at every byte of a text.
int pillion_regex_size(const pillion_regex *regex);

// How many groups the pattern has besides the whole match.
int pillion_regex_groups(const pillion_regex *regex);

// Looks for the first match that begins at byte `start` or later. `offsets` gets begin and end of the whole match
// and of `groups - 1` groups, -1 for those that took no part. Answers 1 or 0. Any number of threads may ask.
int pillion_regex_match(const pillion_regex *regex, const char *text, size_t size, size_t start, ptrdiff_t *offsets,
                        int groups);

#ifdef __cplusplus
}
#endif
#endif
