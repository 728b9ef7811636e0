/*
 * A file ".node" in the journal folder, so that the name goes where the journals go. It is written
 * under another name first, so that it is whole whenever it is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "ledger/ledger.h"
#include "store/db.h"

enum { PATH_BYTES = 4096 };

static bool read_id(const char *path, char id[LEDGER_NODE_ID])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, id, LEDGER_NODE_ID - 1);

    if (fd >= 0)
        close(fd);
    id[LEDGER_NODE_ID - 1] = '\0';
    for (ssize_t i = 0; i < n; i++) {
        if (!((id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f')))
            return false;
    }
    return n == LEDGER_NODE_ID - 1;
}

static enum err_code write_id(const char *path, struct err *err)
{
    char from[PATH_BYTES + 32], id[LEDGER_NODE_ID];
    int fd;
    bool ok;

    snprintf(from, sizeof from, "%s.%016" PRIx64, path, random_u64());
    snprintf(id, sizeof id, "%016" PRIx64, random_u64());
    fd = open(from, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    ok = fd >= 0 && write(fd, id, sizeof id - 1) == (ssize_t)sizeof id - 1;
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    if (ok && rename(from, path) == 0)
        return ERR_OK;
    err_set(err, ERR_IO, "cannot make %s: %s", path, strerror(errno));
    unlink(from);
    return ERR_IO;
}

enum err_code ledger_node_id(struct str journal_dir, char id[LEDGER_NODE_ID], struct err *err)
{
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%.*s", STR_ARG(journal_dir));

    if (n < 0 || (size_t)n + 16 > sizeof path)
        return err_set(err, ERR_IO, "the path of the journal folder is too long");
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_set(err, ERR_IO, "cannot make the journal folder %s: %s", path, strerror(errno));
    snprintf(path + n, sizeof path - (size_t)n, "/.node");
    if (read_id(path, id))
        return ERR_OK;
    TRY(write_id(path, err));
    return read_id(path, id) ? ERR_OK : err_set(err, ERR_IO, "cannot read %s", path);
}
