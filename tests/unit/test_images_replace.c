/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images: a given file as the root image of a VM that is being made, moved or copied.
 */
#include "images_world.h"

#include "pending.h"

#define GIVEN "/srv/given.img"

/* The front door gives a queue to every run. */
static struct vm *make_vm(struct world *w, const char *name, const char *source)
{
	struct vm *vm = the(w, name);

	if (!w->q.pending)
		w->q.pending = pending_new(&w->q);
	make_file(w, GIVEN, 5 * MIB, "given");
	assert_int_equal(images_create(vm, source ? the(w, source) : NULL, true), 0);
	assert_int_equal(images_finish(vm), 0);
	return vm;
}

static void set_mode(const struct world *w, const char *path, mode_t mode)
{
	AUTO_FREE char *host = inside(w, path);

	assert_int_equal(chmod(host, mode), 0);
}

static mode_t mode_of(const struct world *w, const char *path)
{
	struct stat st;

	assert_int_equal(root_lstat(w->q.root, path, &st), 0);
	return st.st_mode & 07777;
}

/* ---- copied ---- */

static void a_copy_takes_the_place_of_the_root_image(void **state)
{
	struct world *w = *state;
	struct vm *win = make_vm(w, "win", NULL);

	assert_int_equal(images_replace_root(win, GIVEN, false, true), 0);
	assert_content(w, BASE "/appvms/win/root.img", "given");
	assert_int_equal(size_of(w, BASE "/appvms/win/root.img"), 5 * MIB);
	assert_int_equal(mode_of(w, BASE "/appvms/win/root.img"), IMAGES_MODE);
	assert_listing(w, BASE "/appvms/win", "icon.png private.img root.img volatile.img");
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_content(w, GIVEN, "given");
}

static void a_standalone_vm_gets_it_instead_of_the_templates(void **state)
{
	struct world *w = *state;

	assert_int_equal(images_replace_root(make_vm(w, "alone", "tpl"), GIVEN, false, true), 0);
	assert_content(w, BASE "/appvms/alone/root.img", "given");
	assert_content(w, BASE "/vm-templates/tpl/root.img", "the template's root");
}

static void the_cow_file_of_a_template_has_its_size(void **state)
{
	struct world *w = *state;

	assert_int_equal(images_replace_root(make_vm(w, "newhvm", NULL), GIVEN, false, true), 0);
	assert_int_equal(size_of(w, BASE "/vm-templates/newhvm/root-cow.img"), 5 * MIB);
	assert_listing(w, BASE "/vm-templates/newhvm",
		       "icon.png private.img root-cow.img root.img volatile.img");
}

/* ---- moved ---- */

static void a_moved_file_has_both_names_until_the_store_is_saved(void **state)
{
	struct world *w = *state;
	struct vm *win = make_vm(w, "win", NULL);

	set_mode(w, GIVEN, 0400);
	assert_int_equal(images_replace_root(win, GIVEN, true, true), 0);
	assert_content(w, BASE "/appvms/win/root.img", "given");
	assert_int_equal(mode_of(w, GIVEN), 0400);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_false(is_there(w, GIVEN));
	assert_content(w, BASE "/appvms/win/root.img", "given");
	assert_int_equal(mode_of(w, BASE "/appvms/win/root.img"), IMAGES_MODE);
}

static void if_the_vm_is_not_made_after_all_the_file_is_where_it_was(void **state)
{
	struct world *w = *state;
	struct vm *win = make_vm(w, "win", NULL);

	assert_int_equal(images_replace_root(win, GIVEN, true, true), 0);
	assert_int_equal(images_remove(win), 0);
	assert_content(w, GIVEN, "given");
	assert_int_equal(size_of(w, GIVEN), 5 * MIB);
}

static void another_file_in_its_place_is_not_deleted(void **state)
{
	struct world *w = *state;

	assert_int_equal(images_replace_root(make_vm(w, "win", NULL), GIVEN, true, true), 0);
	assert_int_equal(root_unlink(w->q.root, GIVEN), 0);
	make_file(w, "/srv/blocker", 0, ""); /* so that the number of the file is not used again at once */
	make_file(w, GIVEN, 0, "another");
	assert_int_equal(qubes_commit(&w->q), -1);
	assert_content(w, GIVEN, "another");
	assert_content(w, BASE "/appvms/win/root.img", "given");
}

/* ---- refused ---- */

static void only_a_regular_file_can_be_given(void **state)
{
	static const struct {
		const char *file;
		bool move;
		const char *why;
	} cases[] = {
		{ "given.img", false, "the path of the root image must be absolute: 'given.img'" },
		{ "/srv/nosuch.img", false, "the root image /srv/nosuch.img: No such file or directory" },
		{ "/srv", false, "the root image /srv is not a regular file" },
		{ "/srv/link", true, "the root image /srv/link is not a regular file" },
	};
	struct world *w = *state;
	struct vm *win = make_vm(w, "win", NULL);

	assert_int_equal(root_symlink(w->q.root, GIVEN, "/srv/link"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(images_check_given_root(w->q.root, cases[i].file, cases[i].move), -1);
		assert_string_equal(error_message(), cases[i].why);
		assert_int_equal(images_replace_root(win, cases[i].file, cases[i].move, true), -1);
	}
	assert_int_equal(images_check_given_root(w->q.root, "/srv/link", false), 0);
	assert_int_equal(size_of(w, BASE "/appvms/win/root.img"), 20 * GIB);
	assert_listing(w, BASE "/appvms/win", "icon.png private.img root.img volatile.img");
}

static void a_vm_based_on_a_template_takes_none(void **state)
{
	struct world *w = *state;

	assert_int_equal(images_replace_root(make_vm(w, "work", "tpl"), GIVEN, false, true), -1);
	assert_content(w, BASE "/vm-templates/tpl/root.img", "the template's root");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(a_copy_takes_the_place_of_the_root_image),
		WITH_WORLD(a_standalone_vm_gets_it_instead_of_the_templates),
		WITH_WORLD(the_cow_file_of_a_template_has_its_size),
		WITH_WORLD(a_moved_file_has_both_names_until_the_store_is_saved),
		WITH_WORLD(if_the_vm_is_not_made_after_all_the_file_is_where_it_was),
		WITH_WORLD(another_file_in_its_place_is_not_deleted),
		WITH_WORLD(only_a_regular_file_can_be_given),
		WITH_WORLD(a_vm_based_on_a_template_takes_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
