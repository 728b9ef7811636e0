#include "bench/json_bench_rivals.h"

#ifdef HAVE_CJSON
#include <cjson/cJSON.h>
#endif
#ifdef HAVE_JANSSON
#include <jansson.h>
#endif

bool rival_cjson(struct str text)
{
#ifdef HAVE_CJSON
    cJSON *root = cJSON_ParseWithLength(text.p, text.n);

    cJSON_Delete(root);
    return root != NULL;
#else
    (void)text;
    return false;
#endif
}

bool rival_jansson(struct str text)
{
#ifdef HAVE_JANSSON
    json_t *root = json_loadb(text.p, text.n, 0, NULL);

    json_decref(root);
    return root != NULL;
#else
    (void)text;
    return false;
#endif
}
