/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One VM's raw values, its UUID and its paths.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <uuid/uuid.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define BASE "/var/lib/qubes"
#define UUID_TEXT 37

struct layout_value vm_get(const struct vm *vm, const char *property)
{
	return vm->qubes->layout->get(vm->node, property);
}

/* dom0 gets an element when it first has something of its own to keep. */
int vms_need_node(struct vm *vm)
{
	struct qubes *q = vm->qubes;

	if (!vm->node)
		vm->node = q->layout->add_vm(store_root(q->store), vm->type, vm->qid, vm->name);
	return vm->node ? 0 : -1;
}

static int changed(struct vm *vm, int result)
{
	if (result == 0)
		store_touch(vm->qubes->store);
	return result;
}

static int unfit(const char *property)
{
	return error_set(ERROR_FAILED, "%s: control characters and what is not UTF-8 cannot be stored",
			 property);
}

int vm_set(struct vm *vm, const char *property, const char *text)
{
	struct layout_value now = vm_get(vm, property);

	if (now.presence == LAYOUT_SET && now.text && !strcmp(now.text, text))
		return 0;
	if (!store_can_hold(text))
		return unfit(property);
	if (vms_need_node(vm) < 0)
		return -1;
	return changed(vm, vm->qubes->layout->set(vm->node, property, text));
}

int vm_set_reference(struct vm *vm, const char *property, const struct vm *to)
{
	struct layout_reference now = vm->qubes->layout->get_reference(vm->node, property);

	if (now.presence == LAYOUT_SET && now.text && vm_resolve(vm->qubes, &now) == to &&
	    (to || now.kind == LAYOUT_NO_VM))
		return 0;
	if (vms_need_node(vm) < 0)
		return -1;
	return changed(vm, vm->qubes->layout->set_reference(vm->node, property, to ? to->qid : -1,
							    to ? to->name : NULL));
}

int vm_set_default(struct vm *vm, const char *property)
{
	enum layout_presence now = vm_get(vm, property).presence;

	if (now != LAYOUT_SET)
		return 0;
	return changed(vm, vm->qubes->layout->set_default(vm->node, property));
}

int vm_unset(struct vm *vm, const char *property)
{
	if (vm_get(vm, property).presence == LAYOUT_ABSENT)
		return 0;
	return changed(vm, vm->qubes->layout->unset(vm->node, property));
}

int vm_set_global(struct qubes *q, const char *name, const char *text)
{
	store_node *globals = q->layout->globals(store_root(q->store));
	struct layout_value now = q->layout->get(globals, name);

	if (now.text && !strcmp(now.text, text))
		return 0;
	if (!store_can_hold(text))
		return unfit(name);
	store_touch(q->store);
	return q->layout->set(globals, name, text);
}

int vm_set_global_reference(struct qubes *q, const char *name, const struct vm *to)
{
	store_node *globals = q->layout->globals(store_root(q->store));
	struct layout_reference now = q->layout->get_reference(globals, name);

	if (now.presence == LAYOUT_SET && vm_resolve(q, &now) == to && (to || now.kind == LAYOUT_NO_VM))
		return 0;
	store_touch(q->store);
	return q->layout->set_reference(globals, name, to ? to->qid : -1, to ? to->name : NULL);
}

/* ---- UUID ---- */

const char *vm_uuid(const struct vm *vm)
{
	const char *text = vm_get(vm, "uuid").text;
	char canonical[UUID_TEXT];
	uuid_t uuid;

	if (!text || uuid_parse(text, uuid) < 0)
		return NULL;
	uuid_unparse_lower(uuid, canonical);
	return arena_strdup(vm->qubes->arena, canonical);
}

const char *vm_need_uuid(struct vm *vm)
{
	const char *uuid = vm_uuid(vm);
	char text[UUID_TEXT];
	uuid_t made;

	if (uuid)
		return uuid;
	uuid_generate_random(made);
	uuid_unparse_lower(made, text);
	return vm_set(vm, "uuid", text) < 0 ? NULL : vm_uuid(vm);
}

const char *vm_derive_uuid(struct vm *vm, const struct vm *from, const char *purpose)
{
	const char *uuid = vm_uuid(from);
	AUTO_FREE char *name = util_printf("%s:%s", purpose, from->name);
	uuid_t parent = { 0 }, made;
	char text[UUID_TEXT];

	if (uuid)
		uuid_parse(uuid, parent);
	uuid_generate_sha1(made, parent, name, strlen(name));
	uuid_unparse_lower(made, text);
	return vm_set(vm, "uuid", text) < 0 ? NULL : vm_uuid(vm);
}

/* ---- paths ---- */

/* A running DispVM lives in the directory of the VM that it was made from. */
static const char *dispvm_directory(const struct vm *vm)
{
	const struct vm *template = vm_template(vm);

	return template ? arena_printf(vm->qubes->arena, BASE "/appvms/%s-dvm", template->name) : NULL;
}

const char *vm_directory(const struct vm *vm)
{
	const char *stored = vm_get(vm, "dir_path").text;
	size_t length = stored ? strlen(stored) : 0;

	if (stored && stored[0] == '/' && length > 1) {
		char *path = arena_strdup(vm->qubes->arena, stored);

		while (length > 1 && path[length - 1] == '/')
			path[--length] = '\0';
		return path;
	}
	if (vm_is(vm, VM_DISPOSABLE))
		return dispvm_directory(vm);
	if (!vm->class->directory)
		return NULL;
	return arena_printf(vm->qubes->arena, BASE "/%s/%s", vm->class->directory, vm->name);
}

char *vm_autostart_link(const char *name)
{
	return util_printf(VM_AUTOSTART_LINKS "/qubes-vm@%s.service", name);
}

const char *vm_path(const struct vm *vm, const char *file)
{
	const char *directory = vm_directory(vm);

	return directory ? arena_printf(vm->qubes->arena, "%s/%s", directory, file) : NULL;
}
