/*
 * patience - for tests: how long they wait for what must come. Only what never comes ends such a
 * wait, so no machine is too slow for it; ctest gives a program more.
 */
#pragma once

enum { PATIENCE_S = 120, PATIENCE_MS = PATIENCE_S * 1000 };
