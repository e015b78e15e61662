/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * size - amounts of bytes: the words in which they are given, and in which people are shown them.
 */
#ifndef QUBES_SIZE_H
#define QUBES_SIZE_H

#include <stdint.h>

/*
 * "3G", "3 gb", "3072M", "3145728K", "3221225472": K, M and G (or KB, MB, GB) are powers of 1024, as in
 * release 3. 0, or -1 with ERROR_USAGE for what is no such word, or more than a file can have.
 */
int size_parse(const char *word, uint64_t *bytes);

/* "512", "99.8 MiB", "10.0 GiB". The caller frees. */
char *size_text(uint64_t bytes);

/* As release 3 lists disks: whole, and in a larger unit only beyond 1024: "0 B", "1024 B", "3 GiB". The caller frees. */
char *size_whole_text(uint64_t bytes);

#endif
