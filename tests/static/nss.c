/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A static program that looks up a user or group which is not in the files loads systemd's NSS module and
 * dies of it (deps/README). Linked like the product, this does such look-ups after the vmm room has been
 * used, and as a user whom nobody knows. Prints TAP.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "qubes.h"
#include "util.h"
#include "vmm.h"

#define UNKNOWN_ID 54321
#define UNKNOWN_NAME "nobody-is-called-so"

static int connect_to_test_driver(void)
{
	struct qubes q = { .vmm = vmm_new("test:///default", false) };
	int result = vmm_connection(&q);

	if (result < 0)
		printf("# %s\n", error_message());
	vmm_free(q.vmm);
	return result;
}

static int look_up(void)
{
	return getpwuid(UNKNOWN_ID) || getpwnam(UNKNOWN_NAME) || getgrgid(UNKNOWN_ID) ||
	       getgrnam(UNKNOWN_NAME);
}

static int look_up_uncured(void)
{
	return look_up();
}

static int look_up_after_connecting(void)
{
	return connect_to_test_driver() < 0 || look_up();
}

/* libvirt itself looks the user up when HOME says nothing. */
static int connect_as_nobody_known(void)
{
	unsetenv("HOME");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_CACHE_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	if (getuid() == 0 && (setgid(UNKNOWN_ID) < 0 || setuid(UNKNOWN_ID) < 0))
		return 1;
	return connect_to_test_driver() < 0 || look_up();
}

/* Its wait status, in a process of its own. */
static int run_apart(int (*what)(void))
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		int result = what();

		fflush(stdout);
		_exit(result);
	}
	return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

static int check(int number, const char *what, int (*run)(void))
{
	int status = run_apart(run);

	printf("%sok %d - %s\n", status == 0 ? "" : "not ", number, what);
	if (status > 0 && WIFSIGNALED(status))
		printf("# signal %d\n", WTERMSIG(status));
	return status == 0 ? 0 : 1;
}

int main(void)
{
	int failures = 0, uncured;

	puts("1..2");
	failures += check(1, "unknown users and groups can be looked up once libvirt was used",
			  look_up_after_connecting);
	failures += check(2, "an unknown user without HOME can connect", connect_as_nobody_known);
	uncured = run_apart(look_up_uncured);
	if (uncured > 0 && WIFSIGNALED(uncured))
		printf("# without the cure the same ends by signal %d here\n", WTERMSIG(uncured));
	else
		puts("# this system would survive without the cure too");
	return failures ? 1 : 0;
}
