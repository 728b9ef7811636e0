/* The program: flags and environment, start, wait, stop. */
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/app.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/panic.h"

/* Memory that was freed at the top of the heap is kept up to this much, and a block comes from the
 * heap up to that much: giving memory back and faulting it in again costs more than a large
 * request's own work. (Setting the one stops the C library from adapting the other.) */
enum { EXIT_USAGE = 2, KEEP_FREE_BYTES = 64 << 20, MAP_FROM_BYTES = 8 << 20 };

static int fail(const struct err *err, int status)
{
    fprintf(stderr, "yourapi: %s\n", err->msg);
    return status;
}

/* Each client is a file, and so is each connection to an upstream: the 1024 that most systems give
 * a process at first are few, and what it may take for itself is usually hundreds of times that.
 * The low value is for programs that use select(), which nothing here does. */
static void allow_many_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == files.rlim_max)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files); /* the old value stays when it is refused */
}

static int run(const struct app_options *options)
{
    struct err err = {0};
    struct app *app;

    if (log_open(options->log_dir.p, options->log_json ? LOG_JSON : LOG_TEXT,
                 options->debug ? LOG_DEBUG : LOG_INFO, &err) != ERR_OK)
        return fail(&err, EXIT_FAILURE);
    if (app_start(options, web_assets, web_asset_count, &app, &err) != ERR_OK)
        return fail(&err, err.code == ERR_BAD_REQUEST ? EXIT_USAGE : EXIT_FAILURE);
    app_wait(app);
    app_stop(app);
    log_close();
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct app_options options;
    struct err err = {0};
    struct arena a;
    int status = EXIT_SUCCESS;

    panic_install();
    mallopt(M_TRIM_THRESHOLD, KEEP_FREE_BYTES);
    mallopt(M_MMAP_THRESHOLD, MAP_FROM_BYTES);
    allow_many_files();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is an error like a full disk, not the end */
    arena_init(&a, 0);
    if (conf_load_dotenv(".env", &err) != ERR_OK ||
        options_read(&a, argc, argv, environ, &options, &err) != ERR_OK)
        status = fail(&err, EXIT_USAGE);
    else if (options.version)
        puts("yourapi " YOURAPI_VERSION);
    else if (options.help)
        printf("%.*s", STR_ARG(options_help(&a)));
    else
        status = run(&options);
    arena_fini(&a);
    return status;
}
