/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths below a root: nothing that a link or ".." says leads out of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "root_scratch.h"

/* ---- which root ---- */

static void slash_is_the_host(void **state)
{
	struct root *other = root_new("/.");
	AUTO_FREE char *path = root_host_path(host, "/var/lib/../x");

	(void)state;
	assert_true(root_is_host(host));
	assert_true(root_is_host(other));
	assert_false(root_is_host(root));
	assert_string_equal(path, "/var/lib/../x");
	root_free(other);
	root_free(NULL);
}

static void missing_root_is_an_error(void **state)
{
	(void)state;
	assert_null(root_new("/no such directory"));
	assert_string_equal(error_message(), "root /no such directory: No such file or directory");
	assert_null(root_new("/proc/self/status"));
	assert_string_equal(error_message(), "root /proc/self/status: Not a directory");
}

/* ---- links and ".." ---- */

static void absolute_link_starts_at_the_root(void **state)
{
	(void)state;
	assert_int_equal(root_symlink(root, "/etc/name", "/a/link"), 0);
	assert_content("/a/link", "inside");
	assert_int_equal(root_symlink(root, "/etc", "/a/dir"), 0);
	assert_content("/a/dir/name", "inside");
}

static void dotdot_never_climbs_above_the_root(void **state)
{
	(void)state;
	assert_content("/../../etc/name", "inside");
	assert_content("/etc/../../../etc/./name", "inside");
	/* "name" is a file beside the root */
	assert_int_equal(root_symlink(root, "../../name", "/a/out"), 0);
	assert_false(root_exists(root, "/a/out"));
	assert_int_equal(root_symlink(root, "../../../../etc/name", "/a/in"), 0);
	assert_content("/a/in", "inside");
}

/* ".." behind a link is the parent of where the link leads, as for the kernel. */
static void dotdot_is_of_the_directory_reached(void **state)
{
	(void)state;
	assert_int_equal(root_symlink(root, "/a/b", "/etc/b"), 0);
	assert_content("/etc/b/../file", "file");
	assert_content("/a/b/../../a/b/.././file", "file");
}

static void missing_directory_is_not_skipped_by_dotdot(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(root_stat(root, "/none/../a/file", &st), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(root_stat(root, "/a/file/../file", &st), -1);
	assert_int_equal(errno, ENOTDIR);
}

static void forty_links_and_no_more(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(root_symlink(root, "/etc/name", "/link0"), 0);
	for (int i = 1; i <= 40; i++) {
		AUTO_FREE char *target = util_printf("link%d", i - 1);
		AUTO_FREE char *path = util_printf("/link%d", i);

		assert_int_equal(root_symlink(root, target, path), 0);
	}
	assert_content("/link39", "inside");
	assert_int_equal(root_stat(root, "/link40", &st), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(root_symlink(root, "circle", "/circle"), 0);
	assert_int_equal(root_open(root, "/circle", O_RDONLY, 0), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(root_lstat(root, "/circle", &st), 0);
}

static void relative_paths_are_refused(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(root_stat(root, "etc/name", &st), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(root_open(host, "etc/passwd", O_RDONLY, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(root_stat(root, "", &st), -1);
}

static void links_are_told_from_what_they_lead_to(void **state)
{
	AUTO_FREE char *target = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(root_symlink(root, "/etc/name", "/link"), 0);
	assert_int_equal(root_lstat(root, "/link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(root_stat(root, "/link", &st), 0);
	assert_true(S_ISREG(st.st_mode));
	target = root_readlink(root, "/link");
	assert_string_equal(target, "/etc/name");
	assert_null(root_readlink(root, "/etc/name"));
	assert_int_equal(errno, EINVAL);
}

static void names_and_links_may_be_too_long(void **state)
{
	char name[400] = "/";
	struct stat st;

	(void)state;
	memset(name + 1, 'x', sizeof(name) - 2);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(root_stat(root, name, &st), -1);
	assert_int_equal(errno, ENAMETOOLONG);
}

/* ---- paths for others ---- */

static void host_path_has_no_link_that_leads_out(void **state)
{
	static const struct {
		const char *path, *below;
	} rows[] = {
		{ "/etc/name", "/etc/name" },  { "/", "" },
		{ "/link/name", "/etc/name" }, { "/link/new", "/etc/new" },	   /* need not exist */
		{ "/../../a", "/a" },	       { "/none/../../../x/./y", "/x/y" }, /* nor its directory */
		{ "/a/file/../z", "/a/z" },    { "/dangling", "/nowhere/at/all" },
	};

	(void)state;
	assert_int_equal(root_symlink(root, "/etc", "/link"), 0);
	assert_int_equal(root_symlink(root, "../nowhere/at/all", "/dangling"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *path = root_host_path(root, rows[i].path);
		AUTO_FREE char *expected = util_printf("%s/root%s", scratch, rows[i].below);

		assert_string_equal(path, expected);
	}
}

/* ---- opening ---- */

static void creating_through_a_dangling_link_stays_inside(void **state)
{
	AUTO_FREE char *outside = util_printf("%s/new", scratch);
	AUTO_CLOSE int fd = -1;

	(void)state;
	assert_int_equal(root_symlink(root, "../../new", "/a/link"), 0);
	fd = root_open(root, "/a/link", O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(root_exists(root, "/new"));
	assert_false(root_exists(host, outside));
}

static void opening_can_refuse_links(void **state)
{
	(void)state;
	assert_int_equal(root_symlink(root, "/etc/name", "/link"), 0);
	assert_int_equal(root_open(root, "/link", O_RDONLY | O_NOFOLLOW, 0), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(root_open(root, "/link", O_WRONLY | O_CREAT | O_EXCL, 0600), -1);
	assert_int_equal(errno, EEXIST);
}

static void parent_gives_directory_and_name(void **state)
{
	static const char *const nameless[] = { "/", "/a/", "/a/.", "/a/..", "a", "" };
	const char *base = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(root_symlink(root, "/etc", "/link"), 0);
	for (int i = 0; i < 2; i++) {
		AUTO_CLOSE int fd = root_parent(root, i ? "/link/name" : "/link", &base);

		assert_true(fd >= 0);
		assert_string_equal(base, i ? "name" : "link");
		assert_int_equal(fstatat(fd, base, &st, AT_SYMLINK_NOFOLLOW), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(nameless); i++) {
		assert_int_equal(root_parent(root, nameless[i], &base), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(root_parent(host, nameless[i], &base), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BELOW(slash_is_the_host),
		BELOW(missing_root_is_an_error),
		BELOW(absolute_link_starts_at_the_root),
		BELOW(dotdot_never_climbs_above_the_root),
		BELOW(dotdot_is_of_the_directory_reached),
		BELOW(missing_directory_is_not_skipped_by_dotdot),
		BELOW(forty_links_and_no_more),
		BELOW(relative_paths_are_refused),
		BELOW(links_are_told_from_what_they_lead_to),
		BELOW(names_and_links_may_be_too_long),
		BELOW(host_path_has_no_link_that_leads_out),
		BELOW(creating_through_a_dangling_link_stays_inside),
		BELOW(opening_can_refuse_links),
		BELOW(parent_gives_directory_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
