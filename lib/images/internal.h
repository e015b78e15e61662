/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making, copying and changing single image files, for the parts of the images room.
 */
#ifndef QUBES_IMAGES_INTERNAL_H
#define QUBES_IMAGES_INTERNAL_H

#include <stdint.h>

#include "images.h"
#include "util.h"

#define MIB (1ULL << 20)
#define IMAGES_BLOCK 512 /* the unit of st_blocks, whatever the file system has */

/* Has this VM a directory with images at all? */
bool images_has_files(const struct vm *vm);

/* "--> TEXT" on stderr, unless QUIET. */
void images_say(bool quiet, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- making ---- */

/* A new directory. 0, or -1 with an error and nothing made. */
int images_make_directory(const struct root *root, const char *path, gid_t group);

/* A new, empty, private file. A descriptor, or -1 with errno. */
int images_open_new(const struct root *root, const char *path);

/*
 * Gives the open file to GROUP, if that can be done, and MODE to it, whatever umask says. 0, or -1 with errno
 * if the mode was not set.
 */
int images_share_with_group(int fd, gid_t group, mode_t mode);

/* The same for the file PATH, which another program has made for itself. 0, or -1 with an error. */
int images_share_new(const struct root *root, const char *path);

/* A new file of SIZE bytes that takes no room yet. 0, or -1 with an error and nothing made. */
int images_make_sparse(const struct root *root, const char *path, uint64_t size, gid_t group);

/* A second name TO for the file FROM; a link itself, not what it leads to. 0, or -1 with errno. */
int images_link(const struct root *root, const char *from, const char *to);

/* Makes the link PATH lead to TARGET, in place of what is there. 0, or -1 with an error. */
int images_point_link(const struct root *root, const char *path, const char *target);

/* ---- copying ---- */

/*
 * A new file TO with what FROM holds; holes stay holes, blocks are shared where the file system can. QUIET:
 * no bar on the terminal. 0, or -1 with an error and nothing made, also when interrupted (util_interrupted).
 */
int images_copy(const struct root *root, const char *from, const char *to, gid_t group, bool quiet);

/* PATH, its data and its name outlive a crash of the host from now on. 0, or -1 with errno. */
int images_sync(const struct root *root, const char *path);

/*
 * The bytes of FROM into the empty file TO. SHARE false: read and write only, as between file systems
 * that can do nothing better. PROGRESS may be NULL. 0, or -1 with an error.
 */
struct progress;
int images_copy_content(int from, int to, uint64_t size, bool share, struct progress *progress);

/* Has the file system of FD room for so many bytes? 0, or -1 with an error. */
int images_check_room(int fd, uint64_t needed);

/* pread and pwrite through interruptions; all of it is written. -1 with errno. */
ssize_t images_read_at(int fd, char *buffer, size_t length, off_t at);
int images_write_at(int fd, const char *bytes, size_t length, off_t at);
bool images_is_zero(const char *bytes, size_t length);

/* ---- cows.c: the archive in the making ---- */

void images_drop_cows(const struct vm *base);
/* It replaces the old one. 0, or -1 with an error. */
int images_keep_cows(const struct vm *base);

/* ---- a bar on stderr, if that is a terminal and it takes long ---- */
struct progress {
	uint64_t done, total;
	uint64_t next; /* when to draw it again, in ms; UINT64_MAX: never */
	int width;     /* of what is drawn now */
};
void progress_start(struct progress *progress, uint64_t total, bool quiet);
void progress_add(struct progress *progress, uint64_t bytes);
void progress_end(struct progress *progress);

/* ---- changing what is there ---- */

/* The size of VM's volatile image for a root image of at least ROOT_SIZE bytes. */
uint64_t images_volatile_size(const struct vm *vm, uint64_t root_size);

/*
 * Opens the image at PATH for changes that one of our processes makes at a time, and waits for another that
 * is at it. WHAT it is called in messages. A descriptor, or -1 with an error.
 */
int images_open_locked(const struct vm *vm, const char *what, const char *path, struct stat *st);

/* Makes loop devices over the file PATH of the host see its new size. 0, or -1 with an error. */
int images_refresh_loops(const struct root *root, const char *path);

/*
 * Puts a new root-cow.img of SIZE bytes at PATH, and keeps the one that was there as PATH.old, in an order
 * that leaves a pair that fits at any moment. To be called with the root image locked. 0, or -1 with an error.
 */
int images_renew_cow(const struct vm *vm, const char *path, uint64_t size);

/* ---- snapshots.c ---- */

/*
 * Calls EACH for the root device of every VM that runs on the root image IMAGE, with the identity of what keeps
 * the old blocks for it (st_dev and st_ino alone; NULL: not to be read off its name), until one returns
 * non-zero, and returns that.
 */
typedef int images_snapshot(const char *device, const struct stat *cow, void *context);
int images_for_snapshots(const struct root *root, const struct stat *image, images_snapshot *each,
			 void *context);

/* ---- the copy-on-write file of a device-mapper snapshot ---- */
struct cow {
	int fd;
	uint64_t size;	/* of the file */
	uint64_t chunk; /* bytes; 0: no snapshot ever used it */
};

/* What FD holds, as far as its header says. 0, or -1 with an error. */
int cow_open(struct cow *cow, int fd);

/*
 * Calls EACH for every chunk that was kept: it is chunk number KEPT in the file, and was number ORIGIN of the
 * device before it was written to. 0, or -1 with an error of its own or of EACH.
 */
int cow_for_each(const struct cow *cow, int (*each)(uint64_t origin, uint64_t kept, void *context),
		 void *context);

/*
 * May PATH be written, replaced or grown as VM's image? Only what lies in VM's directory itself, which no other
 * VM has for its own: a store may name anything. 0, or -1 with an error.
 */
int images_check_own(const struct vm *vm, const char *path);

#endif
