/*
 * shared_scripts - what Redis does with shared balances, each in one step. Private to the ledger.
 *
 * Keys. A hash of members, and a hash for each account (a user or a token):
 *
 *   members  epoch, server   of this Redis: a server that was restarted or replaced begins anew
 *            opened          when the epoch began, in milliseconds of the server's clock
 *            m:J             the member J is in; its value is the number of its connection
 *            o:J             the node it belongs to
 *            p:J             position of its journal up to which everything was told
 *            dead            grows when members are taken off the list
 *            g               source of the generations
 *   account  e               epoch in which it was written; otherwise it is void
 *            d               value of `dead` when it was last cleaned
 *            base            value of the database as it was read, less what the members have since
 *                            told to be applied; missing: not known
 *            v               which positions of the journals that value includes: "J=P,J=P,"
 *            g               generation: new whenever a base that was read before must not be set
 *            n:J             outstanding of J: reserved, or settled but not told to be applied
 *            a:J             position of J's journal up to which it was told
 *            t               the sum of all n:J
 *
 * available = base - t.
 *
 * Every script but `join` is given the members, J and the number of J's connection, and does
 * nothing, with STATUS_JOIN, when that is not what the members say: what comes late from a
 * connection that was given up, or reaches a server that has forgotten or never seen the member,
 * changes nothing.
 */
#pragma once
#include "cache/redis.h"

enum shared_status { /* first number of each reply */
                     SHARED_JOIN,
                     SHARED_OK,
                     SHARED_MISS,  /* reserve: a base is missing */
                     SHARED_USER,  /* reserve: the user has too little */
                     SHARED_TOKEN, /* reserve: the token has too little */
                     SHARED_MOVED, /* base: it was changed while it was read, or a commit is not
                                      told yet */
                     SHARED_WARM, /* base: a new epoch, of which some members may not have heard yet
                                   */
};

enum shared_script {
    /* KEYS members, user [, token]. ARGV J, connection, points, "0" no token, "1" limited,
     * "2" unlimited. Reply: status, then n:J, available and generation of the user, and of the
     * token. */
    SHARED_RESERVE,
    /* KEYS members, user [, token]. ARGV J, connection, change of n:J of each. Reply as above. */
    SHARED_MOVE,
    /* KEYS members, accounts. ARGV J, connection, position, n:J of each. Reply: status, n:J of
     * each. */
    SHARED_PUBLISH,
    /* KEYS members, accounts. ARGV J, connection, position, "1": this completes the position, what
     * is now applied of each. Reply as of PUBLISH. */
    SHARED_APPLIED,
    /* KEYS members, accounts. ARGV J, connection, "1": never half a commit, duration in ms of what
     * is called warm, vector, generation and value of each. Reply: status, and the generation of
     * each. */
    SHARED_BASE,
    /* KEYS members, accounts. ARGV J, connection. The database was changed by others. */
    SHARED_VOID,
    /* KEYS members. ARGV J, connection, server, name for a new epoch, node ("": none), members of
     * that node that live as ",J,J,", "1": no base holds any more, position of J. Reply: status. */
    SHARED_ENTER,
    /* KEYS members. ARGV a member that is no more: what it held is in the database, or lost. */
    SHARED_RETIRE,
    SHARED_SCRIPTS
};

struct shared_scripts {
    struct redis_script script[SHARED_SCRIPTS];
};
void shared_scripts_init(struct shared_scripts *s);
