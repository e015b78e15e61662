/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talking to a daemon over its UNIX socket: connecting below the root, and whole messages before a deadline.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

#define NAP_MILLISECONDS 20

long long util_milliseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (long long)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* By way of its descriptor: below another root no link may lead out of it, and an address has 107 bytes. */
int root_connect(const struct root *root, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_CLOSE int file = root_open(root, path, O_PATH, 0);
	AUTO_FREE char *name = util_printf("/proc/self/fd/%d", file);
	int fd = file < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int why;

	strncpy(address.sun_path, name, sizeof(address.sun_path) - 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

int root_connect_before(const struct root *root, const char *path, long long deadline)
{
	const struct timespec nap = { .tv_nsec = NAP_MILLISECONDS * 1000000L };
	int fd;

	while ((fd = root_connect(root, path)) < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (util_milliseconds() >= deadline) {
			errno = ETIMEDOUT;
			break;
		}
		nanosleep(&nap, NULL);
	}
	return fd;
}

bool util_means_no_daemon(int why)
{
	return why == ENOENT || why == ENOTDIR || why == ECONNREFUSED;
}

/* 0 once FD is ready for EVENTS, or -1 with errno. */
static int wait_for(int fd, short events, long long deadline)
{
	struct pollfd ready = { .fd = fd, .events = events };
	long long left;
	int count;

	do {
		left = deadline - util_milliseconds();
		count = poll(&ready, 1, left > 0 ? (int)left : 0);
	} while (count < 0 && errno == EINTR);
	if (count == 0)
		errno = ETIMEDOUT;
	return count > 0 ? 0 : -1;
}

int util_send_before(int fd, const void *bytes, size_t length, long long deadline)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

		if (sent >= 0) {
			at += sent;
			length -= (size_t)sent;
		} else if (errno == EAGAIN) {
			if (wait_for(fd, POLLOUT, deadline) != 0)
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

int util_receive_before(int fd, void *bytes, size_t length, long long deadline)
{
	char *at = bytes;

	while (length > 0) {
		ssize_t got = recv(fd, at, length, 0);

		if (got == 0) {
			errno = EPIPE;
			return -1;
		}
		if (got > 0) {
			at += got;
			length -= (size_t)got;
		} else if (errno == EAGAIN) {
			if (wait_for(fd, POLLIN, deadline) != 0)
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}
