#include "ledger/shared_scripts.h"

/* Numbers are doubles in Lua, exact to 2^53; they are written without an exponent, and a zero
 * without the sign that it may have. An account that nobody touches for a day is forgotten. */
#define NUMBERS                                                                                    \
    "local call = redis.call\n"                                                                    \
    "local function num(v) return tonumber(v or 0) or 0 end\n"                                     \
    "local function int(v) return string.format('%.0f', v + 0) end\n"

#define MEMBER                                                                                     \
    NUMBERS "local M, J = KEYS[1], ARGV[1]\n"                                                      \
            "local m = call('HMGET', M, 'epoch', 'dead', 'm:' .. J)\n"                             \
            "if not m[1] or m[3] ~= ARGV[2] then return {0} end\n"                                 \
            "local epoch, dead = m[1], m[2] or '0'\n"                                              \
            "local nJ, aJ = 'n:' .. J, 'a:' .. J\n"                                                \
            "local function void(key)\n"                                                           \
            "  local g = call('HINCRBY', M, 'g', 1)\n"                                             \
            "  call('HDEL', key, 'base', 'v')\n"                                                   \
            "  call('HSET', key, 'g', int(g))\n"                                                   \
            "  return g\n"                                                                         \
            "end\n" /* Takes out what members left that are no more. */                            \
            "local function clean(key)\n"                                                          \
            "  local live, all, t = {}, call('HGETALL', key), 0\n"                                 \
            "  for _, f in ipairs(call('HKEYS', M)) do live[f] = true end\n"                       \
            "  for i = 1, #all, 2 do\n"                                                            \
            "    local kind, x = string.match(all[i], '^([na]):(.*)$')\n"                          \
            "    if kind and not live['m:' .. x] then call('HDEL', key, all[i])\n"                 \
            "    elseif kind == 'n' then t = t + num(all[i + 1]) end\n"                            \
            "  end\n"                                                                              \
            "  call('HMSET', key, 'd', dead, 't', int(t))\n"                                       \
            "  return {t = t, g = void(key)}\n"                                                    \
            "end\n"                                                                                \
            "local function make(key)\n"                                                           \
            "  local g = call('HINCRBY', M, 'g', 1)\n"                                             \
            "  call('DEL', key)\n"                                                                 \
            "  call('HMSET', key, 'e', epoch, 'd', dead, 't', '0', 'g', int(g))\n"                 \
            "  return {t = 0, g = g}\n"                                                            \
            "end\n"                                                                                \
            "local function open(key)\n"                                                           \
            "  local h = call('HMGET', key, 'e', 'd', 'base', 't', 'g')\n"                         \
            "  local r\n"                                                                          \
            "  if h[1] ~= epoch then r = make(key)\n"                                              \
            "  elseif h[2] ~= dead then r = clean(key)\n"                                          \
            "  else r = {base = tonumber(h[3] or nil), t = num(h[4]), g = num(h[5])} end\n"        \
            "  call('EXPIRE', key, 86400)\n"                                                       \
            "  return r\n"                                                                         \
            "end\n"                                                                                \
            "local function add(key, h, d)\n"                                                      \
            "  if d == 0 then return num(call('HGET', key, nJ)) end\n"                             \
            "  local n = call('HINCRBY', key, nJ, int(d))\n"                                       \
            "  h.t = call('HINCRBY', key, 't', int(d))\n"                                          \
            "  if n == 0 then call('HDEL', key, nJ) end\n"                                         \
            "  return n\n"                                                                         \
            "end\n"                                                                                \
            "local function left(h) return h.base and h.base - h.t or 0 end\n"                     \
            "local function position(v, x)\n"                                                      \
            "  return tonumber(string.match(',' .. (v or ''), ',' .. x .. '=(%d+)') or nil)\n"     \
            "end\n"

static const char reserve[] =
    MEMBER "local p, mode = tonumber(ARGV[3]), ARGV[4]\n"
           "local u, t = open(KEYS[2]), mode ~= '0' and open(KEYS[3]) or {t = 0, g = 0}\n"
           "local status, nu, nt = 1, 0, 0\n"
           "if not u.base or mode == '1' and not t.base then status = 2\n"
           "elseif left(u) < p then status = 3\n"
           "elseif mode == '1' and left(t) < p then status = 4\n"
           "else\n"
           "  nu = add(KEYS[2], u, p)\n"
           "  if mode ~= '0' then nt = add(KEYS[3], t, p) end\n"
           "end\n"
           "return {status, nu, left(u), u.g, nt, left(t), t.g}\n";

static const char move[] = MEMBER "local r = {1}\n"
                                  "for i = 2, #KEYS do\n"
                                  "  local h = open(KEYS[i])\n"
                                  "  r[#r + 1] = add(KEYS[i], h, tonumber(ARGV[i + 1]))\n"
                                  "  r[#r + 1] = left(h)\n"
                                  "  r[#r + 1] = h.g\n"
                                  "end\n"
                                  "return r\n";

/* A base that lacks what the member has had applied meanwhile counted on its old n:J. */
static const char publish[] =
    MEMBER "local pos, r = tonumber(ARGV[3]), {1}\n"
           "for i = 2, #KEYS do\n"
           "  local key = KEYS[i]\n"
           "  local h = open(key)\n"
           "  local was = call('HMGET', key, nJ, aJ, 'v')\n"
           "  r[i] = add(key, h, tonumber(ARGV[i + 2]) - num(was[1]))\n"
           "  if h.base and math.max(num(was[2]), position(was[3], J) or 0) < pos then void(key) "
           "end\n"
           "  if pos > num(was[2]) then call('HSET', key, aJ, ARGV[3]) end\n"
           "end\n"
           "return r\n";

static const char applied[] =
    MEMBER "local pos, r = tonumber(ARGV[3]), {1}\n"
           "for i = 2, #KEYS do\n"
           "  local key, cost = KEYS[i], tonumber(ARGV[i + 3])\n"
           "  local h = open(key)\n"
           "  local was = call('HMGET', key, aJ, 'v')\n"
           "  if h.base and (position(was[2], J) or 0) < pos then\n"
           "    call('HINCRBY', key, 'base', int(-cost))\n"
           "  end\n"
           "  r[i] = add(key, h, -cost)\n"
           "  if pos > num(was[1]) then call('HSET', key, aJ, ARGV[3]) end\n"
           "end\n"
           "if ARGV[4] == '1' and pos > num(call('HGET', M, 'p:' .. J)) then\n"
           "  call('HSET', M, 'p:' .. J, ARGV[3])\n"
           "end\n"
           "return r\n";

/* While a commit is not told its cost would be taken off twice, until it is: better to read again.
 * It can be one of an account only if the journal is further than what its member has told. */
static const char base[] =
    "if redis.replicate_commands then redis.replicate_commands() end\n" MEMBER
    "local strict, v = ARGV[3] == '1', ARGV[5]\n"
    "local status, r, members = 1, {}, {}\n"
    "local all = call('HGETALL', M)\n"
    "for i = 1, #all, 2 do members[all[i]] = all[i + 1] end\n"
    "local now = call('TIME')\n"
    "if num(now[1]) * 1000 + num(now[2]) / 1000 < num(members.opened) + num(ARGV[4]) then\n"
    "  for x in string.gmatch(v, '(%w+)=') do\n"
    "    if not members['m:' .. x] then status = 6 end\n"
    "  end\n"
    "end\n"
    "for i = 2, #KEYS do\n"
    "  local h = open(KEYS[i])\n"
    "  r[i] = h.g\n"
    "  if int(h.g) ~= ARGV[2 * i + 2] then status = 5 end\n"
    "  local fields = call('HGETALL', KEYS[i])\n"
    "  for f = 1, #fields, 2 do\n"
    "    local kind, x = string.match(fields[f], '^([na]):(.*)$')\n"
    "    local at = kind and position(v, x)\n"
    "    if at and kind == 'a' and at < num(fields[f + 1]) then status = 5 end\n"
    "    if at and kind == 'n' and strict and at > num(members['p:' .. x]) then status = 5 end\n"
    "  end\n"
    "end\n"
    "r[1] = status\n"
    "if status ~= 1 then return r end\n"
    "for i = 2, #KEYS do call('HMSET', KEYS[i], 'base', ARGV[2 * i + 3], 'v', v) end\n"
    "return r\n";

static const char void_base[] = MEMBER "for i = 2, #KEYS do\n"
                                       "  open(KEYS[i])\n"
                                       "  void(KEYS[i])\n"
                                       "end\n"
                                       "return {1}\n";

static const char enter[] =
    "if redis.replicate_commands then redis.replicate_commands() end\n" NUMBERS
    "local M, J, node = KEYS[1], ARGV[1], ARGV[5]\n"
    "local h = call('HMGET', M, 'epoch', 'server')\n"
    "if not h[1] or h[2] ~= ARGV[3] then\n"
    "  local now = call('TIME')\n"
    "  local ms = num(now[1]) * 1000 + math.floor(num(now[2]) / 1000)\n"
    "  call('DEL', M)\n"
    "  call('HMSET', M, 'epoch', ARGV[4], 'server', ARGV[3], 'opened', int(ms), 'dead', '0',\n"
    "       'g', int(ms * 1000))\n"
    "end\n"
    "local gone = ARGV[7] == '1'\n"
    "if node ~= '' then\n"
    "  local all = call('HGETALL', M)\n"
    "  for i = 1, #all, 2 do\n"
    "    local x = string.match(all[i], '^o:(.*)$')\n"
    "    if x and all[i + 1] == node and not string.find(ARGV[6], ',' .. x .. ',', 1, true) then\n"
    "      call('HDEL', M, 'm:' .. x, 'o:' .. x, 'p:' .. x)\n"
    "      gone = true\n"
    "    end\n"
    "  end\n"
    "end\n"
    "if gone then call('HINCRBY', M, 'dead', 1) end\n"
    "call('HMSET', M, 'm:' .. J, ARGV[2], 'o:' .. J, node, 'p:' .. J, ARGV[8])\n"
    "return {1}\n";

static const char retire[] =
    "redis.call('HDEL', KEYS[1], 'm:' .. ARGV[1], 'o:' .. ARGV[1], 'p:' .. ARGV[1])\n"
    "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBY', KEYS[1], 'dead', 1) end\n"
    "return {1}\n";

void shared_scripts_init(struct shared_scripts *s)
{
    static const char *const sources[SHARED_SCRIPTS] = {
        [SHARED_RESERVE] = reserve, [SHARED_MOVE] = move,     [SHARED_PUBLISH] = publish,
        [SHARED_APPLIED] = applied, [SHARED_BASE] = base,     [SHARED_VOID] = void_base,
        [SHARED_ENTER] = enter,     [SHARED_RETIRE] = retire,
    };

    for (unsigned i = 0; i < SHARED_SCRIPTS; i++)
        redis_script_init(&s->script[i], str_from(sources[i]));
}
