/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name of the host's time zone: from a link, from a file that says it, from another name of the same file.
 */
#include "qubesdb_world.h"

#define ZONES "/usr/share/zoneinfo/"

static int make_root(void **state)
{
	struct world *w = world_new(NULL);

	assert_int_equal(root_mkdirs(w->q.root, "/etc", 0755), 0);
	*state = w;
	return 0;
}

#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, drop_network)

static void assert_timezone(struct world *w, const char *expected)
{
	const char *found = qubesdb_timezone(&w->q);

	if (expected && found)
		assert_string_equal(found, expected);
	else
		assert_ptr_equal(found, expected);
	assert_int_equal(error_kind(), ERROR_NONE);
}

/* NULL: not known. The original takes the last two parts, whatever they are. */
static const struct {
	const char *target, *zone;
} links[] = {
	{ "../usr/share/zoneinfo/Europe/Warsaw", "Europe/Warsaw" },
	{ ZONES "America/Argentina/Salta", "America/Argentina/Salta" },
	{ ZONES "UTC", "UTC" },
	{ ZONES "Etc/GMT+5", "Etc/GMT+5" },
	{ ZONES, NULL },
	{ ZONES "../../../etc/passwd", NULL },
	{ ZONES "/UTC", NULL },
	{ ZONES "Europe/War saw", NULL },
	{ ZONES "Europe/\nx", NULL },
	{ "/etc/my/zone", NULL },
};

static void a_link_names_it(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		assert_int_equal(root_symlink(w->q.root, links[i].target, "/etc/localtime"), 0);
		assert_timezone(w, links[i].zone);
		assert_int_equal(root_unlink(w->q.root, "/etc/localtime"), 0);
	}
}

static const struct {
	const char *text, *zone;
} clocks[] = {
	{ "# set by us\nUTC=true\nZONE=\"Asia/Tokyo\"\nZONE=\"UTC\"\n", "Asia/Tokyo" },
	{ "ZONE=Asia/Tokyo", "Asia/Tokyo" },
	{ "ZONE=\"Asia/Tokyo\n", NULL },
	{ "ZONE=\"\n", NULL },
	{ "ZONE=\"\"\n", NULL },
	{ "ZONE=\"../Tokyo\"\n", NULL },
	{ "TIMEZONE=\"Asia/Tokyo\"\n", NULL },
	{ "", NULL },
};

static void without_a_link_the_clock_file_says_it(void **state)
{
	struct world *w = *state;

	make_file(w, "/etc/localtime", 0, "TZif");
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		make_file(w, "/etc/sysconfig/clock", 0, clocks[i].text);
		assert_timezone(w, clocks[i].zone);
	}
}

static void hard_link(const struct world *w, const char *path)
{
	AUTO_FREE char *from = inside(w, "/etc/localtime");
	AUTO_FREE char *to = inside(w, path);

	make_file(w, path, 0, "");
	assert_int_equal(unlink(to), 0);
	assert_int_equal(link(from, to), 0);
}

/* The same file is there under several names: always the same one, and none that is no zone of its own. */
static void else_the_name_of_the_same_file(void **state)
{
	struct world *w = *state;

	make_file(w, "/etc/localtime", 0, "TZif");
	make_file(w, ZONES "Europe/Berlin", 0, "TZif");
	assert_timezone(w, NULL);
	hard_link(w, ZONES "posix/Africa/Warsaw");
	assert_timezone(w, NULL);
	hard_link(w, ZONES "Poland");
	assert_timezone(w, "Poland");
	hard_link(w, ZONES "Europe/Warsaw");
	assert_timezone(w, "Europe/Warsaw");
	hard_link(w, ZONES "America/Argentina/Warsaw");
	assert_timezone(w, "America/Argentina/Warsaw");
}

static void nothing_at_all_is_no_error(void **state)
{
	assert_timezone(*state, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOT(a_link_names_it),
		IN_ROOT(without_a_link_the_clock_file_says_it),
		IN_ROOT(else_the_name_of_the_same_file),
		IN_ROOT(nothing_at_all_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
