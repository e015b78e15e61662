/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a store of R4 says: properties, features, tags, devices and volumes of each domain; globals, labels, pools.
 */
#include <string.h>

#include "element.h"
#include "internal.h"

struct reader {
	struct facts *facts;
	struct arena *arena;
};

static const char *kept(const struct reader *r, const char *text)
{
	return arena_strdup(r->arena, text ? text : "");
}

/* As the original tools read it: a reference wins. */
static const char *value_of(const struct reader *r, const store_node *node)
{
	const char *reference = element_attribute(node, "ref");

	return kept(r, reference && *reference ? reference : element_text(r->arena, node));
}

/* Its attributes as "a=b, c=d", but for the one called EXCEPT. */
static const char *attributes_text(const struct reader *r, const store_node *node, const char *const *except)
{
	AUTO_STRBUF struct strbuf text = { 0 };
	const char *name, *value;

	for (size_t i = 0; (value = element_attribute_at(node, i, &name)); i++)
		if (strcmp(name, except[0]) && strcmp(name, except[1]))
			strbuf_printf(&text, "%s%s=%s", text.length ? ", " : "", name, value);
	FOR_EACH_ELEMENT(node, "option", option)
	{
		const char *option_name = element_attribute(option, "name");

		strbuf_printf(&text, "%s%s=%s", text.length ? ", " : "", option_name ? option_name : "?",
			      value_of(r, option));
	}
	return kept(r, text.text ? text.text : "");
}

static void read_named(const struct reader *r, struct facts_vm *vm, const store_node *parent,
		       const char *container, const char *element, const char *prefix)
{
	bool is_property = !*prefix;

	FOR_EACH_ELEMENT(parent, container, list)
	FOR_EACH_ELEMENT(list, element, node)
	{
		const char *name = element_attribute(node, "name");
		const char *what = arena_printf(r->arena, "%s%s", prefix, name ? name : "?");

		facts_add(r->facts, vm, what, value_of(r, node),
			  is_property ? FACTS_ABSENT_PROPERTY : FACTS_ABSENT);
	}
}

static void read_tags(const struct reader *r, struct facts_vm *vm, const store_node *domain)
{
	FOR_EACH_ELEMENT(domain, "tags", list)
	FOR_EACH_ELEMENT(list, "tag", tag)
	{
		const char *name = element_attribute(tag, "name");

		facts_add(r->facts, vm, arena_printf(r->arena, "tag %s", name ? name : "?"), "set",
			  FACTS_ABSENT);
	}
}

static void read_devices(const struct reader *r, struct facts_vm *vm, const store_node *domain)
{
	static const char *const named[] = { "backend-domain", "id" };

	FOR_EACH_ELEMENT(domain, "devices", list)
	FOR_EACH_ELEMENT(list, "device", device)
	{
		const char *class = element_attribute(list, "class");
		const char *backend = element_attribute(device, named[0]);
		const char *id = element_attribute(device, named[1]);
		const char *options = attributes_text(r, device, named);

		facts_add(r->facts, vm,
			  arena_printf(r->arena, "device %s %s:%s", class ? class : "?",
				       backend ? backend : "*", id ? id : "*"),
			  *options ? options : "assigned", FACTS_ABSENT);
	}
}

static void read_volumes(const struct reader *r, struct facts_vm *vm, const store_node *domain)
{
	FOR_EACH_ELEMENT(domain, "volume-config", list)
	FOR_EACH_ELEMENT(list, "volume", volume)
	{
		const char *volume_name = element_attribute(volume, "name"), *name, *value;

		for (size_t i = 0; (value = element_attribute_at(volume, i, &name)); i++)
			if (strcmp(name, "name"))
				facts_add(r->facts, vm,
					  arena_printf(r->arena, "volume %s %s",
						       volume_name ? volume_name : "?", name),
					  kept(r, value), FACTS_ABSENT);
	}
}

static const char *text_of(const struct facts_vm *vm, const char *what)
{
	const struct fact *fact = facts_find(vm, what);

	return fact ? fact->text : NULL;
}

static void read_domain(const struct reader *r, const store_node *domain)
{
	const char *class = element_attribute(domain, "class");
	bool dom0 = class && !strcmp(class, "AdminVM");
	struct facts_vm *vm = facts_add_vm(r->facts, "dom0", kept(r, class), "0", "dom0");

	read_named(r, vm, domain, "properties", "property", "");
	if (!dom0) {
		const char *name = text_of(vm, "name"), *qid = text_of(vm, "qid");

		vm->name = vm->key = name && *name ? name : "(no name)";
		vm->qid = qid ? qid : "?";
		vm->uuid = text_of(vm, "uuid");
	}
	facts_add(r->facts, vm, "class", vm->class, FACTS_ABSENT);
	facts_hide_identity(vm);
	read_named(r, vm, domain, "features", "feature", "feature ");
	read_tags(r, vm, domain);
	read_devices(r, vm, domain);
	read_volumes(r, vm, domain);
}

static void read_labels(const struct reader *r, struct facts_vm *globals, const store_node *root)
{
	FOR_EACH_ELEMENT(root, "labels", list)
	FOR_EACH_ELEMENT(list, "label", label)
	{
		const char *id = element_attribute(label, "id"), *colour = element_attribute(label, "color");

		facts_add(r->facts, globals, arena_printf(r->arena, "label %s", value_of(r, label)),
			  arena_printf(r->arena, "%s, %s", id ? id : "?", colour ? colour : "?"),
			  FACTS_ABSENT);
	}
}

static void read_pools(const struct reader *r, struct facts_vm *globals, const store_node *root)
{
	static const char *const named[] = { "name", "name" };

	FOR_EACH_ELEMENT(root, "pools", list)
	FOR_EACH_ELEMENT(list, "pool", pool)
	{
		const char *name = element_attribute(pool, "name");

		facts_add(r->facts, globals, arena_printf(r->arena, "pool %s", name ? name : "?"),
			  attributes_text(r, pool, named), FACTS_ABSENT);
	}
}

void facts_read_r4(struct facts *facts, const store_node *root)
{
	const struct reader r = { facts, facts->arena };
	struct facts_vm *globals = facts_add_vm(facts, "", "", "", "");

	read_labels(&r, globals, root);
	read_pools(&r, globals, root);
	read_named(&r, globals, root, "properties", "property", "");
	FOR_EACH_ELEMENT(root, "domains", list)
	FOR_EACH_ELEMENT(list, "domain", domain)
	read_domain(&r, domain);
}
