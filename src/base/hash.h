/*
 * hash - a fast 64-bit hash for tables in memory, keyed by a seed of the process so that strangers
 * cannot make collisions. Not for anything that is stored or sent.
 */
#pragma once
#include "base/str.h"

uint64_t hash_bytes(struct str s);
uint64_t hash_u64(uint64_t x);
