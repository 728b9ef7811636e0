/*
 * command_rows - the functions of the table in command.c, each in a file of its own.
 */
#pragma once
#include "app/command.h"

extern const struct conf_row command_migrate_flags[1];
int command_migrate(const struct command_call *call);
int command_journal_apply(const struct command_call *call);
