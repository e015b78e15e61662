/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libvirt needs once per process: its start, a quiet error handler, and a thread for its events.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libvirt/virterror.h>

#include "error.h"
#include "internal.h"
#if QUBES_STATIC
#include "../../deps/static_start.h"
#endif

/* ---- start ---- */

/* libvirt would print every error by itself. */
static void say_nothing(void *unused, virErrorPtr error)
{
	(void)unused;
	(void)error;
}

/* Nor shall it log warnings on standard error, unless the user wants to see what it does. */
static void log_errors_only(void)
{
	static const char level[] = "LIBVIRT_DEBUG";

	if (getenv(level) || setenv(level, "error", false) != 0)
		return;
	virInitialize();
	unsetenv(level);
}

void library_start(void)
{
	static bool started;

	if (started)
		return;
	started = true;
#if QUBES_STATIC
	static_start();
#endif
	log_errors_only();
	virSetErrorFunc(NULL, say_nothing);
	/* Only a connection opened after this has keepalive. */
	virEventRegisterDefaultImpl();
}

/* ---- threads and signals ---- */

int library_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
	sigset_t all, before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(thread, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result == 0 ? 0 : error_set(ERROR_FAILED, "cannot start a thread: %s", strerror(result));
}

static sigset_t only_pipe(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	return set;
}

sigset_t pipe_signal_hold(void)
{
	sigset_t set = only_pipe(), before;

	pthread_sigmask(SIG_BLOCK, &set, &before);
	return before;
}

void pipe_signal_release(sigset_t *before)
{
	static const struct timespec at_once;
	sigset_t set = only_pipe();

	/* The one that came meanwhile would be delivered by the release. */
	if (!sigismember(before, SIGPIPE))
		while (sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* ---- events ---- */

static struct {
	pthread_t thread;
	unsigned users;
	atomic_bool stop;
} events;

static void *serve_events(void *unused)
{
	(void)unused;
	while (!atomic_load(&events.stop))
		if (virEventRunDefaultImpl() < 0)
			break;
	return NULL;
}

int events_use(void)
{
	if (events.users == 0) {
		atomic_store(&events.stop, false);
		if (library_thread(&events.thread, serve_events, NULL) < 0)
			return -1;
	}
	events.users++;
	return 0;
}

static void stop_events(int timer, void *unused)
{
	(void)unused;
	atomic_store(&events.stop, true);
	virEventRemoveTimeout(timer);
}

/*
 * A closed connection leaves its socket to the event loop to close, behind everything that is due. So the
 * end is a timer that is not due at once.
 */
void events_leave(void)
{
	if (--events.users > 0)
		return;
	if (virEventAddTimeout(1, stop_events, NULL, NULL) >= 0)
		pthread_join(events.thread, NULL);
	else
		pthread_detach(events.thread);
}
