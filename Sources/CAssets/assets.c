/* #embed (C23) includes a file's bytes in the binary at compile time; nothing is unpacked at run time. */
#pragma clang diagnostic ignored "-Wc23-extensions"

#include "CAssets.h"

#define ASSET(name, bytes) const struct pillion_asset name = {bytes, sizeof bytes}

static const unsigned char types_classic[] = {
#embed "data/classic.types"
};
static const unsigned char types_modern[] = {
#embed "data/modern.types"
};
static const unsigned char mesh_classic[] = {
#embed "data/classic.mesh.json"
};
static const unsigned char mesh_modern[] = {
#embed "data/modern.mesh.json"
};
static const unsigned char openapi[] = {
#embed "../../openapi/openapi.yaml"
};

ASSET(pillion_types_classic, types_classic);
ASSET(pillion_types_modern, types_modern);
ASSET(pillion_mesh_defaults_classic, mesh_classic);
ASSET(pillion_mesh_defaults_modern, mesh_modern);
ASSET(pillion_openapi, openapi);
