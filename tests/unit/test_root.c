/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below a root: nothing that a link or ".." says leads out of it, and what is written, renamed or
 * removed is whole or unchanged.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "util.h"

/*
 * A scratch directory holds "root", and "outside" beside it. Below the root:
 * /etc/name "inside", /a/b/ empty, /a/file "file".
 */
static char *scratch;
static struct root *host, *root;

static void write_file(const struct root *below, const char *path, const char *text)
{
	assert_int_equal(root_write(below, path, text, strlen(text), 0644), 0);
}

static void assert_content(const char *path, const char *expected)
{
	AUTO_FREE char *text = root_read(root, path, 1000, NULL);

	assert_non_null(text);
	assert_string_equal(text, expected);
}

static int make_scratch(void **state)
{
	AUTO_FREE char *directory = NULL;
	AUTO_FREE char *name = NULL;

	(void)state;
	scratch = util_strdup(P_tmpdir "/qubes-root-XXXXXX");
	assert_non_null(mkdtemp(scratch));
	directory = util_printf("%s/root", scratch);
	name = util_printf("%s/name", scratch);
	host = root_new("/");
	assert_int_equal(root_mkdir(host, directory, 0755), 0);
	write_file(host, name, "outside");
	root = root_new(directory);
	assert_non_null(root);
	assert_int_equal(root_mkdirs(root, "/a/b", 0755), 0);
	assert_int_equal(root_mkdirs(root, "/etc", 0755), 0);
	write_file(root, "/a/file", "file");
	write_file(root, "/etc/name", "inside");
	return 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	assert_int_equal(root_remove_tree(host, scratch), 0);
	root_free(root);
	root_free(host);
	free(scratch);
	error_clear();
	return 0;
}

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
		{ "/etc/name", "/etc/name" },
		{ "/", "" },
		{ "/link/name", "/etc/name" },
		{ "/link/new", "/etc/new" },		/* need not exist */
		{ "/../../a", "/a" },
		{ "/none/../../../x/./y", "/x/y" },	/* nor its directory */
		{ "/a/file/../z", "/a/z" },
		{ "/dangling", "/nowhere/at/all" },
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

/* ---- reading and writing ---- */

static void reading_is_limited(void **state)
{
	AUTO_FREE char *exactly = NULL;
	AUTO_FREE char *proc = NULL;
	size_t length = 0;

	(void)state;
	exactly = root_read(root, "/etc/name", 6, &length);
	assert_string_equal(exactly, "inside");
	assert_int_equal(length, 6);
	assert_null(root_read(root, "/etc/name", 5, NULL));
	assert_int_equal(errno, EFBIG);
	/* Those of /proc say that they are empty. */
	proc = root_read(host, "/proc/self/stat", 100000, &length);
	assert_non_null(proc);
	assert_true(length > 10);
	assert_int_equal(strlen(proc), length);
}

static void only_regular_files_are_read(void **state)
{
	AUTO_FREE char *fifo = util_printf("%s/root/fifo", scratch);

	(void)state;
	assert_null(root_read(root, "/a", 100, NULL));
	assert_int_equal(errno, EISDIR);
	assert_null(root_read(root, "/none", 100, NULL));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_null(root_read(root, "/fifo", 100, NULL));
	assert_int_equal(errno, EINVAL);
}

static void files_of_any_size_are_read_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 300000 };
	AUTO_FREE char *text = util_alloc(300000);

	(void)state;
	memset(text, 'x', 300000);
	text[17] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		AUTO_FREE char *back = NULL;
		size_t length = 1;

		assert_int_equal(root_write(root, "/big", text, sizes[i], 0600), 0);
		back = root_read(root, "/big", 300000, &length);
		assert_int_equal(length, sizes[i]);
		assert_memory_equal(back, text, sizes[i]);
		assert_int_equal(back[length], 0);
	}
}

static int count_entries(const char *path)
{
	DIR *directory = fdopendir(root_open(root, path, O_RDONLY | O_DIRECTORY, 0));
	int count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2; /* . and .. */
}

static void writing_replaces_and_leaves_nothing_beside(void **state)
{
	mode_t before = umask(077);
	struct stat st;

	(void)state;
	assert_int_equal(root_write(root, "/a/file", "new", 3, 0664), 0);
	umask(before);
	assert_content("/a/file", "new");
	assert_int_equal(root_stat(root, "/a/file", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0664);
	assert_int_equal(count_entries("/a"), 2);
}

static void writing_replaces_a_link_not_its_target(void **state)
{
	(void)state;
	assert_int_equal(root_symlink(root, "/etc/name", "/a/link"), 0);
	write_file(root, "/a/link", "mine");
	assert_content("/etc/name", "inside");
	assert_content("/a/link", "mine");
}

static void failed_writing_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(root_write(root, "/a/b", "text", 4, 0644), -1);
	assert_string_equal(error_message(), "cannot write /a/b: Is a directory");
	assert_int_equal(count_entries("/a"), 2);
	assert_int_equal(root_write(root, "/none/x", "text", 4, 0644), -1);
	assert_string_equal(error_message(), "cannot write /none/x: No such file or directory");
}

static void random_names_differ(void **state)
{
	AUTO_FREE char *one = util_random_name("qubes.xml");
	AUTO_FREE char *other = util_random_name("qubes.xml");

	(void)state;
	assert_int_equal(strlen(one), 9 + 12);
	assert_true(util_starts_with(one, "qubes.xml"));
	assert_int_equal(strspn(one + 9, "abcdefghijklmnopqrstuvwxyzABCDEF"), 12);
	assert_string_not_equal(one, other);
}

/* ---- directories, names ---- */

static void parents_are_made(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(root_mkdirs(root, "/x/y/z", 0755), 0);
	assert_int_equal(root_mkdirs(root, "/x/y/z", 0755), 0);
	assert_int_equal(root_stat(root, "/x/y/z", &st), 0);
	assert_int_equal(root_symlink(root, "/x/y", "/link"), 0);
	assert_int_equal(root_mkdirs(root, "/link/more/of/it", 0755), 0);
	assert_true(root_exists(root, "/x/y/more/of/it"));
	assert_int_equal(root_mkdirs(root, "/link", 0755), 0);
	assert_int_equal(root_mkdirs(root, "/a/file/x", 0755), -1);
	assert_string_equal(error_message(), "cannot make directory /a/file/x: Not a directory");
	assert_int_equal(root_mkdirs(root, "/a/file", 0755), -1);
	assert_int_equal(root_rmdir(root, "/x/y/z"), 0);
	assert_int_equal(root_unlink(root, "/link"), 0);
	assert_false(root_exists(root, "/link"));
}

static void renaming_replaces_only_if_told_to(void **state)
{
	(void)state;
	assert_int_equal(root_rename(root, "/a/file", "/etc/name", false), -1);
	assert_int_equal(errno, EEXIST);
	assert_content("/etc/name", "inside");
	assert_int_equal(root_rename(root, "/a/file", "/etc/other", false), 0);
	assert_content("/etc/other", "file");
	assert_int_equal(root_rename(root, "/etc/other", "/etc/name", true), 0);
	assert_content("/etc/name", "file");
	assert_int_equal(root_rename(root, "/none", "/x", false), -1);
	assert_int_equal(errno, ENOENT);
}

/* ---- removing trees ---- */

static void tree_is_removed_without_its_links_targets(void **state)
{
	(void)state;
	assert_int_equal(root_mkdirs(root, "/tree/1/2", 0755), 0);
	assert_int_equal(root_mkdirs(root, "/tree/3", 0755), 0);
	write_file(root, "/tree/1/2/file", "x");
	assert_int_equal(root_symlink(root, "/etc", "/tree/etc"), 0);
	assert_int_equal(root_symlink(root, "../../../a", "/tree/1/2/a"), 0);
	assert_int_equal(root_remove_tree(root, "/tree"), 0);
	assert_false(root_exists(root, "/tree"));
	assert_content("/etc/name", "inside");
	assert_content("/a/file", "file");
}

static void link_to_a_tree_is_removed_alone(void **state)
{
	(void)state;
	assert_int_equal(root_symlink(root, "/a", "/link"), 0);
	assert_int_equal(root_remove_tree(root, "/link"), 0);
	assert_content("/a/file", "file");
	assert_int_equal(root_remove_tree(root, "/a/file"), 0);
	assert_false(root_exists(root, "/a/file"));
}

static void root_itself_is_not_removed(void **state)
{
	static const char *const paths[] = { "/", "/a/..", "/a/../", "/.", "a" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_int_equal(root_remove_tree(root, paths[i]), -1);
	assert_content("/a/file", "file");
	assert_int_equal(root_remove_tree(root, "/none"), -1);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(error_message(), "cannot remove /none: No such file or directory");
}

/* Deeper than any path can say, and than there may be open files. */
static void deep_tree_is_removed(void **state)
{
	AUTO_CLOSE int fd = -1;

	(void)state;
	assert_int_equal(root_mkdir(root, "/deep", 0755), 0);
	fd = root_open(root, "/deep", O_RDONLY | O_DIRECTORY, 0);
	for (int i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "next", 0755), 0);
		assert_int_equal(symlinkat("/a", fd, "link"), 0);
		next = openat(fd, "next", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	assert_int_equal(root_remove_tree(root, "/deep"), 0);
	assert_false(root_exists(root, "/deep"));
	assert_content("/a/file", "file");
}

/* In a name space of its own: 0 refused and untouched, 1 not, 2 this machine lets nobody mount. */
static int remove_with_mount(const char *source, const char *type, unsigned long flags)
{
	AUTO_FREE char *directory = root_host_path(root, "/");
	AUTO_FREE char *target = root_host_path(root, "/tree/mount");

	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(source, target, type, flags, NULL) != 0)
		return 2;
	/* What was opened before is still in the other name space. */
	root_free(root);
	root = root_new(directory);
	write_file(root, "/tree/mount/kept", "kept");
	if (root_remove_tree(root, "/tree") == 0 || !root_exists(root, "/tree/mount/kept"))
		return 1;
	return 0;
}

static void mounts_below_a_tree_are_not_entered(void **state)
{
	AUTO_FREE char *bound = root_host_path(root, "/a");
	int status = 0;

	(void)state;
	assert_int_equal(root_mkdirs(root, "/tree/mount", 0755), 0);
	for (int bind = 0; bind < 2; bind++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(remove_with_mount(bound, bind ? NULL : "tmpfs", bind ? MS_BIND : 0));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WEXITSTATUS(status) == 2)
			skip();
		assert_int_equal(status, 0);
	}
}

/* ---- groups ---- */

static void groups_are_those_of_the_root(void **state)
{
	(void)state;
	assert_int_equal(root_group(root, "qubes"), (gid_t)-1);
	write_file(root, "/etc/group", "root:x:0:\nbroken line\n:::\nqubes:x:98:user,root\nqubes:x:99:\n");
	assert_int_equal(root_group(root, "qubes"), 98);
	assert_int_equal(root_group(root, "root"), 0);
	assert_int_equal(root_group(root, "nobody-knows"), (gid_t)-1);
}

static void group_is_given_where_it_can_be(void **state)
{
	struct stat st;

	(void)state;
	root_chgrp_qubes(root, "/etc/name");
	write_file(root, "/etc/group", "qubes:x:98:\n");
	root_chgrp_qubes(root, "/none");
	root_chgrp_qubes(root, "/etc/name");
	assert_int_equal(root_stat(root, "/etc/name", &st), 0);
	assert_int_equal(st.st_gid, geteuid() == 0 ? 98 : getegid());
}

#define BELOW(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

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
		BELOW(reading_is_limited),
		BELOW(only_regular_files_are_read),
		BELOW(files_of_any_size_are_read_back),
		BELOW(writing_replaces_and_leaves_nothing_beside),
		BELOW(writing_replaces_a_link_not_its_target),
		BELOW(failed_writing_changes_nothing),
		BELOW(random_names_differ),
		BELOW(parents_are_made),
		BELOW(renaming_replaces_only_if_told_to),
		BELOW(tree_is_removed_without_its_links_targets),
		BELOW(link_to_a_tree_is_removed_alone),
		BELOW(root_itself_is_not_removed),
		BELOW(deep_tree_is_removed),
		BELOW(mounts_below_a_tree_are_not_entered),
		BELOW(groups_are_those_of_the_root),
		BELOW(group_is_given_where_it_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
