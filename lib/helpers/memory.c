/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory balancer: it frees what a VM is going to need, and lets nobody else have it as long as the
 * connection is open.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "prop.h"
#include "qubes.h"

#define MIB (1ULL << 20)
#define HVM_EXTRA 44	     /* MiB: the domain that it is emulated in */
#define EXTRA (4 * MIB)	     /* of any domain */
#define CPU_EXTRA 1572864ULL /* of each virtual CPU */
#define REPLY_MAX 1024
#define TICK 200 /* ms between looks for an interruption */

static int count_bytes(const struct vm *vm, unsigned long long *bytes)
{
	long long memory, vcpus;

	if (prop_number(vm, "memory", &memory) != 0 || prop_number(vm, "vcpus", &vcpus) != 0)
		return -1;
	if (vm_is(vm, VM_HVMS))
		memory += HVM_EXTRA;
	*bytes = (unsigned long long)memory * MIB + EXTRA + (unsigned long long)vcpus * CPU_EXTRA;
	return 0;
}

/* ---- the connection ---- */

/* More starts than the balancer keeps waiting are told EAGAIN; poll does not tell when there is room. */
static int connect_before(const struct root *root, long long deadline)
{
	int fd;

	while ((fd = root_connect(root, QMEMMAN_SOCKET)) < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (util_interrupted() != 0)
			return -1;
		if (util_milliseconds() >= deadline)
			break;
		poll(NULL, 0, TICK);
	}
	return fd >= 0 ? fd : error_errno("cannot connect to the memory balancer: %s", QMEMMAN_SOCKET);
}

/* ---- question and answer ---- */

/* 1: something can be read; 0: not yet. -1 with an error. */
static int wait_a_little(int fd, long long deadline)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	long long left = deadline - util_milliseconds();
	int count = poll(&ready, 1, left < 0 ? 0 : left < TICK ? (int)left : TICK);

	if (count > 0)
		return 1;
	if (count < 0 && errno != EINTR)
		return error_errno("waiting for the memory balancer");
	if (util_interrupted() != 0)
		return -1;
	if (left > 0)
		return 0;
	return error_set(ERROR_FAILED, "the memory balancer did not answer within %d s",
			 helpers_limits.memory);
}

/* One line, or what there is before the end. 0, or -1 with an error. */
static int receive(int fd, long long deadline, char *reply)
{
	size_t length = 0;

	reply[0] = '\0';
	while (length < REPLY_MAX && !strchr(reply, '\n')) {
		int ready = wait_a_little(fd, deadline);
		ssize_t got;

		if (ready < 0)
			return -1;
		got = ready ? read(fd, reply + length, REPLY_MAX - length) : -1;
		if (got == 0)
			break;
		if (ready && got < 0 && errno != EAGAIN && errno != EINTR)
			return error_errno("the memory balancer");
		length += got > 0 ? (size_t)got : 0;
		reply[length] = '\0';
	}
	reply[strcspn(reply, "\n")] = '\0';
	return 0;
}

static int ask(int fd, unsigned long long bytes, long long deadline, char *reply)
{
	AUTO_FREE char *question = util_printf("%llu\n", bytes);
	size_t length = strlen(question);

	/* So short a text fits into any socket's buffer. */
	if (send(fd, question, length, MSG_NOSIGNAL) != (ssize_t)length)
		return error_errno("the memory balancer");
	return receive(fd, deadline, reply);
}

static int judge(const char *reply, unsigned long long bytes)
{
	if (strcmp(reply, "OK") == 0)
		return 0;
	if (strcmp(reply, "FAIL") == 0)
		return error_set(ERROR_FAILED, "not enough memory: %llu MiB are needed",
				 (bytes + MIB - 1) / MIB);
	if (!*reply)
		return error_set(ERROR_FAILED, "the memory balancer gave no answer");
	return error_set(ERROR_FAILED, "the memory balancer answered '%.40s'", reply);
}

int helpers_memory_request(struct helpers *helpers)
{
	long long deadline = util_milliseconds() + helpers_limits.memory * 1000LL;
	unsigned long long bytes;
	char reply[REPLY_MAX + 1];

	if (!helpers->memory)
		return 0;
	if (count_bytes(helpers->vm, &bytes) != 0)
		return -1;
	helpers->memory_held = connect_before(helpers->vm->qubes->root, deadline);
	if (helpers->memory_held < 0)
		return -1;
	if (ask(helpers->memory_held, bytes, deadline, reply) == 0 && judge(reply, bytes) == 0)
		return 0;
	helpers_memory_release(helpers);
	return -1;
}

void helpers_memory_release(struct helpers *helpers)
{
	util_close_at(&helpers->memory_held);
	helpers->memory_held = -1;
}
