/* The files of the page (Sources/Page): a new file needs two entries here. A test compares them with the folder. */
#pragma clang diagnostic ignored "-Wc23-extensions"

#include "CAssets.h"

static const unsigned char index_html[] = {
#embed "../Page/index.html"
};
static const unsigned char page_css[] = {
#embed "../Page/page.css"
};
static const unsigned char icon_svg[] = {
#embed "../Page/icon.svg"
};
static const unsigned char main_js[] = {
#embed "../Page/main.js"
};
static const unsigned char dom_js[] = {
#embed "../Page/dom.js"
};
static const unsigned char api_js[] = {
#embed "../Page/api.js"
};
static const unsigned char state_js[] = {
#embed "../Page/state.js"
};
static const unsigned char runner_js[] = {
#embed "../Page/runner.js"
};
static const unsigned char lines_js[] = {
#embed "../Page/lines.js"
};
static const unsigned char longtext_js[] = {
#embed "../Page/longtext.js"
};
static const unsigned char windowed_js[] = {
#embed "../Page/windowed.js"
};
static const unsigned char editor_js[] = {
#embed "../Page/editor.js"
};
static const unsigned char tabs_js[] = {
#embed "../Page/tabs.js"
};
static const unsigned char commands_js[] = {
#embed "../Page/commands.js"
};
static const unsigned char difference_js[] = {
#embed "../Page/difference.js"
};
static const unsigned char inject_js[] = {
#embed "../Page/inject.js"
};
static const unsigned char decision_js[] = {
#embed "../Page/decision.js"
};
static const unsigned char result_js[] = {
#embed "../Page/result.js"
};
static const unsigned char patch_js[] = {
#embed "../Page/patch.js"
};
static const unsigned char template_js[] = {
#embed "../Page/template.js"
};
static const unsigned char configuration_js[] = {
#embed "../Page/configuration.js"
};
static const unsigned char reasons_js[] = {
#embed "../Page/reasons.js"
};
static const unsigned char examples_js[] = {
#embed "../Page/examples.js"
};
static const unsigned char functions_js[] = {
#embed "../Page/functions.js"
};
static const unsigned char rendering_js[] = {
#embed "../Page/rendering.js"
};

#define FILE(name, type, bytes) {name, type, {bytes, sizeof bytes}}
#define SCRIPT(name, bytes) FILE(name, "text/javascript; charset=utf-8", bytes)

static const struct pillion_page_file files[] = {
    FILE("index.html", "text/html; charset=utf-8", index_html),
    FILE("page.css", "text/css; charset=utf-8", page_css),
    FILE("icon.svg", "image/svg+xml", icon_svg),
    SCRIPT("main.js", main_js),
    SCRIPT("dom.js", dom_js),
    SCRIPT("api.js", api_js),
    SCRIPT("state.js", state_js),
    SCRIPT("runner.js", runner_js),
    SCRIPT("lines.js", lines_js),
    SCRIPT("longtext.js", longtext_js),
    SCRIPT("windowed.js", windowed_js),
    SCRIPT("editor.js", editor_js),
    SCRIPT("tabs.js", tabs_js),
    SCRIPT("commands.js", commands_js),
    SCRIPT("difference.js", difference_js),
    SCRIPT("inject.js", inject_js),
    SCRIPT("decision.js", decision_js),
    SCRIPT("result.js", result_js),
    SCRIPT("patch.js", patch_js),
    SCRIPT("template.js", template_js),
    SCRIPT("configuration.js", configuration_js),
    SCRIPT("reasons.js", reasons_js),
    SCRIPT("examples.js", examples_js),
    SCRIPT("functions.js", functions_js),
    SCRIPT("rendering.js", rendering_js),
};

const struct pillion_page_file *const pillion_page_files = files;
const size_t pillion_page_file_count = sizeof files / sizeof *files;
