/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below a root: what is written, renamed or removed is whole or unchanged, and nothing is removed but
 * what was named.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "root_scratch.h"

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

/* ---- modes ---- */

/* Also of what cannot be opened, as sockets. */
static void modes_are_changed_but_not_through_links(void **state)
{
	AUTO_FREE char *socket = util_printf("%s/root/a/socket", scratch);
	struct stat st;

	(void)state;
	assert_int_equal(mknod(socket, S_IFSOCK | 0600, 0), 0);
	assert_int_equal(root_chmod(root, "/a/socket", 0660), 0);
	assert_int_equal(root_lstat(root, "/a/socket", &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	assert_int_equal(root_chmod(root, "/a/b", 02770), 0);
	assert_int_equal(root_lstat(root, "/a/b", &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 02770);

	assert_int_equal(root_symlink(root, "file", "/a/link"), 0);
	assert_int_equal(root_chmod(root, "/a/link", 0777), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(root_lstat(root, "/a/file", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(root_chmod(root, "/a/none", 0777), -1);
	assert_int_equal(errno, ENOENT);
}

static void a_lock_is_waited_for_until_its_time(void **state)
{
	int one, other;
	long long start;

	(void)state;
	one = root_open(root, "/etc", O_RDONLY | O_DIRECTORY, 0);
	other = root_open(root, "/etc", O_RDONLY | O_DIRECTORY, 0);
	start = util_milliseconds();
	assert_int_equal(util_lock_before(one, start), 0);
	assert_int_equal(util_lock_before(other, start + 100), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(util_milliseconds() >= start + 100);
	close(one);
	assert_int_equal(util_lock_before(other, util_milliseconds()), 0);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BELOW(reading_is_limited),
		BELOW(a_lock_is_waited_for_until_its_time),
		BELOW(only_regular_files_are_read),
		BELOW(files_of_any_size_are_read_back),
		BELOW(writing_replaces_and_leaves_nothing_beside),
		BELOW(writing_replaces_a_link_not_its_target),
		BELOW(failed_writing_changes_nothing),
		BELOW(random_names_differ),
		BELOW(modes_are_changed_but_not_through_links),
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
