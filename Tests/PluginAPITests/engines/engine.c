/* An engine that prints its source. It keeps the interface's rules; each mutation (cc -DNAME) breaks one of them. */
#include "renderer_plugin.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef WITHOUT_VERSION
uint32_t pillion_renderer_abi_version(void) {
#ifdef OTHER_VERSION
    return PILLION_RENDERER_ABI_VERSION + 1;
#else
    return PILLION_RENDERER_ABI_VERSION;
#endif
}
#endif

const char *pillion_renderer_id(void) {
#if defined NULL_ID
    return NULL;
#elif defined BAD_ID
    return "Bad Id";
#elif defined LONG_ID
    static char id[5000];
    memset(id, 'a', sizeof id);
    return id;
#elif defined TAKEN_ID
    return "mustache";
#else
    return "engine";
#endif
}

const struct pillion_description *pillion_renderer_describe(void) {
    static const char *const names[] = {"escape", NULL};
    static struct pillion_description description = {sizeof description, 0, "1", names, 1, NULL, 0};
#if defined NULL_DESCRIPTION
    return NULL;
#elif defined SMALL_DESCRIPTION
    description.struct_size = 8;
#elif defined NULL_VERSION
    description.version = NULL;
#elif defined NULL_OPTION
    description.option_count = 2;
#elif defined MANY_OPTIONS
    description.option_count = 1u << 30;
#endif
    return &description;
}

static long living;

/* The number of compiled templates that were not freed. */
PILLION_EXPORT long engine_living(void) { return living; }

struct compiled {
    size_t size;
    char text[];
};

int pillion_renderer_compile(const struct pillion_template *source, const struct pillion_reporter *reporter,
                             void **compiled) {
#if defined COMPILE_NULL
    return PILLION_OK;
#elif defined COMPILE_SILENT
    return PILLION_FAILED;
#elif defined COMPILE_ENDLESS
    for (;;) usleep(1000);
#elif defined REPORT_NULL
    reporter->report(reporter->context, NULL);
    return PILLION_FAILED;
#elif defined REPORT_NULL_TEXT
    struct pillion_error error = {PILLION_ERROR_PARSE, 1, 1, 0, {NULL, 0}, {NULL, 99}};
    reporter->report(reporter->context, &error);
    return PILLION_FAILED;
#elif defined REPORT_UNKNOWN_KIND
    struct pillion_error error = {77, 3, 4, 99, {"main", 4}, {"what", 4}};
    reporter->report(reporter->context, &error);
    return PILLION_FAILED;
#endif
    (void)reporter;
    struct compiled *result = malloc(sizeof *result + source->sources[0].text.size);
    result->size = source->sources[0].text.size;
    if (result->size) memcpy(result->text, source->sources[0].text.data, result->size);
    *compiled = result;
    __atomic_add_fetch(&living, 1, __ATOMIC_SEQ_CST);
    return PILLION_OK;
}

#ifndef WITHOUT_RENDER
int pillion_renderer_render(const void *compiled, const struct pillion_data *data, const struct pillion_limits *limits,
                            const struct pillion_sink *sink) {
    const struct compiled *template = compiled;
    (void)data, (void)limits;
#if defined WRITE_NULL
    sink->write(sink->context, NULL, 10);
    return PILLION_OK;
#elif defined WRITE_PAST_LIMIT
    static char block[65536];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 1000; i++) sink->write(sink->context, block, sizeof block);
    return PILLION_OK;
#elif defined RENDER_SILENT
    sink->write(sink->context, "begun", 5);
    return PILLION_FAILED;
#elif defined RENDER_NONSENSE
    return 4711;
#elif defined RENDER_ENDLESS
    if (template->size && template->text[0] == '!')
        for (;;) usleep(1000);
#elif defined RENDER_CRASHES
    if (template->size && template->text[0] == '!') raise(SIGSEGV);
#elif defined RENDER_EXITS
    if (template->size && template->text[0] == '!') _exit(0);
#elif defined RENDER_HOARDS
    if (template->size && template->text[0] == '!')
        for (;;) *(volatile char *)malloc(1 << 24) = 1;
#elif defined RENDER_TALKS
    /* Descriptor 0 is the channel of an isolated engine's process. */
    if (template->size && template->text[0] == '!') return (int)write(0, "nonsense, nonsense", 18);
#elif defined RENDER_FORGED
    /* A frame that claims two gigabytes. */
    if (template->size && template->text[0] == '!') return (int)write(0, "\xff\xff\xff\x7f\x06", 5) * 0;
#elif defined RENDER_OPENS
    int file = open("/etc/passwd", O_RDONLY);
    return sink->write(sink->context, file < 0 ? "closed" : "opened", 6);
#endif
    return sink->write(sink->context, template->text, template->size);
}
#endif

void pillion_renderer_free(void *compiled) {
    free(compiled);
    __atomic_sub_fetch(&living, 1, __ATOMIC_SEQ_CST);
}
