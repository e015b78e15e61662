/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a store of R3 says: attributes under the names of properties, references as names, services and PCI
 * devices one by one; and the same in the terms of R4.
 */
#include <string.h>
#include <strings.h>

#include "element.h"
#include "error.h"
#include "internal.h"
#include "layout.h"
#include "literal.h"

struct reader {
	struct facts *facts;
	struct arena *arena;
	const struct layout *layout;
	const store_node *root;
	bool as_r4;
};

/* What R4 has no place for, or computes. */
static const char *const only_r3[] = {
	"dir_path",	  "conf_file",	 "firewall_conf", "netid",	  "pool_name",
	"backup_content", "backup_size", "backup_path",	  "dispvm_netvm", "pci_strictreset",
	"pci_e820_host",  "root_img",	 "private_img",	  "volatile_img", "default_fw_netvm",
};

static bool is_only_r3(const char *property)
{
	for (size_t i = 0; i < ARRAY_SIZE(only_r3); i++)
		if (!strcmp(property, only_r3[i]))
			return true;
	return false;
}

static const char *name_by_qid(const struct reader *r, int qid)
{
	store_node *root = (store_node *)r->root;

	for (store_node *node = r->layout->next_vm(root, NULL); node; node = r->layout->next_vm(root, node)) {
		const char *text, *name;
		unsigned long long number;

		r->layout->identity(node, &text, &name);
		if (text && name && util_parse_decimal(text, 999999, &number) && (int)number == qid)
			return arena_strdup(r->arena, name);
	}
	return arena_printf(r->arena, "qid %d, which is no VM", qid);
}

static const char *const reference_globals[] = { "default_template", "default_netvm", "default_fw_netvm",
						 "updatevm", "clockvm" };

static bool is_reference(const char *attribute, bool global)
{
	if (util_ends_with(attribute, "_qid") || !strcmp(attribute, "dispvm_netvm"))
		return true;
	for (size_t i = 0; global && i < ARRAY_SIZE(reference_globals); i++)
		if (!strcmp(attribute, reference_globals[i]))
			return true;
	return false;
}

static const char *none_text(const struct reader *r)
{
	return r->as_r4 ? "" : "none";
}

/* The value as a user would write it; NULL: it is the default. */
static const char *text_of(const struct reader *r, const store_node *node, const char *attribute,
			   const char *property, bool global)
{
	struct layout_value value = r->layout->get(node, property);

	if (value.presence != LAYOUT_SET || !value.text)
		return NULL;
	if (is_reference(attribute, global)) {
		struct layout_reference reference = r->layout->get_reference(node, property);

		if (reference.kind == LAYOUT_BY_QID)
			return name_by_qid(r, reference.qid);
		return reference.kind == LAYOUT_NO_VM ? none_text(r) : arena_strdup(r->arena, value.text);
	}
	if (r->as_r4 && !strcasecmp(value.text, "none"))
		return "";
	return arena_strdup(r->arena, value.text);
}

static bool read_services(const struct reader *r, struct facts_vm *vm, const char *text)
{
	struct literal services;

	if (literal_read_dict(r->arena, text, &services) < 0) {
		error_clear();
		return false;
	}
	for (size_t i = 0; i < services.count; i++) {
		const struct literal_entry *entry = &services.entries[i];

		if (r->as_r4)
			facts_add(r->facts, vm, arena_printf(r->arena, "feature service.%s", entry->key),
				  entry->value ? "1" : "", FACTS_ABSENT);
		else
			facts_add(r->facts, vm, arena_printf(r->arena, "service %s", entry->key),
				  entry->value ? "on" : "off", FACTS_ABSENT_PROPERTY);
	}
	return true;
}

static bool read_devices(const struct reader *r, struct facts_vm *vm, const char *text)
{
	struct literal devices;

	if (literal_read_list(r->arena, text, &devices) < 0) {
		error_clear();
		return false;
	}
	for (size_t i = 0; i < devices.count; i++) {
		char *what = arena_printf(r->arena, r->as_r4 ? "device pci dom0:%s" : "PCI device %s",
					  devices.entries[i].key);

		for (char *p = what + strlen("device pci dom0:"); r->as_r4 && *p; p++)
			if (*p == ':')
				*p = '_';
		facts_add(r->facts, vm, what, "assigned", FACTS_ABSENT);
	}
	return true;
}

/* Attributes that hold several things. */
static const struct {
	const char *attribute;
	bool (*read)(const struct reader *r, struct facts_vm *vm, const char *text);
} compound[] = {
	{ "services", read_services },
	{ "pcidevs", read_devices },
};

static bool read_compound(const struct reader *r, struct facts_vm *vm, const char *attribute,
			  const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(compound); i++)
		if (!strcmp(attribute, compound[i].attribute))
			return compound[i].read(r, vm, text);
	return false;
}

static void read_attribute(const struct reader *r, struct facts_vm *vm, const store_node *node,
			   const char *attribute, const char *raw)
{
	bool global = node == r->root;
	size_t length = strlen(attribute) - (util_ends_with(attribute, "_qid") ? strlen("_qid") : 0);
	const char *property = arena_printf(r->arena, "%.*s", (int)length, attribute);
	const char *text;

	if (util_starts_with(attribute, "uses_default_") || (r->as_r4 && is_only_r3(property)) ||
	    read_compound(r, vm, attribute, raw))
		return;
	text = text_of(r, node, attribute, property, global);
	if (text && !(r->as_r4 && !strcmp(property, "template") && !*text))
		facts_add(r->facts, vm, property, text, FACTS_ABSENT_PROPERTY);
}

static void read_attributes(const struct reader *r, struct facts_vm *vm, const store_node *node)
{
	const char *name, *value;

	for (size_t i = 0; (value = element_attribute_at(node, i, &name)); i++)
		read_attribute(r, vm, node, name, value);
}

/* The classes of R4 that an R3 class becomes, with and without a template. */
static const struct {
	const char *r3, *based, *alone;
	bool provides_network;
} classes[] = {
	{ "AppVM", "AppVM", "StandaloneVM", false },	      { "HVM", "AppVM", "StandaloneVM", false },
	{ "NetVM", "AppVM", "StandaloneVM", true },	      { "ProxyVM", "AppVM", "StandaloneVM", true },
	{ "TemplateHVM", "TemplateVM", "TemplateVM", false }, { "DisposableVM", "DispVM", "DispVM", false },
};

static void take_r4_class(const struct reader *r, struct facts_vm *vm, const store_node *node)
{
	struct layout_reference template = r->layout->get_reference(node, "template");

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (strcmp(vm->class, classes[i].r3))
			continue;
		vm->class = template.kind == LAYOUT_BY_QID ? classes[i].based : classes[i].alone;
		if (classes[i].provides_network)
			facts_add(r->facts, vm, "provides_network", "True", FACTS_ABSENT_PROPERTY);
		return;
	}
}

static void read_vm(const struct reader *r, store_node *node)
{
	const char *qid, *name, *uuid = element_attribute(node, "uuid");
	const char *class = r->layout->vm_class(node);
	struct facts_vm *vm;

	r->layout->identity(node, &qid, &name);
	if (!strcmp(class, "AdminVM"))
		name = "dom0";
	name = name ? arena_strdup(r->arena, name) : "(no name)";
	vm = facts_add_vm(r->facts, name, class, qid ? arena_strdup(r->arena, qid) : "?", name);
	vm->uuid = uuid ? arena_strdup(r->arena, uuid) : NULL;
	if (r->as_r4)
		take_r4_class(r, vm, node);
	read_attributes(r, vm, node);
	facts_add(r->facts, vm, "class", vm->class, FACTS_ABSENT);
	facts_hide_identity(vm);
}

void facts_read_r3(struct facts *facts, const store_node *root, bool as_r4)
{
	const struct reader r = { facts, facts->arena, layout_of(STORE_R3), root, as_r4 };
	struct facts_vm *globals = facts_add_vm(facts, "", "", "", "");
	store_node *top = (store_node *)root;

	read_attributes(&r, globals, root);
	for (store_node *node = r.layout->next_vm(top, NULL); node; node = r.layout->next_vm(top, node))
		read_vm(&r, node);
}
