#include "http/message.h"

struct str http_header_find(const struct http_header *headers, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (headers[i].name.n == name.n && str_eq_nocase(headers[i].name, name))
            return str_trim(headers[i].value);
    return STR_NULL;
}

static const struct {
    struct str name;
    enum http_method method;
} methods[] = {
    {STR_INIT("GET"), HTTP_M_GET},         {STR_INIT("POST"), HTTP_M_POST},
    {STR_INIT("HEAD"), HTTP_M_HEAD},       {STR_INIT("PUT"), HTTP_M_PUT},
    {STR_INIT("PATCH"), HTTP_M_PATCH},     {STR_INIT("DELETE"), HTTP_M_DELETE},
    {STR_INIT("OPTIONS"), HTTP_M_OPTIONS},
};

struct str http_method_name(enum http_method m)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (methods[i].method == m)
            return methods[i].name;
    return STR("OTHER");
}

enum http_method http_method_read(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (str_eq(methods[i].name, name))
            return methods[i].method;
    return HTTP_M_OTHER;
}

/* RFC 9110 section 15 and RFC 6585; 499 is nginx's word for a client that has left. */
static const struct {
    int status;
    const char *text;
} statuses[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a teapot"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {529, "Site is overloaded"},
};

const char *http_status_text(int status)
{
    if (status == 200)
        return "OK"; /* nearly always */
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].text;
    return "Unknown";
}
