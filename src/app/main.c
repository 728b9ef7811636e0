/* The program: command, flags and environment, then it serves or does what the command says. */
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/app.h"
#include "app/command.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/panic.h"

/* Memory that was freed at the top of the heap is kept up to this much, and a block comes from the
 * heap up to that much: giving memory back and faulting it in again costs more than a large
 * request's own work. (Setting the one stops the C library from adapting the other.) */
enum { KEEP_FREE_BYTES = 64 << 20, MAP_FROM_BYTES = 8 << 20 };

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

static int serve(const struct app_options *options)
{
    struct err err = {0};
    struct app *app;

    if (app_start(options, web_assets, web_asset_count, &app, &err) != ERR_OK)
        return command_fail(&err);
    app_wait(app);
    app_stop(app);
    return COMMAND_DONE;
}

static int run(struct arena *a, const struct command *command, const struct app_options *options,
               const struct options_more *more)
{
    const struct command_call call = {.arena = a,
                                      .options = options,
                                      .flags = more->values,
                                      .args = more->args.items,
                                      .arg_count = more->args.count};
    struct err err = {0};
    int status;

    if (log_open(options->log_dir.p, options->log_json ? LOG_JSON : LOG_TEXT,
                 options->debug ? LOG_DEBUG : LOG_INFO, &err) != ERR_OK)
        return command_fail(&err);
    status = command->run ? command->run(&call) : serve(options);
    log_close();
    return status;
}

/* Everything that is wrong with the command line or the environment ends with one line. */
static int read_and_run(struct arena *a, int argc, char *const *argv, struct err *err)
{
    const struct command *command;
    struct options_more more;
    struct app_options options;
    int words;

    if (conf_load_dotenv(".env", err) != ERR_OK ||
        command_find(argc, argv, &command, &words, err) != ERR_OK)
        return COMMAND_USAGE;
    more = (struct options_more){
        .rows = command->flags, .count = command->flag_count, .takes_args = command->takes_args};
    if (options_read(a, argc - words, argv + words, environ, &more, &options, err) != ERR_OK)
        return COMMAND_USAGE;
    if (options.version)
        puts("yourapi " YOURAPI_VERSION);
    else if (options.help)
        printf("%.*s", STR_ARG(command_help(a, command)));
    else
        return run(a, command, &options, &more);
    return COMMAND_DONE;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct arena a;
    int status;

    panic_install();
    mallopt(M_TRIM_THRESHOLD, KEEP_FREE_BYTES);
    mallopt(M_MMAP_THRESHOLD, MAP_FROM_BYTES);
    allow_many_files();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is an error like a full disk, not the end */
    arena_init(&a, 0);
    status = read_and_run(&a, argc, argv, &err);
    if (err.code != ERR_OK)
        command_fail(&err);
    arena_fini(&a);
    return status;
}
