/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One at a time: a VM's directory is locked by who starts it, and by who moves, copies or deletes its files.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "pending.h"
#include "util.h"

#define SOON_MILLISECONDS 500
#define NAP_MILLISECONDS 20

/* ---- a start ---- */

static int try_lock(int lock, const char *directory)
{
	if (flock(lock, LOCK_EX | LOCK_NB) == 0)
		return 1;
	return errno == EWOULDBLOCK || errno == EINTR ? 0 : error_errno("cannot lock %s", directory);
}

/* A disposable VM waits for what it starts from: that is whose directory it is. */
static void say_wait(const struct vm *vm, const char *directory)
{
	const char *owner = vm_is(vm, VM_DISPOSABLE) ? strrchr(directory, '/') + 1 : vm->name;

	error_note("waiting until %s is free: it is being started, or its files are in use", owner);
}

/*
 * By looks, not by the kernel's waiting: signals may be held, and must end it all the same. Who only looks whether it
 * runs already has done with it at once: that is not worth a word.
 */
static int wait_for_lock(const struct vm *vm, const char *directory, int lock)
{
	const struct timespec nap = { .tv_nsec = NAP_MILLISECONDS * 1000000L };
	int naps = 0, locked;

	while ((locked = try_lock(lock, directory)) == 0) {
		if (util_interrupted() != 0)
			return -1;
		if (naps++ == SOON_MILLISECONDS / NAP_MILLISECONDS)
			say_wait(vm, directory);
		nanosleep(&nap, NULL);
	}
	return locked > 0 ? 0 : -1;
}

int turn_wait(const struct vm *vm, int *lock)
{
	const char *directory = vm_directory(vm);

	*lock = directory ? root_open(vm->qubes->root, directory, O_RDONLY | O_DIRECTORY, 0) : -1;
	if (*lock < 0)
		return errno == ENOENT || !directory ? 0 : error_errno("%s", directory);
	return wait_for_lock(vm, directory, *lock);
}

/* ---- a command that changes the store ---- */

/* Waits in the queue for the save to be over, where the commands of a batch find each other's. */
struct turn {
	int lock;
	dev_t device;
	ino_t inode;
	struct turn *before; /* the one that was taken before it */
};

void turn_drop(struct turn *turn)
{
	if (turn && turn->lock >= 0)
		close(turn->lock);
	if (turn)
		turn->lock = -1;
}

static void undo_turn(void *turn)
{
	turn_drop(turn);
}

static int end_turn(struct qubes *q, void *turn)
{
	(void)q;
	turn_drop(turn);
	return 0;
}

/* A lock keeps out its own process too: an earlier command of the batch, or a VM in the same directory. */
static bool is_held(const struct qubes *q, const struct stat *st)
{
	for (const struct turn *turn = pending_argument(q, end_turn); turn; turn = turn->before)
		if (turn->lock >= 0 && turn->device == st->st_dev && turn->inode == st->st_ino)
			return true;
	return false;
}

static struct turn *keep(struct qubes *q, int lock, const struct stat *st)
{
	struct turn *turn = arena_alloc(q->arena, sizeof(*turn));

	*turn = (struct turn){ lock, st->st_dev, st->st_ino, pending_argument(q, end_turn) };
	qubes_after_save(q, end_turn, turn);
	qubes_on_failure(q, undo_turn, turn);
	return turn;
}

/* What is no directory is nobody's to start. */
static int fail_open(const char *directory)
{
	return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : error_errno("%s", directory);
}

int turn_take(const struct vm *vm, struct turn **turn)
{
	struct qubes *q = vm->qubes;
	const char *directory = vm_directory(vm);
	AUTO_CLOSE int lock = directory ? root_open(q->root, directory, O_RDONLY | O_DIRECTORY, 0) : -1;
	struct stat st;

	*turn = NULL;
	if (lock < 0)
		return directory ? fail_open(directory) : 0;
	if (fstat(lock, &st) != 0)
		return error_errno("%s", directory);
	if (is_held(q, &st))
		return 0;
	if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
		*turn = keep(q, lock, &st);
		lock = -1;
		return 0;
	}
	if (errno == EWOULDBLOCK)
		return error_set(ERROR_FAILED, "it is being started: try again");
	return error_errno("cannot lock %s", directory);
}
