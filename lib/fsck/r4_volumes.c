/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The volumes of an R4 store: which there are, their names and attributes.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "r4_pools.h"

static const char *const standard[] = { "root", "private", "volatile", "kernel" };

static bool is_standard(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(standard); i++)
		if (!strcmp(standard[i], name))
			return true;
	return false;
}

store_node *r4_volume(const store_node *domain, const char *name)
{
	return r4_find_item(domain, "volume-config", "volume", name);
}

const char *r4_volume_driver(const struct r4 *r, const store_node *volume)
{
	const char *name = element_attribute(volume, "pool");
	const store_node *pool = name ? r4_pool(r, name) : NULL;

	return pool ? element_attribute(pool, "driver") : "";
}

bool r4_volume_flag(const store_node *volume, const char *attribute)
{
	const char *text = element_attribute(volume, attribute);

	return text && !strcmp(text, "True");
}

/* ---- names ---- */

/* What its vid ends in, or the one that is missing. */
static const char *guess_name(const struct r4_vm *vm, const store_node *volume)
{
	const char *vid = element_attribute(volume, "vid");

	for (size_t i = 0; vid && i < ARRAY_SIZE(standard); i++)
		if (util_ends_with(vid, standard[i]) && !r4_volume(vm->node, standard[i]))
			return standard[i];
	for (size_t i = ARRAY_SIZE(standard); i-- > 0;)
		if (!r4_volume(vm->node, standard[i]))
			return standard[i];
	return NULL;
}

static void check_name(struct r4 *r, const struct r4_vm *vm, store_node *volume)
{
	const char *name = element_attribute(volume, "name"), *guess = guess_name(vm, volume);
	struct fsck_finding *finding;

	if (name && *name) {
		if (is_standard(name) || element_attribute(volume, "pool"))
			return;
		finding = fsck_note(r->f, "volume-pool", FSCK_R4, volume, vm->shown,
				    "the volume %s has no pool, and there is no default for it", name);
		fsck_remedy(finding, "remove it", fsck_remove_node, volume, NULL, NULL);
		return;
	}
	finding = fsck_note(r->f, "volume-name", FSCK_R4, volume, vm->shown, "a volume without a name");
	if (guess)
		fsck_remedy(finding, arena_printf(r->arena, "call it %s", guess), fsck_set_attribute, volume,
			    "name", guess);
	else
		fsck_remedy(finding, "remove it", fsck_remove_node, volume, NULL, NULL);
}

/* ---- attributes ---- */

static bool is_known_attribute(const char *driver, const char *name)
{
	static const char *const known[] = { "name",   "pool",	       "vid",	  "revisions_to_keep",
					     "rw",     "save_on_stop", "size",	  "snap_on_start",
					     "source", "ephemeral",    "internal" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i], name))
			return true;
	/* What the driver puts there itself. */
	return (!strcmp(driver, "lvm_thin") && !strcmp(name, "volume_group")) ||
	       (!strcmp(driver, "file") && !strcmp(name, "dir_path"));
}

/* "2G" as bytes; NULL: it is nothing like that. */
static const char *in_bytes(struct arena *arena, const char *text)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	char *number = arena_printf(arena, "%.*s", (int)digits, text);
	const char *unit = text[digits] ? memchr(units, text[digits] & ~0x20, sizeof(units) - 1) : NULL;
	unsigned long long bytes;

	if (!unit || !util_parse_decimal(number, 1 << 20, &bytes))
		return NULL;
	if (text[digits + 1] && strcasecmp(text + digits + 1, "B") && strcasecmp(text + digits + 1, "iB"))
		return NULL;
	return arena_printf(arena, "%llu", bytes << (10 * (unit - units + 1)));
}

static void check_number(struct r4 *r, const struct r4_vm *vm, store_node *volume, const char *attribute)
{
	const char *text = element_attribute(volume, attribute), *bytes;
	struct fsck_finding *finding;
	long long number;

	if (!text || prop4_read_number(text, &number))
		return;
	finding = fsck_note(r->f, "volume-number", FSCK_R4, volume, vm->shown,
			    "%s of its volume %s is '%s', which is no number", attribute,
			    element_attribute(volume, "name") ? element_attribute(volume, "name") : "", text);
	bytes = strcmp(attribute, "size") ? NULL : in_bytes(r->arena, text);
	if (bytes)
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", bytes), fsck_set_attribute, volume,
			    attribute, bytes);
	else
		fsck_remedy(finding, "take it away, so that the default holds", fsck_drop_attribute, volume,
			    attribute, NULL);
}

/* Releases before 4.3 take any text for true. */
static void check_false(struct r4 *r, const struct r4_vm *vm, store_node *volume, const char *attribute)
{
	const char *text = element_attribute(volume, attribute);
	bool fatal = !strcmp(attribute, "snap_on_start") && !element_attribute(volume, "source") &&
		     !r4_template(r, vm);
	struct fsck_finding *finding;

	if (!text || strcmp(text, "False") || !(r->f->loaded_by & FSCK_BEFORE_43))
		return;
	finding = fsck_note(r->f, "volume-false", fatal ? FSCK_BEFORE_43 : FSCK_LOADS, volume, vm->shown,
			    "%s of its volume %s is 'False', which is taken for true", attribute,
			    element_attribute(volume, "name") ? element_attribute(volume, "name") : "");
	fsck_effect(finding, "it is the other way round");
	fsck_remedy(finding, "take it away", fsck_drop_attribute, volume, attribute, NULL);
}

/* A snapshot of nothing. */
static void check_snapshot(struct r4 *r, const struct r4_vm *vm, store_node *volume)
{
	struct fsck_finding *finding;

	if (!r4_volume_flag(volume, "snap_on_start") || element_attribute(volume, "source") ||
	    !r4_is(vm, VM4_LOCAL) || r4_is(vm, VM4_BASED))
		return;
	finding = fsck_note(r->f, "volume-snapshot", FSCK_R4, volume, vm->shown,
			    "its volume %s is a snapshot, but it is based on nothing",
			    element_attribute(volume, "name") ? element_attribute(volume, "name") : "");
	fsck_remedy(finding, "take snap_on_start away", fsck_drop_attribute, volume, "snap_on_start", NULL);
}

/* The driver "file" keeps one revision at most, and no snapshot that is saved. */
static void check_file_volume(struct r4 *r, const struct r4_vm *vm, store_node *volume)
{
	const char *name = element_attribute(volume, "name"), *drop;
	const char *revisions = element_attribute(volume, "revisions_to_keep");
	struct fsck_finding *finding;
	long long number;

	name = name ? name : "";
	if (revisions && r4_volume_flag(volume, "save_on_stop") && prop4_read_number(revisions, &number) &&
	    number > 1) {
		finding = fsck_note(r->f, "volume-file", FSCK_R4, volume, vm->shown,
				    "its volume %s keeps %s revisions, of which the driver file knows 1",
				    name, revisions);
		fsck_remedy(finding, "make it 1", fsck_set_attribute, volume, "revisions_to_keep", "1");
	}
	if (r4_volume_flag(volume, "snap_on_start") && r4_volume_flag(volume, "save_on_stop")) {
		drop = r4_is(vm, VM4_BASED) && !strcmp(name, "root") ? "save_on_stop" : "snap_on_start";
		finding = fsck_note(
			r->f, "volume-file", FSCK_R4, volume, vm->shown,
			"its volume %s is a snapshot that is saved, which the driver file does not know",
			name);
		fsck_remedy(finding, arena_printf(r->arena, "take %s away", drop), fsck_drop_attribute,
			    volume, drop, NULL);
	}
}

static void check_attributes(struct r4 *r, const struct r4_vm *vm, store_node *volume)
{
	static const char *const flags[] = { "rw", "save_on_stop", "snap_on_start", "ephemeral" };
	const char *name, *driver = r4_volume_driver(r, volume);

	check_snapshot(r, vm, volume);
	if (!strcmp(driver, "file"))
		check_file_volume(r, vm, volume);
	check_number(r, vm, volume, "size");
	check_number(r, vm, volume, "revisions_to_keep");
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		check_false(r, vm, volume, flags[i]);
	for (size_t i = 0; element_attribute_at(volume, i, &name); i++) {
		if (is_known_attribute(driver, name))
			continue;
		name = arena_strdup(r->arena, name);
		fsck_remedy(
			fsck_note(r->f, "volume-attribute", FSCK_R4, volume, vm->shown,
				  "its volume %s has %s, which no volume has",
				  element_attribute(volume, "name") ? element_attribute(volume, "name") : "",
				  name),
			"take it away", fsck_drop_attribute, volume, name, NULL);
	}
}

/* ---- what is not there ---- */

/* As the backup has it, else as the class has it: what is not said is that. */
static void add_volume(struct fsck *f, const struct fsck_finding *finding)
{
	struct r4 r = { .f = f, .arena = f->arena, .root = store_root(f->store) };
	const char *name = r4_text(&r, finding->node, "name");
	store_node *list = element_next(finding->node, NULL, "volume-config"), *known;

	if (!list)
		list = element_add(finding->node, NULL, "volume-config");
	known = name && *name ? r4_backup_volume(&r, name, finding->name) : NULL;
	if (known)
		element_add_copy(list, NULL, known);
	else
		store_put_attribute(element_add(list, NULL, "volume"), "name", finding->name);
}

static void check_absent(struct r4 *r, const struct r4_vm *vm)
{
	const store_node *list = element_next(vm->node, NULL, "volume-config");

	if (!r4_is(vm, VM4_LOCAL))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(standard); i++) {
		struct fsck_finding *finding;

		if (r4_volume(vm->node, standard[i]) || !strcmp(standard[i], "kernel"))
			continue;
		finding = fsck_note(r->f, "volume-absent", FSCK_LOADS, list ? list : vm->node, vm->shown,
				    "it says nothing of its volume %s", standard[i]);
		fsck_effect(finding, "qubesd takes the usual pool, name and size");
		fsck_remedy(finding,
			    r4_backup_volume(r, vm->name ? vm->name : "", standard[i]) ?
				    arena_printf(r->arena, "add it as %s has it", r->f->backup_name) :
				    "add it, with all that as usual",
			    add_volume, vm->node, standard[i], NULL);
	}
}

void r4_check_volumes(struct r4 *r)
{
	for (size_t i = 0; i < r->count; i++) {
		/* dom0's are not looked at. */
		if (!r4_is(&r->vms[i], VM4_LOCAL))
			continue;
		check_absent(r, &r->vms[i]);
		FOR_EACH_ITEM(r->vms[i].node, "volume-config", "volume", volume)
		{
			check_name(r, &r->vms[i], volume);
			check_attributes(r, &r->vms[i], volume);
		}
	}
	r4_check_sources(r);
}
