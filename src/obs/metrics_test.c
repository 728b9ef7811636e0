#include "obs/metrics.h"

#include <pthread.h>

#include "base/test.h"

static struct str render(struct metrics *m, struct sb *out)
{
    sb_init(out, 1 << 20);
    metrics_render(m, out);
    CHECK(!sb_failed(out));
    return sb_str(out);
}

TEST(counters_and_gauges_are_rendered_with_their_labels)
{
    CLEANUP(sb_finip) struct sb out;
    struct metrics *m = metrics_new();

    metrics_request(m, METRIC_MODE_CHAT, 200, 5000);
    metrics_request(m, METRIC_MODE_CHAT, 299, 5000);
    metrics_request(m, METRIC_MODE_MANAGE, 503, 5000);
    metrics_attempt(m, ERR_OK);
    metrics_attempt(m, ERR_UPSTREAM_TIMEOUT);
    metrics_attempt(m, ERR_CLIENT_GONE);
    metrics_attempt(m, ERR_INTERNAL);
    metrics_add(m, METRIC_TOKENS, METRIC_TOKENS_COMPLETION, 1234);
    metrics_add(m, METRIC_QUOTA, 0, 77);
    metrics_add(m, METRIC_OPEN_STREAMS, 0, 3);
    metrics_add(m, METRIC_OPEN_STREAMS, 0, -1);
    metrics_set(m, METRIC_JOURNAL_LAG, 9);
    metrics_set(m, METRIC_JOURNAL_LAG, 4);
    static const char *const want[] = {
        "# HELP yourapi_requests_total Finished requests.\n# TYPE yourapi_requests_total counter\n",
        "\nyourapi_requests_total{mode=\"chat\",status=\"2xx\"} 2\n",
        "\nyourapi_requests_total{mode=\"manage\",status=\"5xx\"} 1\n",
        "\nyourapi_requests_total{mode=\"embeddings\",status=\"4xx\"} 0\n",
        "\nyourapi_upstream_attempts_total{outcome=\"ok\"} 1\n",
        "\nyourapi_upstream_attempts_total{outcome=\"timeout\"} 1\n",
        "\nyourapi_upstream_attempts_total{outcome=\"client_gone\"} 1\n",
        "\nyourapi_upstream_attempts_total{outcome=\"other\"} 1\n",
        "\nyourapi_tokens_total{kind=\"completion\"} 1234\n",
        "\nyourapi_quota_points_total 77\n",
        "# TYPE yourapi_open_streams gauge\nyourapi_open_streams 2\n",
        "\nyourapi_journal_lag_seconds 4\n",
        "\nyourapi_db_errors_total 0\n",
    };
    struct str text = render(m, &out);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        if (!str_has(text, str_from(want[i])))
            test_check_str(text, want[i], __FILE__, __LINE__);
    }
    metrics_free(m);
}

TEST(histograms_are_running_totals_with_sum_and_count)
{
    CLEANUP(sb_finip) struct sb out;
    struct metrics *m = metrics_new();

    metrics_observe(m, METRIC_LEDGER_BATCH, 0, 1);
    metrics_observe(m, METRIC_LEDGER_BATCH, 0, 2);
    metrics_observe(m, METRIC_LEDGER_BATCH, 0, 10);
    metrics_observe(m, METRIC_LEDGER_BATCH, 0, 99999);
    metrics_request(m, METRIC_MODE_OTHER, 404, 2500);
    struct str text = render(m, &out);
    CHECK(str_has(text, STR("# TYPE yourapi_ledger_batch_records histogram\n"
                            "yourapi_ledger_batch_records_bucket{le=\"1\"} 1\n"
                            "yourapi_ledger_batch_records_bucket{le=\"10\"} 3\n"
                            "yourapi_ledger_batch_records_bucket{le=\"50\"} 3\n")));
    CHECK(str_has(text, STR("yourapi_ledger_batch_records_bucket{le=\"10000\"} 3\n"
                            "yourapi_ledger_batch_records_bucket{le=\"+Inf\"} 4\n"
                            "yourapi_ledger_batch_records_sum 100012\n"
                            "yourapi_ledger_batch_records_count 4\n")));
    CHECK(str_has(text, STR("yourapi_request_seconds_bucket{mode=\"other\",le=\"0.001\"} 0\n"
                            "yourapi_request_seconds_bucket{mode=\"other\",le=\"0.0025\"} 1\n")));
    CHECK(str_has(text, STR("yourapi_request_seconds_sum{mode=\"other\"} 0.002500\n"
                            "yourapi_request_seconds_count{mode=\"other\"} 1\n")));
    CHECK_EQ(metrics_read(m, METRIC_LEDGER_BATCH, 0), 4);
    CHECK_EQ(metrics_read(m, METRIC_REQUEST_TIME, METRIC_MODE_OTHER), 1);
    metrics_free(m);
}

TEST(each_cell_is_counted_apart)
{
    struct metrics *m = metrics_new();

    for (unsigned mode = METRIC_MODE_CHAT; mode <= METRIC_MODE_MANAGE; mode++) {
        for (int status = 100; status <= 500; status += 100) {
            for (unsigned i = 0; i < mode * 10 + (unsigned)status / 100; i++)
                metrics_request(m, (enum metric_mode)mode, status + 99, 1);
        }
    }
    for (unsigned mode = METRIC_MODE_CHAT; mode <= METRIC_MODE_MANAGE; mode++) {
        for (unsigned class = 1; class <= 5; class ++)
            CHECK_EQ(metrics_read(m, METRIC_REQUESTS, mode * 5 + class - 1), mode * 10 + class);
    }
    CHECK_EQ(metrics_read(m, METRIC_FIRST_BYTE_TIME, 0), 0);
    CHECK_EQ(metrics_read(m, METRIC_ATTEMPTS, 0), 0);
    metrics_free(m);
}

static void *count(void *m)
{
    for (int i = 0; i < 10000; i++) {
        metrics_add(m, METRIC_QUOTA, 0, 2);
        metrics_add(m, METRIC_OPEN_STREAMS, 0, i % 2 ? -1 : 1);
    }
    return NULL;
}

TEST(nothing_is_lost_when_many_threads_count)
{
    enum { THREADS = 10 }; /* more than there are shards */
    struct metrics *m = metrics_new();
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, count, m), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(metrics_read(m, METRIC_QUOTA, 0), 2 * 10000 * THREADS);
    CHECK_EQ(metrics_read(m, METRIC_OPEN_STREAMS, 0), 0);
    metrics_free(m);
}

TEST(without_metrics_nothing_is_counted)
{
    metrics_request(NULL, METRIC_MODE_CHAT, 200, 1);
    metrics_attempt(NULL, ERR_OK);
    metrics_set(NULL, METRIC_JOURNAL_LAG, 1);
    metrics_free(NULL);
}

TEST_MAIN(counters_and_gauges_are_rendered_with_their_labels,
          histograms_are_running_totals_with_sum_and_count, each_cell_is_counted_apart,
          nothing_is_lost_when_many_threads_count, without_metrics_nothing_is_counted)
