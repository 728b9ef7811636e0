#include "app/command.h"

#include <stdio.h>

#include "app/command_rows.h"
#include "base/text.h"

/* Rows. A command's function is in a file of its own, command_NAME.c. */
static const struct command commands[] = {
    {.name = "serve",
     .synopsis = "[flags]",
     .help = "serve until a signal comes (also when no command is given)"},
    {.name = "migrate",
     .synopsis = "[--dry-run]",
     .help = "bring the databases forward, as each start does, and end",
     .more = "Missing tables, columns and indexes are added, nothing is dropped. What was done, or "
             "with --dry-run\nwould be done, is printed as SQL with remarks.\n",
     .flags = command_migrate_flags,
     .flag_count = ARRAY_LEN(command_migrate_flags),
     .run = command_migrate},
    {.name = "copy",
     .synopsis = "--from DSN --to DSN",
     .help = "move everything from one database into another of any kind",
     .more =
         "Stop the nodes first. The source must have been brought forward (yourapi migrate) and "
         "is only\nread. The target's tables are made; they must be empty. A copy that was "
         "killed is gone on with\nby the same command. At the end rows are counted and numbers "
         "summed up on both sides. Tables and\ncolumns that neither one-api nor new-api nor "
         "Your API knows are named and left out.\n",
     .flags = command_copy_flags,
     .flag_count = COMMAND_COPY_FLAGS,
     .run = command_copy},
    {.name = "journal apply",
     .synopsis = "FILE...",
     .help = "apply the journal of another, dead node to this database",
     .more = "The files (DATA/journal/*.log) are those of a node that will not come back, or whose "
             "calls must\nbe on the accounts before it does. All files of a journal are given "
             "together. Each record is\napplied once: files that were applied before, here or by "
             "their own node, charge nothing again.\nIt may be killed and run again. Ends with 1 "
             "when something could not be read.\n",
     .takes_args = true,
     .run = command_journal_apply},
};

static const struct command *find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (str_eq(str_from(commands[i].name), name))
            return &commands[i];
    }
    return NULL;
}

/* Is it the first word of a command of two words? */
static bool is_group(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct str rest = str_from(commands[i].name), first = str_cut(&rest, ' ');

        if (rest.p && str_eq(first, word))
            return true;
    }
    return false;
}

static bool is_word(int argc, char *const *argv, int i)
{
    return i < argc && argv[i][0] != '-';
}

static enum err_code refuse(struct str first, struct str second, struct err *err)
{
    return err_set(err, ERR_BAD_REQUEST, "unknown command \"%.*s%s%.*s\" (--help lists them)",
                   STR_ARG(utf8_prefix(first, 60)), second.n > 0 ? " " : "",
                   STR_ARG(utf8_prefix(second, 60)));
}

enum err_code command_find(int argc, char *const *argv, const struct command **out, int *words,
                           struct err *err)
{
    struct str first, second = STR_NULL;
    char name[64];

    *out = &commands[0];
    *words = 0;
    if (!is_word(argc, argv, 1))
        return ERR_OK;
    first = str_from(argv[1]);
    *words = 1;
    if (is_group(first) && is_word(argc, argv, 2)) {
        second = str_from(argv[2]);
        *words = 2;
    }
    snprintf(name, sizeof name, "%s%s%s", argv[1], *words == 2 ? " " : "",
             *words == 2 ? argv[2] : "");
    *out = find(str_from(name));
    return *out ? ERR_OK : refuse(first, second, err);
}

static struct str list_commands(struct arena *a)
{
    struct str *lines = arena_new_array(a, struct str, ARRAY_LEN(commands));

    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        const struct command *c = &commands[i];
        struct str left = arena_fmt(a, "%s %s", c->name, c->synopsis);

        lines[i] = arena_fmt(a, "  %-30.*s %s\n", STR_ARG(left), c->help);
    }
    return str_concat(a, lines, ARRAY_LEN(commands));
}

struct str command_help(struct arena *a, const struct command *command)
{
    struct str usage;

    if (!command->run) {
        usage = arena_fmt(a,
                          "yourapi [command] [flags]\n\nA gateway for large-model APIs. Flags are "
                          "read before variables, but PORT wins over --port.\n\nCommands "
                          "(yourapi COMMAND --help tells more):\n%.*s",
                          STR_ARG(list_commands(a)));
        return options_help(a, usage.p);
    }
    usage = arena_fmt(a,
                      "yourapi %s %s\n\n%s\n%s%s\nThe flags and variables of `yourapi --help` "
                      "that say where the data is count here, too.",
                      command->name, command->synopsis, command->help, command->more ? "\n" : "",
                      command->more ? command->more : "");
    return conf_help(a, usage.p, command->flags, command->flag_count);
}

int command_fail(const struct err *err)
{
    fprintf(stderr, "yourapi: %s\n", err->msg);
    return err->code == ERR_BAD_REQUEST ? COMMAND_USAGE : COMMAND_FAILED;
}
