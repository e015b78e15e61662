/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * install - the links by which the one program answers to every applet's name.
 */
#ifndef QUBES_INSTALL_H
#define QUBES_INSTALL_H

#include <stdbool.h>

/*
 * Makes a link to this program, hard or symbolic, for each of NAMES (NULL-terminated) in DIRECTORY (the
 * host's). One that is there already and leads to this program is fine; anything else in its place stays
 * and is reported, as is every other failure, while the rest goes on. 0, or -1 with an error.
 */
int install_links(const char *directory, const char *const *names, bool symbolic);

#endif
