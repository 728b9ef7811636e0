#include "billing/price.h"

#include <math.h>

#include "base/json_write.h"
#include "base/random.h"
#include "base/test.h"
#include "billing/decimal.h"

/* A plan of plain numbers. */
static struct price_plan plan_of(double ratio, double completion, double group)
{
    return (struct price_plan){.model = {.known = true,
                                         .price_usd = -1,
                                         .ratio = ratio,
                                         .completion_ratio = completion,
                                         .cache_ratio = 1,
                                         .cache_write_ratio = 1.25,
                                         .image_ratio = 1,
                                         .audio_ratio = 1,
                                         .audio_completion_ratio = 1},
                               .group_ratio = group,
                               .user_group_ratio = -1,
                               .quota_per_unit = 500000,
                               .pre_consumed_tokens = 500};
}

static struct usage tokens(int64_t prompt, int64_t completion)
{
    return (struct usage){.prompt = prompt, .completion = completion, .reported = true};
}

static int64_t charge(struct price_plan plan, struct usage usage)
{
    return price_charge(&plan, &usage);
}

/*
 * Made by a throw-away program with exact fractions over the shortest decimal of each number: model
 * (per call, price, ratio, completion, cache, cache write, image, audio, audio completion, audio
 * priced), group, quota per unit, usage (prompt, completion, cached, cache write, image, audio in,
 * audio out), points.
 */
/* clang-format off */
static const struct {
    struct {
        bool per_call;
        double price, ratio, completion, cache, cache_write, image, audio, audio_completion;
        bool audio_priced;
    } m;
    double group, quota_per_unit;
    struct {
        int64_t prompt, completion, cached, cache_write, image, audio_in, audio_out;
    } u;
    int64_t points;
} vectors[] = {
    {{false, -1.0, 2.5, 7.5, 7.5, 66.67, 0.6, 0.8572, 0.1, false}, 1.0, 123456.7, {198021574, 1005146833, 0, 0, 0, 76064046, 0}, INT64_C(19341557054)},
    {{false, -1.0, 2.5, 0.25, 0.075, 1.5, 2.0, 0.7, 7.143, false}, 0.1, 500000.0, {4, 3358, 0, 0, 0, 3, 0}, INT64_C(211)},
    {{true, 0.0, 0.9, 7.143, 3.3, 2.2, 1.5, 2.5, 1.0, false}, 0.0, 123456.7, {1407, 4320, 399, 380, 0, 0, 0}, INT64_C(0)},
    {{true, 0.1, 2.5, 1.5, 0.25, 0.3572, 1.25, 0.075, 2.5, false}, 1.1, 123456.7, {2006, 2525, 0, 0, 0, 0, 0}, INT64_C(13580)},
    {{true, 1e-06, 7.143, 0.075, 7.143, 0.33, 0.8, 0.0, 7.143, true}, 0.0, 500000.0, {2711, 0, 0, 0, 0, 0, 0}, INT64_C(0)},
    {{false, -1.0, 0.55, 2.5, 2.5, 37.5, 0.55, 3.5, 0.3, false}, 0.1, 1000000.0, {371, 969, 349, 0, 5, 0, 0}, INT64_C(182)},
    {{false, -1.0, 0.0, 1.2858, 0.075, 2.2, 0.5, 0.8572, 0.0001, false}, 2.0, 500000.0, {121798027, 1261063771, 75538109, 0, 0, 1648108, 0}, INT64_C(0)},
    {{false, -1.0, 2.2, 1.2858, 0.1, 7.143, 0.3, 2.5, 0.8572, false}, 0.1, 500000.0, {928463532, 1896258542, 847866561, 0, 0, 0, 0}, INT64_C(572790429)},
    {{false, -1.0, 0.1, 3.3, 0.9, 123.456, 2.2, 0.3572, 37.5, false}, 1.0, 500000.0, {1155383094, 0, 0, 0, 716564766, 0, 0}, INT64_C(201526081)},
    {{false, -1.0, 0.9, 3.5, 0.8572, 0.5, 0.33, 0.0, 0.0715, false}, 0.0, 500000.0, {4239, 2, 0, 0, 1325, 2374, 0}, INT64_C(0)},
    {{true, 0.01, 37.5, 66.67, 1.2858, 7.5, 0.135, 1.1, 3.3, true}, 1.0, 123456.7, {299580109, 905971266, 0, 0, 0, 0, 0}, INT64_C(1235)},
    {{true, 1e-06, 0.001, 3.5, 1.1, 2.2, 1.25, 0.0, 0.8572, true}, 0.0, 1000000.0, {1507, 1, 0, 0, 0, 0, 1}, INT64_C(0)},
    {{false, -1.0, 7.5, 0.0, 1.25, 0.001, 0.3, 0.5, 123.456, true}, 0.1, 500000.0, {2544, 3767, 0, 0, 0, 0, 0}, INT64_C(1908)},
    {{false, -1.0, 0.3572, 0.3572, 1.0, 0.5, 1.5, 0.1, 2.5, false}, 0.5, 123456.7, {2046, 1665, 646, 0, 0, 0, 0}, INT64_C(472)},
    {{false, -1.0, 37.5, 0.7, 15.0, 0.0, 0.075, 0.5, 0.6, false}, 0.1, 500000.0, {34, 2741, 8, 0, 0, 0, 808}, INT64_C(7743)},
    {{false, -1.0, 1.0, 3.3, 0.3, 0.0001, 1.0, 0.5, 0.05, false}, 3.0, 123456.7, {1905538015, 1978885749, 1568166425, 0, 251816, 0, 0}, INT64_C(22014433468)},
    {{false, -1.0, 0.1, 0.8, 1.5, 0.001, 0.135, 0.135, 1.1, false}, 0.0, 500000.0, {4048, 184, 0, 0, 681, 1648, 164}, INT64_C(0)},
    {{false, -1.0, 1.0, 0.8572, 0.55, 1.0, 7.5, 0.55, 0.8, true}, 0.33, 500000.0, {0, 295, 0, 0, 0, 0, 0}, INT64_C(83)},
    {{false, -1.0, 2.2, 0.8, 37.5, 0.0001, 1.5, 0.3, 1.2858, false}, 1.0, 1000000.0, {1108684800, 740887754, 1009333431, 0, 0, 0, 0}, INT64_C(84792543516)},
    {{false, -1.0, 0.25, 37.5, 0.33, 0.8572, 0.075, 1.25, 2.5, false}, 0.9, 1000000.0, {2511, 2, 0, 0, 0, 0, 1}, INT64_C(582)},
    {{false, -1.0, 37.5, 37.5, 0.6, 0.7, 1.0, 16.67, 0.0001, false}, 0.1, 500000.0, {1986, 312, 470, 0, 585, 0, 0}, INT64_C(50618)},
    {{true, 0.0, 0.25, 1.0, 2.2, 7.5, 0.8, 0.05, 1.5, false}, 0.5, 500000.0, {2, 440603443, 2, 0, 0, 0, 0}, INT64_C(0)},
    {{false, -1.0, 123.456, 0.001, 1.2858, 7.143, 0.25, 66.67, 0.8, true}, 0.1, 500000.0, {2717, 2, 0, 0, 0, 1665, 0}, INT64_C(1383418)},
    {{false, -1.0, 0.8, 0.33, 3.3, 37.5, 0.8, 0.135, 0.3, false}, 1.0, 500000.0, {1847, 1821, 0, 684, 0, 82, 0}, INT64_C(21931)},
    {{false, -1.0, 37.5, 0.075, 0.3, 1.5, 0.9, 0.0, 2.5, false}, 3.0, 123456.7, {602, 4037, 145, 0, 0, 0, 158}, INT64_C(90368)},
    {{false, -1.0, 0.8572, 0.0, 0.6, 2.2, 0.05, 3.5, 1.25, true}, 0.33, 1000000.0, {0, 1, 0, 0, 0, 0, 0}, INT64_C(1)},
    {{false, -1.0, 0.55, 16.67, 0.001, 0.075, 0.25, 0.5, 0.0715, false}, 0.5, 123456.7, {79, 306, 56, 0, 0, 0, 0}, INT64_C(1409)},
    {{false, -1.0, 2.2, 37.5, 0.7, 0.9, 1.25, 123.456, 0.075, false}, 0.33, 500000.0, {4951, 3589, 2599, 0, 32, 0, 0}, INT64_C(100745)},
    {{false, -1.0, 2.0, 37.5, 0.9, 3.5, 0.6, 2.2, 0.0, false}, 0.0, 500000.0, {4158, 3323, 3413, 0, 0, 0, 2704}, INT64_C(0)},
    {{false, -1.0, 1.25, 0.5, 0.55, 7.5, 1.5, 0.0, 2.2, true}, 1.1, 500000.0, {1483, 867, 0, 0, 614, 0, 0}, INT64_C(3057)},
    {{false, -1.0, 2.5, 2.5, 7.5, 0.5, 0.33, 0.5, 3.5, false}, 2.0, 500000.0, {830, 2790, 682, 0, 0, 0, 0}, INT64_C(61190)},
    {{false, -1.0, 1.2858, 0.1, 0.1, 0.0, 0.6, 0.33, 0.8572, true}, 2.0, 500000.0, {3155, 1065, 0, 0, 0, 2680, 0}, INT64_C(3770)},
    {{false, -1.0, 0.7, 0.8, 0.25, 1.1, 3.5, 2.2, 3.3, false}, 0.5, 500000.0, {5, 1943, 0, 3, 0, 0, 192}, INT64_C(546)},
    {{false, -1.0, 1.5, 123.456, 2.0, 0.001, 37.5, 0.05, 0.0, false}, 2.0, 500000.0, {1347, 3, 852, 0, 248, 0, 2}, INT64_C(34864)},
    {{false, -1.0, 7.5, 0.55, 1.1, 0.0001, 2.0, 2.2, 1.5, true}, 0.1, 500000.0, {2528, 137, 0, 0, 0, 0, 0}, INT64_C(1953)},
    {{false, -1.0, 1.0, 1.5, 7.143, 0.0001, 0.0001, 0.8572, 15.0, true}, 0.0, 500000.0, {941, 1055, 0, 0, 0, 0, 0}, INT64_C(0)},
    {{false, -1.0, 2.0, 0.0001, 2.5, 66.67, 1.0, 0.25, 0.1, true}, 0.5, 500000.0, {49583975, 1110731053, 36773722, 0, 0, 11449543, 0}, INT64_C(96268474)},
    {{false, -1.0, 16.67, 0.0, 2.2, 1.25, 0.3572, 0.8572, 0.001, false}, 1.0, 1000000.0, {4713, 464, 1543, 1679, 0, 0, 0}, INT64_C(116429)},
    {{false, -1.0, 0.5, 15.0, 37.5, 1.25, 0.25, 0.075, 1.5, false}, 0.1, 500000.0, {2453, 0, 480, 0, 0, 1448, 0}, INT64_C(999)},
    {{false, -1.0, 0.3572, 3.5, 1.0, 1.5, 7.5, 3.3, 0.25, true}, 0.1, 123456.7, {762004663, 1168815499, 280998307, 0, 415608687, 17226608, 0}, INT64_C(271255414)},
    {{false, -1.0, 0.001, 1.25, 0.8572, 2.5, 0.3, 1.2858, 0.3, false}, 1.0, 123456.7, {4, 1, 0, 0, 0, 0, 1}, INT64_C(1)},
    {{false, -1.0, 7.143, 0.9, 1.5, 0.0, 1.1, 0.9, 0.8, true}, 1.0, 1000000.0, {1290, 3711, 507, 182, 0, 540, 0}, INT64_C(33196)},
    {{false, -1.0, 1.1, 0.05, 1.25, 3.3, 15.0, 0.0001, 123.456, false}, 0.33, 123456.7, {4807, 2896, 0, 0, 0, 0, 0}, INT64_C(1798)},
    {{false, -1.0, 15.0, 16.67, 15.0, 2.5, 0.25, 0.55, 0.0, false}, 0.0, 1000000.0, {942, 1408, 900, 0, 0, 0, 0}, INT64_C(0)},
    {{false, -1.0, 15.0, 0.1, 1.2858, 16.67, 3.3, 66.67, 1.0, true}, 1.0, 500000.0, {2, 4417, 0, 0, 0, 0, 2967}, INT64_C(2969353)},
    {{false, -1.0, 0.55, 0.8572, 0.6, 0.05, 66.67, 7.143, 15.0, true}, 1.0, 1000000.0, {1083, 2539, 361, 0, 0, 0, 826}, INT64_C(50000)},
    {{false, -1.0, 16.67, 0.3572, 0.5, 0.001, 16.67, 0.3572, 0.0, true}, 1.1, 500000.0, {1082, 2229, 545, 0, 75, 225, 0}, INT64_C(48342)},
    {{false, -1.0, 0.33, 1.2858, 1.1, 0.001, 0.9, 15.0, 0.5, false}, 0.9, 1000000.0, {4170, 1157, 0, 0, 0, 1934, 925}, INT64_C(1680)},
    {{false, -1.0, 0.3, 0.33, 0.001, 0.55, 0.8, 2.0, 0.1, false}, 0.1, 500000.0, {1969328938, 0, 0, 0, 0, 1231355116, 0}, INT64_C(59079868)},
    {{false, -1.0, 1.5, 0.25, 0.7, 1.2858, 15.0, 16.67, 0.1, false}, 1.0, 500000.0, {1221942692, 1724819014, 840664489, 0, 326463727, 41638490, 0}, INT64_C(8957160415)},
    {{false, -1.0, 0.6, 2.2, 1.1, 0.7, 7.5, 0.135, 37.5, false}, 2.0, 500000.0, {3181, 1471, 0, 0, 0, 0, 1071}, INT64_C(7701)},
    {{true, 0.0, 66.67, 1.0, 0.25, 2.2, 1.1, 7.5, 1.5, true}, 0.5, 500000.0, {4570, 350, 0, 0, 2115, 0, 0}, INT64_C(0)},
    {{false, -1.0, 0.0001, 0.3, 0.001, 0.5, 1.0, 1.1, 15.0, true}, 0.9, 500000.0, {4, 2778, 0, 0, 0, 4, 0}, INT64_C(1)},
    {{true, 0.0, 0.5, 0.8, 123.456, 0.0715, 0.8572, 0.0001, 3.5, true}, 0.33, 500000.0, {2111, 4, 0, 0, 0, 0, 0}, INT64_C(0)},
    {{false, -1.0, 0.0001, 0.55, 0.075, 0.05, 0.7, 0.075, 0.9, true}, 0.0, 1000000.0, {4814, 4664, 2422, 0, 947, 1063, 0}, INT64_C(0)},
    {{false, -1.0, 0.0001, 2.2, 0.9, 2.5, 66.67, 0.0, 0.075, true}, 0.9, 500000.0, {2018, 1421, 0, 0, 0, 0, 0}, INT64_C(1)},
    {{false, -1.0, 0.05, 0.6, 15.0, 0.8572, 1.5, 1.25, 0.135, false}, 2.0, 1000000.0, {0, 2527, 0, 0, 0, 0, 1986}, INT64_C(152)},
    {{false, -1.0, 0.6, 0.55, 15.0, 2.0, 0.0, 0.135, 0.8572, false}, 0.1, 500000.0, {2094, 2981, 0, 0, 0, 1340, 1060}, INT64_C(224)},
    {{false, -1.0, 0.001, 0.9, 0.075, 0.3572, 1.1, 0.05, 0.8, false}, 0.9, 500000.0, {668115336, 1202172512, 316091353, 0, 0, 0, 754952104}, INT64_C(1311917)},
    {{false, -1.0, 0.8, 0.05, 1.2858, 7.5, 0.25, 16.67, 2.2, false}, 1.0, 500000.0, {3, 272925212, 0, 0, 0, 0, 0}, INT64_C(10917011)},
    {{false, -1.0, 0.3572, 16.67, 7.5, 2.5, 0.55, 2.0, 2.5, false}, 0.0, 123456.7, {629211471, 913724667, 0, 157038246, 0, 254904587, 0}, INT64_C(0)},
    {{false, -1.0, 0.7, 16.67, 1.0, 15.0, 3.3, 37.5, 0.0715, true}, 3.0, 500000.0, {3811, 327, 0, 0, 0, 0, 0}, INT64_C(19450)},
    {{false, -1.0, 15.0, 0.5, 0.6, 1.0, 0.075, 0.0001, 7.5, false}, 0.0, 123456.7, {460665461, 4, 448614174, 0, 0, 0, 0}, INT64_C(0)},
    {{false, -1.0, 0.5, 0.3, 0.0, 0.0001, 0.0001, 0.6, 0.25, true}, 3.0, 500000.0, {3169, 4630, 2919, 7, 98, 0, 0}, INT64_C(2301)},
    {{false, -1.0, 0.8572, 0.33, 37.5, 0.001, 1.5, 0.075, 0.9, false}, 0.5, 123456.7, {620, 373, 579, 0, 0, 0, 0}, INT64_C(9376)},
    {{true, 0.01, 0.6, 2.0, 3.3, 0.8, 1.0, 0.7, 0.9, true}, 2.0, 500000.0, {2518, 3351, 2245, 0, 25, 0, 0}, INT64_C(10000)},
    {{false, -1.0, 66.67, 3.3, 0.0001, 2.0, 2.0, 0.55, 0.6, true}, 1.0, 500000.0, {4269, 3593, 3552, 0, 0, 5, 0}, INT64_C(838176)},
    {{false, -1.0, 123.456, 0.0001, 1.5, 0.55, 1.5, 0.8572, 7.5, false}, 0.9, 500000.0, {3317, 3985, 421, 1362, 0, 0, 0}, INT64_C(323887)},
    {{false, -1.0, 7.143, 0.9, 66.67, 1.2858, 2.0, 0.5, 0.3, false}, 0.33, 123456.7, {3562, 89, 2739, 527, 0, 0, 0}, INT64_C(432928)},
    {{true, 1e-06, 123.456, 0.25, 0.7, 0.05, 0.001, 66.67, 0.5, false}, 1.0, 123456.7, {64, 474, 20, 0, 0, 30, 0}, INT64_C(1)},
    {{false, -1.0, 37.5, 0.6, 1.0, 3.3, 2.2, 0.55, 1.1, false}, 1.1, 123456.7, {4265, 1866, 224, 970, 0, 379, 577}, INT64_C(314144)},
    {{false, -1.0, 66.67, 0.1, 0.1, 7.143, 16.67, 0.6, 66.67, true}, 1.0, 1000000.0, {678, 3316, 139, 45, 0, 0, 0}, INT64_C(77400)},
    {{false, -1.0, 1.1, 7.143, 3.5, 0.6, 1.25, 1.2858, 0.05, true}, 1.1, 1000000.0, {3904, 2276, 1037, 0, 1267, 0, 0}, INT64_C(27916)},
    {{false, -1.0, 2.2, 0.25, 1.1, 16.67, 2.2, 66.67, 1.0, false}, 0.5, 1000000.0, {995552778, 347544420, 0, 0, 180252769, 429650924, 0}, INT64_C(1428616426)},
    {{false, -1.0, 66.67, 1.0, 0.0715, 37.5, 37.5, 3.5, 66.67, false}, 0.1, 1000000.0, {1341138566, 1095318971, 0, 0, 0, 0, 0}, INT64_C(16243862399)},
    {{false, -1.0, 2.5, 16.67, 2.5, 0.25, 0.7, 0.33, 1.0, false}, 0.9, 123456.7, {1, 1987732853, 1, 0, 0, 0, 0}, INT64_C(74554889990)},
    {{false, -1.0, 0.3, 0.6, 37.5, 2.5, 7.5, 0.075, 0.0715, false}, 0.9, 500000.0, {4627, 3, 0, 756, 0, 0, 0}, INT64_C(1556)},
    {{false, -1.0, 1.25, 0.9, 1.1, 123.456, 66.67, 16.67, 123.456, false}, 1.0, 500000.0, {1311, 4086, 336, 95, 0, 0, 0}, INT64_C(20819)},
    {{false, -1.0, 0.8, 1.5, 0.8, 7.143, 0.135, 0.55, 0.6, false}, 1.1, 1000000.0, {1708, 1971, 0, 0, 1498, 34, 1279}, INT64_C(2964)},
    {{false, -1.0, 0.1, 0.1, 0.33, 0.8572, 0.0, 7.143, 0.3, false}, 0.1, 500000.0, {890, 2229, 0, 0, 0, 0, 0}, INT64_C(11)},
};
/* clang-format on */

TEST(charges_equal_exact_rational_arithmetic)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        struct price_plan plan =
            plan_of(vectors[i].m.ratio, vectors[i].m.completion, vectors[i].group);
        struct usage u = tokens(vectors[i].u.prompt, vectors[i].u.completion);

        plan.quota_per_unit = vectors[i].quota_per_unit;
        plan.model.per_call = vectors[i].m.per_call;
        plan.model.price_usd = vectors[i].m.price;
        plan.model.cache_ratio = vectors[i].m.cache;
        plan.model.cache_write_ratio = vectors[i].m.cache_write;
        plan.model.image_ratio = vectors[i].m.image;
        plan.model.audio_ratio = vectors[i].m.audio;
        plan.model.audio_completion_ratio = vectors[i].m.audio_completion;
        plan.model.audio_priced = vectors[i].m.audio_priced;
        u.cached = vectors[i].u.cached;
        u.cache_write = vectors[i].u.cache_write;
        u.image_in = vectors[i].u.image;
        u.audio_in = vectors[i].u.audio_in;
        u.audio_out = vectors[i].u.audio_out;
        if (price_charge(&plan, &u) != vectors[i].points)
            fail_msg("vector %zu: %lld, want %lld", i, (long long)price_charge(&plan, &u),
                     (long long)vectors[i].points);
    }
}

/* The same in fixed point: ratios are multiples of 1/1000, so 128 bits hold it exactly. */
TEST(charges_of_random_calls_equal_fixed_point)
{
    for (int i = 0; i < 20000; i++) {
        uint64_t r = random_below(40000), c = random_below(20000), g = random_below(3000),
                 k = random_below(1001), p = random_below(100000), out = random_below(100000),
                 cached = random_below(p + 1);
        struct price_plan plan = plan_of((double)r / 1000, (double)c / 1000, (double)g / 1000);
        struct usage u = tokens((int64_t)p, (int64_t)out);
        __extension__ unsigned __int128 sum = (p - cached) * 1000 + cached * k + out * c;
        int64_t want;

        plan.model.cache_ratio = (double)k / 1000;
        u.cached = (int64_t)cached;
        sum = (sum * r * g + 500000000) / 1000000000;
        want = (int64_t)sum;
        if (want == 0 && r > 0 && g > 0 && p + out > 0)
            want = 1;
        CHECK_EQ(price_charge(&plan, &u), want);
    }
}

TEST(a_tenth_is_a_tenth)
{
    CHECK_EQ(charge(plan_of(0.1, 1, 1), tokens(30, 0)), 3);
    CHECK_EQ(charge(plan_of(0.1, 1, 1), tokens(5, 0)), 1);     /* 0.5 rounds away from zero */
    CHECK_EQ(charge(plan_of(0.1, 1, 1), tokens(14, 0)), 1);    /* 1.4 */
    CHECK_EQ(charge(plan_of(0.1, 1, 1), tokens(15, 0)), 2);    /* 1.5 */
    CHECK_EQ(charge(plan_of(1.1, 1, 1.1), tokens(50, 0)), 61); /* 60.5 */
    CHECK_EQ(charge(plan_of(0.7, 1, 0.1), tokens(50, 0)), 4);  /* 3.5 */
}

TEST(a_decimal_is_found_again_from_its_double)
{
    static const struct {
        double value;
        uint64_t digits;
        unsigned scale;
    } want[] = {{0.1, 1, 1},         {16.67, 1667, 2}, {1, 1, 0},
                {500000, 500000, 0}, {0.000001, 1, 6}, {0.821917808219178, 821917808219178, 15},
                {0, 0, 0},           {-1, 0, 0}};

    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct decimal d = decimal_of(want[i].value);

        CHECK_EQ(d.digits, want[i].digits);
        CHECK_EQ(d.scale, want[i].scale);
    }
    CHECK_EQ(decimal_of(4.0 / 3).scale, 18);
    CHECK_EQ(decimal_of(4.0 / 3).digits / 1000, 1333333333333333);
    CHECK_EQ(decimal_of((double)NAN).digits, 0);
}

TEST(a_call_that_used_something_costs_at_least_one_point_unless_it_is_free)
{
    CHECK_EQ(charge(plan_of(0.001, 1, 1), tokens(1, 0)), 1);
    CHECK_EQ(charge(plan_of(0.001, 1, 1), tokens(0, 0)), 0);
    CHECK_EQ(charge(plan_of(0, 1, 1), tokens(1000, 1000)), 0);
    CHECK_EQ(charge(plan_of(1, 1, 0), tokens(1000, 1000)), 0);
}

TEST(contradictory_counts_never_charge_a_token_twice)
{
    struct price_plan plan = plan_of(1, 2, 1);
    struct usage u = tokens(100, 10);

    plan.model.cache_ratio = 0.5;
    u.cached = 1000; /* more than there are */
    CHECK_EQ(price_charge(&plan, &u), 70);
    u.cached = -5;
    CHECK_EQ(price_charge(&plan, &u), 120);
    u = tokens(-100, 10);
    CHECK_EQ(price_charge(&plan, &u), 20);
}

TEST(huge_numbers_stop_at_what_json_can_hold)
{
    struct price_plan plan = plan_of(1e9, 1e9, 1e9);

    CHECK_EQ(charge(plan, tokens(INT64_MAX, INT64_MAX)), INT64_C(9007199254740991));
    CHECK_EQ(price_reserve(&plan, INT64_MAX, INT64_MAX), INT64_C(9007199254740991));
}

TEST(a_reservation_covers_the_prompt_and_the_maximum)
{
    struct price_plan plan = plan_of(0.5, 4, 1);

    CHECK_EQ(price_reserve(&plan, 10, 0), 250);    /* 500 tokens assumed */
    CHECK_EQ(price_reserve(&plan, 4000, 0), 2000); /* never less than the prompt */
    CHECK_EQ(price_reserve(&plan, 10, 91), 50);    /* 50.5 cut */
    plan.model.per_call = true;
    plan.model.price_usd = 0.04;
    CHECK_EQ(price_reserve(&plan, 10, 0), 20000);
    plan.group_ratio = 0;
    CHECK_EQ(price_reserve(&plan, 10, 0), 0);
}

static struct snapshot *snapshot_of(const char *key, const char *value)
{
    const struct option_row row = {str_from(key), str_from(value)};

    return snapshot_build(NULL, 0, &row, 1, 1);
}

TEST(a_model_without_a_price_is_refused_unless_that_is_allowed)
{
    struct snapshot *s = snapshot_of("SelfUseModeEnabled", "false");
    struct price_plan plan;
    struct err err = {.msg = ""};

    CHECK_EQ(price_plan_make(s, STR("nope"), STR("default"), STR("default"), false, &plan, &err),
             ERR_MODEL_PRICE);
    CHECK_STR(str_from(err.msg),
              "模型 nope 倍率或价格未配置，请联系管理员设置或开始自用模式；Model nope ratio "
              "or price not set, please set or start self-use mode");
    CHECK_EQ(price_plan_make(s, STR("nope"), STR("default"), STR("default"), true, &plan, &err),
             ERR_OK);
    CHECK(plan.model.ratio > 37.4 && plan.model.ratio < 37.6);
    CHECK_EQ(price_plan_make(s, STR("a-model-name-that-is-longer-than-most"), STR("d"), STR("d"),
                             false, &plan, &err),
             ERR_MODEL_PRICE);
    CHECK(strstr(err.msg, "a-model-name-that-is-longer-than-most ratio or price not set"));
    snapshot_put(s);

    s = snapshot_of("SelfUseModeEnabled", "true");
    CHECK_EQ(price_plan_make(s, STR("nope"), STR("default"), STR("default"), false, &plan, &err),
             ERR_OK);
    snapshot_put(s);
}

TEST(a_pair_of_groups_replaces_the_group_ratio)
{
    struct snapshot *s = snapshot_of("GroupGroupRatio", "{\"vip\":{\"default\":0.5}}");
    struct price_plan plan;

    CHECK_EQ(price_plan_make(s, STR("gpt-4o"), STR("vip"), STR("default"), false, &plan, NULL),
             ERR_OK);
    CHECK(plan.group_ratio < 0.6 && plan.user_group_ratio > 0.4);
    CHECK_EQ(price_plan_make(s, STR("gpt-4o"), STR("x"), STR("default"), false, &plan, NULL),
             ERR_OK);
    CHECK(plan.group_ratio > 0.9 && plan.user_group_ratio < 0);
    snapshot_put(s);
}

static struct str other_of(struct sb *sb, const struct price_plan *plan, const struct usage *u)
{
    struct json_writer w;

    sb_reset(sb);
    jw_init(&w, sb);
    jw_object(&w);
    price_write_other(&w, plan, u);
    jw_end(&w);
    return sb_str(sb);
}

TEST(the_log_row_tells_how_the_price_came_about)
{
    CLEANUP(sb_finip) struct sb sb;
    CLEANUP(arena_finip) struct arena a;
    struct price_plan plan = plan_of(1.25, 4, 1);
    struct usage u = tokens(100, 10);

    sb_init(&sb, 4096);
    arena_init(&a, 0);
    u.cached = 7;
    plan.model.cache_ratio = 0.5;
    CHECK_STR(other_of(&sb, &plan, &u),
              "{\"model_ratio\":1.25,\"group_ratio\":1,\"completion_ratio\":4,\"cache_tokens\":7,"
              "\"cache_ratio\":0.5,\"model_price\":-1}");
    CHECK_STR(price_content(&a, &plan, &u), "模型倍率 1.25，补全倍率 4.00，分组倍率 1.00");
    plan.group_ratio = 1.005; /* the double is below it */
    CHECK_STR(price_content(&a, &plan, &u), "模型倍率 1.25，补全倍率 4.00，分组倍率 1.00");
    plan.group_ratio = 120.29;
    CHECK_STR(price_content(&a, &plan, &u), "模型倍率 1.25，补全倍率 4.00，分组倍率 120.29");
    plan.group_ratio = 1;
    u = tokens(0, 0);
    CHECK_STR(price_content(&a, &plan, &u),
              "模型倍率 1.25，补全倍率 4.00，分组倍率 1.00（可能是上游超时）");
    u = tokens(100, 10);
    plan.model.per_call = true;
    plan.model.price_usd = 0.04;
    CHECK_STR(other_of(&sb, &plan, &u),
              "{\"model_ratio\":0,\"group_ratio\":1,\"completion_ratio\":0,\"cache_tokens\":0,"
              "\"cache_ratio\":0,\"model_price\":0.04}");
    CHECK_STR(price_content(&a, &plan, &u), "模型价格 0.04，分组倍率 1.00");
}

TEST(what_is_written_to_a_cache_for_an_hour_costs_more)
{
    CLEANUP(sb_finip) struct sb sb;
    struct price_plan plan = plan_of(2, 5, 1);
    struct usage u = tokens(1000, 10);

    sb_init(&sb, 4096);
    plan.model.cache_ratio = 0.1;
    u.cached = 300;
    u.cache_write = 400;
    CHECK_EQ(price_charge(&plan, &u), (300 + 30 + 500 + 50) * 2);
    CHECK(str_has(other_of(&sb, &plan, &u),
                  STR("\"cache_creation_tokens\":400,\"cache_creation_ratio\":1.25}")));
    u.cache_write_1h = 100;
    CHECK_EQ(price_charge(&plan, &u), (300 + 30 + 375 + 200 + 50) * 2);
    CHECK(str_has(other_of(&sb, &plan, &u),
                  STR("\"cache_creation_tokens\":400,\"cache_creation_ratio\":1.25,"
                      "\"cache_creation_tokens_5m\":300,\"cache_creation_ratio_5m\":1.25,"
                      "\"cache_creation_tokens_1h\":100,\"cache_creation_ratio_1h\":2}")));
    u.cache_write_1h = 9999; /* never more than was written */
    CHECK_EQ(price_charge(&plan, &u), (300 + 30 + 800 + 50) * 2);
}

static const struct json *read_prices(struct arena *a, const char *text)
{
    const struct json *root;

    CHECK_EQ(json_read(a, str_from(text), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    return root;
}

TEST(searches_cost_by_tool_and_model)
{
    CLEANUP(sb_finip) struct sb sb;
    CLEANUP(arena_finip) struct arena a;
    struct price_plan plan = plan_of(2, 1, 1.5);
    struct usage u = tokens(100, 100);

    sb_init(&sb, 4096);
    arena_init(&a, 0);
    u.searches = 3;
    plan.name = STR("gpt-4o-mini");
    CHECK_EQ(price_charge(&plan, &u), 600); /* no table */
    plan.tool_prices = read_prices(&a, "{\"web_search_preview:gpt-4o*\":25,"
                                       "\"web_search_preview:gpt-4o-m*\":20,"
                                       "\"web_search_preview\":10,\"web_search\":4}");
    CHECK_EQ(price_charge(&plan, &u), 600 + 3 * 15000); /* 20 / 1000 x 500000 x 1.5 */
    CHECK(str_has(other_of(&sb, &plan, &u),
                  STR("\"tool_surcharges\":[{\"name\":\"web_search_preview\",\"count\":3,"
                      "\"price\":20}]")));
    CHECK(str_has(price_content(&a, &plan, &u), STR("Web Search 调用 3 次，调用花费 45000")));
    plan.name = STR("o3");
    CHECK_EQ(price_charge(&plan, &u), 600 + 3 * 7500);
    plan.upstream = DIALECT_CLAUDE;
    CHECK_EQ(price_charge(&plan, &u), 600 + 3 * 3000);
    plan.upstream = DIALECT_GEMINI; /* not in the table */
    CHECK_EQ(price_charge(&plan, &u), 600);
    plan.upstream = DIALECT_CLAUDE;
    plan.model.ratio = 0; /* the model is free, its searches are not */
    CHECK_EQ(price_charge(&plan, &u), 9000);
    plan.model.per_call = true;
    plan.model.price_usd = 0.01;
    CHECK_EQ(price_charge(&plan, &u), 7500 + 9000);
    plan.group_ratio = 0;
    CHECK_EQ(price_charge(&plan, &u), 0);
    plan.group_ratio = 1;
    u.prompt = u.completion = 0; /* nothing came */
    CHECK_EQ(price_charge(&plan, &u), 0);
}

TEST(searches_in_files_and_images_of_a_chat_cost_by_the_call)
{
    CLEANUP(sb_finip) struct sb sb;
    CLEANUP(arena_finip) struct arena a;
    struct price_plan plan = plan_of(2, 1, 2);
    struct usage u = tokens(100, 100);

    sb_init(&sb, 4096);
    arena_init(&a, 0);
    plan.upstream = DIALECT_OPENAI_RESPONSES;
    plan.tool_prices = read_prices(&a, "{\"file_search\":2.5,\"web_search_preview\":10}");
    u.file_searches = 3;
    CHECK_EQ(price_charge(&plan, &u), 800 + 3 * 2500); /* 2.5 / 1000 x 500000 x 2 */
    u.searches = 1;
    u.drawn[USAGE_DRAWN_LOW] = 1;
    u.drawn[USAGE_DRAWN_HIGH_LARGE] = 2;
    CHECK_EQ(price_charge(&plan, &u), 800 + 3 * 2500 + 10000 + 11000 + 2 * 250000);
    CHECK(str_has(other_of(&sb, &plan, &u),
                  STR("\"tool_surcharges\":["
                      "{\"name\":\"web_search_preview\",\"count\":1,\"price\":10},"
                      "{\"name\":\"file_search\",\"count\":3,\"price\":2.5},"
                      "{\"name\":\"image_generation_call\",\"count\":1,\"price\":11},"
                      "{\"name\":\"image_generation_call\",\"count\":2,\"price\":250}]")));
    CHECK(str_has(price_content(&a, &plan, &u),
                  STR("，Web Search 调用 1 次，调用花费 10000，File Search 调用 3 次，调用花费 7500"
                      "，Image Generation 调用 1 次，调用花费 11000"
                      "，Image Generation 调用 2 次，调用花费 500000")));
    plan.group_ratio = 0;
    CHECK_EQ(price_charge(&plan, &u), 0);
}

TEST(tools_that_may_be_run_are_reserved_at_the_dearest_price)
{
    CLEANUP(arena_finip) struct arena a;
    struct price_plan plan = plan_of(2, 1, 2);
    struct usage calls = {0};

    arena_init(&a, 0);
    plan.tool_prices =
        read_prices(&a, "{\"web_search_preview\":10,\"web_search_preview:o3*\":25,"
                        "\"web_search\":10,\"google_search\":14,\"file_search\":2.5}");
    CHECK_EQ(price_reserve_tools(&plan, &calls), 0);
    calls.searches = 3;
    CHECK_EQ(price_reserve_tools(&plan, &calls), 3 * 14000); /* 14 / 1000 x 500000 x 2 */
    plan.name = STR("o3-pro");
    CHECK_EQ(price_reserve_tools(&plan, &calls), 3 * 25000);
    calls.file_searches = 1;
    calls.drawn[USAGE_DRAWN_MEDIUM] = 1;
    CHECK_EQ(price_reserve_tools(&plan, &calls), 3 * 25000 + 2500 + 42000);
    plan.group_ratio = 0;
    CHECK_EQ(price_reserve_tools(&plan, &calls), 0);
}

TEST(a_realtime_response_is_priced_by_its_classes)
{
    CLEANUP(sb_finip) struct sb sb;
    CLEANUP(arena_finip) struct arena a;
    struct price_plan plan = plan_of(2, 3, 1);
    struct usage u = tokens(100, 50);

    sb_init(&sb, 4096);
    arena_init(&a, 0);
    u.audio_in = 40;
    u.audio_out = 30;
    CHECK_EQ(price_charge(&plan, &u), (100 + 50 * 3) * 2); /* audio has no price of its own */
    price_plan_realtime(&plan);
    CHECK_EQ(price_charge(&plan, &u), (60 + 20 * 3 + 40 * 20 + 30 * 20 * 2) * 2);
    plan.model.audio_ratio = 10;
    price_plan_realtime(&plan); /* a price that is there stays */
    CHECK_EQ(price_charge(&plan, &u), (60 + 20 * 3 + 40 * 10 + 30 * 10 * 2) * 2);
    plan.model.cache_ratio = 0.5;
    u.cached = 50;
    u.cached_audio = 20;
    CHECK_EQ(price_charge(&plan, &u), (30 + 15 + 20 * 3 + 20 * 10 + 20 * 10 / 2 + 30 * 10 * 2) * 2);
    CHECK(str_has(other_of(&sb, &plan, &u),
                  STR("\"ws\":true,\"audio_input\":40,\"audio_output\":30,\"text_input\":60,"
                      "\"text_output\":20,\"audio_ratio\":10,\"audio_completion_ratio\":2")));
    u = tokens(1, 1); /* also one in which nobody spoke */
    CHECK(str_has(other_of(&sb, &plan, &u), STR("\"ws\":true,\"audio_input\":0")));
    CHECK(str_has(price_content(&a, &plan, &u), STR("音频倍率 10.00")));
}

TEST_MAIN(charges_equal_exact_rational_arithmetic, charges_of_random_calls_equal_fixed_point,
          a_tenth_is_a_tenth, a_decimal_is_found_again_from_its_double,
          a_call_that_used_something_costs_at_least_one_point_unless_it_is_free,
          contradictory_counts_never_charge_a_token_twice, huge_numbers_stop_at_what_json_can_hold,
          a_reservation_covers_the_prompt_and_the_maximum,
          a_model_without_a_price_is_refused_unless_that_is_allowed,
          a_pair_of_groups_replaces_the_group_ratio, the_log_row_tells_how_the_price_came_about,
          what_is_written_to_a_cache_for_an_hour_costs_more, searches_cost_by_tool_and_model,
          searches_in_files_and_images_of_a_chat_cost_by_the_call,
          tools_that_may_be_run_are_reserved_at_the_dearest_price,
          a_realtime_response_is_priced_by_its_classes)
