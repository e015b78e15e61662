/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mark that keeps the memory balancer from giving a domain memory while it is made small. Several may be at that:
 * each locks the mark, the last one removes it, and one that nobody locks is left over.
 */
#include "balancing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "error.h"
#include "images.h"
#include "lifecycle.h"
#include "qubes.h"
#include "util.h"

#define RUN "/var/run/qubes"
#define MARK RUN "/do-not-membalance"
#define WAIT_SECONDS 60 /* who publishes rules has the same lock, and may wait itself */

/* Nobody makes, joins or removes the mark meanwhile. A descriptor to be closed, or -1 with an error. */
static int lock_place(const struct root *root)
{
	AUTO_CLOSE int place = root_open(root, RUN, O_RDONLY | O_DIRECTORY, 0);
	int result = place;

	if (place < 0)
		return error_errno("%s", RUN);
	if (util_lock_before(place, util_milliseconds() + WAIT_SECONDS * 1000LL) != 0)
		return error_errno("cannot lock %s", RUN);
	place = -1;
	return result;
}

static bool is_unused(int mark)
{
	return flock(mark, LOCK_EX | LOCK_NB) == 0;
}

static int open_mark(const struct root *root)
{
	return root_open(root, MARK, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
}

int balancing_stop(const struct root *root, struct balancing *stopped)
{
	AUTO_CLOSE int place = lock_place(root);

	*stopped = (struct balancing){ .root = root, .mark = -1 };
	if (place < 0)
		return -1;
	stopped->mark = root_open(root, MARK, O_RDONLY | O_CREAT | O_EXCL, IMAGES_MODE);
	stopped->ours = stopped->mark >= 0;
	if (stopped->mark < 0 && errno == EEXIST) {
		stopped->mark = open_mark(root);
		stopped->ours = stopped->mark >= 0 && !is_unused(stopped->mark);
	}
	if (stopped->mark < 0 || flock(stopped->mark, LOCK_SH) != 0) {
		util_close_at(&stopped->mark);
		return error_errno("cannot make %s", MARK);
	}
	if (!stopped->ours)
		error_note(
			"%s was there already, and stays: until it is gone (qubes-startup removes it) no memory "
			"is balanced",
			MARK);
	return 0;
}

void balancing_resume(struct balancing *stopped)
{
	AUTO_CLOSE int place = stopped->mark < 0 ? -1 : lock_place(stopped->root);

	if (place >= 0 && stopped->ours && is_unused(stopped->mark) &&
	    root_unlink(stopped->root, MARK) != 0 && errno != ENOENT)
		error_note("%s is left behind: %s", MARK, strerror(errno));
	util_close_at(&stopped->mark);
	stopped->mark = -1;
}

int lifecycle_resume_balancing(struct qubes *q)
{
	AUTO_CLOSE int place = -1;
	AUTO_CLOSE int mark = open_mark(q->root);

	if (mark < 0)
		return 0;
	place = lock_place(q->root);
	if (place < 0)
		return -1;
	if (!is_unused(mark))
		return 0;
	error_note("removing %s, which a program has left that was killed", MARK);
	return root_unlink(q->root, MARK) == 0 || errno == ENOENT ? 0 : error_errno("cannot remove %s", MARK);
}
