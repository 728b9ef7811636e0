#include "ledger/batch.h"

#include "base/test.h"

TEST(a_slow_database_gets_smaller_batches_and_a_quick_one_larger)
{
    CHECK_EQ(batch_next_limit(16000, 16000, 10), 16000);
    CHECK_EQ(batch_next_limit(16000, 16000, 1500), 16000); /* as it should be */
    CHECK_EQ(batch_next_limit(16000, 16000, 2001), 8000);
    CHECK_EQ(batch_next_limit(8000, 16000, 1500), 8000);
    CHECK_EQ(batch_next_limit(4000, 16000, 10), 8000);
    CHECK_EQ(batch_next_limit(9000, 16000, 10), 16000);
}

TEST(a_batch_has_never_less_than_its_least_nor_more_than_its_most)
{
    static const size_t mosts[] = {1, 2, 3, 4, 5, 7, 1000, 16000};

    for (size_t i = 0; i < ARRAY_LEN(mosts); i++) {
        const size_t most = mosts[i];
        size_t limit = most;

        for (int slow = 0; slow < 20; slow++)
            limit = batch_next_limit(limit, most, 5000);
        CHECK_EQ(limit, most / 4 > 0 ? most / 4 : 1);
        for (int quick = 0; quick < 20; quick++) {
            limit = batch_next_limit(limit, most, 1);
            CHECK(limit >= 1 && limit <= most);
        }
        CHECK_EQ(limit, most);
    }
}

TEST_MAIN(a_slow_database_gets_smaller_batches_and_a_quick_one_larger,
          a_batch_has_never_less_than_its_least_nor_more_than_its_most)
