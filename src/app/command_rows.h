/*
 * command_rows - the functions of the table in command.c, each in a file of its own.
 */
#pragma once
#include "app/command.h"

extern const struct conf_row command_migrate_flags[1];
int command_migrate(const struct command_call *call);
enum { COMMAND_COPY_FROM, COMMAND_COPY_TO, COMMAND_COPY_FLAGS };
extern const struct conf_row command_copy_flags[COMMAND_COPY_FLAGS];
int command_copy(const struct command_call *call);

int command_journal_apply(const struct command_call *call);
