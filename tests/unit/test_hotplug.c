/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy that is opened for the time of an attachment, and words for devices. What is offered and who has it
 * is shown by cli/block.case and cli/usb.case, attaching by libvirt/devices.sh.
 */
#include "hotplug/internal.h"
#include "scratch_world.h"

#define POLICY "/etc/qubes-rpc/policy"
#define SERVICE "qubes.USB+2-1"
#define FILE_OF_IT POLICY "/" SERVICE

static int set_up(void **state)
{
	struct world *w = world_new(NULL);

	assert_int_equal(root_mkdirs(w->q.root, POLICY, 0755), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	world_free(*state);
	return 0;
}

static void assert_policy(const struct world *w, const char *text)
{
	AUTO_FREE char *is = root_read(w->q.root, FILE_OF_IT, 4096, NULL);

	if (!text)
		assert_null(is);
	else
		assert_string_equal(is, text);
}

static int allow(struct world *w, const char *caller)
{
	return policy_allow(&w->q, SERVICE, caller, "usb");
}

static int withdraw(struct world *w, const char *caller)
{
	return policy_withdraw(&w->q, SERVICE, caller, "usb");
}

static void a_file_comes_and_goes_with_its_line(void **state)
{
	struct world *w = *state;
	struct stat st;

	assert_int_equal(allow(w, "work"), 0);
	assert_policy(w, "work usb allow\n# for the time of an attachment\n");
	assert_int_equal(root_stat(w->q.root, FILE_OF_IT, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0664);
	assert_int_equal(withdraw(w, "work"), 0);
	assert_policy(w, NULL);
	assert_int_equal(withdraw(w, "work"), 0); /* nothing left to take */
}

static void two_at_once_leave_each_other_alone(void **state)
{
	struct world *w = *state;

	assert_int_equal(allow(w, "work"), 0);
	assert_int_equal(allow(w, "mail"), 0);
	assert_int_equal(withdraw(w, "work"), 0);
	assert_policy(w, "mail usb allow\n# for the time of an attachment\n");
	assert_int_equal(withdraw(w, "mail"), 0);
	assert_policy(w, NULL);
}

static void other_lines_stay(void **state)
{
	static const char before[] = "# mine\nwork usb allow,user=x\n$anyvm $anyvm deny";
	struct world *w = *state;
	AUTO_FREE char *with_ours = util_printf("work usb allow\n%s", before);

	make_file(w, FILE_OF_IT, 0, before);
	assert_int_equal(allow(w, "work"), 0);
	assert_policy(w, with_ours);
	assert_int_equal(withdraw(w, "work"), 0);
	assert_policy(w, before);
}

/* Somebody has left it empty so that nothing is allowed: without it, the policy of all such services would count. */
static void an_empty_file_stays(void **state)
{
	struct world *w = *state;

	make_file(w, FILE_OF_IT, 0, "");
	assert_int_equal(allow(w, "work"), 0);
	assert_int_equal(withdraw(w, "work"), 0);
	assert_policy(w, "");
}

static void a_name_that_would_say_more_is_refused(void **state)
{
	static const char *const names[] = { "", "work mail", "work\n$anyvm", "$anyvm", "*", "a/b" };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(allow(w, names[i]), -1);
		assert_int_equal(policy_allow(&w->q, SERVICE, "work", names[i]), -1);
	}
	assert_policy(w, NULL);
}

static void without_policies_nothing_is_made(void **state)
{
	struct world *w = *state;

	assert_int_equal(root_rmdir(w->q.root, POLICY), 0);
	assert_int_equal(allow(w, "work"), -1);
	assert_string_equal(error_message(),
			    "cannot allow service " SERVICE ": " POLICY ": No such file or directory");
	assert_false(root_exists(w->q.root, POLICY));
}

/* ---- words for devices ---- */

static void a_device_is_a_backend_and_a_name(void **state)
{
	static const char *const wrong[] = { "", "sda", ":sda", "work:", ":" };
	struct world *w = *state;
	const char *name;

	world_load(w, "<QubesVmCollection><QubesAppVm qid='4' name='work'/></QubesVmCollection>");
	assert_ptr_equal(hotplug_backend(&w->q, "work:/a:b", &name), the(w, "work"));
	assert_string_equal(name, "/a:b");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_null(hotplug_backend(&w->q, wrong[i], &name));
		assert_int_equal(error_kind(), ERROR_USAGE);
	}
	assert_null(hotplug_backend(&w->q, "mail:sda", &name));
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_file_comes_and_goes_with_its_line),
		T(two_at_once_leave_each_other_alone),
		T(other_lines_stay),
		T(an_empty_file_stays),
		T(a_name_that_would_say_more_is_refused),
		T(without_policies_nothing_is_made),
		T(a_device_is_a_backend_and_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
