/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saving while everything goes wrong: every system call fails, or the machine stops there, one after the
 * other, until a save succeeds. Each time the old store is there, whole, or the new one is.
 */
#include "store_scratch.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

/* ---- the calls, under our names ---- */

enum end {
	FAILS,	     /* this call, and the ones after it work */
	FAILS_ON,    /* this call and all after it */
	DIES_BEFORE, /* the process ends instead of it */
	DIES_AFTER,
};

static struct {
	bool on;
	size_t at, calls; /* the call that AT is reached with, from 1; how many there were */
	enum end end;
	int error;
	size_t write_at_most; /* 0: all */
	char last[32];	      /* what failed */
	int result;	      /* of the save */
	size_t passed_over;   /* faults with which it still went well */
	struct strbuf log;    /* the calls, each with a blank after it */
} fault;

/* Has it come to the call that the fault is for? */
static bool is_due(const char *call)
{
	if (!fault.on)
		return false;
	fault.on = false; /* for what is called here */
	strbuf_printf(&fault.log, "%s ", call);
	fault.on = true;
	if (++fault.calls < fault.at || (fault.calls > fault.at && fault.end != FAILS_ON))
		return false;
	(void)snprintf(fault.last, sizeof(fault.last), "%s", call);
	if (fault.end == DIES_BEFORE)
		_exit(0);
	errno = fault.error;
	return true;
}

/* A function of the C library, of that TYPE, that does what it says unless it is its turn. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAULTY(type, name, parameters, arguments)   \
	type name parameters                        \
	{                                           \
		bool due = is_due(#name);           \
		type result;                        \
                                                    \
		if (due && fault.end != DIES_AFTER) \
			return (type)-1;            \
		result = REAL(name) arguments;      \
		if (due)                            \
			_exit(0);                   \
		return result;                      \
	}

FAULTY(ssize_t, read, (int fd, void *bytes, size_t length), (fd, bytes, length))
FAULTY(int, fsync, (int fd), (fd))
FAULTY(int, fchmod, (int fd, mode_t mode), (fd, mode))
FAULTY(int, fchown, (int fd, uid_t owner, gid_t group), (fd, owner, group))
FAULTY(int, fstat, (int fd, struct stat *st), (fd, st))
FAULTY(int, fstatat, (int fd, const char *path, struct stat *st, int flags), (fd, path, st, flags))
FAULTY(ssize_t, readlinkat, (int fd, const char *path, char *target, size_t room), (fd, path, target, room))
FAULTY(ssize_t, flistxattr, (int fd, char *names, size_t room), (fd, names, room))
FAULTY(ssize_t, fgetxattr, (int fd, const char *name, void *value, size_t room), (fd, name, value, room))
FAULTY(int, fsetxattr, (int fd, const char *name, const void *value, size_t size, int flags),
       (fd, name, value, size, flags))
FAULTY(int, fremovexattr, (int fd, const char *name), (fd, name))
FAULTY(int, renameat2, (int from, const char *old, int to, const char *new, unsigned int flags),
       (from, old, to, new, flags))
FAULTY(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
FAULTY(ssize_t, getrandom, (void *bytes, size_t length, unsigned int flags), (bytes, length, flags))

int openat(int directory, const char *path, int flags, ...)
{
	bool due = is_due("openat");
	va_list arguments;
	mode_t mode;
	int fd;

	va_start(arguments, flags);
	mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	if (due && fault.end != DIES_AFTER)
		return -1;
	fd = REAL(openat)(directory, path, flags, mode);
	if (due)
		_exit(0);
	return fd;
}

int fcntl(int fd, int command, ...)
{
	bool due = is_due("fcntl");
	va_list arguments;
	void *argument;
	int result;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (due && fault.end != DIES_AFTER)
		return -1;
	result = REAL(fcntl)(fd, command, argument);
	if (due)
		_exit(0);
	return result;
}

/* What is said on stderr is no part of it. */
ssize_t write(int fd, const void *bytes, size_t length)
{
	bool counts = fault.on && fd != STDERR_FILENO, due = counts && is_due("write");
	ssize_t result;

	if (due && fault.end != DIES_AFTER)
		return -1;
	if (counts && fault.write_at_most && length > fault.write_at_most)
		length = fault.write_at_most;
	result = REAL(write)(fd, bytes, length);
	if (due)
		_exit(0);
	return result;
}

static void arm(size_t at, enum end end, int error)
{
	fault.on = true;
	fault.at = at;
	fault.calls = 0;
	fault.end = end;
	fault.error = error;
	fault.last[0] = '\0';
}

static void disarm(void)
{
	fault.on = false;
	strbuf_free(&fault.log);
	fault.log = (struct strbuf){ 0 };
}

/* ---- a store before and after ---- */

#define CALLS_MAX 1000

static const char before[] =
	"<?xml version=\"1.0\"?>\n<QubesVmCollection>\n  <QubesAppVm name=\"a\" qid=\"1\"/>\n"
	"</QubesVmCollection>\n<!-- the end -->\n";
static const char after[] =
	"<?xml version=\"1.0\"?>\n<QubesVmCollection changed=\"yes\">\n  <QubesAppVm name=\"a\" qid=\"1\"/>\n"
	"</QubesVmCollection>\n<!-- the end -->\n";

/* With what a save has to keep; where there are no extended attributes, without. */
static void put_old_store(const struct scratch *s)
{
	(void)!unlink(s->store);
	put_store(s, before);
	assert_int_equal(chmod(s->store, 0640), 0);
	(void)!setxattr(s->store, "user.note", "kept", 4, 0);
}

static struct store *open_changed(const struct scratch *s)
{
	struct store *store = open_store(s, true);

	store_put_attribute(store_root(store), "changed", "yes");
	store_touch(store);
	return store;
}

static size_t files_beside(const struct scratch *s)
{
	AUTO_FREE char *directory = util_printf("%s" DIRECTORY, s->directory);

	return count_entries(directory);
}

static void assert_old_or_new(const struct scratch *s)
{
	AUTO_FREE char *text = file_text(s, STORE_PATH);
	struct stat st;

	if (strcmp(text, before) != 0)
		assert_string_equal(text, after);
	assert_int_equal(stat(s->store, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

/* ---- failing calls ---- */

/* One save with a fault at call AT. Was that beyond the last one? */
static bool save_with_fault(const struct scratch *s, size_t at, enum end end, int error)
{
	struct store *store;
	bool reached;

	put_old_store(s);
	store = open_changed(s);
	arm(at, end, error);
	fault.result = store_save(store);
	disarm();
	reached = fault.calls >= at;
	if (fault.result == 0) {
		fault.passed_over += reached;
		assert_store(s, after);
	} else {
		assert_int_equal(fault.result, -1);
		assert_store(s, before);
		assert_true(reached);
		if (!error_message()[0])
			fail_msg("no message for %s", fault.last);
		error_clear();
	}
	assert_old_or_new(s);
	if (end == FAILS)
		assert_int_equal(files_beside(s), 1);
	/* It is still open and locked: when the fault has gone, it can be saved. */
	assert_int_equal(store_save(store), 0);
	assert_store(s, after);
	store_close(store);
	return reached;
}

static void remove_left_over(const struct scratch *s)
{
	AUTO_FREE char *path = util_printf("%s" DIRECTORY, s->directory);
	DIR *directory = opendir(path);
	struct dirent *entry;

	assert_non_null(directory);
	while ((entry = readdir(directory)))
		if (util_starts_with(entry->d_name, "qubes.xml"))
			(void)!unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
}

static size_t save_with_faults(const struct scratch *s, enum end end, int error)
{
	size_t at = 1;

	fault.passed_over = 0;
	while (save_with_fault(s, at, end, error)) {
		remove_left_over(s);
		assert_true(at++ < CALLS_MAX);
	}
	return at - 1;
}

/* None is passed over but that of the directory's fsync, when the new store is there already. */
static void each_call_fails_once(void **state)
{
	static const int errors[] = { EIO, ENOSPC, ENOMEM };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		assert_true(save_with_faults(*state, FAILS, errors[i]) > 10);
		assert_int_equal(fault.passed_over, 1);
	}
}

/* Owner and extended attributes that may not be given are not, as far as it goes. */
static void each_call_is_refused_once(void **state)
{
	static const int errors[] = { EINVAL, EPERM, EOPNOTSUPP };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		assert_true(save_with_faults(*state, FAILS, errors[i]) > 10);
}

static void from_each_call_on_everything_fails(void **state)
{
	assert_true(save_with_faults(*state, FAILS_ON, EIO) > 10);
}

static void the_disk_is_full_after_a_part_was_written(void **state)
{
	fault.write_at_most = 7;
	assert_true(save_with_faults(*state, FAILS, ENOSPC) > sizeof(after) / 7);
	fault.write_at_most = 0;
}

static void an_interrupted_write_goes_on(void **state)
{
	const struct scratch *s = *state;

	fault.write_at_most = 7;
	for (size_t at = 1; save_with_fault(s, at, FAILS, EINTR); at++)
		if (!strcmp(fault.last, "write") || !strcmp(fault.last, "getrandom"))
			assert_int_equal(fault.result, 0);
	fault.write_at_most = 0;
}

/* ---- a machine that stops ---- */

/* What was only written, or only renamed, is not on the disk yet. */
static void everything_is_on_the_disk_in_time(void **state)
{
	const struct scratch *s = *state;
	struct store *store;
	const char *rest;

	put_old_store(s);
	store = open_changed(s);
	arm(CALLS_MAX, FAILS, 0);
	assert_int_equal(store_save(store), 0);
	rest = strstr(fault.log.text, "write ");
	assert_non_null(rest);
	rest = strstr(rest, "fsync ");
	assert_non_null(rest);
	rest = strstr(rest, "renameat2 ");
	assert_non_null(rest);
	assert_string_equal(rest, "renameat2 fsync ");
	disarm();
	store_close(store);
}

/* A process that saves, and ends at call AT. Did it get to its end before? */
static bool save_and_die(const struct scratch *s, size_t at, enum end end)
{
	int status;
	pid_t child;

	put_old_store(s);
	child = fork();
	if (child == 0) {
		struct store *store = open_changed(s);

		arm(at, end, 0);
		_exit(store_save(store) == 0 ? 42 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
	assert_old_or_new(s);
	store_close(open_store(s, true));
	remove_left_over(s);
	return WEXITSTATUS(status) == 42;
}

static void each_call_is_the_last(void **state)
{
	fault.write_at_most = 50;
	for (enum end end = DIES_BEFORE; end <= DIES_AFTER; end++) {
		size_t at = 1;

		while (!save_and_die(*state, at, end))
			assert_true(at++ < CALLS_MAX);
		assert_true(at > 10);
	}
	fault.write_at_most = 0;
}

/* ---- a new store ---- */

static void a_new_store_is_whole_or_not_there(void **state)
{
	const struct scratch *s = *state;
	size_t at = 1;
	bool reached;

	do {
		int result;

		arm(at, FAILS, EIO);
		result = store_create(s->root, STORE_PATH);
		disarm();
		reached = fault.calls >= at;
		if (result == 0) {
			store_close(open_store(s, true));
			assert_int_equal(files_beside(s), 1);
		} else {
			assert_int_equal(files_beside(s), 0);
			assert_true(error_message()[0] != '\0');
			error_clear();
		}
		remove_left_over(s);
		assert_true(at++ < CALLS_MAX);
	} while (reached);
	assert_true(at > 10);
}

/* ---- opening ---- */

static void a_store_that_cannot_be_opened_leaves_nothing_open(void **state)
{
	const struct scratch *s = *state;

	put_old_store(s);
	for (int write = 0; write < 2; write++)
		for (size_t at = 1; at < CALLS_MAX; at++) {
			struct store *store;

			/* EAGAIN would be a lock to wait for. */
			arm(at, FAILS, EIO);
			store = store_open(s->root, STORE_PATH, write);
			disarm();
			if (!store)
				assert_true(error_message()[0] != '\0');
			error_clear();
			store_close(store);
			assert_int_equal(count_entries("/proc/self/fd"), s->descriptors);
			if (fault.calls < at)
				break;
		}
	assert_store(s, before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_new, scratch_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_call_fails_once),
		TEST(each_call_is_refused_once),
		TEST(from_each_call_on_everything_fails),
		TEST(the_disk_is_full_after_a_part_was_written),
		TEST(an_interrupted_write_goes_on),
		TEST(everything_is_on_the_disk_in_time),
		TEST(each_call_is_the_last),
		TEST(a_new_store_is_whole_or_not_there),
		TEST(a_store_that_cannot_be_opened_leaves_nothing_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
