/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All domains at once. libvirt's list says which are active, not in which state; but it can be asked for
 * those in one state, so that a few lists tell nearly all states, whatever the number of domains.
 */
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define STATS_ASKED                                                                       \
	(VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BALLOON | \
	 VIR_DOMAIN_STATS_VCPU)

/* A guest that hangs must not make the others wait. */
#define STATS_FLAGS (VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT)

static const struct {
	unsigned flag;
	enum vmm_power power;
} told_by_list[] = {
	{ VIR_CONNECT_LIST_DOMAINS_RUNNING, VMM_RUNNING },
	{ VIR_CONNECT_LIST_DOMAINS_PAUSED, VMM_PAUSED },
};

static int by_uuid(const void *a, const void *b)
{
	const struct listed *left = a, *right = b;

	return memcmp(left->uuid, right->uuid, VIR_UUID_BUFLEN);
}

static struct listed *find_uuid(const struct listing *listing, const unsigned char *uuid)
{
	struct listed key = { 0 };

	memcpy(key.uuid, uuid, VIR_UUID_BUFLEN);
	return bsearch(&key, listing->items, listing->count, sizeof(key), by_uuid);
}

static struct listed *find_handle(const struct listing *listing, virDomainPtr handle)
{
	unsigned char uuid[VIR_UUID_BUFLEN];

	return virDomainGetUUID(handle, uuid) == 0 ? find_uuid(listing, uuid) : NULL;
}

static struct listed *find_name(const struct listing *listing, const char *name)
{
	for (size_t i = 0; i < listing->count; i++)
		if (strcmp(virDomainGetName(listing->items[i].handle), name) == 0)
			return &listing->items[i];
	return NULL;
}

struct listed *listing_find(struct vmm *vmm, const struct vm *vm)
{
	const char *text = vm_uuid(vm);
	uuid_t uuid;

	if (!text)
		return find_name(&vmm->listing, vm->name);
	return uuid_parse(text, uuid) == 0 ? find_uuid(&vmm->listing, uuid) : NULL;
}

static bool complete(const struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		if (listing->items[i].power == VMM_UNKNOWN)
			return false;
	return true;
}

/* Takes the handle over. */
static void add(struct listing *listing, virDomainPtr handle)
{
	struct listed *listed = &listing->items[listing->count];

	if (domain_is_host(handle) || virDomainGetUUID(handle, listed->uuid) < 0) {
		virDomainFree(handle);
		return;
	}
	listed->handle = handle;
	listed->power = domain_xid(handle) < 0 ? VMM_HALTED : VMM_UNKNOWN;
	listing->count++;
}

static int list_all(struct vmm *vmm)
{
	struct listing *listing = &vmm->listing;
	AUTO_FREE virDomainPtr *handles = NULL;
	int count = virConnectListAllDomains(vmm->connection, &handles, 0);

	if (count < 0) {
		struct failure failure = failure_take(vmm);

		return failure_set(vmm, &failure, "cannot list the domains");
	}
	listing->items = util_alloc(((size_t)count + 1) * sizeof(*listing->items));
	for (int i = 0; i < count; i++)
		add(listing, handles[i]);
	qsort(listing->items, listing->count, sizeof(*listing->items), by_uuid);
	return 0;
}

/* A failure leaves some states unknown: these are asked for one by one. */
static void list_state(struct vmm *vmm, unsigned flag, enum vmm_power power)
{
	AUTO_FREE virDomainPtr *handles = NULL;
	int count = virConnectListAllDomains(vmm->connection, &handles, flag);

	for (int i = 0; i < count; i++) {
		struct listed *listed = find_handle(&vmm->listing, handles[i]);

		if (listed && listed->power == VMM_UNKNOWN)
			listed->power = power;
		virDomainFree(handles[i]);
	}
}

int listing_make(struct vmm *vmm)
{
	if (list_all(vmm) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(told_by_list) && !complete(&vmm->listing); i++)
		list_state(vmm, told_by_list[i].flag, told_by_list[i].power);
	if (!complete(&vmm->listing))
		listing_measure(vmm);
	vmm->listing.made = true;
	return 0;
}

/* ---- figures ---- */

static void take_state(struct listed *listed, const virDomainStatsRecord *record)
{
	int state;

	if (listed->power == VMM_UNKNOWN && domain_xid(record->dom) >= 0 &&
	    virTypedParamsGetInt(record->params, record->nparams, "state.state", &state) == 1 &&
	    state != VIR_DOMAIN_SHUTOFF)
		listed->power = domain_power(state);
}

static bool take_number(const virDomainStatsRecord *record, const char *name, unsigned long long *number)
{
	return virTypedParamsGetULLong(record->params, record->nparams, name, number) == 1;
}

static void take_figures(struct listed *listed, const virDomainStatsRecord *record)
{
	struct vmm_figures *figures = &listed->figures;
	unsigned vcpus;

	if (!take_number(record, "balloon.current", &figures->memory_kib) ||
	    !take_number(record, "balloon.maximum", &figures->max_memory_kib) ||
	    !take_number(record, "cpu.time", &figures->cpu_time_ns) ||
	    virTypedParamsGetUInt(record->params, record->nparams, "vcpu.current", &vcpus) != 1)
		return;
	figures->vcpus = (int)vcpus;
	listed->measured = true;
}

void listing_measure(struct vmm *vmm)
{
	virDomainStatsRecordPtr *records = NULL;
	int count;

	if (vmm->listing.measured || vmm->no_stats)
		return;
	vmm->listing.measured = true;
	count = virConnectGetAllDomainStats(vmm->connection, STATS_ASKED, &records, STATS_FLAGS);
	if (count < 0) {
		vmm->no_stats = true;
		return;
	}
	for (int i = 0; i < count; i++) {
		struct listed *listed = find_handle(&vmm->listing, records[i]->dom);

		if (!listed)
			continue;
		take_state(listed, records[i]);
		take_figures(listed, records[i]);
	}
	virDomainStatsRecordListFree(records);
}

void listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		virDomainFree(listing->items[i].handle);
	free(listing->items);
	*listing = (struct listing){ 0 };
}
