/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds a lock that we cannot have. The kernel names the owner of a POSIX lock; one of our own kind
 * belongs to an open file, and whose that is only /proc can tell.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define FDINFO_MAX 4096 /* locks come before all that can be long */
#define COMM_MAX 64

/* What is looked for: a lock of our kind on this file that keeps out one of TYPE. */
struct wanted {
	struct stat file;
	short type;
};

/* At most ROOM - 1 bytes, terminated; "" for what may not be read or is gone by now. */
static void read_start(int directory, const char *name, char *text, size_t room)
{
	AUTO_CLOSE int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, room - 1);

	text[length < 0 ? 0 : length] = '\0';
}

/* As in "lock:\t1: OFDLCK  ADVISORY  WRITE -1 fe:00:1835 0 EOF"; readers keep only writers out. */
static bool is_conflict(const char *line, const struct wanted *wanted)
{
	char kind[8], access[8];
	unsigned long long inode;

	return sscanf(line, "lock: %*d: %7s %*s %7s %*d %*x:%*x:%llu", kind, access, &inode) == 3 &&
	       strcmp(kind, "OFDLCK") == 0 && inode == wanted->file.st_ino &&
	       (wanted->type == F_WRLCK || strcmp(access, "WRITE") == 0);
}

static bool has_conflict(char *fdinfo, const struct wanted *wanted)
{
	char *line;

	while ((line = strsep(&fdinfo, "\n")))
		if (is_conflict(line, wanted))
			return true;
	return false;
}

/* The device in a lock's line is not always the one that stat knows (btrfs), so the file itself is asked. */
static bool is_that_file(int process, const char *number, const struct wanted *wanted)
{
	AUTO_FREE char *path = util_printf("fd/%s", number);
	struct stat st;

	return fstatat(process, path, &st, 0) == 0 && st.st_dev == wanted->file.st_dev &&
	       st.st_ino == wanted->file.st_ino;
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}
#define AUTO_CLOSEDIR __attribute__((cleanup(close_directory)))

static DIR *open_directory(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory)
		util_close_at(&fd);
	return directory;
}

/* The next entry that is a number; NULL at the end. */
static const char *next_number(DIR *directory)
{
	struct dirent *entry;

	while ((entry = readdir(directory)))
		if (isdigit((unsigned char)entry->d_name[0]))
			return entry->d_name;
	return NULL;
}

/* Processes that we may not look into hold nothing that we could know of. */
static bool holds(int process, const struct wanted *wanted)
{
	AUTO_CLOSEDIR DIR *descriptors = open_directory(process, "fdinfo");
	const char *number;
	char text[FDINFO_MAX];

	while (descriptors && (number = next_number(descriptors))) {
		read_start(dirfd(descriptors), number, text, sizeof(text));
		if (has_conflict(text, wanted) && is_that_file(process, number, wanted))
			return true;
	}
	return false;
}

static char *describe(int process, const char *pid)
{
	char comm[COMM_MAX];

	read_start(process, "comm", comm, sizeof(comm));
	comm[strcspn(comm, "\n")] = '\0';
	return comm[0] ? util_printf("process %s (%s)", pid, comm) : util_printf("process %s", pid);
}

static char *find_holder(DIR *processes, const struct wanted *wanted)
{
	const char *pid;

	while ((pid = next_number(processes))) {
		AUTO_CLOSE int process = openat(dirfd(processes), pid, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (process >= 0 && holds(process, wanted))
			return describe(process, pid);
	}
	return NULL;
}

static char *describe_pid(DIR *processes, pid_t number)
{
	AUTO_FREE char *pid = util_printf("%ld", (long)number);
	AUTO_CLOSE int process = -1;

	if (processes)
		process = openat(dirfd(processes), pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return describe(process, pid);
}

char *store_lock_holder(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };
	struct wanted wanted = { .type = type };
	/* The host's, whatever the root is: that is where the processes are. */
	AUTO_CLOSEDIR DIR *processes = open_directory(AT_FDCWD, "/proc");
	char *holder = NULL;

	if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
		return describe_pid(processes, lock.l_pid);
	if (processes && fstat(fd, &wanted.file) == 0)
		holder = find_holder(processes, &wanted);
	return holder ? holder : util_strdup("another process");
}
