/*
 * forwarded - who the client is when a proxy of ours stands before us. Pure.
 */
#pragma once
#include "http/message.h"

/*
 * The client of a request that came from `peer_ip`. A peer with a public address is the client
 * itself. A private one is taken for a proxy: then it is the last public address of
 * X-Forwarded-For (what stands before it may be invented), else its first one, else X-Real-IP, else
 * the peer. The result is a slice of a header's value or `peer_ip`; always address text.
 */
struct str forwarded_client(struct str peer_ip, const struct http_header *headers, size_t n);
