/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images - a VM's directory and disk images: where they are, making, checking, measuring them.
 *
 * Sizes are bytes. Every path is below the root; links are never followed out of it.
 */
#ifndef QUBES_IMAGES_H
#define QUBES_IMAGES_H

#include <stdint.h>
#include <time.h>

#include "vm.h"

struct root;

#define IMAGES_PRIVATE_SIZE (2ULL << 30)
#define IMAGES_ROOT_SIZE (10ULL << 30)
#define IMAGES_HVM_ROOT_SIZE (20ULL << 30)
#define IMAGES_MODE 0660
#define IMAGES_DIRECTORY_MODE 02770

/* ---- where (arena; NULL: this VM has no such file) ---- */
const char *images_root(const struct vm *vm);	  /* the template's for a VM that has one */
const char *images_root_cow(const struct vm *vm); /* templates: a path, there or not */
const char *images_private(const struct vm *vm);
const char *images_volatile(const struct vm *vm);
const char *images_kernels_dir(const struct vm *vm); /* PV: of its kernel, or its own kernels/ */
const char *images_icon(const struct vm *vm);
const char *images_label_icon(const struct vm *vm); /* /usr/share/icons/.../appvm-red.png */

/* ---- how big (0: not there) ---- */
uint64_t images_size(const struct vm *vm, const char *path);
uint64_t images_allocated(const struct vm *vm, const char *path);
/* Everything below the VM's directory, each entry counted, links not followed. */
uint64_t images_disk_usage(const struct vm *vm);

/* Directory, root and private image, kernel files. 0, or -1 with an error naming what is missing. */
int images_verify(const struct vm *vm);

/*
 * Makes directory and images of a new VM from SOURCE (its template, or the one it is a copy of; NULL for
 * an HVM). QUIET: no progress on stderr. 0, or -1 with an error and nothing left behind; it stops, too, when
 * it was interrupted (util_interrupted).
 */
int images_create(struct vm *vm, const struct vm *source, bool quiet);
/* The same, of a copy of SOURCE: with the kernels and the icon that it has itself, and no volatile image. */
int images_clone(struct vm *vm, const struct vm *source, bool quiet);
/*
 * Both mark the directory as unfinished, and take the place of one so marked, which a killed program has left. To
 * be called once the store has the VM, and before its files outlive its entry; no mark is fine. 0, or -1 with an
 * error.
 */
int images_finish(const struct vm *vm);
/* Deletes what these made; only a directory of the VM's own class is touched. 0, or -1 with an error. */
int images_remove(const struct vm *vm);

/* The volatile image, and a template's missing root-cow.img, as a start wants them. 0, or -1 with an error. */
int images_reset_volatile(struct vm *vm);

/*
 * Makes the image larger, and loop devices over it as well; a template's root-cow.img follows its root
 * image. The VM should be off. A smaller size is refused. 0, or -1 with an error and nothing changed (but if
 * only a loop device was not told, the image has grown).
 */
int images_grow_private(const struct vm *vm, uint64_t size);
int images_grow_root(const struct vm *vm, uint64_t size);

/*
 * Can FILE, an absolute path, become the root image of a VM that is to be made, moved or copied? 0, or -1
 * with an error.
 */
int images_check_given_root(const struct root *root, const char *file, bool move);

/*
 * Puts it in place of the root image that images_create made; a template's root-cow.img fits it then. A moved
 * FILE keeps its old name, too, until the store is saved (qubes_after_save): up to then images_remove takes
 * back all. 0, or -1 with an error; then the VM's files are to be removed.
 */
int images_replace_root(struct vm *vm, const char *file, bool move, bool quiet);

/* ---- what disposable VMs start from: files of BASE, an AppVM ---- */

const char *images_savefile(const struct vm *base);   /* a path, there or not; in the arena */
const char *images_saved_cows(const struct vm *base); /* the same: an archive of its volatile image */

/*
 * What a disposable VM is to be restored from now: BASE's savefile, or a copy of it in memory if it is the
 * default, which is made here if it is missing. In the arena; NULL with an error that says how to make a new
 * one: there is none, or the template has changed since.
 */
const char *images_current_savefile(const struct vm *base);
/* Is there one? 0, or -1 with that error. */
int images_check_savefile(const struct vm *base);
/* Makes it valid after a change of the template's root image that changed nothing in it. 0, or -1 with an error. */
int images_renew_savefile(const struct vm *base);

/* The volatile image as it was when BASE was saved, for the next disposable VM. 0, or -1 with an error. */
int images_unpack_cows(const struct vm *base);

/* Where BASE is to be saved; NULL with an error. What is there is kept up to the last step. */
const char *images_begin_savefile(const struct vm *base);
/* Puts the volatile image that BASE had into an archive beside it. 0, or -1 with an error. */
int images_pack_cows(const struct vm *base);
/* The new pair replaces the old one. 0, or -1 with an error: then there may be neither. */
int images_keep_savefile(const struct vm *base);
/* Deletes what is not kept. */
void images_drop_savefile(const struct vm *base);

/* Makes BASE the default, whose savefile is copied to memory. 0, or -1 with an error. */
int images_default_savefile(const struct vm *base);
/* The directory of that VM; the caller frees. NULL with errno: there is none. */
char *images_default_directory(const struct root *root);
/* Copies the default's savefile to memory, once after each boot; none is fine. 0, or -1 with an error. */
int images_seed_savefile(const struct root *root);

/* ---- a template's changes; it must be off ---- */
/*
 * Begins a new epoch: a new root-cow.img, the one from before is kept as root-cow.img.old. VMs that run keep
 * the root image that they started with. 0, or -1 with an error and a pair of images that fits.
 */
int images_commit(const struct vm *vm);

/*
 * Does no VM run that was started before the last of TEMPLATE's epochs? 0, or -1 with an error. Where VMs have
 * no such devices (not on Xen) nobody does.
 */
int images_check_epoch(const struct vm *template);
/* Gives up what would be needed to take the last epoch back. 0 (none is fine), or -1 with an error. */
int images_drop_changes(const struct vm *vm);

/* When those changes were made that a reversal would take back. 0, or -1 with an error: there are none. */
int images_find_changes(const struct vm *vm, time_t *when);

/*
 * Takes back what changed in the root image during the last epoch. 0, or -1 with an error; where that says
 * "in part", running it again completes it.
 */
int images_revert(const struct vm *vm);

/*
 * Is VM's directory the place that its class gives it? Nothing else is moved, deleted or put a link into for
 * it. 0, or -1 with an error.
 */
int images_check_place(const struct vm *vm);

/* Points icon.png to the label's icon. A failure is only a note. */
void images_set_icon(const struct vm *vm);

#endif
