#include "CRE2.h"

#include <dlfcn.h>
#include <re2/re2.h>
#include <stdio.h>
#include <stdlib.h>

#include <new>

// The header has the layout and the inline functions. The four functions in the library are called by address, under
// their C++ ABI names, so that the program starts without libre2. The header and the library have the same soname,
// which fixes that layout.
namespace {

using re2::RE2;
using re2::StringPiece;

struct Library {
    void (*construct)(void *self, const StringPiece &pattern, const RE2::Options &options) = nullptr;
    void (*destroy)(void *self) = nullptr;
    bool (*match)(const void *self, const StringPiece &text, size_t start, size_t end, RE2::Anchor anchor,
                  StringPiece *groups, int count) = nullptr;
    int (*size)(const void *self) = nullptr;
    char problem[256] = "";

    Library() {
        void *handle = dlopen("libre2.so.9", RTLD_NOW | RTLD_LOCAL);
        if (!handle) {
            const char *why = dlerror();
            snprintf(problem, sizeof problem, "libre2.so.9 cannot be opened: %s", why ? why : "no reason given");
            return;
        }
        find(handle, "_ZN3re23RE2C1ERKNS_11StringPieceERKNS0_7OptionsE", construct);
        find(handle, "_ZN3re23RE2D1Ev", destroy);
        find(handle, "_ZNK3re23RE25MatchERKNS_11StringPieceEmmNS0_6AnchorEPS1_i", match);
        find(handle, "_ZNK3re23RE211ProgramSizeEv", size);
    }

    template <typename Function> void find(void *handle, const char *name, Function &function) {
        function = reinterpret_cast<Function>(dlsym(handle, name));
        if (!function && !problem[0]) snprintf(problem, sizeof problem, "libre2.so.9 has no function %s", name);
    }
};

const Library &library() {
    static const Library loaded;
    return loaded;
}

}  // namespace

struct pillion_regex {
    alignas(RE2) unsigned char storage[sizeof(RE2)];
    const RE2 &regex() const { return *reinterpret_cast<const RE2 *>(storage); }
};

int pillion_regex_compile(const char *pattern, size_t size, int64_t memory, pillion_regex **out, char *problem,
                          size_t room) {
    *out = nullptr;
    const Library &lib = library();
    if (lib.problem[0]) {
        snprintf(problem, room, "%s", lib.problem);
        return PILLION_REGEX_MISSING;
    }
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory);
    auto *result = static_cast<pillion_regex *>(malloc(sizeof(pillion_regex)));
    if (!result) {
        snprintf(problem, room, "out of memory");
        return PILLION_REGEX_TOO_LARGE;
    }
    lib.construct(result->storage, StringPiece(pattern, size), options);
    if (result->regex().ok()) {
        *out = result;
        return PILLION_REGEX_OK;
    }
    snprintf(problem, room, "%s", result->regex().error().c_str());
    bool too_large = result->regex().error_code() == RE2::ErrorPatternTooLarge;
    pillion_regex_free(result);
    return too_large ? PILLION_REGEX_TOO_LARGE : PILLION_REGEX_REFUSED;
}

void pillion_regex_free(pillion_regex *regex) {
    if (!regex) return;
    library().destroy(regex->storage);
    free(regex);
}

int pillion_regex_size(const pillion_regex *regex) { return library().size(regex->storage); }

int pillion_regex_groups(const pillion_regex *regex) { return regex->regex().NumberOfCapturingGroups(); }

int pillion_regex_match(const pillion_regex *regex, const char *text, size_t size, size_t start, ptrdiff_t *offsets,
                        int groups) {
    enum { inline_groups = 32 };
    StringPiece few[inline_groups];
    StringPiece *found = groups <= inline_groups ? few : new (std::nothrow) StringPiece[groups];
    if (!found) return 0;
    StringPiece whole(text, size);
    bool matched = library().match(regex->storage, whole, start, size, RE2::UNANCHORED, found, groups);
    for (int i = 0; matched && i < groups; i++) {
        // A group that did not match has no data.
        bool took_part = found[i].data() != nullptr;
        offsets[2 * i] = took_part ? found[i].data() - text : -1;
        offsets[2 * i + 1] = took_part ? offsets[2 * i] + (ptrdiff_t)found[i].size() : -1;
    }
    if (found != few) delete[] found;
    return matched;
}
