/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the volumes of an R4 store are snapshots of, and whose they are.
 */
#include <stdlib.h>
#include <string.h>

#include "r4_pools.h"

/* ---- snapshots ---- */

void r4_drop_source(struct fsck *f, const struct fsck_finding *finding)
{
	(void)f;
	FOR_EACH_ITEM(finding->node, "volume-config", "volume", volume)
	store_drop_attribute(volume, "source");
}

/* Releases before 4.3 take any text for true. */
static bool is_snapshot(const struct r4 *r, const store_node *volume)
{
	const char *text = element_attribute(volume, "snap_on_start");

	return r->f->loaded_by & FSCK_BEFORE_43 ? text && *text : r4_volume_flag(volume, "snap_on_start");
}

/* The volume that the one of that name is a snapshot of: the last that is a snapshot of nothing. */
static const store_node *expected_source(const struct r4 *r, const struct r4_vm *vm, const char *name)
{
	const struct r4_vm *template = r4_template(r, vm);
	const store_node *source = NULL;

	for (int depth = 0; template && template->node && depth < 4; depth++) {
		source = r4_volume(template->node, name);
		if (!source || !is_snapshot(r, source))
			return source;
		template = r4_template(r, template);
	}
	return source;
}

static const char *vid_of(const store_node *volume)
{
	return volume ? element_attribute(volume, "vid") : NULL;
}

bool r4_is_snapshot_of(const struct r4 *r, const struct r4_vm *vm, const struct r4_vm *template)
{
	FOR_EACH_ITEM(vm->node, "volume-config", "volume", volume)
	{
		const char *name = element_attribute(volume, "name"),
			   *source = element_attribute(volume, "source"), *vid;
		const store_node *origin = name ? r4_volume(template->node, name) : NULL;

		vid = origin && !is_snapshot(r, origin) ? vid_of(origin) : NULL;
		if (source && vid && !strcmp(source, vid))
			return true;
	}
	return false;
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
	bool files = util_starts_with(r4_volume_driver(r, volume), "file");
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

void r4_check_sources(struct r4 *r)
{
	struct volumes volumes = collect(r);

	for (size_t i = 0; i < r->count; i++)
		if (r4_is(&r->vms[i], VM4_LOCAL))
			FOR_EACH_ITEM(r->vms[i].node, "volume-config", "volume", volume)
	check_source(r, &volumes, &r->vms[i], volume);
	check_shared(r, &volumes);
	free(volumes.all);
}
