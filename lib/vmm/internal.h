/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection and what it remembers, for the parts of the vmm room. Nothing of libvirt leaves it.
 */
#ifndef QUBES_VMM_INTERNAL_H
#define QUBES_VMM_INTERNAL_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libvirt/libvirt.h>

#include "vmm.h"

/* One domain of the answer to "which are there?". */
struct listed {
	virDomainPtr handle;
	unsigned char uuid[VIR_UUID_BUFLEN];
	enum vmm_power power; /* VMM_UNKNOWN: active, and no list said how */
	bool measured;
	struct vmm_figures figures;
};

struct listing {
	bool made, measured;
	struct listed *items; /* by UUID */
	size_t count;
};

/* What is remembered of one VM; in the arena. */
struct vmm_domain {
	bool known;	       /* INFO holds */
	bool alone;	       /* the listing is too old for this one */
	bool measured;	       /* FIGURES hold */
	struct listed *listed; /* NULL: not in the listing, or asked alone */
	struct vmm_info info;
	struct vmm_figures figures;
	struct vmm_domain *next;
};

/* The connection to xenstored. */
struct xenstore {
	int fd; /* -1: none */
	uint32_t request;
	bool silent; /* it did not answer */
	int milliseconds;
};

#define XENSTORE_MILLISECONDS 5000

struct vmm {
	char *uri;
	bool offline;
	bool silent;			/* it never answered */
	bool watched;			/* the event thread serves this connection */
	bool listening;			/* to what happens to domains, */
	int callback;			/* by this number of libvirt's */
	bool no_start_paused, no_stats; /* what this driver does not know */
	virConnectPtr connection;
	const char *type;
	bool host_known;
	struct vmm_host host;
	struct listing listing;
	struct vmm_domain *domains;
	struct xenstore xenstore;
};

/* ---- connect.c ---- */

/* May the hypervisor be asked at all, by this applet and now? 0, or -1 with an error. */
int vmm_gate(const struct qubes *q);

/* ---- xenstore.c ---- */

void xenstore_close(struct xenstore *store);

/* ---- library.c: what is done once per process ---- */

/* Before the first libvirt call of the process. */
void library_start(void);

/* Starts a thread that no signal is delivered to. 0, or -1 with an error. */
int library_thread(pthread_t *thread, void *(*run)(void *), void *argument);

/* The thread that serves libvirt's events runs while anybody uses it. 0, or -1 with an error. */
int events_use(void);
void events_leave(void);

/* Nobody listens any more to what happens to domains: before the connection is closed. */
void events_end(struct vmm *vmm);

/* Writing to a daemon that died raises SIGPIPE, which must not end us: held off while this is in scope. */
sigset_t pipe_signal_hold(void);
void pipe_signal_release(sigset_t *before);
#define HOLD_PIPE_SIGNAL \
	__attribute__((cleanup(pipe_signal_release), unused)) sigset_t signals_before = pipe_signal_hold()

/* ---- failure.c ---- */

struct failure {
	int code;	/* VIR_ERR_... */
	bool lost;	/* the connection is gone */
	char text[512]; /* libvirt's message, its first line */
};

/* Takes libvirt's last error; the next libvirt call would forget it. */
struct failure failure_take(const struct vmm *vmm);
/* Does it mean that the domain is not there (any more)? QUERY: also when the driver tripped over its end. */
bool failure_is_absence(const struct failure *failure, bool query);
/* Records it as "FORMAT: why". Returns -1. */
int failure_set(const struct vmm *vmm, const struct failure *failure, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- act.c: the frame of an act; WHAT completes "cannot WHAT VM: why" ---- */

/* May VM's domain be acted on? What was remembered of it is dropped. 0, or -1 with an error. */
int act_gate(struct vm *vm, const char *what);
/* The same, and looks the domain up. */
int act_begin(struct vm *vm, const char *what, virDomainPtr *handle);
/* Turns RESULT of the libvirt call before it into 0, or -1 with an error. */
int act_end(struct vm *vm, const char *what, int result);

/* ---- define.c ---- */

/* Is XML that of VM: its name, its UUID? 0, or -1 with an error. */
int vmm_check_identity(const struct vm *vm, const char *xml);

/* ---- query.c, listing.c ---- */

struct vmm_domain *vmm_domain_of(struct vm *vm);
/* What was remembered of VM no longer holds; it is to be asked for alone. */
void vmm_domain_changed(struct vm *vm);

void domain_free_at(virDomainPtr *handle);
#define AUTO_DOMAIN __attribute__((cleanup(domain_free_at)))

/* The domain of VM: 1 and its handle, 0 if there is none, -1 with an error. */
int domain_lookup(struct vm *vm, virDomainPtr *handle);
/* Its domain id; -1: not active. */
int domain_xid(virDomainPtr handle);
enum vmm_power domain_power(int state); /* of an active domain in a state of libvirt's */
bool domain_is_host(virDomainPtr handle);

/* Asks for all domains and their states in a constant number of calls. 0, or -1 with an error. */
int listing_make(struct vmm *vmm);
/* Asks for the figures of all active ones in one call, where the driver can. */
void listing_measure(struct vmm *vmm);
struct listed *listing_find(struct vmm *vmm, const struct vm *vm); /* NULL: not there */
void listing_free(struct listing *listing);

#endif
