/*
 * renderer_plugin.h: a template engine for Pillion in a shared library.
 *
 * Version 1 of the interface. C99; usable from any language that can export C functions.
 *
 * A library exports the six functions at the end of this file. Pillion opens it with
 * dlopen(RTLD_NOW | RTLD_LOCAL) and asks, once and in this order: pillion_renderer_abi_version,
 * pillion_renderer_id, pillion_renderer_describe. A library that lacks a function, was built for another version,
 * or answers something that this file forbids is refused with a message, and the program goes on without it.
 *
 * THREADS   Pillion calls compile, render and free from many threads at once, also render of one compiled template.
 *           An engine keeps no state between calls save what a compiled template holds, and render does not change
 *           that. The callbacks that a call receives may be called until the call returns, on the thread that
 *           it came on.
 * OWNERSHIP The side that allocates frees. What Pillion hands in (texts, records, values) lives until the call returns,
 *           and an engine copies what it keeps. What an engine hands out in a callback is copied before the callback
 *           returns. What id and describe return lives as long as the library. A compiled template belongs to the
 *           engine; Pillion gives it back with pillion_renderer_free, exactly once, when no render of it runs.
 * BYTES     Texts are bytes with a length, not terminated by a zero, and need not be UTF-8. Only data is always
 *           UTF-8. `data` of a text is NULL only where `size` is 0.
 * LIMITS    A render writes through the sink and polls; when either answers anything but 0, it returns
 *           at once with PILLION_STOPPED: the output's limit, the limit of steps or the deadline was reached, and
 *           Pillion knows which. An engine that does not poll cannot be stopped within the process.
 * FAILURE   A call that fails reports why, once, through its `report`, and returns PILLION_FAILED. It never exits,
 *           aborts, throws, raises a signal or writes to standard output.
 */
#ifndef PILLION_RENDERER_PLUGIN_H
#define PILLION_RENDERER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What pillion_renderer_abi_version returns. It grows when an engine would have to be changed. */
#define PILLION_RENDERER_ABI_VERSION 1u

#if defined(__GNUC__)
#define PILLION_EXPORT __attribute__((visibility("default")))
#else
#define PILLION_EXPORT
#endif

/* What compile and render return. */
#define PILLION_OK 0
/* The call failed and has reported why. */
#define PILLION_FAILED 1
/* A callback asked to stop. */
#define PILLION_STOPPED 2

/* Bytes that belong to somebody else. */
struct pillion_text {
    const char *data;
    size_t size;
};

/* What an engine says about itself. */
struct pillion_description {
    /* sizeof(struct pillion_description) */
    uint32_t struct_size;
    /* 1: this engine cannot be stopped, for it does not poll; run it in a process that can be killed. Else 0. */
    uint32_t wants_isolation;
    /* The engine's version, terminated by a zero: "1.0.2". */
    const char *version;
    /* Names of the members of `options` that compile reads, each terminated by a zero; 64 at most. */
    const char *const *options;
    size_t option_count;
    /* Names of function sets that a request may ask for; 64 at most. */
    const char *const *function_sets;
    size_t function_set_count;
};

/* A named text of template source. */
struct pillion_source {
    struct pillion_text name;
    struct pillion_text text;
};

/* What may be used. 0 means no limit. */
struct pillion_limits {
    /* Bytes of source, all texts together. */
    uint64_t source_bytes;
    /* Nesting in a template. */
    uint64_t nesting;
    /* Nodes of a template. */
    uint64_t nodes;
    /* Steps; Pillion counts those that poll tells it. */
    uint64_t steps;
    /* Bytes of output; Pillion counts them in the sink. */
    uint64_t output_bytes;
    /* Templates calling templates. */
    uint64_t depth;
    /* Rounds of one loop. */
    uint64_t range_items;
    /* When the call should be over, in nanoseconds of CLOCK_MONOTONIC. */
    uint64_t deadline;
};

/* Where and why a call failed. */
#define PILLION_ERROR_PARSE 1u     /* the source does not compile */
#define PILLION_ERROR_EXECUTION 2u /* the data does not fit the template */
#define PILLION_ERROR_LIMIT 3u     /* a limit of struct pillion_limits */

struct pillion_error {
    /* PILLION_ERROR_… */
    uint32_t kind;
    /* From 1; 0 where the place is not known. */
    uint32_t line;
    /* From 1, in bytes; 0 where it is not known. */
    uint32_t column;
    /* Which limit, by its name: 1 source_bytes, 2 nesting, 3 nodes, 4 steps, 5 output_bytes, 6 depth,
       7 range_items; 0 for another kind of error. */
    uint32_t limit;
    /* The source that the place is in; empty where it is not known. */
    struct pillion_text source_name;
    /* A sentence, lower-case, without a full stop: what was found, what was expected. */
    struct pillion_text message;
};

/* How a call says why it failed. */
struct pillion_reporter {
    void *context;
    void (*report)(void *context, const struct pillion_error *error);
};

/* What a template is compiled from and with. Texts of options are empty where a request does not set them. */
struct pillion_template {
    /* sizeof(struct pillion_template) as Pillion knows it; members may be added at the end. */
    uint32_t struct_size;
    const struct pillion_source *sources;
    size_t source_count;
    /* The name of the source that is rendered. */
    struct pillion_text entry;
    /* "default", "invalid", "zero" or "error" */
    struct pillion_text missing_key;
    struct pillion_text left_delimiter;
    struct pillion_text right_delimiter;
    /* "html", "json", "yaml" or "none" */
    struct pillion_text escape;
    const struct pillion_text *function_sets;
    size_t function_set_count;
    struct pillion_limits limits;
};

/* Kinds of values. */
#define PILLION_NULL 0u
#define PILLION_BOOL 1u
#define PILLION_INTEGER 2u
#define PILLION_NUMBER 3u
#define PILLION_STRING 4u
#define PILLION_ARRAY 5u
#define PILLION_OBJECT 6u

struct pillion_value {
    uint32_t kind;
    /* For an array the number of items, for an object that of its members. */
    uint64_t count;
    /* A string's own bytes; for any other kind its JSON. */
    struct pillion_text text;
};

/* The data to render over, in two forms. Both live until render returns. */
struct pillion_data {
    void *context;
    /* The whole as JSON (RFC 8259), made when it is asked for first. */
    struct pillion_text (*json)(void *context);
    /* The value that a JSON pointer (RFC 6901) names, "" being the whole: 1 and *value, or 0 if it does not exist. */
    int (*find)(void *context, struct pillion_text pointer, struct pillion_value *value);
};

/* Where output goes. */
struct pillion_sink {
    void *context;
    /* Appends bytes to the output. 0: go on; else return PILLION_STOPPED. */
    int (*write)(void *context, const char *bytes, size_t count);
    /* To be called every few hundred steps with the number of steps since the last time, also in loops that write
       nothing. 0: go on; else return PILLION_STOPPED. */
    int (*poll)(void *context, uint64_t steps);
    void (*report)(void *context, const struct pillion_error *error);
};

/* PILLION_RENDERER_ABI_VERSION */
PILLION_EXPORT uint32_t pillion_renderer_abi_version(void);

/* The engine's name in requests, terminated by a zero: a lower-case letter, then lower-case letters, digits or '-';
   63 bytes at most. */
PILLION_EXPORT const char *pillion_renderer_id(void);

PILLION_EXPORT const struct pillion_description *pillion_renderer_describe(void);

/* Makes a template ready. PILLION_OK with *compiled, which is not NULL; or PILLION_FAILED, reported. */
PILLION_EXPORT int pillion_renderer_compile(const struct pillion_template *source,
                                            const struct pillion_reporter *reporter, void **compiled);

/* Renders over the data into the sink. What was written before a failure is kept as partial output. */
PILLION_EXPORT int pillion_renderer_render(const void *compiled, const struct pillion_data *data,
                                           const struct pillion_limits *limits, const struct pillion_sink *sink);

PILLION_EXPORT void pillion_renderer_free(void *compiled);

#ifdef __cplusplus
}
#endif

#endif
