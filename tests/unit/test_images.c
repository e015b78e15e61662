/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images: which files a VM of each class has, how they are made, measured and checked.
 */
#include "images_world.h"

/* ---- where ---- */

static void paths_follow_class_and_template(void **state)
{
	const struct world *w = *state;

	assert_string_equal(images_root(the(w, "tpl")), BASE "/vm-templates/tpl/root.img");
	assert_string_equal(images_root(the(w, "work")), BASE "/vm-templates/tpl/root.img");
	assert_string_equal(images_root(the(w, "alone")), BASE "/appvms/alone/root.img");
	assert_string_equal(images_root(the(w, "winapp")), BASE "/vm-templates/wintpl/root.img");
	assert_string_equal(images_private(the(w, "net")), BASE "/servicevms/net/private.img");
	assert_string_equal(images_volatile(the(w, "fw")), BASE "/servicevms/fw/volatile.img");
	assert_string_equal(images_root_cow(the(w, "tpl")), BASE "/vm-templates/tpl/root-cow.img");
	assert_null(images_root_cow(the(w, "work")));
	assert_string_equal(images_private(the(w, "far")), "/elsewhere/far/private.img");
	assert_string_equal(images_private(the(w, "disp9")), BASE "/appvms/tpl-dvm/private.img");
}

static void dom0_has_no_images(void **state)
{
	const struct world *w = *state;

	assert_null(images_root(the(w, "dom0")));
	assert_null(images_private(the(w, "dom0")));
	assert_null(images_volatile(the(w, "dom0")));
	assert_null(images_kernels_dir(the(w, "dom0")));
	assert_int_equal(images_disk_usage(the(w, "dom0")), 0);
	assert_int_equal(images_verify(the(w, "dom0")), 0);
}

static void a_missing_template_means_no_root_image(void **state)
{
	assert_null(images_root(the(*state, "lost")));
}

static void absolute_image_paths_of_r2_are_used(void **state)
{
	assert_string_equal(images_private(the(*state, "r2")), "/srv/r2-private.img");
	assert_string_equal(images_root(the(*state, "r2")), BASE "/appvms/r2/root.img");
	assert_string_equal(images_volatile(the(*state, "r2")), BASE "/appvms/r2/volatile.img");
}

static void kernels_dir_is_the_default_the_own_or_none(void **state)
{
	assert_string_equal(images_kernels_dir(the(*state, "work")), BASE "/vm-kernels/4.1");
	assert_string_equal(images_kernels_dir(the(*state, "alone")), BASE "/appvms/alone/kernels");
	assert_null(images_kernels_dir(the(*state, "win")));
	assert_null(images_kernels_dir(the(*state, "odd"))); /* would lead out of vm-kernels */
}

static void icons_follow_the_label(void **state)
{
	static const char icons[] = "/usr/share/icons/hicolor/128x128/devices";

	assert_string_equal(images_label_icon(the(*state, "work")) + strlen(icons), "/appvm-blue.png");
	assert_string_equal(images_label_icon(the(*state, "tpl")) + strlen(icons), "/appvm-black.png");
	assert_string_equal(images_label_icon(the(*state, "alone")) + strlen(icons), "/appvm-red.png");
	assert_string_equal(images_icon(the(*state, "work")), BASE "/appvms/work/icon.png");
	assert_string_equal(images_icon(the(*state, "disp9")) + strlen(icons), "/dispvm-red.png");
}

/* ---- making ---- */

/*
 * As recorded from the original: what each class gets, and how big. A volatile image has room for the
 * default root size (10 GiB, HVM kinds 20), a gigabyte of swap and 512 MiB to spare.
 */
static const struct made {
	const char *name, *source, *directory, *listing;
	uint64_t root, root_cow, volatile_size;
} made[] = {
	{ "work", "tpl", BASE "/appvms/work", "icon.png private.img volatile.img", 0, 0, 12348030976 },
	{ "net", "tpl", BASE "/servicevms/net", "icon.png private.img volatile.img", 0, 0, 12348030976 },
	{ "fw", "tpl", BASE "/servicevms/fw", "icon.png private.img volatile.img", 0, 0, 12348030976 },
	{ "alone", "tpl", BASE "/appvms/alone", "icon.png kernels private.img root.img volatile.img",
	  10 * GIB, 0, 12348030976 },
	{ "win", NULL, BASE "/appvms/win", "icon.png private.img root.img volatile.img", 20 * GIB, 0,
	  23085449216 },
	{ "win", "wintpl", BASE "/appvms/win", "icon.png private.img root.img volatile.img", 10 * GIB, 0,
	  23085449216 },
	{ "winapp", "wintpl", BASE "/appvms/winapp", "icon.png private.img volatile.img", 0, 0, 23085449216 },
	{ "newhvm", NULL, BASE "/vm-templates/newhvm",
	  "icon.png private.img root-cow.img root.img volatile.img", 20 * GIB, 20 * GIB, 23085449216 },
	{ "newtpl", "tpl", BASE "/vm-templates/newtpl",
	  "icon.png private.img root-cow.img root.img volatile.img", 10 * GIB, 10 * GIB, 12348030976 },
};

static void assert_size(const struct world *w, const char *directory, const char *file, uint64_t size)
{
	AUTO_FREE char *path = util_printf("%s/%s", directory, file);

	assert_int_equal(size_of(w, path), size ? size : UINT64_MAX);
}

static void each_class_gets_its_files(void **state)
{
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		const struct made *m = &made[i];
		const struct vm *source = m->source ? the(w, m->source) : NULL;

		assert_int_equal(images_create(the(w, m->name), source, true), 0);
		assert_int_equal(images_finish(the(w, m->name)), 0);
		assert_listing(w, m->directory, m->listing);
		assert_size(w, m->directory, "private.img", 2 * GIB);
		assert_size(w, m->directory, "root.img", m->root);
		assert_size(w, m->directory, "root-cow.img", m->root_cow);
		assert_size(w, m->directory, "volatile.img", m->volatile_size);
		assert_int_equal(images_remove(the(w, m->name)), 0);
		assert_false(is_there(w, m->directory));
	}
}

static void contents_come_from_the_source(void **state)
{
	const struct world *w = *state;

	assert_int_equal(images_create(the(w, "alone"), the(w, "tpl"), true), 0);
	assert_int_equal(images_finish(the(w, "alone")), 0);
	assert_content(w, BASE "/appvms/alone/private.img", "the template's home");
	assert_content(w, BASE "/appvms/alone/root.img", "the template's root");
	assert_listing(w, BASE "/appvms/alone/kernels", "initramfs modules.img vmlinuz");
	assert_content(w, BASE "/appvms/alone/kernels/vmlinuz", "a kernel");
	assert_int_equal(images_verify(the(w, "alone")), 0);
}

static void what_is_made_belongs_to_the_group_whatever_umask_says(void **state)
{
	const struct world *w = *state;
	mode_t before = umask(077);
	struct stat st;

	assert_int_equal(images_create(the(w, "work"), the(w, "tpl"), true), 0);
	assert_int_equal(images_finish(the(w, "work")), 0);
	umask(before);
	assert_int_equal(root_lstat(w->q.root, BASE "/appvms/work", &st), 0);
	assert_int_equal(st.st_mode & 07777, IMAGES_DIRECTORY_MODE);
	assert_int_equal(st.st_gid, geteuid() == 0 ? QUBES_GID : getegid());
	assert_int_equal(root_lstat(w->q.root, BASE "/appvms/work/private.img", &st), 0);
	assert_int_equal(st.st_mode & 07777, IMAGES_MODE);
	assert_int_equal(st.st_gid, geteuid() == 0 ? QUBES_GID : getegid());
}

/* 12 GiB in a few blocks. */
static void new_images_take_no_room(void **state)
{
	const struct world *w = *state;

	assert_int_equal(images_create(the(w, "alone"), the(w, "tpl"), true), 0);
	assert_int_equal(images_finish(the(w, "alone")), 0);
	assert_true(images_disk_usage(the(w, "alone")) < MIB);
}

static void an_existing_directory_is_refused_and_kept(void **state)
{
	const struct world *w = *state;

	make_file(w, BASE "/appvms/work/precious", 0, "data");
	assert_int_equal(images_create(the(w, "work"), the(w, "tpl"), true), -1);
	assert_string_equal(error_message(), "cannot make the files of work: cannot make the directory " BASE
					     "/appvms/work: File exists");
	assert_listing(w, BASE "/appvms/work", "precious");
}

static void a_failure_at_any_step_leaves_nothing(void **state)
{
	static const char *const needed[] = {
		BASE "/vm-kernels/4.1/initramfs",
		BASE "/vm-templates/tpl/root.img",
		BASE "/vm-templates/tpl/private.img",
	};
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		assert_int_equal(root_unlink(w->q.root, needed[i]), 0);
		assert_int_equal(images_create(the(w, "alone"), the(w, "tpl"), true), -1);
		assert_non_null(strstr(error_message(), needed[i]));
		assert_false(is_there(w, BASE "/appvms")); /* was not there before */
	}
}

static void a_pv_needs_a_template(void **state)
{
	assert_int_equal(images_create(the(*state, "alone"), NULL, true), -1);
	assert_false(is_there(*state, BASE "/appvms/alone"));
}

/* ---- measuring and checking ---- */

static void disk_usage_counts_every_entry_and_follows_no_link(void **state)
{
	const struct world *w = *state;
	struct stat directory, below, link, file;

	make_file(w, "/huge", 0, "");
	AUTO_FREE char *huge = inside(w, "/huge");
	AUTO_CLOSE int fd = open(huge, O_WRONLY);
	assert_int_equal(posix_fallocate(fd, 0, 8 << 20), 0);
	make_file(w, BASE "/appvms/work/deep/file", 0, "something");
	assert_int_equal(root_symlink(w->q.root, "/huge", BASE "/appvms/work/link"), 0);
	assert_int_equal(root_lstat(w->q.root, BASE "/appvms/work", &directory), 0);
	assert_int_equal(root_lstat(w->q.root, BASE "/appvms/work/deep", &below), 0);
	assert_int_equal(root_lstat(w->q.root, BASE "/appvms/work/deep/file", &file), 0);
	assert_int_equal(root_lstat(w->q.root, BASE "/appvms/work/link", &link), 0);
	assert_int_equal(images_disk_usage(the(w, "work")),
			 512 * (directory.st_blocks + below.st_blocks + file.st_blocks + link.st_blocks));
}

static void what_is_not_there_has_no_size(void **state)
{
	const struct world *w = *state;

	assert_int_equal(images_size(the(w, "work"), images_private(the(w, "work"))), 0);
	assert_int_equal(images_allocated(the(w, "work"), images_private(the(w, "work"))), 0);
	assert_int_equal(images_size(the(w, "work"), NULL), 0);
	assert_int_equal(images_disk_usage(the(w, "work")), 0);
	assert_int_equal(images_size(the(w, "tpl"), images_private(the(w, "tpl"))), 2 * GIB);
}

static void verify_names_the_first_thing_that_is_missing(void **state)
{
	static const struct {
		const char *gone, *said;
	} cases[] = {
		{ BASE "/vm-kernels/4.1/initramfs",
		  "the kernel of work is missing: " BASE "/vm-kernels/4.1/initramfs" },
		{ BASE "/vm-kernels/4.1/vmlinuz",
		  "the kernel of work is missing: " BASE "/vm-kernels/4.1/vmlinuz" },
		{ BASE "/appvms/work/private.img",
		  "the private image of work is missing: " BASE "/appvms/work/private.img" },
		{ BASE "/vm-templates/tpl/root.img",
		  "the root image of work is missing: " BASE "/vm-templates/tpl/root.img" },
	};
	const struct world *w = *state;

	assert_int_equal(images_verify(the(w, "work")), -1);
	assert_string_equal(error_message(), "the directory of work is missing: " BASE "/appvms/work");
	assert_int_equal(images_create(the(w, "work"), the(w, "tpl"), true), 0);
	assert_int_equal(images_finish(the(w, "work")), 0);
	assert_int_equal(images_verify(the(w, "work")), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(root_unlink(w->q.root, cases[i].gone), 0);
		assert_int_equal(images_verify(the(w, "work")), -1);
		assert_string_equal(error_message(), cases[i].said);
		assert_int_equal(error_kind(), ERROR_NOT_FOUND);
	}
}

/* From 3.1 on it is given to a VM only if it is there. */
static void modules_are_not_needed(void **state)
{
	const struct world *w = *state;

	assert_int_equal(images_create(the(w, "work"), the(w, "tpl"), true), 0);
	assert_int_equal(images_finish(the(w, "work")), 0);
	assert_int_equal(root_unlink(w->q.root, BASE "/vm-kernels/4.1/modules.img"), 0);
	assert_int_equal(images_verify(the(w, "work")), 0);
}

static void an_hvm_needs_no_kernel_and_a_dispvm_nothing(void **state)
{
	const struct world *w = *state;

	assert_int_equal(images_create(the(w, "win"), NULL, true), 0);
	assert_int_equal(images_finish(the(w, "win")), 0);
	assert_int_equal(images_verify(the(w, "win")), 0);
	assert_int_equal(images_verify(the(w, "disp9")), 0);
	assert_int_equal(images_verify(the(w, "odd")), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(paths_follow_class_and_template),
		WITH_WORLD(dom0_has_no_images),
		WITH_WORLD(a_missing_template_means_no_root_image),
		WITH_WORLD(absolute_image_paths_of_r2_are_used),
		WITH_WORLD(kernels_dir_is_the_default_the_own_or_none),
		WITH_WORLD(icons_follow_the_label),
		WITH_WORLD(each_class_gets_its_files),
		WITH_WORLD(contents_come_from_the_source),
		WITH_WORLD(what_is_made_belongs_to_the_group_whatever_umask_says),
		WITH_WORLD(new_images_take_no_room),
		WITH_WORLD(an_existing_directory_is_refused_and_kept),
		WITH_WORLD(a_failure_at_any_step_leaves_nothing),
		WITH_WORLD(a_pv_needs_a_template),
		WITH_WORLD(disk_usage_counts_every_entry_and_follows_no_link),
		WITH_WORLD(what_is_not_there_has_no_size),
		WITH_WORLD(verify_names_the_first_thing_that_is_missing),
		WITH_WORLD(modules_are_not_needed),
		WITH_WORLD(an_hvm_needs_no_kernel_and_a_dispvm_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
