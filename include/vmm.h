/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmm - the hypervisor: one lazy libvirt connection, and what it knows of domains.
 *
 * The only room that includes libvirt. Nothing is opened before the first question; offline is tested at
 * every access; a domain is looked up, never assumed, and "not defined" is an answer. No query defines
 * one. Handles are private.
 */
#ifndef QUBES_VMM_H
#define QUBES_VMM_H

#include <stdbool.h>

#include "vm.h"

#define VMM_DEFAULT_URI "xen:///"

/*
 * How long a daemon may keep silent: when connecting, and later, when it may be busy building a domain or
 * tearing one down. Tests compile both shorter.
 */
#ifndef VMM_CONNECT_SECONDS
#define VMM_CONNECT_SECONDS 10
#endif
#ifndef VMM_SILENCE_SECONDS
#define VMM_SILENCE_SECONDS 30
#endif

/* The state of a domain as libvirt has it; what a user is shown is lifecycle's and prop's business. */
enum vmm_power {
	VMM_HALTED, /* not active, or not defined */
	VMM_RUNNING,
	VMM_PAUSED,
	VMM_CRASHED,
	VMM_HALTING,
	VMM_DYING,
	VMM_SUSPENDED,
	VMM_UNKNOWN, /* the hypervisor could not be asked */
};

struct vmm_info {
	enum vmm_power power;
	bool defined;
	int xid; /* -1: not active */
};

/* All 0 for a VM that is not active, and for dom0 (its figures are not libvirt's). */
struct vmm_figures {
	unsigned long long memory_kib;
	unsigned long long max_memory_kib;
	unsigned long long cpu_time_ns;
	int vcpus;
};

struct vmm_host {
	unsigned long long memory_mib;
	int cpus;
};

/* Opens nothing. URI is copied. */
struct vmm *vmm_new(const char *uri, bool offline);
void vmm_free(struct vmm *vmm); /* closes the connection if there is one; NULL is fine */

bool vmm_offline(const struct qubes *q);
/* Going offline is always possible, coming back only while nothing was opened. 0, or -1 with an error. */
int vmm_set_offline(struct qubes *q, bool offline);
const char *vmm_uri(const struct qubes *q);

/*
 * The one gate: connects at first access (within VMM_CONNECT_SECONDS). 0, or -1 with ERROR_OFFLINE or
 * ERROR_VMM; a failure is not remembered, but for a daemon that never answered: it is not asked twice. A
 * connection that was lost stays so. An applet that may never ask gets ERROR_FAILED.
 */
int vmm_connection(struct qubes *q);

/*
 * Closes the connection and forgets what was learnt of domains; the next question opens one anew. Before a
 * fork (processes must not share one), and before what takes for ever.
 */
void vmm_disconnect(struct qubes *q);

/* The domain type of this hypervisor's XML: "xen", "qemu", "test", "lxc". NULL with an error. */
const char *vmm_domain_type(struct qubes *q);

/* Memory and CPUs of the host, asked once. 0, or -1 with an error. */
int vmm_host(struct qubes *q, struct vmm_host *host);

/*
 * What the hypervisor knows of VM. The first call asks for all domains at once (a constant number of
 * round trips) and remembers; acting on a VM makes only that one's answer be asked again. A VM is known
 * by its UUID, by its name only if the store has no UUID for it. dom0: running, without a call.
 * 0, or -1 with an error and VMM_UNKNOWN.
 */
int vmm_info(struct vm *vm, struct vmm_info *info);
/* The same, asked anew for this VM alone: for tools that act. */
int vmm_info_now(struct vm *vm, struct vmm_info *info);
/*
 * Memory and CPU figures; from one question for all domains where the driver answers that way (qemu), else
 * by one call for each active VM asked about (xen). Remembered. 0, or -1 with an error.
 */
int vmm_figures(struct vm *vm, struct vmm_figures *figures);
/*
 * dom0's, where it is a domain itself. 1, in two calls, asked anew; 0: this hypervisor knows nothing of its host's
 * use of CPUs. -1 with an error.
 */
int vmm_figures_dom0(struct qubes *q, struct vmm_figures *figures);
/* Forgets what was remembered of all domains (before a second sample). */
void vmm_forget(struct qubes *q);

/*
 * From now on changes of domains are noticed, where the driver tells them; vmm_wait_change() waits for the next
 * one, or until the time is over (it is for whoever asks again then).
 */
void vmm_watch(struct qubes *q);
void vmm_wait_change(unsigned milliseconds);

/* 1: active, in whatever state (vmm_info). 0: not, or offline (dom0 always is). -1 with an error. */
int vmm_is_running(struct vm *vm);

/* ---- acting on one domain; each 0, or -1 with an error: ERROR_NOT_FOUND if there is no such domain ---- */
/*
 * Defines the domain. Its XML must carry the VM's name and UUID, else the hypervisor is not asked, and the
 * error is ERROR_FAILED; what the hypervisor refuses is ERROR_VMM. A name taken by another UUID is said so,
 * with the way out.
 */
int vmm_define(struct vm *vm, const char *xml);
/* Absence is fine. */
int vmm_undefine(struct vm *vm);
/* Boots it paused (create, then suspend, where the driver has no such flag). */
int vmm_create_paused(struct vm *vm);
int vmm_resume(struct vm *vm);
int vmm_suspend(struct vm *vm);
int vmm_shutdown(struct vm *vm);
int vmm_destroy(struct vm *vm);

/*
 * Gives a device ("<interface ...>", "<disk ...>") to the running domain, or takes it away. That it does not have it
 * is fine where the driver says so; Xen's has no such answer, and there it is an error.
 */
int vmm_attach(struct vm *vm, const char *device_xml);
int vmm_detach(struct vm *vm, const char *device_xml);

struct vmm_disk {
	const char *target;  /* what the guest calls it: "xvdi" */
	const char *source;  /* the path in its backend; NULL: none, or neither a file nor a block device */
	const char *backend; /* the domain that it comes from; NULL: dom0 */
	bool is_file, is_cdrom, read_only;
	const char *xml; /* the element as the hypervisor has it; NULL: there is none yet */
};

/*
 * The disks that VM has at the moment, asked anew by one call for this VM, in the arena, ended by a NULL target:
 * none if it is not active. NULL with an error.
 */
const struct vmm_disk *vmm_disks(struct vm *vm);

/* ---- a domain as a file. FILE is the hypervisor's path; each 0, or -1 with an error ---- */

/* Gives the running domain so much memory, and lets it have no more than MAX_KIB. */
int vmm_set_memory(struct vm *vm, unsigned long long kib, unsigned long long max_kib);
/* Writes the running domain into FILE; it is gone then. */
int vmm_save(struct vm *vm, const char *file);
/*
 * Makes of what another domain has left in FILE the domain of VM, paused; XML as for vmm_define. It is not
 * defined: once it is off, the hypervisor knows it no more.
 */
int vmm_restore_paused(struct vm *vm, const char *file, const char *xml);

/* Takes PCI device "BB:DD.F" from the host's driver, so that VM can have it; already done is fine. */
int vmm_pci_detach(struct vm *vm, const char *device);

/* ---- xenstore: what Xen, its tools and its domains publish ---- */

/*
 * Asks xenstored by its socket below the root, at most five seconds; offline is tested first (ERROR_OFFLINE).
 * 1: done, and VALUE in the arena; 0: no such path, or there is no xenstore for this hypervisor here. -1 with an
 * error; one that did not answer in time is not asked again. A VALUE may be a domain's: check it.
 */
int vmm_xenstore_read(struct qubes *q, const char *path, const char **value);
int vmm_xenstore_write(struct qubes *q, const char *path, const char *value);
/* PATH belongs to the domain XID from now on, which alone may read and write it (dom0 always may). */
int vmm_xenstore_give(struct qubes *q, const char *path, int xid);

/* The domain that an HVM is emulated in; -1, without an error: none, or nobody knows. */
int vmm_stubdom(struct vm *vm);

/*
 * Of VM's domain. 1: it is known; 0: it is not (VM is off, or nobody has said it); -1 with an error, also for a
 * value that makes no sense.
 */
int vmm_start_time(struct vm *vm, double *seconds);	 /* since 1970 */
int vmm_root_device(struct vm *vm, const char **device); /* what dom0 has made of the root image */
int vmm_prefmem(struct vm *vm, unsigned long long *kib); /* how much memory it would like to have */

/*
 * The same by TEXT, what a domain says of its memory (as /proc/meminfo), and its maximum. 0: it says not enough,
 * or what cannot be.
 */
unsigned long long vmm_preferred_memory(const char *text, unsigned long long max_kib);

/* Lets VM's domain publish that. 0 (also where there is no xenstore), or -1 with an error. */
int vmm_let_publish_memory(struct vm *vm);

#endif
