/*
 * Jsonnet as an engine, over Debian's libjsonnet (https://jsonnet.org).
 *
 * The source is a Jsonnet program; the data is std.extVar("data"). A program that evaluates to a string prints that
 * string, any other value prints as JSON, which is YAML too. std.manifestYamlDoc makes YAML that people read.
 *
 * Jsonnet counts no steps and asks nobody whether to go on, so the engine wishes for a process that can be killed.
 * `import` finds the other texts of the request, by name, and never a file of the host.
 */
#include "renderer_plugin.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of libjsonnet.h that is used. The library is opened when the engine is, so that it need not be there to
   build, and a program that does not load this engine does not need it. */
struct JsonnetVm;

static struct {
    void *handle;
    struct JsonnetVm *(*make)(void);
    void (*destroy)(struct JsonnetVm *);
    char *(*realloc_text)(struct JsonnetVm *, char *, size_t);
    void (*max_stack)(struct JsonnetVm *, unsigned);
    void (*ext_code)(struct JsonnetVm *, const char *, const char *);
    void (*import_with)(struct JsonnetVm *, void (*)(void), void *);
    const char *(*version)(void);
    char *(*evaluate)(struct JsonnetVm *, const char *, const char *, int *);
} jsonnet;

/* Frames of Jsonnet's own stack; each takes some of the thread's. */
#define MAX_STACK 500

/* Found when the library is loaded: an isolated process opens no file later. */
__attribute__((constructor)) static void open_jsonnet(void) {
    void *handle = dlopen("libjsonnet.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!handle) return;
#define FIND(member, name) *(void **)&jsonnet.member = dlsym(handle, name)
    FIND(make, "jsonnet_make");
    FIND(destroy, "jsonnet_destroy");
    FIND(realloc_text, "jsonnet_realloc");
    FIND(max_stack, "jsonnet_max_stack");
    FIND(ext_code, "jsonnet_ext_code");
    FIND(import_with, "jsonnet_import_callback");
    FIND(version, "jsonnet_version");
    FIND(evaluate, "jsonnet_evaluate_snippet");
#undef FIND
    if (jsonnet.make && jsonnet.destroy && jsonnet.realloc_text && jsonnet.max_stack && jsonnet.ext_code &&
        jsonnet.import_with && jsonnet.version && jsonnet.evaluate)
        jsonnet.handle = handle;
}

/* --- Records --------------------------------------------------------------------------------------------------- */

/* A compiled template: texts that end with a zero, as libjsonnet wants them. */
struct text {
    char *name;
    char *content;
    size_t size;
};

struct compiled {
    size_t count;
    size_t entry;
    struct text texts[];
};

/* The state of one evaluation. */
struct run {
    const struct compiled *template;
    struct JsonnetVm *vm;
};

uint32_t pillion_renderer_abi_version(void) { return PILLION_RENDERER_ABI_VERSION; }

const char *pillion_renderer_id(void) { return "jsonnet"; }

const struct pillion_description *pillion_renderer_describe(void) {
    static const struct pillion_description description = {sizeof description, 1, "1.0.0", NULL, 0, NULL, 0};
    return &description;
}

static int fail(const struct pillion_reporter *reporter, const char *name, uint32_t kind, uint32_t limit,
                const char *message) {
    struct pillion_error error = {kind, 0, 0, limit, {name, strlen(name)}, {message, strlen(message)}};
    reporter->report(reporter->context, &error);
    return PILLION_FAILED;
}

/* --- Imports: the other texts of the request ------------------------------------------------------------------ */

static const char not_there[] = "no template of that name in the request, and files cannot be imported";

static const struct text *find(const struct run *run, const char *name) {
    for (size_t i = 0; i < run->template->count; i++)
        if (strcmp(run->template->texts[i].name, name) == 0) return &run->template->texts[i];
    return NULL;
}

static char *give(const struct run *run, const char *bytes, size_t size) {
    char *result = jsonnet.realloc_text(run->vm, NULL, size + 1);
    memcpy(result, bytes, size);
    result[size] = 0;
    return result;
}

/* As libjsonnet wants it up to 0.18 … */
static char *import_text(void *context, const char *base, const char *name, char **found_here, int *success) {
    const struct run *run = context;
    const struct text *text = find(run, name);
    (void)base;
    *success = text != NULL;
    if (!text) return give(run, not_there, sizeof not_there - 1);
    *found_here = give(run, name, strlen(name));
    return give(run, text->content, text->size);
}

/* … and from 0.19 on. */
static int import_bytes(void *context, const char *base, const char *name, char **found_here, char **bytes,
                        size_t *size) {
    const struct run *run = context;
    const struct text *text = find(run, name);
    (void)base;
    *bytes = text ? give(run, text->content, text->size) : give(run, not_there, sizeof not_there - 1);
    *size = text ? text->size : sizeof not_there - 1;
    if (text) *found_here = give(run, name, strlen(name));
    return text == NULL;
}

/* A machine for one evaluation: libjsonnet keeps state in it, so none is shared. */
static struct JsonnetVm *make(struct run *run) {
    unsigned major = 0, minor = 0;
    run->vm = jsonnet.make();
    if (!run->vm) return NULL;
    sscanf(jsonnet.version(), "v%u.%u", &major, &minor);
    jsonnet.max_stack(run->vm, MAX_STACK);
    jsonnet.import_with(run->vm, major == 0 && minor < 19 ? (void (*)(void))import_text : (void (*)(void))import_bytes,
                        run);
    return run->vm;
}

/* --- Errors ---------------------------------------------------------------------------------------------------- */

/* libjsonnet says "STATIC ERROR: NAME:LINE:COLUMN: message", or "RUNTIME ERROR: message" with a stack of places
   below, one of which is the template's. `above` lines stand before the source in what was evaluated. */
static int fail_as_said(const struct pillion_reporter *reporter, const struct compiled *template, char *said,
                        unsigned above) {
    struct text entry = template->texts[template->entry];
    size_t length = strlen(entry.name);
    unsigned line = 0, column = 0, lines = 1;
    for (char *at = length ? strstr(said, entry.name) : NULL; at; at = strstr(at + 1, entry.name)) {
        if (sscanf(at + length, ":%u:%u", &line, &column) == 2 || sscanf(at + length, ":(%u:%u", &line, &column) == 2)
            break;
        line = column = 0;
    }
    for (size_t i = 0; i < entry.size; i++) lines += entry.content[i] == '\n';
    line = line > above ? line - above : 0;
    int ends_early = line > lines; /* what stands there is this file's own */
    if (ends_early) line = lines, column = 0;
    int is_static = strncmp(said, "STATIC ERROR: ", 14) == 0;
    char *message = said, *behind = NULL;
    if (is_static) message += 14;
    else if (strncmp(said, "RUNTIME ERROR: ", 15) == 0) message += 15;
    if (is_static && line && strncmp(message, entry.name, length) == 0 && (behind = strstr(message + length, ": ")))
        message = behind + 2;
    message[strcspn(message, "\n")] = 0;
    if (*message >= 'A' && *message <= 'Z' && !(message[1] >= 'A' && message[1] <= 'Z')) *message |= 0x20;
    if (ends_early) message = "the program ends where something should follow";
    size_t size = strlen(message);
    if (size && message[size - 1] == '.') size--;
    struct pillion_error error = {is_static ? PILLION_ERROR_PARSE : PILLION_ERROR_EXECUTION, line, column, 0,
                                  {entry.name, length}, {message, size}};
    reporter->report(reporter->context, &error);
    return PILLION_FAILED;
}

/* --- Compiling ------------------------------------------------------------------------------------------------- */

static char *copy(struct pillion_text text) {
    char *result = malloc(text.size + 1);
    if (!result) return NULL;
    if (text.size) memcpy(result, text.data, text.size);
    result[text.size] = 0;
    return result;
}

/* Reads the source without evaluating it: as a hidden member of an object, on lines of its own. */
static int check(const struct compiled *template, const struct pillion_reporter *reporter) {
    struct run run = {template, NULL};
    struct text entry = template->texts[template->entry];
    static const char before[] = "{ source:: (\n", after[] = "\n) }";
    char *wrapped = malloc(sizeof before + entry.size + sizeof after);
    if (!wrapped || !make(&run)) {
        free(wrapped);
        return fail(reporter, entry.name, PILLION_ERROR_EXECUTION, 0, "there is no memory to read it with");
    }
    memcpy(wrapped, before, sizeof before - 1);
    memcpy(wrapped + sizeof before - 1, entry.content, entry.size);
    memcpy(wrapped + sizeof before - 1 + entry.size, after, sizeof after);
    int failed = 0;
    char *said = jsonnet.evaluate(run.vm, entry.name, wrapped, &failed);
    if (failed) fail_as_said(reporter, template, said, 1);
    jsonnet.realloc_text(run.vm, said, 0);
    jsonnet.destroy(run.vm);
    free(wrapped);
    return failed ? PILLION_FAILED : PILLION_OK;
}

void pillion_renderer_free(void *compiled) {
    struct compiled *template = compiled;
    for (size_t i = 0; i < template->count; i++) {
        free(template->texts[i].name);
        free(template->texts[i].content);
    }
    free(template);
}

int pillion_renderer_compile(const struct pillion_template *source, const struct pillion_reporter *reporter,
                             void **compiled) {
    if (!jsonnet.handle)
        return fail(reporter, "jsonnet", PILLION_ERROR_EXECUTION, 0,
                    "libjsonnet.so.0 is not there: install the package libjsonnet0");
    struct compiled *template = calloc(1, sizeof *template + source->source_count * sizeof *template->texts);
    if (!template) return fail(reporter, "jsonnet", PILLION_ERROR_EXECUTION, 0, "there is no memory");
    uint64_t total = 0;
    template->count = source->source_count;
    template->entry = template->count;
    int status = PILLION_OK;
    for (size_t i = 0; i < template->count; i++) {
        const struct pillion_source *given = &source->sources[i];
        struct text *text = &template->texts[i];
        text->name = copy(given->name);
        text->content = copy(given->text);
        text->size = given->text.size;
        total += text->size;
        if (!text->name || !text->content) {
            status = fail(reporter, "jsonnet", PILLION_ERROR_EXECUTION, 0, "there is no memory");
            break;
        }
        if (strlen(text->content) != text->size) {
            status = fail(reporter, text->name, PILLION_ERROR_PARSE, 0, "the source has a zero byte in it");
            break;
        }
        if (given->name.size == source->entry.size &&
            (given->name.size == 0 || memcmp(given->name.data, source->entry.data, given->name.size) == 0))
            template->entry = i;
    }
    if (status == PILLION_OK && source->limits.source_bytes && total > source->limits.source_bytes)
        status = fail(reporter, "jsonnet", PILLION_ERROR_LIMIT, 1, "the sources are too long");
    if (status == PILLION_OK && template->entry == template->count)
        status = fail(reporter, "jsonnet", PILLION_ERROR_PARSE, 0, "there is no such template");
    if (status == PILLION_OK) status = check(template, reporter);
    if (status != PILLION_OK) {
        pillion_renderer_free(template);
        return status;
    }
    *compiled = template;
    return PILLION_OK;
}

/* --- Rendering ------------------------------------------------------------------------------------------------- */

static unsigned hexadecimal(const char *digits) {
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned digit = (unsigned char)digits[i];
        value = value << 4 | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    return value;
}

/* Turns a JSON string, as libjsonnet writes it, into its text, in place. Above ASCII only what needs no escape is
   written by its bytes, so an escape stands for a control character. */
static size_t unquote(char *text) {
    char *to = text;
    for (const char *from = text + 1; *from && *from != '"'; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        unsigned code;
        switch (*++from) {
        case 'b': *to++ = '\b'; break;
        case 'f': *to++ = '\f'; break;
        case 'n': *to++ = '\n'; break;
        case 'r': *to++ = '\r'; break;
        case 't': *to++ = '\t'; break;
        case 'u':
            code = hexadecimal(from + 1);
            from += 4;
            if (code >= 0x80) *to++ = (char)(0xc0 | code >> 6), code = 0x80 | (code & 0x3f);
            *to++ = (char)code;
            break;
        default: *to++ = *from;
        }
    }
    return (size_t)(to - text);
}

int pillion_renderer_render(const void *compiled, const struct pillion_data *data, const struct pillion_limits *limits,
                            const struct pillion_sink *sink) {
    const struct compiled *template = compiled;
    const struct text *entry = &template->texts[template->entry];
    struct run run = {template, NULL};
    struct pillion_reporter reporter = {sink->context, sink->report};
    (void)limits;
    if (sink->poll(sink->context, 1)) return PILLION_STOPPED;
    char *json = copy(data->json(data->context));
    if (!json || !make(&run)) {
        free(json);
        return fail(&reporter, entry->name, PILLION_ERROR_EXECUTION, 0, "there is no memory");
    }
    jsonnet.ext_code(run.vm, "data", json);
    free(json);
    int failed = 0, status = PILLION_OK;
    char *output = jsonnet.evaluate(run.vm, entry->name, entry->content, &failed);
    if (failed) {
        status = fail_as_said(&reporter, template, output, 0);
    } else {
        size_t size = *output == '"' ? unquote(output) : strlen(output);
        if (sink->poll(sink->context, 1) || sink->write(sink->context, output, size)) status = PILLION_STOPPED;
    }
    jsonnet.realloc_text(run.vm, output, 0);
    jsonnet.destroy(run.vm);
    return status;
}
