/*
 * renderer_plugin.h: a template engine for Pillion in a shared library.
 *
 * Version 1 of the interface. C99; usable from any language that can export C functions.
 *
 * A library exports the six functions at the end of this file. Pillion opens it with
 * dlopen(RTLD_NOW | RTLD_LOCAL) and calls, once and in this order: pillion_renderer_abi_version,
 * pillion_renderer_id, pillion_renderer_describe. A library that lacks a function, was built for another version,
 * or returns something that this file forbids is refused with a message, and the program continues without it.
 *
 * THREADS   Pillion calls compile, render and free from many threads at once, also render of the same compiled
 *           template. The only state that an engine keeps between calls is in compiled templates, and render does not
 *           change them. The callbacks of a call may be called until the call returns, on the thread of the call.
 * OWNERSHIP The side that allocates frees. Pillion's arguments (texts, records, values) live until the call returns,
 *           and an engine copies what it keeps. Pillion copies an engine's arguments of a callback before the callback
 *           returns. The results of id and describe live as long as the library. A compiled template belongs to the
 *           engine; Pillion returns it with pillion_renderer_free, exactly once, when no render of it runs.
 * BYTES     Texts are bytes with a length, not terminated by a zero, and need not be UTF-8. Only data is always
 *           UTF-8. `data` of a text is NULL only if `size` is 0.
 * LIMITS    A render writes to the sink and polls; if either returns anything but 0, it returns immediately with
 *           PILLION_STOPPED: the output's limit, the limit of steps or the deadline was reached, and Pillion knows
 *           which. An engine that does not poll cannot be stopped within the process.
 * FAILURE   A call that fails reports the reason, once, with its `report`, and returns PILLION_FAILED. It never exits,
 *           aborts, throws, raises a signal or writes to standard output.
 */
#ifndef PILLION_RENDERER_PLUGIN_H
#define PILLION_RENDERER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The result of pillion_renderer_abi_version. It is incremented when engines have to be changed. */
#define PILLION_RENDERER_ABI_VERSION 1u

#if defined(__GNUC__)
#define PILLION_EXPORT __attribute__((visibility("default")))
#else
#define PILLION_EXPORT
#endif

/* The results of compile and render. */
#define PILLION_OK 0
/* The call failed and has reported the reason. */
#define PILLION_FAILED 1
/* A callback requested to stop. */
#define PILLION_STOPPED 2

/* Bytes that somebody else owns. */
struct pillion_text {
    const char *data;
    size_t size;
};

/* The description of an engine. */
struct pillion_description {
    /* sizeof(struct pillion_description) */
    uint32_t struct_size;
    /* 1 if the engine cannot be stopped because it does not poll, and should run in a process that can be killed;
       otherwise 0. */
    uint32_t wants_isolation;
    /* The engine's version, terminated by a zero: "1.0.2". */
    const char *version;
    /* The names of the members of `options` that compile reads, each terminated by a zero; at most 64. */
    const char *const *options;
    size_t option_count;
    /* The names of function sets that a request may select; at most 64. */
    const char *const *function_sets;
    size_t function_set_count;
};

/* A named text of template source. */
struct pillion_source {
    struct pillion_text name;
    struct pillion_text text;
};

/* The limits. 0 means no limit. */
struct pillion_limits {
    /* Bytes of source, of all texts together. */
    uint64_t source_bytes;
    /* The depth of nesting in a template. */
    uint64_t nesting;
    /* The number of nodes of a template. */
    uint64_t nodes;
    /* Steps; Pillion counts those that are passed to poll. */
    uint64_t steps;
    /* Bytes of output; Pillion counts them in the sink. */
    uint64_t output_bytes;
    /* The depth of templates that call templates. */
    uint64_t depth;
    /* Iterations of one loop. */
    uint64_t range_items;
    /* The time at which the call should have ended, in nanoseconds of CLOCK_MONOTONIC. */
    uint64_t deadline;
};

/* The place and the reason of a failed call. */
#define PILLION_ERROR_PARSE 1u     /* the source does not compile */
#define PILLION_ERROR_EXECUTION 2u /* the data does not fit the template */
#define PILLION_ERROR_LIMIT 3u     /* a limit of struct pillion_limits */

struct pillion_error {
    /* PILLION_ERROR_… */
    uint32_t kind;
    /* From 1; 0 if the place is not known. */
    uint32_t line;
    /* From 1, in bytes; 0 if it is not known. */
    uint32_t column;
    /* The exceeded limit: 1 source_bytes, 2 nesting, 3 nodes, 4 steps, 5 output_bytes, 6 depth, 7 range_items; 0 for
       another kind of error. */
    uint32_t limit;
    /* The source of the place; empty if it is not known. */
    struct pillion_text source_name;
    /* A sentence, lower-case, without a full stop: what was found, what was expected. */
    struct pillion_text message;
};

/* The callback with which a call reports its failure. */
struct pillion_reporter {
    void *context;
    void (*report)(void *context, const struct pillion_error *error);
};

/* The sources and options of a template. Texts of options are empty if a request does not set them. */
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
    /* The bytes of a string; for any other kind its JSON. */
    struct pillion_text text;
};

/* The data to render over, in two forms. Both live until render returns. */
struct pillion_data {
    void *context;
    /* Returns all data as JSON (RFC 8259), which is created at the first call. */
    struct pillion_text (*json)(void *context);
    /* Finds the value of a JSON pointer (RFC 6901), where "" is all data. Returns 1 and *value, or 0 if it does not
       exist. */
    int (*find)(void *context, struct pillion_text pointer, struct pillion_value *value);
};

/* The receiver of the output. */
struct pillion_sink {
    void *context;
    /* Appends bytes to the output. If the result is not 0, return PILLION_STOPPED; otherwise continue. */
    int (*write)(void *context, const char *bytes, size_t count);
    /* Must be called every few hundred steps with the number of steps since the last call, also in loops that write
       nothing. If the result is not 0, return PILLION_STOPPED; otherwise continue. */
    int (*poll)(void *context, uint64_t steps);
    void (*report)(void *context, const struct pillion_error *error);
};

/* Returns PILLION_RENDERER_ABI_VERSION. */
PILLION_EXPORT uint32_t pillion_renderer_abi_version(void);

/* Returns the engine's name in requests, terminated by a zero: a lower-case letter, then lower-case letters, digits or
   '-'; at most 63 bytes. */
PILLION_EXPORT const char *pillion_renderer_id(void);

PILLION_EXPORT const struct pillion_description *pillion_renderer_describe(void);

/* Compiles a template. Returns PILLION_OK with *compiled, which is not NULL; or PILLION_FAILED, after reporting the
   failure. */
PILLION_EXPORT int pillion_renderer_compile(const struct pillion_template *source,
                                            const struct pillion_reporter *reporter, void **compiled);

/* Renders the template with the data into the sink. Output before a failure is kept as partial output. */
PILLION_EXPORT int pillion_renderer_render(const void *compiled, const struct pillion_data *data,
                                           const struct pillion_limits *limits, const struct pillion_sink *sink);

PILLION_EXPORT void pillion_renderer_free(void *compiled);

#ifdef __cplusplus
}
#endif

#endif
