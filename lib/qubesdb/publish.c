/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling running VMs: entries written to their daemons.
 */
#include <errno.h>
#include <fcntl.h>

#include "error.h"
#include "internal.h"
#include "store.h"
#include "util.h"
#include "vmm.h"

#define DIRECTORY "/var/run/qubes"
#define WAIT_SECONDS 30

int qubesdb_publish(struct vm *vm, const struct qubesdb_entries *entries)
{
	struct qubesdb *db = qubesdb_open(vm->qubes, vm->name);
	int result;

	if (!db)
		return -1;
	result = qubesdb_write_all(db, entries);
	qubesdb_close(db);
	return result;
}

/* ---- the firewall ---- */

/*
 * Two programs that start clients of one ProxyVM each list the clients and write what they found: were they
 * to do it at the same time, the one that has listed first could write last, without the other's client.
 */
static int take_turn(struct qubes *q, int *lock)
{
	*lock = root_open(q->root, DIRECTORY, O_RDONLY | O_DIRECTORY, 0);
	if (*lock < 0)
		return errno == ENOENT ? 0 : error_errno("%s", DIRECTORY); /* no daemon either */
	if (util_lock_before(*lock, util_milliseconds() + WAIT_SECONDS * 1000LL) == 0)
		return 0;
	if (errno != ETIMEDOUT)
		return error_errno("cannot lock %s", DIRECTORY);
	return error_set(ERROR_FAILED, "another program has been writing firewall rules for %d seconds",
			 WAIT_SECONDS);
}

static int write_firewall(struct vm *proxy)
{
	struct qubesdb_entries entries = { 0 };
	AUTO_CLOSE int lock = -1;
	struct vmm_info info;

	if (take_turn(proxy->qubes, &lock) != 0)
		return -1;
	if (!store_is_current(proxy->qubes->store))
		return QUBESDB_STALE;
	vmm_forget(proxy->qubes);
	if (vmm_info(proxy, &info) != 0)
		return -1;
	if (info.xid < 0)
		return 0;
	if (qubesdb_firewall_entries(proxy, &entries) != 0)
		return -1;
	return qubesdb_publish(proxy, &entries);
}

int qubesdb_publish_firewall(struct vm *proxy)
{
	int result = write_firewall(proxy);

	return result < 0 ? error_within("the firewall of %s", proxy->name) : result;
}

int qubesdb_publish_firewalls_above(struct vm *vm)
{
	struct vm *netvm = vm_netvm(vm);
	int result = 0;

	/* A store may hold a circle: no walk is longer than there are VMs. */
	for (size_t steps = vms_count(vm->qubes); result == 0 && netvm && steps > 0; steps--) {
		if (vm_is(netvm, VM_PROXY))
			result = qubesdb_publish_firewall(netvm);
		netvm = vm_netvm(netvm);
	}
	return result;
}
