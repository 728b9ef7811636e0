/*
 * chunk_bench - what the relay does with one chunk of a stream besides sockets: cut it out of the
 * bytes, look into it, count its text. Prints nanoseconds a chunk as a markdown table; each figure
 * is the best of several rounds, because a disturbance only ever makes slower.
 */
#include <stdio.h>
#include <time.h>

#include "base/json.h"
#include "base/panic.h"
#include "base/sb.h"
#include "billing/tokens.h"
#include "codec/sse.h"
#include "dialect/peek.h"

enum { ROUNDS = 300, CHUNKS = 1000, REPEATS = 2 };

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What OpenAI sends: about 200 bytes for a word or two. */
static void make_stream(struct sb *sb, const char *text, const char *rest)
{
    for (int i = 0; i < CHUNKS; i++)
        sb_fmt(sb,
               "data: {\"id\":\"chatcmpl-9x8y7z\",\"object\":\"chat.completion.chunk\",\"created\":"
               "1700000000,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{"
               "\"content\":\"%s\"},\"finish_reason\":null}]%s}\n\n",
               text, rest);
}

static void count_text(void *ctx, struct str text)
{
    token_meter_add(ctx, text);
}

enum depth { CUT, LOOK, COUNT, PLAIN };

/* One run over the stream; returns something that depends on all of it. */
static int64_t run(struct str all, enum depth depth)
{
    struct token_meter meter;
    struct sse_event ev;
    struct sse sse;
    int64_t seen = 0;

    token_meter_init(&meter, STR("gpt-4o-mini"));
    sse_init(&sse, 1 << 20);
    while (sse_next(&sse, &all, &ev) == SSE_EVENT) {
        struct peek_answer a = {0};

        if (depth == PLAIN)
            seen += json_find_members(ev.data, NULL, NULL, 0, NULL) == ERR_OK;
        else if (depth != CUT)
            peek_answer(ev.data, depth == COUNT ? count_text : NULL, &meter, &a);
        seen += a.has_content + (int64_t)ev.data.n;
    }
    sse_fini(&sse);
    return seen + token_meter_count(&meter);
}

static double best_ns(struct str all, enum depth depth)
{
    double best = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t from = now_ns();
        int64_t sum = 0;

        for (int i = 0; i < REPEATS; i++)
            sum += run(all, depth);
        if (sum == 0)
            panic("chunk_bench: nothing was seen");
        double ns = (double)(now_ns() - from) / (REPEATS * (double)CHUNKS);
        best = ns < best ? ns : best;
    }
    return best;
}

static void measure(const char *name, const char *text, const char *rest)
{
    struct sb sb;

    sb_init(&sb, 64 << 20);
    make_stream(&sb, text, rest);
    printf("| %s | %zu | %.0f | %.0f | %.0f | %.0f |\n", name, sb.n / CHUNKS,
           best_ns(sb_str(&sb), CUT), best_ns(sb_str(&sb), LOOK), best_ns(sb_str(&sb), COUNT),
           best_ns(sb_str(&sb), PLAIN));
    sb_fini(&sb);
}

int main(void)
{
    printf("| chunk | bytes | cut ns | and look | and count | cut and only check the JSON |\n");
    printf("|---|---|---|---|---|---|\n");
    measure("a word", " gateway", "");
    measure("with a null usage", " gateway", ",\"usage\":null");
    measure("escaped Chinese", "\\u4f60\\u597d\\u4e16\\u754c", "");
    measure("with usage", " gateway",
            ",\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}");
    return 0;
}
