/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images: copying single files, what a start and a change of label do to them, and removal.
 */
#include "images_world.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

/* ---- copying ---- */

/* A pattern that has data at the start, in the middle and at the very end, with holes between. */
static void make_holey(const struct world *w, const char *path)
{
	AUTO_FREE char *host = inside(w, path);
	AUTO_CLOSE int fd = open(host, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(ftruncate(fd, 64 << 20), 0);
	assert_int_equal(pwrite(fd, "start", 5, 0), 5);
	assert_int_equal(pwrite(fd, "middle", 6, (32 << 20) + 1000), 6);
	assert_int_equal(pwrite(fd, "end", 3, (64 << 20) - 3), 3);
}

static void assert_same_bytes(int a, int b)
{
	static char left[1 << 20], right[1 << 20];
	ssize_t got;

	assert_int_equal(lseek(a, 0, SEEK_END), lseek(b, 0, SEEK_END));
	lseek(a, 0, SEEK_SET);
	lseek(b, 0, SEEK_SET);
	while ((got = read(a, left, sizeof(left))) > 0) {
		assert_int_equal(read(b, right, (size_t)got), got);
		assert_memory_equal(left, right, (size_t)got);
	}
}

static void copies_are_equal_and_keep_their_holes(void **state)
{
	const struct world *w = *state;

	make_holey(w, "/from.img");
	for (int share = 0; share <= 1; share++) {
		AUTO_FREE char *source = inside(w, "/from.img");
		AUTO_FREE char *copy = inside(w, share ? "/shared.img" : "/by-hand.img");
		AUTO_CLOSE int from = open(source, O_RDONLY);
		AUTO_CLOSE int to = open(copy, O_RDWR | O_CREAT | O_EXCL, 0600);
		struct stat st;

		assert_int_equal(images_copy_content(from, to, 64 << 20, share, NULL), 0);
		assert_same_bytes(from, to);
		assert_int_equal(fstat(to, &st), 0);
		assert_true(st.st_blocks * 512 < 1 << 20);
	}
}

/* Between two file systems the kernel may refuse; the bytes get there all the same. */
static void copies_cross_file_systems(void **state)
{
	const struct world *w = *state;
	AUTO_FREE char *source = inside(w, "/from.img");
	char name[] = "/dev/shm/test_images.XXXXXX";
	AUTO_CLOSE int to = mkstemp(name);
	struct stat here, there;

	if (to < 0)
		skip();
	unlink(name);
	make_holey(w, "/from.img");
	AUTO_CLOSE int from = open(source, O_RDONLY);
	assert_int_equal(fstat(from, &here) + fstat(to, &there), 0);
	if (here.st_dev == there.st_dev)
		skip();
	assert_int_equal(images_copy_content(from, to, 64 << 20, true, NULL), 0);
	assert_same_bytes(from, to);
}

static void count_alarm(int number)
{
	(void)number;
}

static void signals_do_not_cut_a_copy_short(void **state)
{
	const struct world *w = *state;
	AUTO_FREE char *source = inside(w, "/full.img"), *copy = inside(w, "/copy.img");
	struct sigaction action = { .sa_handler = count_alarm }, before; /* no SA_RESTART */
	const struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
	AUTO_CLOSE int from = open(source, O_RDWR | O_CREAT, 0600);
	AUTO_CLOSE int to = open(copy, O_RDWR | O_CREAT, 0600);

	for (off_t at = 0; at < 16 << 20; at += 4096)
		assert_int_equal(pwrite(from, "x", 1, at), 1);
	assert_int_equal(ftruncate(from, 16 << 20), 0);
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(images_copy_content(from, to, 16 << 20, false, NULL), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	assert_same_bytes(from, to);
}

static void a_copy_that_does_not_fit_is_taken_away(void **state)
{
	const struct world *w = *state;
	struct rlimit before, small;

	make_holey(w, "/from.img");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 1 << 20, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(images_copy(w->q.root, "/from.img", "/to.img", (gid_t)-1, true), -1);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_string_equal(error_message(), "cannot copy /from.img to /to.img: File too large");
	assert_false(is_there(w, "/to.img"));
}

static void only_regular_files_are_copied_and_only_to_new_ones(void **state)
{
	const struct world *w = *state;

	make_file(w, "/there.img", 0, "old");
	make_file(w, "/from.img", 0, "new");
	assert_int_equal(images_copy(w->q.root, "/var", "/to.img", (gid_t)-1, true), -1);
	assert_int_equal(images_copy(w->q.root, "/from.img", "/there.img", (gid_t)-1, true), -1);
	assert_content(w, "/there.img", "old");
	assert_int_equal(root_symlink(w->q.root, "/there.img", "/link.img"), 0);
	assert_int_equal(images_copy(w->q.root, "/from.img", "/link.img", (gid_t)-1, true), -1);
	assert_content(w, "/there.img", "old");
}

/* ---- later ---- */

static void a_start_gets_a_fresh_volatile_image_if_based_on_a_template(void **state)
{
	const struct world *w = *state;

	make_file(w, BASE "/appvms/work/volatile.img", 0, "yesterday's");
	assert_int_equal(images_reset_volatile(the(w, "work")), 0);
	assert_int_equal(size_of(w, BASE "/appvms/work/volatile.img"), 12348030976);
	assert_content(w, BASE "/appvms/work/volatile.img", "\0");
	assert_int_equal(images_allocated(the(w, "work"), BASE "/appvms/work/volatile.img"), 0);
}

static void a_vm_of_its_own_keeps_its_volatile_image(void **state)
{
	const struct world *w = *state;

	make_file(w, BASE "/appvms/alone/volatile.img", 0, "kept");
	assert_int_equal(images_reset_volatile(the(w, "alone")), 0);
	assert_content(w, BASE "/appvms/alone/volatile.img", "kept");
	assert_int_equal(root_unlink(w->q.root, BASE "/appvms/alone/volatile.img"), 0);
	assert_int_equal(images_reset_volatile(the(w, "alone")), 0);
	assert_int_equal(size_of(w, BASE "/appvms/alone/volatile.img"), 12348030976);
}

static void a_grown_root_image_needs_a_bigger_volatile_one(void **state)
{
	const struct world *w = *state;

	make_file(w, BASE "/vm-templates/tpl/root.img", 30 * GIB + 1, "grown");
	make_file(w, BASE "/appvms/work/volatile.img", 0, "");
	assert_int_equal(images_reset_volatile(the(w, "work")), 0);
	assert_int_equal(size_of(w, BASE "/appvms/work/volatile.img"), 30 * GIB + MIB + 1536 * MIB);
}

static void a_template_that_was_never_committed_gets_its_cow(void **state)
{
	const struct world *w = *state;

	assert_int_equal(images_reset_volatile(the(w, "wintpl")), 0);
	assert_int_equal(size_of(w, BASE "/vm-templates/wintpl/root-cow.img"), 10 * GIB);
	make_file(w, BASE "/vm-templates/tpl/root-cow.img", 10 * GIB, "old blocks");
	assert_int_equal(images_reset_volatile(the(w, "tpl")), 0);
	assert_content(w, BASE "/vm-templates/tpl/root-cow.img", "old blocks");
}

static void a_volatile_link_is_replaced_not_followed(void **state)
{
	const struct world *w = *state;

	make_file(w, "/precious", 0, "data");
	make_file(w, BASE "/appvms/work/private.img", 0, "");
	assert_int_equal(root_symlink(w->q.root, "/precious", BASE "/appvms/work/volatile.img"), 0);
	assert_int_equal(images_reset_volatile(the(w, "work")), 0);
	assert_content(w, "/precious", "data");
	assert_int_equal(size_of(w, BASE "/appvms/work/volatile.img"), 12348030976);
}

static void the_icon_is_a_link_that_replaces_what_was_there(void **state)
{
	const struct world *w = *state;

	make_file(w, BASE "/appvms/work/icon.png", 0, "an old picture");
	images_set_icon(the(w, "work"));
	AUTO_FREE char *target = root_readlink(w->q.root, BASE "/appvms/work/icon.png");
	assert_string_equal(target, "/usr/share/icons/hicolor/128x128/devices/appvm-blue.png");
	assert_listing(w, BASE "/appvms/work", "icon.png");
}

static void an_icon_that_cannot_be_set_is_only_noted(void **state)
{
	images_set_icon(the(*state, "work")); /* has no directory */
	images_set_icon(the(*state, "dom0"));
	assert_int_equal(error_kind(), ERROR_NONE);
}

/* ---- removing ---- */

static void removal_takes_the_vms_directory_and_nothing_else(void **state)
{
	const struct world *w = *state;

	make_file(w, "/precious", 0, "data");
	assert_int_equal(images_create(the(w, "work"), the(w, "tpl"), true), 0);
	assert_int_equal(root_symlink(w->q.root, "/precious", BASE "/appvms/work/link"), 0);
	make_file(w, BASE "/appvms/work/apps/deep/menu", 0, "");
	make_file(w, BASE "/appvms/workshop/private.img", 0, "");
	assert_int_equal(images_remove(the(w, "work")), 0);
	assert_listing(w, BASE "/appvms", "workshop");
	assert_content(w, "/precious", "data");
}

static void a_directory_elsewhere_is_not_removed(void **state)
{
	const struct world *w = *state;

	make_file(w, "/elsewhere/far/private.img", 0, "");
	assert_int_equal(images_remove(the(w, "far")), -1);
	assert_listing(w, "/elsewhere/far", "private.img");
}

static void nothing_is_removed_through_a_link(void **state)
{
	const struct world *w = *state;

	make_file(w, "/elsewhere/work/private.img", 0, "");
	make_file(w, BASE "/appvms/other/private.img", 0, "");
	assert_int_equal(root_symlink(w->q.root, "/elsewhere/work", BASE "/appvms/work"), 0);
	assert_int_equal(images_remove(the(w, "work")), -1);
	assert_int_equal(root_rename(w->q.root, BASE "/appvms", "/moved", false), 0);
	assert_int_equal(root_symlink(w->q.root, "/elsewhere", BASE "/appvms"), 0);
	assert_int_equal(images_remove(the(w, "work")), -1);
	assert_listing(w, "/elsewhere/work", "private.img");
}

static void absence_is_told_apart_when_removing(void **state)
{
	const struct world *w = *state;

	make_file(w, BASE "/appvms/other/private.img", 0, "");
	assert_int_equal(images_remove(the(w, "work")), -1);
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
	assert_int_equal(images_remove(the(w, "dom0")), -1);
	assert_int_equal(images_remove(the(w, "disp9")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(copies_are_equal_and_keep_their_holes),
		WITH_WORLD(copies_cross_file_systems),
		WITH_WORLD(signals_do_not_cut_a_copy_short),
		WITH_WORLD(a_copy_that_does_not_fit_is_taken_away),
		WITH_WORLD(only_regular_files_are_copied_and_only_to_new_ones),
		WITH_WORLD(a_start_gets_a_fresh_volatile_image_if_based_on_a_template),
		WITH_WORLD(a_vm_of_its_own_keeps_its_volatile_image),
		WITH_WORLD(a_grown_root_image_needs_a_bigger_volatile_one),
		WITH_WORLD(a_template_that_was_never_committed_gets_its_cow),
		WITH_WORLD(a_volatile_link_is_replaced_not_followed),
		WITH_WORLD(the_icon_is_a_link_that_replaces_what_was_there),
		WITH_WORLD(an_icon_that_cannot_be_set_is_only_noted),
		WITH_WORLD(removal_takes_the_vms_directory_and_nothing_else),
		WITH_WORLD(a_directory_elsewhere_is_not_removed),
		WITH_WORLD(nothing_is_removed_through_a_link),
		WITH_WORLD(absence_is_told_apart_when_removing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
