// Generates load: sends HTTP/1.1 requests to a port of 127.0.0.1 over many connections on one thread, and compares every
// answer byte for byte with those that its case allows. Reads a file of cases; prints one JSON line per window and one
// for the whole run. It has no TLS. scripts/drills/traffic.py writes the file and reads the lines.
//
//   load PORT CASES [--connections N] [--seconds S] [--requests N] [--rate N] [--window MS] [--variations N] [--first N]
//                   [--reopen N] [--timeout MS] [--until-refused]
//
// Without --rate each connection sends its next request when it has its answer. With it, requests are due at that rate
// whatever the server does, and a latency counts from the time when its request was due.
//
// The file has this for each case, with byte counts so that the parts can have any content:
//
//   case NAME WEIGHT BYTES ANSWERS\n REQUEST    answer NAME STATUS BYTES\n BODY …
//
// Twelve '@' are replaced by the request's number, which starts after --first; five '~' by that number modulo
// --variations, with the same number of digits.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CASES = 16, MOST_ANSWERS = 4, MOST_MARKS = 8, MOST_SAMPLES = 5, NUMBER = 12, VARIATION = 5 };

typedef struct {
    char *bytes;
    size_t length;
    size_t numbers[MOST_MARKS], variations[MOST_MARKS];
    int number_count, variation_count;
} Text;

typedef struct {
    char name[64];
    int status;
    Text body;
    unsigned long count;
    double slowest;
} Answer;

typedef struct {
    char name[64];
    int weight, answer_count;
    Text request;
    Answer answers[MOST_ANSWERS];
} Case;

typedef struct {
    int fd, answered, is_reused_once;
    int failure;  // errno of a send; the kernel reports it only once
    Case *asked;  // NULL while idle
    unsigned long number;
    double due;
    char *out, *in;
    size_t out_length, out_sent, in_length, in_room;
} Connection;

static Case cases[MOST_CASES];
static int case_count, weights;
static unsigned long first, issued, answered, wrong, reopened, windowed_wrong, refused;
static unsigned *latencies;  // microseconds of the current window
static size_t latency_count, latency_room;
static unsigned *all_latencies;
static size_t all_count, all_room;
static char samples[MOST_SAMPLES][512];
static int sample_count;
static volatile sig_atomic_t is_ending;

static int port, connections = 8, variations = 5000, reopen_every, epoll;
static double seconds = 1e9, window = 1, timeout_seconds = 10, rate;
static unsigned long requests = ~0ul;
static int until_refused;

static void end(int signal) { (void)signal; is_ending = 1; }

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(2);
}

static void *grown(void *old, size_t bytes) {
    void *new = realloc(old, bytes);
    if (!new) die("no memory for %zu bytes", bytes);
    return new;
}

// MARK: Cases

static void mark(Text *text) {
    static const char number[] = "@@@@@@@@@@@@", variation[] = "~~~~~";
    for (size_t i = 0; i < text->length;) {
        if (i + NUMBER <= text->length && !memcmp(text->bytes + i, number, NUMBER)) {
            if (text->number_count < MOST_MARKS) text->numbers[text->number_count++] = i;
            i += NUMBER;
        } else if (i + VARIATION <= text->length && !memcmp(text->bytes + i, variation, VARIATION)) {
            if (text->variation_count < MOST_MARKS) text->variations[text->variation_count++] = i;
            i += VARIATION;
        } else {
            i++;
        }
    }
}

static void read_text(FILE *file, Text *text, size_t length) {
    text->length = length;
    text->bytes = grown(NULL, length + 1);
    if (fread(text->bytes, 1, length, file) != length) die("the file of cases ends early");
    mark(text);
}

static void read_cases(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) die("cannot read %s: %s", path, strerror(errno));
    size_t length;
    while (case_count < MOST_CASES) {
        Case *c = &cases[case_count];
        if (fscanf(file, " case %63s %d %zu %d", c->name, &c->weight, &length, &c->answer_count) != 4) break;
        fgetc(file);
        if (c->answer_count > MOST_ANSWERS) die("more than %d answers of %s", MOST_ANSWERS, c->name);
        read_text(file, &c->request, length);
        for (int i = 0; i < c->answer_count; i++) {
            Answer *a = &c->answers[i];
            if (fscanf(file, " answer %63s %d %zu", a->name, &a->status, &length) != 3) die("answer of %s", c->name);
            fgetc(file);
            read_text(file, &a->body, length);
        }
        weights += c->weight;
        case_count++;
    }
    fclose(file);
    if (!case_count || !weights) die("%s holds no case", path);
}

// Writes the bytes of a request or answer for one request number into `into`, which is large enough.
static void fill(const Text *text, unsigned long number, char *into) {
    char digits[32];
    memcpy(into, text->bytes, text->length);
    snprintf(digits, sizeof digits, "%0*lu", NUMBER, number % 1000000000000ul);
    for (int i = 0; i < text->number_count; i++) memcpy(into + text->numbers[i], digits, NUMBER);
    snprintf(digits, sizeof digits, "%0*lu", VARIATION, number % variations);
    for (int i = 0; i < text->variation_count; i++) memcpy(into + text->variations[i], digits, VARIATION);
}

static int equals(const Text *text, unsigned long number, const char *bytes, size_t length) {
    static char *expected;
    static size_t room;
    if (length != text->length) return 0;
    if (room < length + 1) expected = grown(expected, room = length + 1);
    fill(text, number, expected);
    return !memcmp(expected, bytes, length);
}

// MARK: Results

static void took(double since) {
    double micros = (now() - since) * 1e6;
    if (latency_count == latency_room) latencies = grown(latencies, sizeof *latencies * (latency_room = latency_room * 2 + 1024));
    latencies[latency_count++] = micros < 4e9 ? micros : 4e9;
}

static void said_wrong(Connection *c, const char *what, const char *bytes, size_t length) {
    wrong++, windowed_wrong++;
    if (sample_count == MOST_SAMPLES) return;
    char *sample = samples[sample_count++];
    int used = snprintf(sample, 200, "%s %lu: %s: ", c->asked ? c->asked->name : "connect", c->number, what);
    for (size_t i = 0; i < length && i < 240; i++)
        sample[used++] = bytes[i] < 0x20 || bytes[i] == '"' || bytes[i] == '\\' || bytes[i] == 0x7f ? ' ' : bytes[i];
    sample[used] = 0;
}

static int ascending(const void *a, const void *b) {
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return x < y ? -1 : x > y;
}

static unsigned quantile(unsigned *sorted, size_t count, double share) {
    return count ? sorted[(size_t)(share * (count - 1))] : 0;
}

static void print_latencies(unsigned *values, size_t count) {
    qsort(values, count, sizeof *values, ascending);
    printf("\"p50\":%u,\"p90\":%u,\"p99\":%u,\"max\":%u", quantile(values, count, 0.5), quantile(values, count, 0.9),
        quantile(values, count, 0.99), count ? values[count - 1] : 0);
}

static void print_window(double length) {
    all_count + latency_count > all_room
        ? (all_latencies = grown(all_latencies, sizeof *all_latencies * (all_room = (all_count + latency_count) * 2)), 0) : 0;
    memcpy(all_latencies + all_count, latencies, sizeof *latencies * latency_count);
    all_count += latency_count;
    printf("{\"seconds\":%.3f,\"answered\":%zu,\"wrong\":%lu,\"total\":%lu,", length, latency_count, windowed_wrong, answered);
    print_latencies(latencies, latency_count);
    puts("}");
    fflush(stdout);
    latency_count = 0;
    windowed_wrong = 0;
}

static void print_run(double length) {
    printf("{\"run\":true,\"seconds\":%.3f,\"issued\":%lu,\"answered\":%lu,\"wrong\":%lu,\"reopened\":%lu,\"refused\":%lu,",
        length, issued, answered, wrong, reopened, refused);
    print_latencies(all_latencies, all_count);
    printf(",\"answers\":{");
    for (int i = 0; i < case_count; i++) {
        printf("%s\"%s\":{", i ? "," : "", cases[i].name);
        for (int j = 0; j < cases[i].answer_count; j++)
            printf("%s\"%s\":%lu", j ? "," : "", cases[i].answers[j].name, cases[i].answers[j].count);
        printf("}");
    }
    printf("},\"slowest\":{");
    for (int i = 0; i < case_count; i++) {
        printf("%s\"%s\":{", i ? "," : "", cases[i].name);
        for (int j = 0; j < cases[i].answer_count; j++)
            printf("%s\"%s\":%.0f", j ? "," : "", cases[i].answers[j].name, cases[i].answers[j].slowest * 1e6);
        printf("}");
    }
    printf("},\"samples\":[");
    for (int i = 0; i < sample_count; i++) printf("%s\"%s\"", i ? "," : "", samples[i]);
    puts("]}");
    fflush(stdout);
}

// MARK: Connections

static void hang_up(Connection *c) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    c->in_length = 0;
    c->answered = 0;
}

static int dial(Connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    c->failure = 0;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("no socket: %s", strerror(errno));
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
        int reason = errno;
        hang_up(c);
        errno = reason;
        return -1;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
    return 0;
}

static void flush(Connection *c) {
    while (c->out_sent < c->out_length) {
        ssize_t n = send(c->fd, c->out + c->out_sent, c->out_length - c->out_sent, MSG_NOSIGNAL);
        if (n <= 0) {
            if (n < 0 && errno != EAGAIN && errno != EINTR && !c->failure) c->failure = errno;
            return;
        }
        c->out_sent += n;
    }
}

static Case *chosen(unsigned long number) {
    int at = number % weights;
    for (int i = 0; i < case_count; i++) {
        if (at < cases[i].weight) return &cases[i];
        at -= cases[i].weight;
    }
    return &cases[0];
}

static void refuse(Connection *c) {
    refused++;
    if (until_refused) is_ending = 1;
    else said_wrong(c, strerror(errno), "", 0);
    c->asked = NULL;
    hang_up(c);
}

static void ask(Connection *c, double due) {
    c->number = first + ++issued;
    c->due = due;
    c->asked = chosen(c->number);
    c->is_reused_once = 0;
    c->out = grown(c->out, c->asked->request.length);
    fill(&c->asked->request, c->number, c->out);
    c->out_length = c->asked->request.length;
    c->out_sent = 0;
    c->in_length = 0;
    if (c->fd < 0 && dial(c)) {
        refuse(c);
        return;
    }
    flush(c);
}

// Called when the server has closed the connection. HTTP allows it to close an open one between two requests; that
// request is sent once more.
static void lost(Connection *c, int reason) {
    int was_used = c->answered > 0 && c->in_length == 0;
    if (!c->asked) {
        hang_up(c);
        return;
    }
    if (was_used && !c->is_reused_once) {
        hang_up(c);
        reopened++;
        c->is_reused_once = 1;
        c->out_sent = 0;
        if (!dial(c)) {
            flush(c);
            return;
        }
        reason = errno;
    }
    errno = reason;
    // When the server stops listening, connections that it never accepted are reset, accepted ones are not.
    int was_never_taken = until_refused && reason == ECONNRESET && c->answered == 0 && c->in_length == 0;
    if (reason == ECONNREFUSED || was_never_taken) {
        refuse(c);
        return;
    }
    said_wrong(c, reason ? strerror(reason) : "the connection ended before the answer", c->in, c->in_length);
    c->asked = NULL;
    hang_up(c);
}

static const char *header(const char *head, const char *end, const char *name) {
    size_t length = strlen(name);
    for (const char *line = head; line < end; line++) {
        line = memmem(line, end - line, "\r\n", 2);
        if (!line) return NULL;
        line += 2;
        if (line + length < end && !strncasecmp(line, name, length) && line[length] == ':') {
            line += length + 1;
            while (*line == ' ') line++;
            return line;
        }
        line--;
    }
    return NULL;
}

static void judge(Connection *c, int status, const char *body, size_t length) {
    answered++;
    took(c->due);
    for (int i = 0; i < c->asked->answer_count; i++) {
        Answer *a = &c->asked->answers[i];
        if (a->status == status && equals(&a->body, c->number, body, length)) {
            a->count++;
            if (now() - c->due > a->slowest) a->slowest = now() - c->due;
            return;
        }
    }
    char what[64];
    snprintf(what, sizeof what, "wrong answer %d", status);
    said_wrong(c, what, body, length);
}

static void receive(Connection *c) {
    while (c->fd >= 0) {
        if (c->in_room - c->in_length < 4096) c->in = grown(c->in, c->in_room = c->in_room * 2 + 16384);
        ssize_t n = recv(c->fd, c->in + c->in_length, c->in_room - c->in_length - 1, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n <= 0) {
            lost(c, c->failure ? c->failure : n < 0 ? errno : 0);
            return;
        }
        c->in_length += n;
        c->in[c->in_length] = 0;
        if (!c->asked) {
            said_wrong(c, "bytes that nobody asked for", c->in, c->in_length);
            hang_up(c);
            return;
        }
        char *end = memmem(c->in, c->in_length, "\r\n\r\n", 4);
        if (!end) continue;
        const char *declared = header(c->in, end + 2, "Content-Length"), *connection = header(c->in, end + 2, "Connection");
        size_t length = declared ? strtoul(declared, NULL, 10) : 0, head = end + 4 - c->in;
        if (c->in_length < head + length) continue;
        if (c->in_length > head + length) said_wrong(c, "more than one answer", c->in, c->in_length);
        judge(c, atoi(c->in + 9), end + 4, length);
        int closes = connection && !strncasecmp(connection, "close", 5);
        c->asked = NULL;
        c->in_length = 0;
        c->answered++;
        if (closes || (reopen_every && c->answered >= reopen_every)) hang_up(c);
        return;
    }
}

// MARK: The run

static void run(Connection *all) {
    double start = now(), began = start, next_due = start, looked = start;
    struct epoll_event events[256];
    int idle_from = 0;
    for (;;) {
        double t = now();
        int is_over = is_ending || t - start >= seconds || issued >= requests, busy = 0;
        if (!is_over) {
            for (int k = 0; k < connections && issued < requests; k++) {
                Connection *c = &all[(idle_from + k) % connections];
                if (c->asked) continue;
                if (rate > 0) {
                    if (next_due > t) break;
                    ask(c, next_due);
                    next_due += 1 / rate;
                } else {
                    ask(c, now());
                }
            }
            idle_from = (idle_from + 1) % connections;
        }
        for (int k = 0; k < connections; k++) busy += all[k].asked != NULL;
        if (is_over && !busy) break;
        int wait = 50;
        if (rate > 0 && !is_over && busy < connections) {
            double left = (next_due - now()) * 1e3;
            wait = left < 0 ? 0 : left > 50 ? 50 : (int)left;
        }
        struct timespec pause = {0, 0};
        int count = epoll_wait(epoll, events, 256, wait);
        if (!count && rate > 0 && !wait && next_due > now()) {
            pause.tv_nsec = 100000;
            nanosleep(&pause, NULL);
        }
        for (int i = 0; i < count; i++) {
            Connection *c = events[i].data.ptr;
            if (c->fd < 0) continue;
            if (events[i].events & EPOLLOUT) flush(c);
            if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)) receive(c);
        }
        t = now();
        if (t - looked > 0.1) {
            looked = t;
            for (int k = 0; k < connections; k++)
                if (all[k].asked && t - all[k].due > timeout_seconds) {
                    said_wrong(&all[k], "no answer in time", all[k].in, all[k].in_length);
                    all[k].asked = NULL;
                    hang_up(&all[k]);
                }
        }
        if (t - began >= window) {
            print_window(t - began);
            began = t;
        }
    }
    print_window(now() - began);
    print_run(now() - start);
}

int main(int count, char **words) {
    if (count < 3) die("usage: load PORT CASES [options]; its head comment has them");
    port = atoi(words[1]);
    read_cases(words[2]);
    for (int i = 3; i < count; i++) {
        const char *flag = words[i];
        if (!strcmp(flag, "--until-refused")) { until_refused = 1; continue; }
        if (i + 1 == count) die("%s wants a value", flag);
        double value = atof(words[++i]);
        if (!strcmp(flag, "--connections")) connections = value;
        else if (!strcmp(flag, "--seconds")) seconds = value;
        else if (!strcmp(flag, "--requests")) requests = value;
        else if (!strcmp(flag, "--rate")) rate = value;
        else if (!strcmp(flag, "--window")) window = value / 1e3;
        else if (!strcmp(flag, "--variations")) variations = value;
        else if (!strcmp(flag, "--first")) first = value;
        else if (!strcmp(flag, "--reopen")) reopen_every = value;
        else if (!strcmp(flag, "--timeout")) timeout_seconds = value / 1e3;
        else die("unknown option %s", flag);
    }
    if (connections < 1 || variations < 1) die("want at least one connection and variation");
    signal(SIGINT, end);
    signal(SIGTERM, end);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    Connection *all = calloc(connections, sizeof *all);
    for (int k = 0; k < connections; k++) all[k].fd = -1;
    run(all);
    return 0;
}
