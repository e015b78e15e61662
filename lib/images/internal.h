/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making single image files, for the parts of the images room.
 */
#ifndef QUBES_IMAGES_INTERNAL_H
#define QUBES_IMAGES_INTERNAL_H

#include <stdint.h>

#include "images.h"
#include "util.h"

#define MIB (1ULL << 20)

/* Has this VM a directory with images at all? */
bool images_has_files(const struct vm *vm);

/* A new file of SIZE bytes that takes no room yet. 0, or -1 with an error and nothing made. */
int images_make_sparse(const struct root *root, const char *path, uint64_t size, gid_t group);

/*
 * A new file TO with what FROM holds; holes stay holes, blocks are shared where the file system can.
 * 0, or -1 with an error and nothing made.
 */
int images_copy(const struct root *root, const char *from, const char *to, gid_t group);

/*
 * The bytes of FROM into the empty file TO. SHARE false: read and write only, as between file systems
 * that can do nothing better. 0, or -1 with errno.
 */
int images_copy_content(int from, int to, uint64_t size, bool share);

/* A new directory. 0, or -1 with an error and nothing made. */
int images_make_directory(const struct root *root, const char *path, gid_t group);

/* The size of VM's volatile image for a root image of at least ROOT_SIZE bytes. */
uint64_t images_volatile_size(const struct vm *vm, uint64_t root_size);

#endif
