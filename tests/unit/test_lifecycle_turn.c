/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lifecycle: who has a VM's files meanwhile, and renames that were killed.
 */
#include "lifecycle_world.h"

#include <sys/file.h>

static int remove_work(struct world *w)
{
	const struct lifecycle_remove how = { .quiet = true };
	struct vm **vms = arena_alloc(w->q.arena, 2 * sizeof(*vms));

	vms[0] = the(w, "work");
	return lifecycle_remove(vms, &how);
}

static int clone_work(struct world *w, const char *name)
{
	const struct lifecycle_clone how = { .quiet = true };

	return lifecycle_clone(the(w, "work"), name, &how);
}

static void what_is_being_started_is_left_alone(void **state)
{
	struct world *w = *state;
	int start;

	assert_int_equal(turn_wait(the(w, "work"), &start), 0);
	assert_int_equal(remove_work(w), -1);
	assert_error("work is not removed: it is being started");
	assert_int_equal(lifecycle_rename(the(w, "work"), "play"), -1);
	assert_error("work is not renamed: it is being started");
	assert_int_equal(clone_work(w, "copy"), -1);
	assert_error("work: it is being started");
	assert_store_unchanged(w);
	close(start);
	assert_int_equal(remove_work(w), 0);
}

/* A lock that is held in another open file keeps this one out, though it is the same process. */
static void assert_free(struct world *w, const char *directory, bool is_free)
{
	AUTO_CLOSE int fd = root_open(w->q.root, directory, O_RDONLY | O_DIRECTORY, 0);

	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB) == 0, is_free);
}

static void it_is_free_again_after_the_save(void **state)
{
	struct world *w = *state;

	assert_int_equal(clone_work(w, "copy"), 0);
	assert_free(w, BASE "/appvms/work", true);
}

static void it_is_free_again_after_a_failure(void **state)
{
	struct world *w = *state;

	assert_int_equal(clone_work(w, "no/name"), -1);
	assert_free(w, BASE "/appvms/work", true);
	assert_int_equal(lifecycle_rename(the(w, "work"), "fw"), -1);
	assert_free(w, BASE "/appvms/work", true);
	error_clear();
}

static void a_batch_keeps_it_to_its_end_and_is_not_in_its_own_way(void **state)
{
	struct world *w = *state;

	w->q.batch = true;
	assert_int_equal(clone_work(w, "copy"), 0);
	assert_int_equal(clone_work(w, "no/name"), -1); /* what the first command has is not its to drop */
	error_clear();
	assert_free(w, BASE "/appvms/work", false);
	assert_int_equal(lifecycle_rename(the(w, "work"), "play"), 0);
	assert_free(w, BASE "/appvms/play", false);
	pending_take_back(&w->q);
	assert_free(w, BASE "/appvms/work", true);
}

/* ---- renames that were killed ---- */

static void a_chain_of_renames_is_taken_back(void **state)
{
	struct world *w = *state;

	w->q.batch = true;
	assert_int_equal(lifecycle_rename(the(w, "work"), "play"), 0);
	assert_int_equal(lifecycle_rename(the(w, "play"), "rest"), 0);
	reopen_world(w, NULL); /* nothing was saved */
	assert_true(is_there(w, BASE "/appvms/rest/private.img"));
	lifecycle_recover(&w->q);
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
	assert_false(is_there(w, BASE "/.renaming-play") || is_there(w, BASE "/.renaming-rest"));
}

static void a_chain_that_was_saved_stays(void **state)
{
	struct world *w = *state;

	assert_int_equal(lifecycle_rename(the(w, "work"), "rest"), 0);
	assert_int_equal(root_symlink(w->q.root, "appvms/work/play", BASE "/.renaming-play"), 0);
	assert_int_equal(root_symlink(w->q.root, "appvms/play/rest", BASE "/.renaming-rest"), 0);
	lifecycle_recover(&w->q);
	assert_true(is_there(w, BASE "/appvms/rest/private.img"));
	assert_false(is_there(w, BASE "/.renaming-play") || is_there(w, BASE "/.renaming-rest"));
}

/* ---- an HVM and its template share the root image ---- */

static void an_hvm_template_is_not_copied_while_its_child_runs(void **state)
{
	struct world *w = *state;
	const struct lifecycle_clone how = { .quiet = true };
	struct vm *child = vm_add(&w->q, vm_class_by_type("HVM"), "win");

	assert_non_null(child);
	assert_int_equal(vm_set_reference(child, "template", the(w, "wintpl")), 0);
	assert_non_null(vm_need_uuid(child));
	assert_int_equal(define_domain(child), 0);
	assert_int_equal(vmm_create_paused(child), 0);
	assert_int_equal(lifecycle_clone(the(w, "wintpl"), "copy", &how), -1);
	assert_error("win is running");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFLINE(what_is_being_started_is_left_alone),
		OFFLINE(it_is_free_again_after_the_save),
		OFFLINE(it_is_free_again_after_a_failure),
		OFFLINE(a_batch_keeps_it_to_its_end_and_is_not_in_its_own_way),
		OFFLINE(a_chain_of_renames_is_taken_back),
		OFFLINE(a_chain_that_was_saved_stays),
		ONLINE(an_hvm_template_is_not_copied_while_its_child_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
