/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A context with VMs but without a store, for tests of the vmm room: all it asks of a store is a VM's name
 * and UUID. Here the "element" of a VM is its UUID's text.
 */
#ifndef TESTS_VMM_CONTEXT_H
#define TESTS_VMM_CONTEXT_H

#include <stdio.h>
#include <string.h>

#include "applet.h"
#include "util.h"
#include "vm.h"
#include "vmm.h"

#define UUID_OF(last_four_digits) "11111111-0000-4000-8000-00000000" last_four_digits

static struct layout_value only_uuid(const store_node *node, const char *property)
{
	const char *uuid = (const char *)node;

	if (!uuid || strcmp(property, "uuid") != 0)
		return (struct layout_value){ .presence = LAYOUT_ABSENT };
	return (struct layout_value){ .presence = LAYOUT_SET, .text = uuid };
}

static const struct layout layout_of_uuids = { .name = "test", .get = only_uuid };
static const struct applet lazy_applet = { .name = "qvm-test", .hypervisor = VMM_LAZY };

static inline void context_open(struct qubes *q, const char *uri, bool offline)
{
	*q = (struct qubes){ .applet = &lazy_applet, .layout = &layout_of_uuids, .offline = offline };
	q->arena = arena_new();
	q->vmm = vmm_new(uri, offline);
}

static inline void context_close(struct qubes *q)
{
	vmm_free(q->vmm);
	arena_free(q->arena);
}

/* UUID NULL: the store has none. */
static inline struct vm *context_vm(struct qubes *q, int qid, const char *name, const char *uuid)
{
	struct vm *vm = arena_alloc(q->arena, sizeof(*vm));

	vm->qubes = q;
	vm->class = vm_class_by_type(qid == 0 ? "AdminVM" : "AppVM");
	vm->type = vm->class->type;
	vm->qid = qid;
	vm->name = name;
	vm->node = (store_node *)uuid;
	return vm;
}

#define TEST_NAMESPACE "xmlns:test='http://libvirt.org/schemas/domain/test/1.0'"

/* Domain XML of a VM of 400 MiB; RUNSTATE is the state that a node file starts it in, 0: nothing is said. */
static inline char *context_domain(const char *type, const char *name, const char *uuid, int runstate)
{
	AUTO_FREE char *state =
		runstate ? util_printf("<test:runstate>%d</test:runstate>", runstate) : util_strdup("");

	return util_printf("<domain type='%s' " TEST_NAMESPACE "><name>%s</name><uuid>%s</uuid>"
			   "<memory unit='MiB'>400</memory><vcpu>2</vcpu>"
			   "<os><type arch='i686'>hvm</type></os>%s</domain>",
			   type, name, uuid, state);
}

#endif
