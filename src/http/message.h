/*
 * message - what requests and replies have in common: methods, headers, status texts. Plain data.
 */
#pragma once
#include "codec/http1.h" /* struct http_header */

enum http_method {
    HTTP_M_GET,
    HTTP_M_HEAD,
    HTTP_M_POST,
    HTTP_M_PUT,
    HTTP_M_DELETE,
    HTTP_M_PATCH,
    HTTP_M_OPTIONS,
    HTTP_M_OTHER
};

/* Value of the first header of that name (case ignored), trimmed; STR_NULL when absent. */
struct str http_header_find(const struct http_header *headers, size_t n, struct str name);
const char *http_status_text(int status); /* "Not Found"; "Unknown" for others */
struct str http_method_name(enum http_method m);
/* HTTP_M_OTHER for what is not in the list; case matters. */
enum http_method http_method_read(struct str name);
