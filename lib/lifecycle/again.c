/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store once more, as it is now: a sequence that takes long has given it up meanwhile, and others may have
 * changed it. Also a store that nobody else sees, for a VM that is not to outlive the sequence.
 */
#include "again.h"

#include <string.h>

#include "error.h"
#include "pending.h"
#include "store.h"

int again_open(const struct qubes *q, bool write, struct qubes *again)
{
	*again = (struct qubes){
		.arena = q->arena,
		.root = q->root,
		.vmm = q->vmm,
		.applet = q->applet,
		.wait = q->wait,
		.offline = q->offline,
		.acting = true,
	};
	again->pending = pending_new(again);
	again->store = store_open_within(again->root, STORE_PATH, write, again->wait);
	if (!again->store)
		return -1;
	again->writing = write;
	if (store_format(again->store) == store_format(q->store)) {
		again->layout = q->layout;
		if (vms_load(again) == 0)
			return 0;
	} else {
		error_set(ERROR_STORE, "%s is of another release now", STORE_PATH);
	}
	again_close(again);
	return -1;
}

static struct vm *find_uuid(const struct qubes *again, const char *uuid)
{
	struct vm *vm;

	FOR_EACH_VM(again, vm) {
		const char *other = vm_uuid(vm);

		if (other && strcmp(uuid, other) == 0)
			return vm;
	}
	return NULL;
}

struct vm *again_vm(const struct qubes *again, const struct vm *vm)
{
	struct vm *found;

	if (vm_uuid(vm))
		return find_uuid(again, vm_uuid(vm));
	found = vm_by_qid(again, vm->qid);
	return found && strcmp(found->name, vm->name) == 0 ? found : NULL;
}

void again_close(struct qubes *again)
{
	vms_free(again->vms);
	store_close(again->store);
}
