/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What names pools in an R4 store, volumes and defaults; and what a pool that is gone most likely was.
 */
#include <string.h>

#include "r4_pools.h"

/* ---- guessing a pool from the volumes in it ---- */

const char *r4_some_vid(const struct r4 *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		FOR_EACH_ITEM(r->vms[i].node, "volume-config", "volume", volume)
		{
			const char *pool = element_attribute(volume, "pool");
			const char *vid = element_attribute(volume, "vid");

			if (pool && vid && !strcmp(pool, name))
				return vid;
		}
	return NULL;
}

/* Thin volumes are VG/vm-NAME-VOLUME, files DIRECTORY/NAME/VOLUME. */
const char *r4_volume_group(struct arena *arena, const char *vid)
{
	const char *slash = vid ? strchr(vid, '/') : NULL;

	if (!slash || strchr(slash + 1, '/') || !util_starts_with(slash + 1, "vm-"))
		return NULL;
	return arena_printf(arena, "%.*s", (int)(slash - vid), vid);
}

static bool is_file_vid(const char *vid)
{
	return vid && (util_starts_with(vid, "appvms/") || util_starts_with(vid, "vm-templates/"));
}

bool r4_keeps_revisions(const struct r4 *r, const char *name)
{
	long long number;

	FOR_EACH_ITEM(r->root, "pools", "pool", pool)
	{
		const char *other = element_attribute(pool, "name");
		const char *revisions = element_attribute(pool, "revisions_to_keep");

		if (other && revisions && !strcmp(other, name) && prop4_read_number(revisions, &number) &&
		    number > 1)
			return true;
	}
	FOR_EACH_ITEM(r->root, "domains", "domain", domain)
	FOR_EACH_ITEM(domain, "volume-config", "volume", volume)
	{
		const char *pool = element_attribute(volume, "pool");
		const char *revisions = element_attribute(volume, "revisions_to_keep");

		if (pool && revisions && !strcmp(pool, name) && prop4_read_number(revisions, &number) &&
		    number > 1)
			return true;
	}
	return false;
}

bool r4_guess_pool(const struct r4 *r, const char *name, struct r4_guess *guess)
{
	const char *vid = r4_some_vid(r, name), *group = r4_volume_group(r->arena, vid);

	*guess = (struct r4_guess){ NULL, NULL, NULL, NULL };
	if (!strcmp(name, R4_KERNELS)) {
		guess->driver = R4_KERNELS;
		guess->directory = R4_KERNELS_DIRECTORY;
	} else if (group) {
		guess->driver = "lvm_thin";
		guess->volume_group = group;
		/* The installer of R4.0 called them so. */
		guess->thin_pool = strcmp(name, "lvm") ? name : "pool00";
	} else if (is_file_vid(vid) || !strcmp(name, "varlibqubes")) {
		guess->driver = r4_keeps_revisions(r, name) ? "file-reflink" : "file";
		guess->directory = R4_FILES_DIRECTORY;
	}
	return guess->driver != NULL;
}

static void put_if(store_node *node, const char *name, const char *value)
{
	if (value && !element_attribute(node, name))
		store_put_attribute(node, name, value);
}

static store_node *pools_list(struct fsck *f)
{
	store_node *root = store_root(f->store), *list = element_next(root, NULL, "pools");

	return list ? list : element_add(root, element_next(root, NULL, "properties"), "pools");
}

/* Adds the pool VALUE, from the backup or as it was guessed. */
static void add_pool(struct fsck *f, const struct fsck_finding *finding)
{
	struct r4 r = { .f = f, .arena = f->arena, .root = store_root(f->store) };
	store_node *known, *pool;
	struct r4_guess guess;

	if (r4_pool(&r, finding->value))
		return;
	known = r4_backup_item(&r, "pools", "pool", finding->value);
	if (known) {
		element_add_copy(pools_list(f), NULL, known);
		return;
	}
	guess = *(const struct r4_guess *)(const void *)finding->name;
	pool = element_add(pools_list(f), NULL, "pool");
	store_put_attribute(pool, "name", finding->value);
	store_put_attribute(pool, "driver", guess.driver);
	put_if(pool, "volume_group", guess.volume_group);
	put_if(pool, "thin_pool", guess.thin_pool);
	put_if(pool, "dir_path", guess.directory);
}

/* The pool that most volumes are in; NULL: there is none. */
static const char *main_pool(const struct r4 *r)
{
	const char *best = NULL;
	size_t most = 0;

	FOR_EACH_ITEM(r->root, "pools", "pool", pool)
	{
		const char *name = element_attribute(pool, "name"),
			   *driver = element_attribute(pool, "driver");
		size_t volumes = 1;

		if (!name || !*name || !r4_pool_driver_known(driver) || !strcmp(driver, R4_KERNELS))
			continue;
		for (size_t i = 0; i < r->count; i++)
			FOR_EACH_ITEM(r->vms[i].node, "volume-config", "volume", volume)
			{
				const char *other = element_attribute(volume, "pool");

				volumes += other && !strcmp(other, name);
			}
		if (volumes > most) {
			most = volumes;
			best = name;
		}
	}
	return best;
}

/* An existing pool that VID is of by its form; NULL: none. */
static const char *pool_of_vid(const struct r4 *r, const char *vid)
{
	const char *group = r4_volume_group(r->arena, vid);

	FOR_EACH_ITEM(r->root, "pools", "pool", pool)
	{
		const char *driver = element_attribute(pool, "driver");
		const char *other = element_attribute(pool, "volume_group");

		if (!r4_pool_driver_known(driver) || !element_attribute(pool, "name") ||
		    !strcmp(driver, R4_KERNELS))
			continue;
		if (group ? other && !strcmp(other, group) :
			    is_file_vid(vid) && util_starts_with(driver, "file"))
			return element_attribute(pool, "name");
	}
	return NULL;
}

static bool remedy_by_adding(struct r4 *r, struct fsck_finding *finding, const char *name)
{
	struct r4_guess *guess = arena_alloc(r->arena, sizeof(*guess));

	if (!r4_guess_pool(r, name, guess) && !r4_backup_item(r, "pools", "pool", name))
		return false;
	fsck_remedy(finding,
		    r4_backup_item(r, "pools", "pool", name) ?
			    arena_printf(r->arena, "add the pool as %s has it", r->f->backup_name) :
			    arena_printf(r->arena, "add the pool, driver %s%s%s", guess->driver,
					 guess->volume_group ? " in volume group " : "",
					 guess->volume_group ? guess->volume_group : ""),
		    add_pool, r->root, (const char *)guess, name);
	return true;
}

/* ---- what names pools ---- */

/* Is it there, but such that it cannot be made? That is said of itself. */
static bool is_broken(const struct r4 *r, const char *name)
{
	FOR_EACH_ITEM(r->root, "pools", "pool", pool)
	{
		const char *other = element_attribute(pool, "name");

		if (other && !strcmp(other, name))
			return true;
	}
	return false;
}

/* One that others name, and that can be added again: said once. Is it said? */
static bool is_told(struct r4 *r, const char *name, const char *who)
{
	struct fsck_finding *finding;
	struct r4_guess guess;

	if (strlist_has(&r->pools_told, name))
		return true;
	if (!r4_guess_pool(r, name, &guess) && !r4_backup_item(r, "pools", "pool", name))
		return false;
	strlist_add(&r->pools_told, arena_strdup(r->arena, name));
	finding = fsck_note(r->f, "pool-missing", FSCK_R4, element_next(r->root, NULL, "pools"), NULL,
			    "there is no pool %s, which %s names", name, who);
	remedy_by_adding(r, finding, arena_strdup(r->arena, name));
	return true;
}

static void check_volume_pool(struct r4 *r, const struct r4_vm *vm, store_node *volume)
{
	const char *name = element_attribute(volume, "pool"), *vid = element_attribute(volume, "vid");
	const char *volume_name = element_attribute(volume, "name"), *other;
	struct fsck_finding *finding;

	if (!name || r4_pool(r, name) || is_broken(r, name))
		return;
	volume_name = volume_name ? volume_name : "";
	other = !strcmp(volume_name, "kernel") && r4_pool(r, R4_KERNELS) ? R4_KERNELS : pool_of_vid(r, vid);
	if (!other && is_told(r, name, arena_printf(r->arena, "the volume %s of %s", volume_name, vm->shown)))
		return;
	finding = fsck_note(r->f, "volume-pool", FSCK_R4, volume, vm->shown,
			    "its volume %s is in pool %s, which is not there", volume_name, name);
	other = other ? other : main_pool(r);
	if (other)
		fsck_remedy(finding, arena_printf(r->arena, "make it pool %s", other), fsck_set_attribute,
			    volume, "pool", arena_strdup(r->arena, other));
}

/* A volume that is written to cannot be among the kernels. */
static void check_kernel_pool(struct r4 *r, const struct r4_vm *vm, store_node *volume)
{
	const char *name = element_attribute(volume, "pool"), *rw = element_attribute(volume, "rw");
	const char *volume_name = element_attribute(volume, "name"), *other;
	const store_node *pool = name ? r4_pool(r, name) : NULL;
	bool kernel = volume_name && !strcmp(volume_name, "kernel");
	struct fsck_finding *finding;

	if (!pool || strcmp(element_attribute(pool, "driver"), R4_KERNELS) ||
	    (kernel && (!rw || strcmp(rw, "True"))))
		return;
	finding = fsck_note(r->f, "volume-pool", FSCK_R4, volume, vm->shown,
			    "its volume %s is written to, and in the pool of the kernels",
			    volume_name ? volume_name : "");
	other = pool_of_vid(r, element_attribute(volume, "vid"));
	other = other ? other : main_pool(r);
	if (kernel)
		fsck_remedy(finding, "take rw away", fsck_drop_attribute, volume, "rw", NULL);
	else if (other)
		fsck_remedy(finding, arena_printf(r->arena, "make it pool %s", other), fsck_set_attribute,
			    volume, "pool", arena_strdup(r->arena, other));
}

static void check_default_pool(struct r4 *r, const char *global, store_node *property)
{
	const char *name = r4_value(r, property), *other;
	struct fsck_finding *finding;

	name = name ? name : "";
	if (r4_pool(r, name) || is_broken(r, name))
		return;
	if (*name &&
	    (r4_some_vid(r, name) || r4_backup_item(r, "pools", "pool", name) || !main_pool(r) ||
	     !strcmp(name, R4_KERNELS)) &&
	    is_told(r, name, global))
		return;
	finding = fsck_note(r->f, "global-pool", FSCK_R4, property, NULL, "%s is '%s', which is no pool",
			    global, name);
	other = strcmp(global, "default_pool_kernel") ? main_pool(r) :
		r4_pool(r, R4_KERNELS)		      ? R4_KERNELS :
							NULL;
	if (other)
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", other), fsck_set_text, property,
			    NULL, arena_strdup(r->arena, other));
	else
		fsck_remedy(finding, "remove it, so that the default holds", fsck_remove_node, property, NULL,
			    NULL);
}

void r4_check_pool_references(struct r4 *r)
{
	static const char *const globals[] = { "default_pool", "default_pool_root", "default_pool_private",
					       "default_pool_volatile", "default_pool_kernel" };

	/* Of several each is set in turn. */
	FOR_EACH_ITEM(r->root, "properties", "property", property)
	for (size_t i = 0; i < ARRAY_SIZE(globals); i++)
		if (element_attribute(property, "name") &&
		    !strcmp(element_attribute(property, "name"), globals[i]))
			check_default_pool(r, globals[i], property);
	for (size_t i = 0; i < r->count; i++)
		FOR_EACH_ITEM(r4_is(&r->vms[i], VM4_LOCAL) ? r->vms[i].node : NULL, "volume-config", "volume",
			      volume)
		{
			check_volume_pool(r, &r->vms[i], volume);
			check_kernel_pool(r, &r->vms[i], volume);
		}
}
