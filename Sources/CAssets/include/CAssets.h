/* Data that is part of the program: tables that a file would otherwise have to be found for at run time. */
#ifndef PILLION_ASSETS_H
#define PILLION_ASSETS_H

#include <stddef.h>

/* Bytes that live as long as the process; not terminated. */
struct pillion_asset {
    const unsigned char *bytes;
    size_t count;
};

/* The Go types of a form of configuration, as generate/types.py writes them. */
extern const struct pillion_asset pillion_types_classic;
extern const struct pillion_asset pillion_types_modern;

/* The mesh configuration's defaults of a form, JSON. */
extern const struct pillion_asset pillion_mesh_defaults_classic;
extern const struct pillion_asset pillion_mesh_defaults_modern;

/* The contract of the HTTP interface, openapi/openapi.yaml. */
extern const struct pillion_asset pillion_openapi;

/* A file of the page, Sources/Page. */
struct pillion_page_file {
    const char *name;
    const char *type; /* media type */
    struct pillion_asset content;
};

extern const struct pillion_page_file *const pillion_page_files;
extern const size_t pillion_page_file_count;

#endif
