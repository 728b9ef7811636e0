/*
 * json_bench - reading a chat request with our reader, with the search for members, and with other
 * libraries, all in one run on one core. Prints a markdown table.
 *
 * What is timed is what a program would do with each: read the text, and free what it made. A
 * figure is the best of several rounds, because a disturbance only ever makes slower.
 */
#include <malloc.h>
#include <time.h>

#include "base/json.h"
#include "base/json_patch.h"
#include "base/json_scan.h"
#include "base/json_write.h"
#include "base/panic.h"
#include "bench/json_bench_rivals.h"

enum { ROUNDS = 12, ROUND_NS = 40 * 1000 * 1000 };

/* ---- The texts ---- */

static const struct str prose = STR_INIT(
    "You are reviewing a change to a payment service. The queue is drained by a worker that must "
    "never lose an entry, even if the process is killed between the write and the acknowledgement. "
    "Explain which order of operations is right, and why the other one charges a customer "
    "twice.\n");
static const struct str code = STR_INIT(
    "```c\nstatic int drain(struct queue *q, const char *name)\n{\n\tstruct entry *e;\n\n\twhile "
    "((e "
    "= queue_peek(q)) != NULL) {\n\t\tif (journal_append(q->journal, e->bytes, e->n) < 0) {\n"
    "\t\t\tlog_warn(\"queue \\\"%s\\\" stays at %zu\\n\", name, q->at);\n\t\t\treturn -1;\n\t\t}\n"
    "\t\tqueue_drop(q, e);\n\t}\n\treturn 0;\n}\n```\n");
static const struct str chinese = STR_INIT(
    "请先写日志再确认消息。如果进程在两步之间被终止，重启后会重新执行一次，所以记账必须是幂等的，"
    "不能因为重试而扣两次费用。");
static const struct str emoji =
    STR_INIT("Looks good to me 👍🏽 — ship it 🚀, café au lait “tomorrow”. ");

static void add_message(struct json_writer *w, const char *role, const struct str *parts, size_t n)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    jw_object(w);
    jw_key_str(w, STR("role"), str_from(role));
    jw_key_str(w, STR("content"), str_concat(&a, parts, n));
    jw_end(w);
}

static void add_tool(struct json_writer *w, int i)
{
    char name[32];

    snprintf(name, sizeof name, "lookup_order_%d", i);
    jw_object(w);
    jw_key_str(w, STR("type"), STR("function"));
    jw_key(w, STR("function"));
    jw_object(w);
    jw_key_str(w, STR("name"), str_from(name));
    jw_key_str(w, STR("description"), STR("Finds an order by its number and the customer's name."));
    jw_key_raw(
        w, STR("parameters"),
        STR("{\"type\":\"object\",\"properties\":{\"number\":{\"type\":\"integer\",\"minimum\":1},"
            "\"customer\":{\"type\":\"string\",\"enum\":[\"new\",\"old\",\"any\"]}},\"required\":"
            "[\"number\"],\"additionalProperties\":false}"));
    jw_end(w);
    jw_end(w);
}

/* A chat request of about `bytes`: a system prompt, turns of prose, code, Chinese and emoji, tools.
 */
static void build(struct sb *sb, size_t bytes, int tools)
{
    const struct str parts[] = {prose, code, prose, chinese, emoji};
    struct json_writer w;

    jw_init(&w, sb);
    jw_object(&w);
    jw_key_str(&w, STR("model"), STR("gpt-4o-mini"));
    jw_key(&w, STR("messages"));
    jw_array(&w);
    add_message(&w, "system", &prose, 1);
    for (size_t turn = 0; sb->n + (size_t)tools * 400 + 300 < bytes; turn++) {
        size_t first = turn % 4, count = 1 + turn % 3;

        if (sb->n + 2000 > bytes)
            count = 1;
        add_message(&w, turn % 2 ? "assistant" : "user", parts + first,
                    count < 5 - first ? count : 5 - first);
    }
    jw_end(&w);
    if (tools > 0) {
        jw_key(&w, STR("tools"));
        jw_array(&w);
        for (int i = 0; i < tools; i++)
            add_tool(&w, i);
        jw_end(&w);
    }
    jw_key_f64(&w, STR("temperature"), 0.7);
    jw_key_i64(&w, STR("max_tokens"), 1024);
    jw_key_bool(&w, STR("stream"), true);
    jw_key_raw(&w, STR("stream_options"), STR("{\"include_usage\":true}"));
    jw_end(&w);
}

/* ---- What is measured ---- */

typedef bool work_fn(struct str text);

static bool read_tree(struct str text)
{
    CLEANUP(arena_finip) struct arena a;
    const struct json *root;

    arena_init(&a, 0);
    return json_read(&a, text, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK;
}

static bool find_members(struct str text)
{
    static const struct str keys[] = {STR_INIT("model"), STR_INIT("stream"),
                                      STR_INIT("stream_options"), STR_INIT("max_tokens")};
    struct str found[ARRAY_LEN(keys)];

    return json_find_members(text, keys, found, ARRAY_LEN(keys), NULL) == ERR_OK && found[0].p;
}

/* What the relay does to a body whose model is mapped. */
static bool read_and_patch(struct str text)
{
    CLEANUP(arena_finip) struct arena a;
    const struct json *root;
    size_t n;

    arena_init(&a, 0);
    if (json_read(&a, text, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return false;
    struct json_patch *p = json_patch_new(&a, text, root);
    json_patch_set(p, root, STR("model"), STR("\"other\""));
    return json_patch_render(p, &n) && n == 3;
}

static bool check_utf8(struct str text)
{
    return json_scan_best()->utf8(text.p, text.p + text.n) == text.p + text.n;
}

static int64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* a busy neighbour is not counted */
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Nanoseconds for one call, in one round. */
static double round_ns(work_fn *work, struct str text)
{
    int64_t start = cpu_ns(), took;
    int64_t calls = 0;

    do {
        for (int i = 0; i < 16; i++)
            work(text);
        calls += 16;
        took = cpu_ns() - start;
    } while (took < ROUND_NS);
    return (double)took / (double)calls;
}

struct subject {
    const char *name;
    work_fn *work;
    double ns; /* best so far; 0 when it is left out */
};

/* Round by round through all subjects, so that a change of the clock rate meets all of them. */
static void measure(struct subject *subjects, size_t n, struct str text)
{
    for (size_t i = 0; i < n; i++)
        subjects[i].ns = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < n; i++) {
            if (!subjects[i].work(text))
                continue;
            double ns = round_ns(subjects[i].work, text);

            if (subjects[i].ns <= 0 || ns < subjects[i].ns)
                subjects[i].ns = ns;
        }
    }
}

static void print_table(const struct subject *subjects, size_t n, struct str text,
                        const struct subject *measure_of)
{
    printf("\nA chat request of %zu bytes:\n\n", text.n);
    printf("| reader | µs | MB/s | x cJSON |\n|---|---:|---:|---:|\n");
    for (size_t i = 0; i < n; i++) {
        if (subjects[i].ns <= 0) {
            printf("| %s | not installed | | |\n", subjects[i].name);
            continue;
        }
        printf("| %s | %.2f | %.0f |", subjects[i].name, subjects[i].ns / 1e3,
               (double)text.n * 1e3 / subjects[i].ns);
        if (measure_of->ns > 0)
            printf(" %.1f |\n", measure_of->ns / subjects[i].ns);
        else
            printf(" |\n");
    }
}

static void run(size_t bytes, int tools)
{
    CLEANUP(sb_finip) struct sb sb;
    struct subject subjects[] = {
        {"json_read", read_tree, 0},
        {"json_find_members", find_members, 0},
        {"read and patch", read_and_patch, 0},
        {"UTF-8 check alone", check_utf8, 0},
        {"cJSON", rival_cjson, 0},
        {"jansson", rival_jansson, 0},
    };

    sb_init(&sb, 1u << 20);
    build(&sb, bytes, tools);
    if (sb_failed(&sb) || !read_tree(sb_str(&sb)) || !find_members(sb_str(&sb)))
        panic("the text that is measured is not read");
    measure(subjects, ARRAY_LEN(subjects), sb_str(&sb));
    print_table(subjects, ARRAY_LEN(subjects), sb_str(&sb), &subjects[4]);
}

int main(void)
{
    mallopt(M_TRIM_THRESHOLD, 64 << 20); /* as in a server that has been up for a while: what is
                                          * freed is not given back to the system each time */
    printf("Reading JSON, scanner \"%s\", best of %d rounds\n", json_scan_best()->name, ROUNDS);
    run(1000, 0);
    run(100000, 20);
    return 0;
}
