/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changes - what became of the loaded store since a moment, in words: VMs come and gone, properties and
 * globals with their old and new values.
 */
#ifndef QUBES_CHANGES_H
#define QUBES_CHANGES_H

#include "qubes.h"

struct changes;

/* Notes the store as it is now. In the arena. */
struct changes *changes_note(struct qubes *q);

/* Prints on stdout, a line each, what differs now. */
void changes_print(struct qubes *q, const struct changes *noted);

#endif
