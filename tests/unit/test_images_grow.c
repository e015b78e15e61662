/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images: growing, loop devices included, and the pairs of root image and root-cow.img of templates.
 */
#include "images_world.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/file.h>
#include <sys/ioctl.h>

#define TPL BASE "/vm-templates/tpl"

/* ---- growing ---- */

static void a_private_image_grows_and_keeps_what_it_holds(void **state)
{
	const struct world *w = *state;

	assert_int_equal(images_grow_private(the(w, "tpl"), 3 * GIB), 0);
	assert_int_equal(size_of(w, TPL "/private.img"), 3 * GIB);
	assert_content(w, TPL "/private.img", "the template's home");
	assert_int_equal(images_grow_private(the(w, "tpl"), 3 * GIB), 0);
	assert_int_equal(size_of(w, TPL "/private.img"), 3 * GIB);
}

static void nothing_shrinks(void **state)
{
	const struct world *w = *state;

	assert_int_equal(images_grow_private(the(w, "tpl"), 2 * GIB - 1), -1);
	assert_string_equal(error_message(),
			    "the private image of tpl has 2147483648 bytes, which is more than "
			    "2147483647; it can only grow");
	assert_int_equal(images_grow_root(the(w, "wintpl"), 0), -1);
	assert_int_equal(size_of(w, TPL "/private.img"), 2 * GIB);
	assert_int_equal(size_of(w, BASE "/vm-templates/wintpl/root.img"), 10 * GIB);
}

static void what_is_not_there_or_no_file_does_not_grow(void **state)
{
	const struct world *w = *state;

	assert_int_equal(images_grow_private(the(w, "work"), 3 * GIB), -1);
	assert_false(is_there(w, BASE "/appvms/work"));
	make_file(w, BASE "/appvms/work/private.img/oops", 0, "");
	assert_int_equal(images_grow_private(the(w, "work"), 3 * GIB), -1);
	AUTO_FREE char *pipe_path = inside(w, BASE "/appvms/alone/private.img");
	make_file(w, BASE "/appvms/alone/firewall.xml", 0, "");
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	assert_int_equal(images_grow_private(the(w, "alone"), 3 * GIB), -1);
	assert_string_equal(error_message(), "the private image of alone is not a regular file: " BASE
					     "/appvms/alone/private.img");
}

static void dom0_and_disposable_vms_have_no_private_image_to_grow(void **state)
{
	assert_int_equal(images_grow_private(the(*state, "dom0"), 3 * GIB), -1);
	assert_int_equal(images_grow_private(the(*state, "disp9"), 3 * GIB), -1);
	assert_string_equal(error_message(), "disp9 (DisposableVM) has no private image");
}

static void a_vm_based_on_a_template_has_no_root_image_to_grow(void **state)
{
	assert_int_equal(images_grow_root(the(*state, "work"), 30 * GIB), -1);
	assert_int_equal(size_of(*state, TPL "/root.img"), 10 * GIB);
}

/* An image that was moved to another disk. */
static void a_link_is_followed_but_not_out_of_the_root(void **state)
{
	const struct world *w = *state;

	make_file(w, "/srv/big.img", 1000, "elsewhere");
	make_file(w, BASE "/appvms/work/firewall.xml", 0, "");
	assert_int_equal(root_symlink(w->q.root, "/srv/big.img", BASE "/appvms/work/private.img"), 0);
	assert_int_equal(images_grow_private(the(w, "work"), 3 * GIB), 0);
	assert_int_equal(size_of(w, "/srv/big.img"), 3 * GIB);
}

/* Two at once: each compares its size with what the other has made of the file. */
static void only_one_of_us_changes_an_image_at_a_time(void **state)
{
	const struct world *w = *state;
	AUTO_FREE char *path = inside(w, TPL "/private.img");
	AUTO_CLOSE int other = open(path, O_RDWR);
	struct stat st;
	AUTO_CLOSE int ours = images_open_locked(the(w, "tpl"), "private image", TPL "/private.img", &st);

	assert_true(ours >= 0 && other >= 0);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
}

/* ---- loop devices ---- */

/* A loop device over PATH: its number, or -1 where there are none for us. */
static int set_up_loop(const char *path)
{
	AUTO_CLOSE int control = open("/dev/loop-control", O_RDWR);
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	AUTO_FREE char *device = util_printf("/dev/loop%d", number);
	AUTO_CLOSE int loop = number < 0 ? -1 : open(device, O_RDWR);
	AUTO_CLOSE int file = open(path, O_RDWR);

	return loop >= 0 && file >= 0 && ioctl(loop, LOOP_SET_FD, file) == 0 ? number : -1;
}

static uint64_t size_of_loop(int number)
{
	AUTO_FREE char *device = util_printf("/dev/loop%d", number);
	AUTO_CLOSE int fd = open(device, O_RDONLY);
	uint64_t bytes = 0;

	assert_int_equal(ioctl(fd, BLKGETSIZE64, &bytes), 0);
	return bytes;
}

static void tear_down_loop(int number)
{
	AUTO_FREE char *device = util_printf("/dev/loop%d", number);
	AUTO_CLOSE int fd = open(device, O_RDWR);

	assert_int_equal(ioctl(fd, LOOP_CLR_FD, 0), 0);
}

static void loop_devices_over_the_file_see_its_new_size(void **state)
{
	const struct world *w = *state;
	struct root *host = root_new("/");
	AUTO_FREE char *path = inside(w, TPL "/private.img");
	int number = set_up_loop(path);
	uint64_t before, after;

	if (number < 0) {
		root_free(host);
		skip();
	}
	assert_int_equal(images_grow_private(the(w, "tpl"), 3 * GIB), 0);
	before = size_of_loop(number); /* the VM's root is not the host's */
	images_refresh_loops(host, "/not/that/one");
	assert_int_equal(images_refresh_loops(host, path), 0);
	after = size_of_loop(number);
	tear_down_loop(number);
	root_free(host);
	assert_int_equal(before, 2 * GIB);
	assert_int_equal(after, 3 * GIB);
}

static void a_loop_device_that_cannot_be_told_is_named(void **state)
{
	const struct world *w = *state;

	make_file(w, "/sys/block/loop7/loop/backing_file", 0, "/srv/a b\n");
	make_file(w, "/sys/block/sda/loop/backing_file", 0, "/srv/other\n");
	make_file(w, "/dev/loop7", 0, "no device");
	assert_int_equal(images_refresh_loops(w->q.root, "/srv/other"), 0);
	assert_int_equal(images_refresh_loops(w->q.root, "/srv/a"), 0);
	assert_int_equal(images_refresh_loops(w->q.root, "/srv/a b"), -1);
	assert_string_equal(error_message(), "/dev/loop7 does not see the new size (losetup --set-capacity "
					     "/dev/loop7): Inappropriate ioctl for device");
}

/* ---- templates: commit ---- */

static void a_commit_keeps_the_old_blocks_and_begins_anew(void **state)
{
	const struct world *w = *state;

	make_file(w, TPL "/root-cow.img", 10 * GIB, "blocks of the last run");
	make_file(w, TPL "/root-cow.img.old", 10 * GIB, "blocks of the run before");
	assert_int_equal(images_commit(the(w, "tpl")), 0);
	assert_listing(w, TPL, "private.img root-cow.img root-cow.img.old root.img");
	assert_content(w, TPL "/root-cow.img.old", "blocks of the last run");
	assert_int_equal(size_of(w, TPL "/root-cow.img"), 10 * GIB);
	assert_int_equal(images_allocated(the(w, "tpl"), TPL "/root-cow.img"), 0);
}

static void a_first_commit_keeps_nothing(void **state)
{
	const struct world *w = *state;

	assert_int_equal(images_commit(the(w, "wintpl")), 0);
	assert_listing(w, BASE "/vm-templates/wintpl", "private.img root-cow.img root.img");
	assert_int_equal(size_of(w, BASE "/vm-templates/wintpl/root-cow.img"), 10 * GIB);
}

static void the_new_file_belongs_to_the_group(void **state)
{
	const struct world *w = *state;
	mode_t before = umask(077);
	struct stat st;

	assert_int_equal(images_commit(the(w, "tpl")), 0);
	umask(before);
	assert_int_equal(root_lstat(w->q.root, TPL "/root-cow.img", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	if (geteuid() == 0)
		assert_int_equal(st.st_gid, QUBES_GID);
}

/* As it is after a kill between any two steps. */
static void a_commit_that_was_cut_short_is_completed_by_the_next(void **state)
{
	static const char *const leftovers[] = { "root-cow.img.new", "root-cow.img.old.new",
						 "root-cow.img.old" };
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(leftovers); i++) {
		AUTO_FREE char *path = util_printf(TPL "/%s", leftovers[i]);

		make_file(w, TPL "/root-cow.img", 10 * GIB, "blocks of the last run");
		assert_int_equal(images_link(w->q.root, TPL "/root-cow.img", path), 0);
		assert_int_equal(images_commit(the(w, "tpl")), 0);
		assert_listing(w, TPL, "private.img root-cow.img root-cow.img.old root.img");
		assert_content(w, TPL "/root-cow.img.old", "blocks of the last run");
		assert_int_equal(images_allocated(the(w, "tpl"), TPL "/root-cow.img"), 0);
		root_unlink(w->q.root, TPL "/root-cow.img.old");
	}
}

static void a_commit_that_fails_leaves_the_pair(void **state)
{
	const struct world *w = *state;

	make_file(w, TPL "/root-cow.img", 10 * GIB, "blocks of the last run");
	make_file(w, TPL "/root-cow.img.old/in-the-way", 0, "");
	assert_int_equal(images_commit(the(w, "tpl")), -1);
	assert_listing(w, TPL, "private.img root-cow.img root-cow.img.old root.img");
	assert_content(w, TPL "/root-cow.img", "blocks of the last run");
	assert_int_equal(images_commit(the(w, "work")), -1);
	assert_string_equal(error_message(), "work (AppVM) is not a template");
}

/* ---- templates: growing ---- */

static void a_cow_file_that_was_never_used_grows_with_its_root_image(void **state)
{
	const struct world *w = *state;

	make_file(w, TPL "/root-cow.img.old", 10 * GIB, "blocks of the last run");
	assert_int_equal(images_grow_root(the(w, "tpl"), 12 * GIB), 0);
	assert_int_equal(size_of(w, TPL "/root.img"), 12 * GIB);
	assert_int_equal(size_of(w, TPL "/root-cow.img"), 12 * GIB);
	assert_content(w, TPL "/root-cow.img.old", "blocks of the last run");
	assert_content(w, TPL "/root.img", "the template's root");
}

static void one_that_is_in_use_is_committed(void **state)
{
	const struct world *w = *state;

	make_file(w, TPL "/root-cow.img", 10 * GIB, "SnAp");
	assert_int_equal(images_grow_root(the(w, "tpl"), 12 * GIB), 0);
	assert_int_equal(size_of(w, TPL "/root-cow.img"), 12 * GIB);
	assert_content(w, TPL "/root-cow.img.old", "SnAp");
}

/* In release 3.0 HVM templates have none. */
static void no_cow_file_is_made_where_none_was(void **state)
{
	const struct world *w = *state;

	assert_int_equal(images_grow_root(the(w, "wintpl"), 12 * GIB), 0);
	assert_listing(w, BASE "/vm-templates/wintpl", "private.img root.img");
}

static void growth_is_taken_back_if_the_cow_file_cannot_follow(void **state)
{
	const struct world *w = *state;

	make_file(w, TPL "/root-cow.img", 10 * GIB, "SnAp");
	make_file(w, TPL "/root-cow.img.old/in-the-way", 0, "");
	assert_int_equal(images_grow_root(the(w, "tpl"), 12 * GIB), -1);
	assert_int_equal(size_of(w, TPL "/root.img"), 10 * GIB);
	assert_int_equal(size_of(w, TPL "/root-cow.img"), 10 * GIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(a_private_image_grows_and_keeps_what_it_holds),
		WITH_WORLD(nothing_shrinks),
		WITH_WORLD(what_is_not_there_or_no_file_does_not_grow),
		WITH_WORLD(dom0_and_disposable_vms_have_no_private_image_to_grow),
		WITH_WORLD(a_vm_based_on_a_template_has_no_root_image_to_grow),
		WITH_WORLD(a_link_is_followed_but_not_out_of_the_root),
		WITH_WORLD(only_one_of_us_changes_an_image_at_a_time),
		WITH_WORLD(loop_devices_over_the_file_see_its_new_size),
		WITH_WORLD(a_loop_device_that_cannot_be_told_is_named),
		WITH_WORLD(a_commit_keeps_the_old_blocks_and_begins_anew),
		WITH_WORLD(a_first_commit_keeps_nothing),
		WITH_WORLD(the_new_file_belongs_to_the_group),
		WITH_WORLD(a_commit_that_was_cut_short_is_completed_by_the_next),
		WITH_WORLD(a_commit_that_fails_leaves_the_pair),
		WITH_WORLD(a_cow_file_that_was_never_used_grows_with_its_root_image),
		WITH_WORLD(one_that_is_in_use_is_committed),
		WITH_WORLD(no_cow_file_is_made_where_none_was),
		WITH_WORLD(growth_is_taken_back_if_the_cow_file_cannot_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
