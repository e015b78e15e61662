/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one gate: a connection that is opened at first access, within a time limit, or never.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libvirt/virterror.h>

#include "applet.h"
#include "error.h"
#include "internal.h"
#include "util.h"

#define WITHOUT "--offline-mode does without it"

/* It is asked for a sign of life this often, and given up when that many remain unanswered. */
#define KEEPALIVE_SECONDS (VMM_SILENCE_SECONDS >= 10 ? VMM_SILENCE_SECONDS / 6 : 1)
#define KEEPALIVE_COUNT (VMM_SILENCE_SECONDS / KEEPALIVE_SECONDS - 1)

struct vmm *vmm_new(const char *uri, bool offline)
{
	struct vmm *vmm = util_alloc(sizeof(*vmm));

	vmm->uri = util_strdup(uri);
	vmm->offline = offline;
	vmm->xenstore = (struct xenstore){ .fd = -1, .milliseconds = XENSTORE_MILLISECONDS };
	return vmm;
}

static void close_connection(struct vmm *vmm)
{
	if (vmm->connection) {
		HOLD_PIPE_SIGNAL;

		listing_free(&vmm->listing);
		events_end(vmm);
		virConnectClose(vmm->connection);
	}
	if (vmm->watched)
		events_leave();
	xenstore_close(&vmm->xenstore);
	vmm->connection = NULL;
	vmm->watched = false;
}

void vmm_free(struct vmm *vmm)
{
	if (!vmm)
		return;
	close_connection(vmm);
	free(vmm->uri);
	free(vmm);
}

void vmm_disconnect(struct qubes *q)
{
	if (!q->vmm)
		return;
	vmm_forget(q);
	close_connection(q->vmm);
}

/* ---- offline ---- */

bool vmm_offline(const struct qubes *q)
{
	/* In a batch the command at hand may be one that never asks, though others do. */
	return q->offline || !q->vmm || q->vmm->offline ||
	       (q->batch && q->applet && q->applet->hypervisor == VMM_NEVER);
}

int vmm_set_offline(struct qubes *q, bool offline)
{
	if (!offline && q->vmm && q->vmm->connection)
		return error_set(ERROR_FAILED,
				 "cannot leave offline mode: the hypervisor at %s is connected already",
				 q->vmm->uri);
	q->offline = offline;
	if (q->vmm)
		q->vmm->offline = offline;
	return 0;
}

const char *vmm_uri(const struct qubes *q)
{
	return q->vmm ? q->vmm->uri : VMM_DEFAULT_URI;
}

/* ---- opening within a time limit ---- */

/*
 * virConnectOpen to a daemon that hangs never returns. So a thread of its own calls it; whoever is last to
 * need the attempt, the thread or the one who waits for it, frees it.
 */
struct attempt {
	pthread_mutex_t lock;
	pthread_cond_t end;
	bool finished, abandoned;
	char *uri;
	virConnectPtr connection;
	struct failure failure;
};

static struct attempt *attempt_new(const char *uri)
{
	struct attempt *attempt = util_alloc(sizeof(*attempt));
	pthread_condattr_t attributes;

	attempt->uri = util_strdup(uri);
	pthread_mutex_init(&attempt->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&attempt->end, &attributes);
	pthread_condattr_destroy(&attributes);
	return attempt;
}

static void attempt_free(struct attempt *attempt)
{
	if (attempt->connection)
		virConnectClose(attempt->connection);
	pthread_cond_destroy(&attempt->end);
	pthread_mutex_destroy(&attempt->lock);
	free(attempt->uri);
	free(attempt);
}

static void *open_connection(void *argument)
{
	static const struct vmm none;
	struct attempt *attempt = argument;
	virConnectPtr connection = virConnectOpen(attempt->uri);
	struct failure failure = { 0 };
	bool abandoned;

	/* libvirt's last error is this thread's. */
	if (!connection)
		failure = failure_take(&none);
	pthread_mutex_lock(&attempt->lock);
	attempt->connection = connection;
	attempt->failure = failure;
	attempt->finished = true;
	abandoned = attempt->abandoned;
	pthread_cond_signal(&attempt->end);
	pthread_mutex_unlock(&attempt->lock);
	if (abandoned)
		attempt_free(attempt);
	return NULL;
}

/* Waits for the end of the attempt, or abandons it. */
static bool wait_for(struct attempt *attempt)
{
	struct timespec until;
	bool finished;
	int result = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += VMM_CONNECT_SECONDS;
	pthread_mutex_lock(&attempt->lock);
	while (!attempt->finished && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&attempt->end, &attempt->lock, &until);
	finished = attempt->finished;
	attempt->abandoned = !finished;
	pthread_mutex_unlock(&attempt->lock);
	return finished;
}

static int never_answered(const struct vmm *vmm)
{
	return error_set(ERROR_VMM,
			 "cannot connect to the hypervisor at %s: no answer in %d seconds; "
			 "does libvirtd hang? (" WITHOUT ")",
			 vmm->uri, VMM_CONNECT_SECONDS);
}

/* By the scheme, "DRIVER+TRANSPORT": without a transport, or by a socket. */
static bool is_on_this_machine(const char *uri)
{
	const char *plus = strchr(uri, '+'), *end = strchr(uri, ':');

	return !plus || !end || end < plus || util_starts_with(plus, "+unix:");
}

static int refused(const struct vmm *vmm, const struct failure *failure)
{
	bool no_daemon = failure->code == VIR_ERR_SYSTEM_ERROR && is_on_this_machine(vmm->uri);

	return error_set(ERROR_VMM, "cannot connect to the hypervisor at %s: %s%s", vmm->uri, failure->text,
			 no_daemon ? "; is libvirtd running? (" WITHOUT ")" : "");
}

/* From here on a daemon that stops answering makes calls fail. Drivers inside this process cannot hang so. */
static int watch(struct vmm *vmm, virConnectPtr connection)
{
	if (virConnectSetKeepAlive(connection, KEEPALIVE_SECONDS, (unsigned)KEEPALIVE_COUNT) != 0)
		return 0;
	if (events_use() < 0)
		return -1;
	vmm->watched = true;
	return 0;
}

static int take_connection(struct vmm *vmm, struct attempt *attempt)
{
	if (!attempt->connection)
		return refused(vmm, &attempt->failure);
	if (watch(vmm, attempt->connection) < 0)
		return -1;
	vmm->connection = attempt->connection;
	attempt->connection = NULL;
	return 0;
}

static int open_in_time(struct vmm *vmm)
{
	struct attempt *attempt;
	pthread_t thread;
	int result;

	library_start();
	attempt = attempt_new(vmm->uri);
	if (library_thread(&thread, open_connection, attempt) < 0) {
		attempt_free(attempt);
		return -1;
	}
	pthread_detach(thread);
	if (!wait_for(attempt)) {
		vmm->silent = true;
		return never_answered(vmm);
	}
	result = take_connection(vmm, attempt);
	attempt_free(attempt);
	return result;
}

int vmm_gate(const struct qubes *q)
{
	/* Such an applet is always offline; the answer below would hide the mistake in it. */
	if (q->applet && q->applet->hypervisor == VMM_NEVER)
		return error_set(ERROR_FAILED,
				 "%s asked for the hypervisor, which it must never do: a mistake in "
				 "this program",
				 q->applet->name);
	if (vmm_offline(q))
		return error_set(ERROR_OFFLINE, "VMM operations disabled in offline mode");
	return 0;
}

int vmm_connection(struct qubes *q)
{
	struct vmm *vmm = q->vmm;

	if (vmm_gate(q) < 0)
		return -1;
	if (vmm->silent)
		return never_answered(vmm);
	if (!vmm->connection)
		return open_in_time(vmm);
	if (virConnectIsAlive(vmm->connection) == 0)
		return error_set(ERROR_VMM, "the connection to the hypervisor at %s was lost", vmm->uri);
	return 0;
}
