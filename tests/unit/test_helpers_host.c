/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's own programs: where they are looked for, as whom they run, and what their end means.
 */
#include "scratch_world.h"

#include <sys/stat.h>

#include "helpers.h"

#define NOBODY 65534

static int set_up(void **state)
{
	struct world *w = world_new("test:///default");

	*state = w;
	assert_int_equal(chmod(w->directory, 0755), 0);
	return 0;
}

static int tear_down(void **state)
{
	world_free(*state);
	error_clear();
	return 0;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* A program that writes down how it was called, and then does as TEXT says. */
static void install(const struct world *w, const char *path, const char *text)
{
	AUTO_FREE char *script =
		util_printf("#!/bin/sh\necho \"%s $*\" >>'%s/calls'\n%s\n", path, w->directory, text);
	AUTO_FREE char *host = inside(w, path);

	make_file(w, path, 0, script);
	assert_int_equal(chmod(host, 0755), 0);
}

static void assert_called(const struct world *w, const char *expected)
{
	AUTO_FREE char *calls = root_read(w->q.root, "/calls", 1000, NULL);

	assert_string_equal(calls ? calls : "", expected);
}

static const char *const words[] = { "hwclock", "--systohc", NULL };

static void a_program_is_found_where_programs_are(void **state)
{
	static const char *const places[] = { "/bin/hwclock", "/sbin/hwclock", "/usr/bin/hwclock",
					      "/usr/sbin/hwclock" };
	AUTO_STRBUF struct strbuf expected = { 0 };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		install(w, places[i], "");
		assert_int_equal(helpers_run_host(&w->q, words, 10, false, NULL), 0);
		strbuf_printf(&expected, "%s --systohc\n", places[i]);
	}
	assert_called(w, expected.text);
}

static void one_that_is_missing_is_said(void **state)
{
	struct world *w = *state;

	assert_int_equal(helpers_run_host(&w->q, words, 10, false, NULL), -1);
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
	assert_string_equal(error_message(), "there is no hwclock on this host");
}

static void one_that_fails_is_said(void **state)
{
	struct world *w = *state;

	install(w, "/usr/sbin/hwclock", "exit 3");
	assert_int_equal(helpers_run_host(&w->q, words, 10, false, NULL), -1);
	assert_int_equal(error_kind(), ERROR_FAILED);
	assert_string_equal(error_message(), "hwclock failed (status 3)");
}

static void one_that_hangs_is_stopped(void **state)
{
	struct world *w = *state;

	install(w, "/usr/sbin/hwclock", "exec sleep 60");
	assert_int_equal(helpers_run_host(&w->q, words, 1, false, NULL), -1);
	assert_non_null(strstr(error_message(), "did not end within 1 s and was stopped"));
}

static void who_is_not_root_goes_by_sudo(void **state)
{
	struct world *w = *state;
	AUTO_FREE char *expected =
		util_printf("/usr/bin/sudo -n %s/usr/sbin/hwclock --systohc\n", w->directory);
	AUTO_FREE char *calls = inside(w, "/calls");

	if (geteuid() != 0)
		skip();
	install(w, "/usr/sbin/hwclock", "");
	install(w, "/usr/bin/sudo", "");
	make_file(w, "/calls", 0, "");
	assert_int_equal(chmod(calls, 0666), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(helpers_run_host(&w->q, words, 10, false, NULL), 0);
	assert_int_equal(seteuid(0), 0);
	assert_called(w, expected);
}

static void or_not_at_all(void **state)
{
	struct world *w = *state;

	if (geteuid() != 0)
		skip();
	install(w, "/usr/sbin/hwclock", "");
	assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(helpers_run_host(&w->q, words, 10, false, NULL), -1);
	assert_int_equal(seteuid(0), 0);
	assert_string_equal(error_message(), "hwclock needs root's rights: there is no sudo on this host");
	assert_called(w, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_program_is_found_where_programs_are),
		TEST(one_that_is_missing_is_said),
		TEST(one_that_fails_is_said),
		TEST(one_that_hangs_is_stopped),
		TEST(who_is_not_root_goes_by_sudo),
		TEST(or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
