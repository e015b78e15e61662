/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A check of an R3 store: who is in it, and what is wrong with qids, names, UUIDs and netids.
 */
#include "r3.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "layout.h"

#define OLD_DOM0 "QubesDom0NetVm"

int r3_reference(const char *text)
{
	unsigned long long qid;

	if (!text || !strcasecmp(text, "none"))
		return R3_NONE;
	return util_parse_decimal(text, 999999, &qid) ? (int)qid : R3_BAD;
}

const char *r3_free_qid(struct r3 *r)
{
	for (int qid = 1; qid < QID_LIMIT; qid++)
		if (!r->mentioned[qid]) {
			r->mentioned[qid] = true;
			return arena_printf(r->f->arena, "%d", qid);
		}
	return NULL;
}

/* ---- who is there ---- */

static int good_qid(const store_node *node)
{
	const char *text = element_attribute(node, "qid");
	unsigned long long qid;

	return text && util_parse_decimal(text, QID_LIMIT - 1, &qid) ? (int)qid : -1;
}

static void mention(int qid, void *mentioned)
{
	if (qid >= 0 && qid < QID_LIMIT)
		((bool *)mentioned)[qid] = true;
}

static void add_vm(struct r3 *r, store_node *node, const char *type)
{
	struct r3_vm *vm = &r->vms[r->count++];
	const char *name = element_attribute(node, "name");

	vm->node = node;
	vm->class = vm_class_by_type(type);
	vm->qid = good_qid(node);
	vm->name = name && *name ? arena_strdup(r->f->arena, name) : "(a VM without a name)";
	if (vm->class->kind == VM_ADMIN) {
		vm->qid = 0;
		vm->name = "dom0";
	}
	if (vm->qid >= 0 && !r->by_qid[vm->qid])
		r->by_qid[vm->qid] = vm;
}

static void find_vms(struct r3 *r)
{
	const struct layout *layout = layout_of(STORE_R3);
	size_t room = 0;

	FOR_EACH_ELEMENT(r->root, NULL, child)
	room++;
	r->vms = arena_alloc(r->f->arena, (room + 1) * sizeof(*r->vms));
	layout->each_qid(r->root, mention, r->mentioned);
	for (store_node *node = layout->next_vm(r->root, NULL); node; node = layout->next_vm(r->root, node))
		/* That one is not looked at: the tools make a new dom0. */
		if (strcmp(element_name(node), OLD_DOM0))
			add_vm(r, node, layout->vm_class(node));
}

/* ---- qids ---- */

static const char *qid_fault(const struct r3 *r, const struct r3_vm *vm)
{
	const char *text = element_attribute(vm->node, "qid");

	if (!text)
		return "it has no qid";
	if (vm->qid < 0)
		return arena_printf(r->f->arena, "its qid '%s' is not a number from 0 to 253", text);
	if (vm->qid == 0)
		return "its qid is 0, which is dom0's";
	if (r->by_qid[vm->qid] != vm)
		return arena_printf(r->f->arena, "its qid %d is that of %s", vm->qid,
				    r->by_qid[vm->qid]->name);
	return NULL;
}

/* What named the VM by its old number follows it, if that was a number of its own. */
static void renumber(struct fsck *f, const struct fsck_finding *finding)
{
	static const char *const references[] = { "template_qid",     "netvm_qid",     "dispvm_netvm",
						  "default_template", "default_netvm", "default_fw_netvm",
						  "updatevm",	      "clockvm" };
	const char *old = element_attribute(finding->node, "qid");
	AUTO_FREE char *number = old && r3_reference(old) >= QID_LIMIT ? util_strdup(old) : NULL;
	store_node *root = store_root(f->store);

	store_put_attribute(finding->node, "qid", finding->value);
	for (size_t i = 0; number && i < ARRAY_SIZE(references); i++) {
		const char *text = element_attribute(root, references[i]);

		if (text && !strcmp(text, number))
			store_put_attribute(root, references[i], finding->value);
		FOR_EACH_ELEMENT(root, NULL, node)
		{
			text = element_attribute(node, references[i]);
			if (text && !strcmp(text, number))
				store_put_attribute(node, references[i], finding->value);
		}
	}
}

/* Counts where NODE names QID as a template, and where as a netvm. */
static void count_names(const store_node *node, int qid, size_t *templates, size_t *netvms)
{
	static const struct {
		const char *name;
		bool template;
	} references[] = { { "template_qid", true },   { "default_template", true },
			   { "netvm_qid", false },     { "dispvm_netvm", false },
			   { "default_netvm", false }, { "default_fw_netvm", false } };

	for (size_t i = 0; i < ARRAY_SIZE(references); i++)
		if (element_attribute(node, references[i].name) &&
		    r3_reference(element_attribute(node, references[i].name)) == qid)
			++*(references[i].template ? templates : netvms);
}

/* Do others name the number, which nobody has, as they would name VM? */
static bool is_named_as(const struct r3 *r, const struct r3_vm *vm, int qid)
{
	size_t templates = 0, netvms = 0;

	count_names(r->root, qid, &templates, &netvms);
	for (size_t i = 0; i < r->count; i++)
		count_names(r->vms[i].node, qid, &templates, &netvms);
	if (vm->class->kind & VM_TEMPLATES)
		return templates && !netvms;
	return (vm->class->kind & VM_NETVMS) && netvms && !templates;
}

static bool is_without_qid(const struct r3 *r, const struct r3_vm *vm)
{
	return vm->class->kind != VM_ADMIN && (vm->qid <= 0 || r->by_qid[vm->qid] != vm);
}

/* The one number that is named and nobody's, if VM alone has none; NULL. */
static const char *named_qid(const struct r3 *r, const struct r3_vm *vm)
{
	int found = 0;

	for (size_t i = 0; i < r->count; i++)
		if (&r->vms[i] != vm && is_without_qid(r, &r->vms[i]))
			return NULL;
	for (int qid = 1; qid < QID_LIMIT; qid++) {
		if (!r->mentioned[qid] || r->by_qid[qid] || !is_named_as(r, vm, qid))
			continue;
		if (found)
			return NULL;
		found = qid;
	}
	return found ? arena_printf(r->f->arena, "%d", found) : NULL;
}

static void check_qid(struct r3 *r, const struct r3_vm *vm)
{
	const char *fault, *free_qid, *named;
	struct fsck_finding *finding;

	if (vm->class->kind == VM_ADMIN) {
		if (r->by_qid[0] != vm && r->by_qid[0]->class->kind == VM_ADMIN) {
			finding = fsck_note(r->f, "dom0-twice", FSCK_R3, vm->node, vm->name,
					    "it is there twice");
			fsck_remedy(finding, "remove the second one", fsck_remove_node, vm->node, NULL, NULL);
		}
		return;
	}
	fault = qid_fault(r, vm);
	if (!fault)
		return;
	finding = fsck_note(r->f, "qid", FSCK_R3, vm->node, vm->name, "%s", fault);
	if (vm->qid > 0 && fsck_is_same(r->f->arena, r->by_qid[vm->qid]->node, vm->node)) {
		fsck_remedy(finding, "remove the second one, which says the same", fsck_remove_node, vm->node,
			    NULL, NULL);
		return;
	}
	named = named_qid(r, vm);
	free_qid = named ? NULL : r3_free_qid(r);
	if (named)
		fsck_remedy(finding, arena_printf(r->f->arena, "give it %s, by which others name it", named),
			    renumber, vm->node, "qid", named);
	else if (free_qid)
		fsck_remedy(finding, arena_printf(r->f->arena, "give it %s, which is free", free_qid),
			    renumber, vm->node, "qid", free_qid);
}

/* ---- names ---- */

static bool name_is_taken(const struct r3 *r, const char *name)
{
	if (strlist_has(&r->given, name))
		return true;
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->vms[i].name, name))
			return true;
	return false;
}

/* The original tools take a text of digits for a number, and these words for what they mean. */
static bool is_no_text(const char *name)
{
	return !strcasecmp(name, "none") || !strcasecmp(name, "true") || !strcasecmp(name, "false") ||
	       name[strspn(name, "0123456789")] == '\0';
}

/* WORDS if nobody has that name, else the last component of its directory, else one made of its number. */
static const char *name_for(struct r3 *r, const struct r3_vm *vm, const char *words)
{
	const char *directory = element_attribute(vm->node, "dir_path");
	const char *last = directory ? strrchr(directory, '/') : NULL;

	if (words && !name_is_taken(r, words))
		return words;
	if (last && !is_no_text(last + 1) && vm_check_name(last + 1) == 0 && !name_is_taken(r, last + 1))
		return arena_strdup(r->f->arena, last + 1);
	for (int number = vm->qid > 0 ? vm->qid : 1;; number++) {
		const char *name = arena_printf(r->f->arena, "vm-%d", number);

		if (!name_is_taken(r, name))
			return name;
	}
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if (*text & 0x80)
			return false;
	return true;
}

static void check_name_text(struct r3 *r, const struct r3_vm *vm, const char *name)
{
	struct fsck_finding *finding = NULL;

	if (!name || !*name)
		finding = fsck_note(r->f, "name", FSCK_R3, vm->node, vm->name, "it has no name");
	else if (is_no_text(name) || !is_ascii(name))
		finding = fsck_note(r->f, "name", FSCK_R3, vm->node, vm->name,
				    "its name is not taken for a text by the tools");
	if (finding) {
		/* Digits make a name when a letter is before them. */
		const char *words =
			name && name[0] && is_no_text(name) ? arena_printf(r->f->arena, "vm-%s", name) : NULL;
		const char *new = name_for(r, vm, words);

		strlist_add(&r->given, new);
		fsck_remedy(finding,
			    arena_printf(r->f->arena, "call it %s; its files stay where they are", new),
			    fsck_set_attribute, vm->node, "name", new);
	} else if (vm_check_name(name) < 0) {
		finding = fsck_note(r->f, "name-odd", FSCK_LOADS, vm->node, vm->name,
				    "its name is none that a new VM could have");
	}
}

static void check_name(struct r3 *r, const struct r3_vm *vm)
{
	const char *name = element_attribute(vm->node, "name");

	if (vm->class->kind == VM_ADMIN)
		return;
	check_name_text(r, vm, name);
	for (const struct r3_vm *other = r->vms; name && *name && other < vm; other++)
		if (!strcmp(other->name, name)) {
			fsck_effect(fsck_note(r->f, "name-twice", FSCK_LOADS, vm->node, vm->name,
					      "it has the name of another VM, of qid %d", other->qid),
				    "the tools find the one with the lower qid only");
			return;
		}
}

/* ---- UUIDs ---- */

static bool is_uuid(const char *text)
{
	size_t digits = 0;

	for (; *text; text++)
		if (strchr("0123456789abcdefABCDEF", *text))
			digits++;
		else if (!strchr("-{}", *text))
			return false;
	return digits == 32;
}

static void check_uuid(struct r3 *r, const struct r3_vm *vm)
{
	const char *uuid = element_attribute(vm->node, "uuid");
	struct fsck_finding *finding;

	if (!uuid || !strcasecmp(uuid, "none"))
		return;
	if (!is_uuid(uuid)) {
		finding = fsck_note(r->f, "uuid", FSCK_R3, vm->node, vm->name, "its UUID '%s' is none", uuid);
		fsck_remedy(finding, "take it away; the VM gets one when it is started", fsck_drop_attribute,
			    vm->node, "uuid", NULL);
		return;
	}
	for (const struct r3_vm *other = r->vms; other < vm; other++) {
		const char *taken = element_attribute(other->node, "uuid");

		if (!taken || strcasecmp(taken, uuid))
			continue;
		finding = fsck_note(r->f, "uuid-twice", FSCK_LOADS, vm->node, vm->name,
				    "its UUID is that of %s", other->name);
		fsck_effect(finding, "libvirt takes both for one VM");
		fsck_remedy(finding, "take it away; the VM gets one when it is started", fsck_drop_attribute,
			    vm->node, "uuid", NULL);
		return;
	}
}

/* ---- netids ---- */

static void check_netids(struct r3 *r)
{
	const struct r3_vm *owners[NETID_LIMIT] = { NULL };

	for (size_t i = 0; i < r->count; i++) {
		const struct r3_vm *vm = &r->vms[i];
		const char *text = element_attribute(vm->node, "netid");
		unsigned long long netid;
		struct fsck_finding *finding;

		if (!(vm->class->kind & (VM_NET | VM_PROXY)) || !text ||
		    !util_parse_decimal(text, NETID_LIMIT - 1, &netid))
			continue;
		if (!owners[netid]) {
			owners[netid] = vm;
			continue;
		}
		finding = fsck_note(r->f, "netid-twice", FSCK_LOADS, vm->node, vm->name,
				    "its netid %llu is that of %s", netid, owners[netid]->name);
		fsck_effect(finding, "their clients get the same addresses");
		fsck_remedy(finding, "take it away; the next free one is given", fsck_drop_attribute,
			    vm->node, "netid", NULL);
	}
}

void r3_check_identity(struct r3 *r)
{
	for (size_t i = 0; i < r->count; i++) {
		check_qid(r, &r->vms[i]);
		check_name(r, &r->vms[i]);
		check_uuid(r, &r->vms[i]);
	}
	check_netids(r);
}

/* ---- what is not looked at by the original tools ---- */

static void check_strangers(struct r3 *r)
{
	const struct layout *layout = layout_of(STORE_R3);

	FOR_EACH_ELEMENT(r->root, NULL, node)
	if (!layout->vm_class(node) || strcmp(element_name(node), OLD_DOM0) == 0) {
		if (layout->vm_class(node))
			continue;
		fsck_effect(fsck_note(r->f, "element-unknown", FSCK_LOADS, node,
				      element_attribute(node, "name"), "<%s> is nothing that R3 knows",
				      element_name(node)),
			    "the original tools lose it when they write the store");
	}
	if (strcmp(element_name(r->root), "QubesVmCollection")) {
		struct fsck_finding *finding =
			fsck_note(r->f, "root-name", FSCK_LOADS, r->root, NULL,
				  "the root element is called <%s>", element_name(r->root));

		fsck_effect(finding, "the original tools of R3 take it, all others do not");
		fsck_remedy(finding, "call it <QubesVmCollection>", fsck_rename_node, r->root, NULL,
			    "QubesVmCollection");
	}
}

void fsck_check_r3(struct fsck *f)
{
	struct r3 r = { .f = f, .root = store_root(f->store) };

	find_vms(&r);
	check_strangers(&r);
	r3_check_identity(&r);
	f->phase++;
	r3_check_references(&r);
	r3_check_values(&r);
	strlist_free(&r.given);
}
