/*
 * realtime_url - where and how a session of the realtime API is opened, for the providers that have
 * it. Private to the room, pure.
 *
 * Source: providers reference 2.9, 3.1 and 3.2.
 */
#pragma once
#include "provider/provider_parts.h"

/* OpenAI's address: the client's path and query, the model's name as the upstream knows it. */
struct str realtime_url_openai(const struct provider_call *call, struct arena *a, struct str base,
                               struct str path);
/* Azure's: of the beta protocol BASE/openai/realtime?api-version=V&deployment=D, of the current one
 * BASE/openai/v1/realtime?model=D. Both names are percent-coded. */
struct str realtime_url_azure(const struct provider_call *call, struct arena *a, struct str base,
                              struct str deployment, struct str version);
/* Key, organisation, and the name of the beta protocol when the client speaks that. */
void realtime_headers_openai(const struct provider_call *call, struct arena *a,
                             struct provider_headers *out);
