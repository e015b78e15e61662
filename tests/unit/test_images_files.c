/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images: what a start and a change of label do to them, and removal.
 */
#include "images_world.h"

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
	assert_int_equal(images_finish(the(w, "work")), 0);
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
