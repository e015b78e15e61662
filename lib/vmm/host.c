/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kind of hypervisor it is, and what its host has.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

static const struct {
	const char *driver, *type;
} types[] = {
	{ "Xen", "xen" },
	{ "QEMU", "qemu" },
	{ "TEST", "test" },
	{ "LXC", "lxc" },
};

static const char *type_of_driver(const char *driver)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(driver, types[i].driver) == 0)
			return types[i].type;
	error_set(ERROR_VMM, "a hypervisor of type '%s' is none that VMs can be defined for", driver);
	return NULL;
}

const char *vmm_domain_type(struct qubes *q)
{
	struct vmm *vmm = q->vmm;

	if (vmm_connection(q) < 0)
		return NULL;
	if (!vmm->type) {
		HOLD_PIPE_SIGNAL;
		const char *driver = virConnectGetType(vmm->connection);

		/* It says "remote" when the daemon is gone. */
		if (!driver || virConnectIsAlive(vmm->connection) == 0) {
			struct failure failure = failure_take(vmm);

			failure_set(vmm, &failure, "cannot ask for the type of the hypervisor");
			return NULL;
		}
		vmm->type = type_of_driver(driver);
	}
	return vmm->type;
}

int vmm_host(struct qubes *q, struct vmm_host *host)
{
	struct vmm *vmm = q->vmm;

	if (vmm_connection(q) < 0)
		return -1;
	if (!vmm->host_known) {
		HOLD_PIPE_SIGNAL;
		virNodeInfo node;

		if (virNodeGetInfo(vmm->connection, &node) < 0) {
			struct failure failure = failure_take(vmm);

			return failure_set(vmm, &failure, "cannot ask for the host's memory and CPUs");
		}
		vmm->host.memory_mib = node.memory / 1024;
		vmm->host.cpus = (int)node.cpus;
		vmm->host_known = true;
	}
	*host = vmm->host;
	return 0;
}
