/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubesdb - what a running VM is told, and the socket through which its QubesDB daemon is told it.
 *
 * Entries are built first, all of them, and then written over one connection. Whatever is read was written
 * by the VM: text within a limit, nothing more is promised about it.
 */
#ifndef QUBES_QUBESDB_H
#define QUBES_QUBESDB_H

#include <stdbool.h>
#include <stddef.h>

#include "vm.h"

#define QUBESDB_PATH_LIMIT 64	 /* a path is shorter */
#define QUBESDB_VALUE_LIMIT 3072 /* so is a value */

struct qubesdb_entry {
	const char *path;
	const char *value; /* NULL: PATH is removed; one that ends in '/' with all below it */
};

/* In the order that they are written in. Zeroed at first; all lives in the arena of the context. */
struct qubesdb_entries {
	struct qubesdb_entry *items;
	size_t count, room;
};

/* Both texts are copied. */
void qubesdb_add(struct qubes *q, struct qubesdb_entries *entries, const char *path, const char *value);

/* What has other bytes than a value may have goes as base64. */
#define QUBESDB_BASE64_SIZE(bytes) \
	(((bytes) + 2) / 3 * 4 + 1) /* 4 characters for each 3 bytes begun, and the end */
void qubesdb_encode(const unsigned char *bytes, size_t size, char *text);

/* ---- what to write; each adds to ENTRIES. 0, or -1 with an error ---- */

/*
 * All that VM is told when it starts, what its class adds included: the firewall of a ProxyVM, the service
 * qubes-dvm of a DisposableVM. PREPARING: VM becomes the image that disposable VMs start from, and has that
 * service too. Services whose names QubesDB cannot hold are said on stderr and left out. The hypervisor is
 * asked for a ProxyVM alone.
 */
int qubesdb_entries_of(struct vm *vm, bool preparing, struct qubesdb_entries *entries);

/* What changes for VM when its netvm does: its addresses, or their removal. The hypervisor as above. */
int qubesdb_network_entries(struct vm *vm, struct qubesdb_entries *entries);

/*
 * The firewall of a ProxyVM: what is there goes, the rules of its clients that are active (vmm_info) come
 * anew. What cannot be enforced for one of them is said on stderr, and refuses it everything.
 */
int qubesdb_firewall_entries(struct vm *proxy, struct qubesdb_entries *entries);

/* ---- writing it to VM's daemon, over a connection of its own. 0, or -1 with an error ---- */

int qubesdb_publish(struct vm *vm, const struct qubesdb_entries *entries);

/*
 * Builds and writes the firewall of a ProxyVM, if its domain is active, after the hypervisor was asked anew
 * who its clients are (vmm_forget). One program at a time does so, and none by a store that is no longer current:
 * QUBESDB_STALE, with nothing written, is to be tried again with the store as it is now.
 */
#define QUBESDB_STALE 1
int qubesdb_publish_firewall(struct vm *proxy);
/* The same for each ProxyVM up the chain that VM is a client of. */
int qubesdb_publish_firewalls_above(struct vm *vm);

/* ---- one connection ---- */

struct qubesdb;

/*
 * Connects to the daemon of the VM called NAME ("dom0": the host's own). This, and each question later, takes
 * 5 seconds at most; once the connection has failed, so does all else. NULL with an error, ERROR_NOT_FOUND
 * if there is no daemon.
 */
struct qubesdb *qubesdb_open(struct qubes *q, const char *name);
void qubesdb_close(struct qubesdb *db); /* NULL is fine */

/* 0, or -1 with an error. */
int qubesdb_write(struct qubesdb *db, const char *path, const char *value);
/* The same; PATH may end in '/' (all below it), and need not be there. */
int qubesdb_rm(struct qubesdb *db, const char *path);
/* All of them, in order, up to the first that fails; none if one of them could not be held. 0, or -1. */
int qubesdb_write_all(struct qubesdb *db, const struct qubesdb_entries *entries);

/* 1 with VALUE, from the VM, which the caller frees; 0: there is no such entry; -1 with an error. */
int qubesdb_read(struct qubesdb *db, const char *path, char **value);
/*
 * Adds the entries whose path begins with PREFIX: paths of allowed characters, values from the VM. 0, or -1
 * with an error; more than QUBESDB_ENTRIES_MOST are one.
 */
#define QUBESDB_ENTRIES_MOST 1024
int qubesdb_multiread(struct qubesdb *db, const char *prefix, struct qubesdb_entries *entries);

#endif
