/* A whole template engine: ${a.b.0} is the value at that path, $$ is a dollar sign. The model for an engine in C. */
#include "renderer_plugin.h"
#include <stdlib.h>
#include <string.h>

/* A compiled template: its source, and the name of the source for errors. Both stand behind the record. */
struct compiled {
    struct pillion_text name, text;
};

uint32_t pillion_renderer_abi_version(void) { return PILLION_RENDERER_ABI_VERSION; }

const char *pillion_renderer_id(void) { return "dollar"; }

const struct pillion_description *pillion_renderer_describe(void) {
    static const struct pillion_description description = {sizeof description, 0, "1.0.0", NULL, 0, NULL, 0};
    return &description;
}

/* An error at a byte of a source. */
static struct pillion_error error_at(struct pillion_text name, struct pillion_text text, size_t at, uint32_t kind,
                                     const char *message) {
    struct pillion_error error = {kind, 1, 1, 0, name, {message, strlen(message)}};
    for (size_t i = 0; i < at; i++) {
        error.column++;
        if (text.data[i] == '\n') error.line++, error.column = 1;
    }
    return error;
}

/* The end of the placeholder that begins at `at`, or 0 where it has none. */
static size_t end_of(struct pillion_text text, size_t at) {
    const char *brace = at + 2 < text.size ? memchr(text.data + at + 2, '}', text.size - at - 2) : NULL;
    return brace ? (size_t)(brace - text.data) + 1 : 0;
}

int pillion_renderer_compile(const struct pillion_template *source, const struct pillion_reporter *reporter,
                             void **compiled) {
    for (size_t i = 0; i < source->source_count; i++) {
        struct pillion_text name = source->sources[i].name, text = source->sources[i].text;
        if (name.size != source->entry.size || (name.size && memcmp(name.data, source->entry.data, name.size))) continue;
        struct pillion_error error = {PILLION_ERROR_LIMIT, 0, 0, 1, name, {"the source is too long", 22}};
        int failed = source->limits.source_bytes && text.size > source->limits.source_bytes;
        for (size_t at = 0; !failed && at + 1 < text.size; at++) {
            if (text.data[at] != '$' || (text.data[at + 1] != '$' && text.data[at + 1] != '{')) continue;
            if (text.data[at + 1] == '$') at++;
            else if (!(failed = end_of(text, at) == 0)) at = end_of(text, at) - 1;
            else error = error_at(name, text, at, PILLION_ERROR_PARSE, "placeholder is not closed: expected \"}\"");
        }
        if (failed) return reporter->report(reporter->context, &error), PILLION_FAILED;
        struct compiled *result = malloc(sizeof *result + name.size + text.size);
        if (!result) break;
        char *copy = (char *)(result + 1);
        if (name.size) memcpy(copy, name.data, name.size);
        if (text.size) memcpy(copy + name.size, text.data, text.size);
        result->name = (struct pillion_text){copy, name.size};
        result->text = (struct pillion_text){copy + name.size, text.size};
        *compiled = result;
        return PILLION_OK;
    }
    struct pillion_error error = {PILLION_ERROR_PARSE, 0, 0, 0, source->entry, {"there is no such template", 25}};
    return reporter->report(reporter->context, &error), PILLION_FAILED;
}

int pillion_renderer_render(const void *compiled, const struct pillion_data *data, const struct pillion_limits *limits,
                            const struct pillion_sink *sink) {
    const struct compiled *template = compiled;
    struct pillion_text text = template->text;
    (void)limits; /* the sink and poll hold them */
    for (size_t at = 0; at < text.size;) {
        const char *dollar = memchr(text.data + at, '$', text.size - at);
        size_t next = dollar ? (size_t)(dollar - text.data) : text.size;
        if (next > at && sink->write(sink->context, text.data + at, next - at)) return PILLION_STOPPED;
        if (sink->poll(sink->context, 1)) return PILLION_STOPPED;
        if ((at = next) == text.size) break;
        char follows = at + 1 < text.size ? text.data[at + 1] : 0;
        if (follows != '{') { /* a dollar sign, alone or doubled */
            if (sink->write(sink->context, "$", 1)) return PILLION_STOPPED;
            at += follows == '$' ? 2 : 1;
            continue;
        }
        char pointer[256] = "/"; /* a.b.0 as the JSON pointer /a/b/0 */
        size_t end = end_of(text, at), size = end - at - 3;
        struct pillion_value value;
        for (size_t i = 0; i < size && size < sizeof pointer; i++)
            pointer[i + 1] = text.data[at + 2 + i] == '.' ? '/' : text.data[at + 2 + i];
        if (size >= sizeof pointer || !data->find(data->context, (struct pillion_text){pointer, size + 1}, &value)) {
            struct pillion_error error =
                error_at(template->name, text, at, PILLION_ERROR_EXECUTION, "the data has no value of that name");
            return sink->report(sink->context, &error), PILLION_FAILED;
        }
        if (sink->write(sink->context, value.text.data, value.text.size)) return PILLION_STOPPED;
        at = end;
    }
    return PILLION_OK;
}

void pillion_renderer_free(void *compiled) { free(compiled); }
