/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The volumes of an R4 store: names, attributes, what they are snapshots of, and whose they are.
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

static store_node *find_volume(const store_node *domain, const char *name)
{
	store_node *found = NULL;

	FOR_EACH_ITEM(domain, "volume-config", "volume", volume)
	{
		const char *other = element_attribute(volume, "name");

		if (other && !strcmp(other, name))
			found = volume;
	}
	return found;
}

static const char *driver_of(const struct r4 *r, const store_node *volume)
{
	const char *name = element_attribute(volume, "pool");
	const store_node *pool = name ? r4_pool(r, name) : NULL;

	return pool ? element_attribute(pool, "driver") : "";
}

static bool is_true(const store_node *volume, const char *attribute)
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
		if (util_ends_with(vid, standard[i]) && !find_volume(vm->node, standard[i]))
			return standard[i];
	for (size_t i = ARRAY_SIZE(standard); i-- > 0;)
		if (!find_volume(vm->node, standard[i]))
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
	return !strcmp(driver, "lvm_thin") && !strcmp(name, "volume_group");
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

	if (!is_true(volume, "snap_on_start") || element_attribute(volume, "source") ||
	    !r4_is(vm, VM4_LOCAL) || r4_is(vm, VM4_BASED))
		return;
	finding = fsck_note(r->f, "volume-snapshot", FSCK_R4, volume, vm->shown,
			    "its volume %s is a snapshot, but it is based on nothing",
			    element_attribute(volume, "name") ? element_attribute(volume, "name") : "");
	fsck_remedy(finding, "take snap_on_start away", fsck_drop_attribute, volume, "snap_on_start", NULL);
}

static void check_attributes(struct r4 *r, const struct r4_vm *vm, store_node *volume)
{
	static const char *const flags[] = { "rw", "save_on_stop", "snap_on_start" };
	const char *name, *driver = driver_of(r, volume);

	check_snapshot(r, vm, volume);
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

/* ---- snapshots ---- */

void r4_drop_source(struct fsck *f, const struct fsck_finding *finding)
{
	(void)f;
	FOR_EACH_ITEM(finding->node, "volume-config", "volume", volume)
	store_drop_attribute(volume, "source");
}

/* The volume that the one of that name is a snapshot of: the last that is a snapshot of nothing. */
static const store_node *expected_source(const struct r4 *r, const struct r4_vm *vm, const char *name)
{
	const struct r4_vm *template = r4_template(r, vm);
	const store_node *source = NULL;

	for (int depth = 0; template && template->node && depth < 4; depth++) {
		source = find_volume(template->node, name);
		if (!source || !is_true(source, "snap_on_start"))
			return source;
		template = r4_template(r, template);
	}
	return source;
}

static const char *vid_of(const store_node *volume)
{
	return volume ? element_attribute(volume, "vid") : NULL;
}

/* By vid, to find doubles and owners. */
struct owned {
	const char *vid;
	const struct r4_vm *vm;
	store_node *volume;
};

struct volumes {
	struct owned *all;
	size_t count;
};

static int by_vid(const void *a, const void *b)
{
	const struct owned *first = a, *second = b;
	int order = strcmp(first->vid, second->vid);

	return order ? order : first->volume == second->volume ? 0 : first->vm < second->vm ? -1 : 1;
}

static const struct owned *find_owner(const struct volumes *volumes, const char *vid)
{
	const struct owned key = { .vid = vid };
	size_t low = 0, high = volumes->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(volumes->all[middle].vid, key.vid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < volumes->count && !strcmp(volumes->all[low].vid, vid) ? &volumes->all[low] : NULL;
}

/* File pools know the volumes of those that are loaded by then: its own templates, and what is before it. */
static bool is_known_by_then(const struct volumes *volumes, const struct r4_vm *vm, const char *vid)
{
	const struct owned *owner = find_owner(volumes, vid);

	return owner && owner->vm->name && vm->name && strcmp(owner->vm->name, vm->name) < 0;
}

static void check_source(struct r4 *r, const struct volumes *volumes, const struct r4_vm *vm,
			 store_node *volume)
{
	const char *source = element_attribute(volume, "source"), *name = element_attribute(volume, "name");
	const char *expected = name ? vid_of(expected_source(r, vm, name)) : NULL;
	bool files = util_starts_with(driver_of(r, volume), "file");
	struct fsck_finding *finding;

	if (!source || !name || (expected && !strcmp(source, expected)) || (!expected && !files))
		return;
	if (!expected && find_owner(volumes, source))
		return;
	finding = fsck_note(
		r->f, "volume-source", files && !is_known_by_then(volumes, vm, source) ? FSCK_R4 : FSCK_LOADS,
		volume, vm->shown, "its volume %s is a snapshot of %s%s%s", name, source,
		expected ? ", and its template has " : ", which is not there", expected ? expected : "");
	fsck_effect(finding, "it goes on with the old one");
	fsck_remedy(finding, "take it away; it is found anew", fsck_drop_attribute, volume, "source", NULL);
}

/* ---- whose they are ---- */

static struct volumes collect(const struct r4 *r)
{
	struct volumes volumes = { NULL, 0 };
	size_t room = 0;

	for (size_t i = 0; i < r->count; i++)
		FOR_EACH_ITEM(r->vms[i].node, "volume-config", "volume", volume)
		{
			const char *vid = element_attribute(volume, "vid"),
				   *name = element_attribute(volume, "name");

			/* All share their kernels. */
			if (!vid || !*vid || !name || !strcmp(name, "kernel"))
				continue;
			if (volumes.count == room) {
				room = room ? 2 * room : 64;
				volumes.all = util_realloc(volumes.all, room * sizeof(*volumes.all));
			}
			volumes.all[volumes.count++] = (struct owned){ vid, &r->vms[i], volume };
		}
	if (volumes.count)
		qsort(volumes.all, volumes.count, sizeof(*volumes.all), by_vid);
	return volumes;
}

/* What it is called in VG/vm-NAME-VOLUME, DIRECTORY/NAME/VOLUME. */
static bool has_own_name(const struct owned *owned)
{
	const char *slash = strchr(owned->vid, '/'), *name = owned->vm->name;
	size_t length = name ? strlen(name) : 0;

	if (!slash || !name)
		return false;
	slash++;
	if (util_starts_with(slash, "vm-"))
		slash += strlen("vm-");
	return !strncmp(slash, name, length) && (slash[length] == '-' || slash[length] == '/');
}

/* The vid that a volume gets if nothing is said; NULL: that is not known. */
static const char *usual_vid(struct r4 *r, const struct owned *owned)
{
	const char *slash = strchr(owned->vid, '/'), *name = element_attribute(owned->volume, "name");
	int length = slash ? (int)(slash - owned->vid) : 0;

	if (!slash || !owned->vm->name)
		return NULL;
	return arena_printf(r->arena, util_starts_with(slash + 1, "vm-") ? "%.*s/vm-%s-%s" : "%.*s/%s/%s",
			    length, owned->vid, owned->vm->name, name);
}

static void note_shared(struct r4 *r, const struct volumes *volumes, const struct owned *a,
			const struct owned *b)
{
	const struct owned *stranger = has_own_name(b) && !has_own_name(a) ? a : b;
	const struct owned *owner = stranger == a ? b : a;
	const char *usual = usual_vid(r, stranger);
	struct fsck_finding *finding =
		fsck_note(r->f, "volume-shared", FSCK_LOADS, stranger->volume, stranger->vm->shown,
			  "its volume %s is that of %s: %s", element_attribute(stranger->volume, "name"),
			  owner->vm->shown, stranger->vid);

	fsck_effect(finding, "both write to it, and its data is lost when both are started");
	if (usual && !find_owner(volumes, usual))
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", usual), fsck_set_attribute,
			    stranger->volume, "vid", usual);
}

static void check_shared(struct r4 *r, const struct volumes *volumes)
{
	for (size_t i = 1, first = 0; i < volumes->count; i++) {
		const struct owned *a = &volumes->all[first], *b = &volumes->all[i];
		const char *pool = element_attribute(a->volume, "pool"),
			   *other = element_attribute(b->volume, "pool");

		if (strcmp(a->vid, b->vid))
			first = i;
		else if (!strcmp(pool ? pool : "", other ? other : ""))
			note_shared(r, volumes, a, b);
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

		if (find_volume(vm->node, standard[i]) || !strcmp(standard[i], "kernel"))
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
	struct volumes volumes = collect(r);

	for (size_t i = 0; i < r->count; i++) {
		check_absent(r, &r->vms[i]);
		FOR_EACH_ITEM(r->vms[i].node, "volume-config", "volume", volume)
		{
			check_name(r, &r->vms[i], volume);
			check_attributes(r, &r->vms[i], volume);
			check_source(r, &volumes, &r->vms[i], volume);
		}
	}
	check_shared(r, &volumes);
	free(volumes.all);
}
