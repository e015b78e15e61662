/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who owns a store of release 4: qubesd, as long as it runs. It keeps all in memory, holds no lock, and writes
 * over whatever somebody else has put into the file.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define DAEMON "qubesd"
#define SOCKET DAEMON ".sock"
#define COMM_MAX 64

static const char *const socket_directories[] = { "/run", "/var/run" };

/* ---- its socket ---- */

/* A socket that is left from before refuses; one that we may not use, or that is busy, has somebody behind it. */
static bool answers(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, strlen(path) + 1);
	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN ||
	       errno == EACCES || errno == EPERM;
}

static bool socket_answers(const struct root *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(socket_directories); i++) {
		AUTO_CLOSE int directory = root_open(root, socket_directories[i], O_PATH | O_DIRECTORY, 0);
		AUTO_FREE char *host = util_printf("%s/" SOCKET, socket_directories[i]);
		/* By descriptor: below a long root the path would not fit into an address. */
		AUTO_FREE char *below = util_printf("/proc/self/fd/%d/" SOCKET, directory);

		if (directory >= 0 && answers(root_is_host(root) ? host : below))
			return true;
	}
	return false;
}

/* ---- its process, which may only be starting ---- */

static bool is_called_so(int process)
{
	char comm[COMM_MAX] = "";
	AUTO_CLOSE int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, comm, sizeof(comm) - 1);

	return length > 0 && !strncmp(comm, DAEMON "\n", sizeof(DAEMON));
}

/*
 * A process of another system (in a chroot, a container) has another store. What may not be known counts as ours;
 * one that is over has no root any more.
 */
static bool works_below(int process, const struct stat *root)
{
	struct stat st;

	if (fstatat(process, "root", &st, 0) < 0)
		return errno == EACCES || errno == EPERM;
	return st.st_dev == root->st_dev && st.st_ino == root->st_ino;
}

static bool process_runs(const struct root *root)
{
	/* The host's, whatever the root is: that is where the processes are. */
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	struct stat place;
	bool found = false;

	if (!processes || root_stat(root, "/", &place) < 0) {
		if (processes)
			closedir(processes);
		return false;
	}
	while (!found && (entry = readdir(processes))) {
		AUTO_CLOSE int process = -1;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		process = openat(dirfd(processes), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		found = process >= 0 && is_called_so(process) && works_below(process, &place);
	}
	closedir(processes);
	return found;
}

bool store_is_owned(const struct store *store)
{
	return store->format == STORE_R4 && (socket_answers(store->root) || process_runs(store->root));
}

int store_check_owner(const struct store *store)
{
	if (store->forced || !store_is_owned(store))
		return 0;
	return error_set(
		ERROR_STORE,
		"%s belongs to " DAEMON ", which is running and would overwrite what is changed here: let "
		"it make the change (the tools of qubes-core-admin-client do that), or stop it first "
		"(systemctl stop " DAEMON "); --force-store writes all the same",
		store->path);
}

void store_force(struct store *store)
{
	store->forced = true;
}
