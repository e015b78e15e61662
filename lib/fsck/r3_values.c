/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other attributes of an R3 store: labels, numbers, lists, and those that R3 does not know.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "literal.h"
#include "r3.h"

enum kind { TEXT, NUMBER, FLAG, LABEL, DEVICES, SERVICES };

/* What the original tools know. */
static const struct attribute {
	const char *name;
	enum kind kind;
} attributes[] = {
	{ "qid", TEXT },
	{ "name", TEXT },
	{ "uuid", TEXT },
	{ "dispid", NUMBER },
	{ "dir_path", TEXT },
	{ "conf_file", TEXT },
	{ "firewall_conf", TEXT },
	{ "installed_by_rpm", FLAG },
	{ "template_qid", TEXT },
	{ "uses_default_netvm", FLAG },
	{ "netvm_qid", TEXT },
	{ "label", LABEL },
	{ "memory", NUMBER },
	{ "maxmem", NUMBER },
	{ "pcidevs", DEVICES },
	{ "pci_strictreset", FLAG },
	{ "pci_e820_host", FLAG },
	{ "internal", FLAG },
	{ "vcpus", NUMBER },
	{ "uses_default_kernel", FLAG },
	{ "uses_default_kernelopts", FLAG },
	{ "kernel", TEXT },
	{ "kernelopts", TEXT },
	{ "mac", TEXT },
	{ "include_in_backups", FLAG },
	{ "services", SERVICES },
	{ "debug", FLAG },
	{ "default_user", TEXT },
	{ "qrexec_timeout", NUMBER },
	{ "autostart", FLAG },
	{ "uses_default_dispvm_netvm", FLAG },
	{ "dispvm_netvm", TEXT },
	{ "backup_content", FLAG },
	{ "backup_size", NUMBER },
	{ "backup_path", TEXT },
	{ "backup_timestamp", NUMBER },
	{ "pool_name", TEXT },
	{ "netid", NUMBER },
	{ "drive", TEXT },
	{ "timezone", TEXT },
	{ "qrexec_installed", FLAG },
	{ "guiagent_installed", FLAG },
	{ "seamless_gui_mode", FLAG },
	{ "disp_savefile", TEXT },
	{ "root_img", TEXT },
	{ "private_img", TEXT },
	{ "volatile_img", TEXT },
	/* Of R2 and R1. */
	{ "appmenus_templates_dir", TEXT },
	{ "rootcow_img", TEXT },
	{ "clean_volatile_img", TEXT },
	{ "updateable", FLAG },
	{ "icon_path", TEXT },
	{ "kernels_dir", TEXT },
	{ "vif", TEXT },
};

static const struct attribute *find_attribute(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if (!strcmp(attributes[i].name, name))
			return &attributes[i];
	return NULL;
}

/* One attribute of one VM. */
struct place {
	struct r3 *r;
	const struct r3_vm *vm;
	const char *name, *text;
};

static void warn_dropped(const struct place *p, const char *id, const char *what, const char *effect)
{
	struct fsck_finding *finding = fsck_note(p->r->f, id, FSCK_LOADS, p->vm->node, p->vm->name,
						 "%s is '%s', which is %s", p->name, p->text, what);

	fsck_effect(finding, effect);
	fsck_remedy(finding, "take it away, so that the default holds", fsck_drop_attribute, p->vm->node,
		    p->name, NULL);
}

static void check_text(const struct place *p)
{
	(void)p;
}

static void check_number(const struct place *p)
{
	bool digits = *p->text && p->text[strspn(p->text, "0123456789")] == '\0';

	if (!digits && strcasecmp(p->text, "none"))
		warn_dropped(p, "number", "no number", "the VM cannot be started");
}

static void check_flag(const struct place *p)
{
	static const char *const words[] = { "true", "false", "none", "0", "1" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(p->text, words[i]))
			return;
	if (p->text[strspn(p->text, "0123456789")] != '\0' || !*p->text)
		warn_dropped(p, "flag", "neither True nor False", "any text counts as True");
}

static void check_label(const struct place *p)
{
	struct fsck_finding *finding;

	if (vm_label_by_name(p->text))
		return;
	finding = fsck_note(p->r->f, "label", FSCK_R3, p->vm->node, p->vm->name, "there is no label '%s'",
			    p->text);
	fsck_remedy(finding, arena_printf(p->r->f->arena, "make it %s", p->vm->class->default_label),
		    fsck_set_attribute, p->vm->node, "label", p->vm->class->default_label);
}

static void note_literal(const struct place *p, const char *with)
{
	struct fsck_finding *finding = fsck_note(p->r->f, p->name, FSCK_R3, p->vm->node, p->vm->name,
						 "%s: %s", p->name, error_message());

	fsck_remedy(finding, arena_printf(p->r->f->arena, "make it empty: %s", with), fsck_set_attribute,
		    p->vm->node, p->name, with);
	error_clear();
}

static void check_devices(const struct place *p)
{
	struct literal devices;

	if (literal_read_list(p->r->f->arena, p->text, &devices) < 0)
		note_literal(p, "[]");
}

static void check_services(const struct place *p)
{
	struct literal services;

	if (!strcasecmp(p->text, "none"))
		error_set(ERROR_FAILED, "%s is no dictionary", p->text);
	else if (literal_read_dict(p->r->f->arena, p->text, &services) == 0)
		return;
	note_literal(p, "{}");
}

static void (*const checks[])(const struct place *p) = {
	[TEXT] = check_text,   [NUMBER] = check_number,	  [FLAG] = check_flag,
	[LABEL] = check_label, [DEVICES] = check_devices, [SERVICES] = check_services,
};

/* Python 2 reads other letters, but cannot write them again. */
static void check_ascii(const struct place *p)
{
	for (const char *at = p->text; *at; at++)
		if (*at & 0x80) {
			fsck_effect(fsck_note(p->r->f, "not-ascii", FSCK_LOADS, p->vm->node, p->vm->name,
					      "%s has letters that are not ASCII", p->name),
				    "the original tools read it, but cannot write the store");
			return;
		}
}

static void check_attribute(const struct place *p)
{
	const struct attribute *known = find_attribute(p->name);

	if (!known) {
		fsck_effect(fsck_note(p->r->f, "attribute-unknown", FSCK_LOADS, p->vm->node, p->vm->name,
				      "%s is nothing that R3 knows", p->name),
			    "the original tools lose it when they write the store");
		return;
	}
	check_ascii(p);
	checks[known->kind](p);
}

void r3_check_values(struct r3 *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct place place = { .r = r, .vm = &r->vms[i] };

		for (size_t k = 0; (place.text = element_attribute_at(r->vms[i].node, k, &place.name)); k++)
			check_attribute(&place);
	}
}
