#include "base/random.h"

#include <ctype.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"

TEST(two_draws_differ)
{
    uint8_t a[32], b[32], large[2][1000];

    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    random_bytes(large[0], sizeof large[0]);
    random_bytes(large[1], sizeof large[1]);
    CHECK(memcmp(large[0], large[1], sizeof large[0]) != 0);
    CHECK(random_u64() != random_u64());
}

TEST(a_bounded_draw_stays_below_and_reaches_every_value)
{
    unsigned seen[7] = {0};

    for (int i = 0; i < 7000; i++) {
        uint64_t x = random_below(7);

        CHECK(x < 7);
        seen[x]++;
    }
    for (int i = 0; i < 7; i++)
        CHECK(seen[i] > 700 && seen[i] < 1300); /* 1000 expected, deviation 29 */
    CHECK_EQ(random_below(1), 0);
    CHECK(random_below(UINT64_MAX) < UINT64_MAX);
}

TEST(random_text_is_letters_and_digits_with_a_nul_behind)
{
    CLEANUP(arena_finip) struct arena a;
    bool seen[256] = {0};
    size_t kinds = 0;

    arena_init(&a, 0);
    struct str s = random_text(&a, 5000);
    CHECK_EQ(s.n, 5000);
    CHECK_EQ(s.p[5000], '\0');
    for (size_t i = 0; i < s.n; i++) {
        CHECK(isalnum((unsigned char)s.p[i]));
        kinds += !seen[(unsigned char)s.p[i]];
        seen[(unsigned char)s.p[i]] = true;
    }
    CHECK_EQ(kinds, 62);
    CHECK_EQ(random_text(&a, 0).n, 0);
}

static void *draw(void *out)
{
    random_bytes(out, 16);
    return NULL;
}

TEST(threads_do_not_share_their_bytes)
{
    uint8_t got[2][16];
    pthread_t thread[2];

    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, draw, got[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    CHECK(memcmp(got[0], got[1], 16) != 0);
}

TEST(a_child_does_not_draw_what_its_parent_draws)
{
    uint64_t drawn, theirs;
    int fds[2];

    CHECK(random_u64() != random_u64()); /* and the store holds more */
    CHECK_EQ(pipe(fds), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        drawn = random_u64();
        _exit(write(fds[1], &drawn, sizeof drawn) == sizeof drawn ? 0 : 1);
    }
    CHECK_EQ(read(fds[0], &theirs, sizeof theirs), sizeof theirs);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    CHECK(random_u64() != theirs);
    close(fds[0]);
    close(fds[1]);
}

TEST_MAIN(two_draws_differ, a_bounded_draw_stays_below_and_reaches_every_value,
          random_text_is_letters_and_digits_with_a_nul_behind, threads_do_not_share_their_bytes,
          a_child_does_not_draw_what_its_parent_draws)
