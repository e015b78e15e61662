/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting until something happens to a domain: libvirt says so where the driver can, else time passes.
 */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "error.h"
#include "internal.h"

/* What the event thread tells the one who waits; there is one connection, and so one of these. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool seen;
} news = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

static int note_change(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *unused)
{
	(void)connection, (void)domain, (void)event, (void)detail, (void)unused;
	pthread_mutex_lock(&news.lock);
	news.seen = true;
	pthread_cond_signal(&news.change);
	pthread_mutex_unlock(&news.lock);
	return 0;
}

/* libvirt's own macro for this cast makes a warning. */
static virConnectDomainEventGenericCallback as_callback(virConnectDomainEventCallback callback)
{
	return (virConnectDomainEventGenericCallback)(void (*)(void))callback;
}

void vmm_watch(struct qubes *q)
{
	HOLD_PIPE_SIGNAL;
	struct vmm *vmm = q->vmm;

	if (vmm_connection(q) != 0) {
		error_clear(); /* the next question says so */
		return;
	}
	if (!vmm->watched || vmm->listening)
		return;
	vmm->callback = virConnectDomainEventRegisterAny(vmm->connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
							 as_callback(note_change), NULL, NULL);
	vmm->listening = vmm->callback >= 0;
}

/* As long as it is registered, it keeps the connection from being closed. */
void events_end(struct vmm *vmm)
{
	if (vmm->listening)
		virConnectDomainEventDeregisterAny(vmm->connection, vmm->callback);
	vmm->listening = false;
}

void vmm_wait_change(unsigned milliseconds)
{
	struct timespec until;
	int result = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
	until.tv_sec += milliseconds / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&news.lock);
	while (!news.seen && result != ETIMEDOUT)
		result = pthread_cond_clockwait(&news.change, &news.lock, CLOCK_MONOTONIC, &until);
	news.seen = false;
	pthread_mutex_unlock(&news.lock);
}
