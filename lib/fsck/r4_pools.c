/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pools of an R4 store.
 */
#include <string.h>

#include "r4_pools.h"

/* ---- pools ---- */

/* What each driver takes; the needed ones first. */
static const struct driver {
	const char *name;
	const char *needed[2];
	const char *taken[3];
	bool open; /* what else it takes is not known */
} drivers[] = {
	{ "file", { "dir_path" }, { "revisions_to_keep", "ephemeral_volatile" }, false },
	{ "file-reflink",
	  { "dir_path" },
	  { "revisions_to_keep", "ephemeral_volatile", "setup_check" },
	  false },
	{ "lvm_thin", { "volume_group", "thin_pool" }, { "revisions_to_keep", "ephemeral_volatile" }, false },
	{ "zfs", { "container" }, { "revisions_to_keep", "ephemeral_volatile" }, true },
	{ "linux-kernel", { "dir_path" }, { "revisions_to_keep", "ephemeral_volatile" }, false },
	{ "callback", { "conf_id" }, { "revisions_to_keep", "ephemeral_volatile" }, true },
};

static const struct driver *find_driver(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(drivers); i++)
		if (!strcmp(drivers[i].name, name))
			return &drivers[i];
	return NULL;
}

bool r4_pool_driver_known(const char *driver)
{
	return find_driver(driver) != NULL;
}

static bool is_needed(const struct driver *driver, const char *attribute)
{
	for (size_t i = 0; i < ARRAY_SIZE(driver->needed) && driver->needed[i]; i++)
		if (!strcmp(driver->needed[i], attribute))
			return true;
	return false;
}

static bool is_taken(const struct driver *driver, const char *attribute)
{
	if (driver->open || is_needed(driver, attribute) || !strcmp(attribute, "name") ||
	    !strcmp(attribute, "driver"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(driver->taken) && driver->taken[i]; i++)
		if (!strcmp(driver->taken[i], attribute))
			return true;
	return false;
}

store_node *r4_pool(const struct r4 *r, const char *name)
{
	store_node *found = NULL;

	FOR_EACH_ITEM(r->root, "pools", "pool", pool)
	{
		const char *other = element_attribute(pool, "name");

		/* One that cannot be made is skipped. */
		if (other && !strcmp(other, name) && find_driver(element_attribute(pool, "driver")))
			found = pool;
	}
	return found;
}

/* ---- the pools themselves ---- */

/* Are there volumes in it, or is it a default? */
static bool is_used(const struct r4 *r, const char *name)
{
	FOR_EACH_ITEM(r->root, "properties", "property", property)
	{
		const char *global = element_attribute(property, "name"), *value = r4_value(r, property);

		if (global && value && util_starts_with(global, "default_pool") && !strcmp(value, name))
			return true;
	}
	FOR_EACH_ITEM(r->root, "domains", "domain", domain)
	FOR_EACH_ITEM(domain, "volume-config", "volume", volume)
	{
		const char *pool = element_attribute(volume, "pool");

		if (pool && !strcmp(pool, name))
			return true;
	}
	return false;
}

/* By what it has, what else may it be? */
static const char *guess_driver(const struct r4 *r, const store_node *pool, const char *name)
{
	const char *directory = element_attribute(pool, "dir_path");
	struct r4_guess guess;

	if (element_attribute(pool, "volume_group") || element_attribute(pool, "thin_pool"))
		return "lvm_thin";
	if (element_attribute(pool, "container"))
		return "zfs";
	if (element_attribute(pool, "conf_id"))
		return "callback";
	if (directory && (!strcmp(name, R4_KERNELS) || util_ends_with(directory, "vm-kernels")))
		return R4_KERNELS;
	if (directory)
		return r4_keeps_revisions(r, name) ? "file-reflink" : "file";
	return r4_guess_pool(r, name, &guess) ? guess.driver : NULL;
}

static void check_driver(struct r4 *r, store_node *pool, const char *name)
{
	const char *driver = element_attribute(pool, "driver"), *guess = guess_driver(r, pool, name);
	struct fsck_finding *finding =
		fsck_note(r->f, "pool-driver", is_used(r, name) ? FSCK_R4 : FSCK_LOADS, pool, NULL,
			  "the pool %s has the driver '%s', which is none", name, driver ? driver : "");

	fsck_effect(finding, "it is skipped, and lost when the store is written");
	if (guess)
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", guess), fsck_set_attribute, pool,
			    "driver", guess);
	else
		fsck_remedy(finding, "remove it", fsck_remove_node, pool, NULL, NULL);
}

static const char *guess_argument(const struct r4 *r, const char *name, const char *driver,
				  const char *argument)
{
	const char *group = r4_volume_group(r->arena, r4_some_vid(r, name));

	if (!strcmp(argument, "dir_path"))
		return strcmp(driver, R4_KERNELS) ? R4_FILES_DIRECTORY : R4_KERNELS_DIRECTORY;
	if (!strcmp(argument, "volume_group"))
		return group ? group : "qubes_dom0";
	if (!strcmp(argument, "thin_pool"))
		return strcmp(name, "lvm") ? name : "pool00";
	return NULL;
}

static void note_missing_argument(struct r4 *r, store_node *pool, const char *name,
				  const struct driver *driver, const char *argument)
{
	const char *guess = guess_argument(r, name, driver->name, argument);
	store_node *known = r4_backup_item(r, "pools", "pool", name);
	struct fsck_finding *finding =
		fsck_note(r->f, "pool-argument", FSCK_R4, pool, NULL, "the pool %s lacks %s, which %s needs",
			  name, argument, driver->name);

	if (known && element_attribute(known, argument))
		guess = arena_strdup(r->arena, element_attribute(known, argument));
	if (guess)
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", guess), fsck_set_attribute, pool,
			    argument, guess);
	else
		fsck_remedy(finding, "remove the pool", fsck_remove_node, pool, NULL, NULL);
}

static void check_arguments(struct r4 *r, store_node *pool, const char *name, const struct driver *driver)
{
	const char *attribute;

	for (size_t i = 0; i < ARRAY_SIZE(driver->needed) && driver->needed[i]; i++)
		if (!element_attribute(pool, driver->needed[i]))
			note_missing_argument(r, pool, name, driver, driver->needed[i]);
	for (size_t i = 0; element_attribute_at(pool, i, &attribute); i++) {
		struct fsck_finding *finding;

		if (is_taken(driver, attribute))
			continue;
		attribute = arena_strdup(r->arena, attribute);
		finding = fsck_note(r->f, "pool-argument", FSCK_R4, pool, NULL,
				    "the pool %s has %s, which %s does not take", name, attribute,
				    driver->name);
		fsck_remedy(finding, "take it away", fsck_drop_attribute, pool, attribute, NULL);
	}
}

/* A pool that somebody names and that is not there may be this one. */
static const char *name_wanted(const struct r4 *r)
{
	for (size_t i = 0; i < r->count; i++)
		FOR_EACH_ITEM(r->vms[i].node, "volume-config", "volume", volume)
		{
			const char *name = element_attribute(volume, "pool");

			if (name && *name && !r4_pool(r, name))
				return arena_strdup(r->arena, name);
		}
	return NULL;
}

static void check_nameless(struct r4 *r, store_node *pool)
{
	const char *driver = element_attribute(pool, "driver");
	const char *name = driver && !strcmp(driver, R4_KERNELS) && !r4_pool(r, R4_KERNELS) ? R4_KERNELS :
											      name_wanted(r);
	struct fsck_finding *finding =
		fsck_note(r->f, "pool-name", FSCK_R4, pool, NULL, "a pool without a name");

	if (name)
		fsck_remedy(finding, arena_printf(r->arena, "call it %s, which is used but not there", name),
			    fsck_set_attribute, pool, "name", name);
	else
		fsck_remedy(finding, "remove it", fsck_remove_node, pool, NULL, NULL);
}

static bool is_same_pool(const store_node *a, const store_node *b)
{
	const char *name, *value;

	for (size_t i = 0; (value = element_attribute_at(a, i, &name)); i++)
		if (!element_attribute(b, name) || strcmp(element_attribute(b, name), value))
			return false;
	return true;
}

static void check_twin(struct r4 *r, store_node *pool, const char *name)
{
	store_node *counts = r4_pool(r, name);
	struct fsck_finding *finding;

	if (!counts || counts == pool || (is_same_pool(pool, counts) && is_same_pool(counts, pool)))
		return;
	finding = fsck_note(r->f, "pool-twice", FSCK_LOADS, pool, NULL, "the pool %s is there again later",
			    name);
	fsck_effect(finding, "the later one counts");
	fsck_remedy(finding, "remove this one", fsck_remove_node, pool, NULL, NULL);
}

static void check_revisions(struct r4 *r, store_node *pool, const char *name)
{
	const char *revisions = element_attribute(pool, "revisions_to_keep");
	const char *driver = element_attribute(pool, "driver");
	struct fsck_finding *finding;
	long long number;

	if (!revisions)
		return;
	if (prop4_read_number(revisions, &number)) {
		if (!driver || strcmp(driver, "file") || number <= 1)
			return;
		finding = fsck_note(r->f, "pool-revisions", FSCK_R4, pool, NULL,
				    "the pool %s keeps %s revisions, of which the driver file knows 1", name,
				    revisions);
		fsck_remedy(finding, "make it 1", fsck_set_attribute, pool, "revisions_to_keep", "1");
		return;
	}
	finding = fsck_note(r->f, "pool-revisions", FSCK_LOADS, pool, NULL,
			    "revisions_to_keep of pool %s is '%s', which is no number", name, revisions);
	fsck_effect(finding, "no volume can be made in it");
	fsck_remedy(finding, "take it away, so that the default holds", fsck_drop_attribute, pool,
		    "revisions_to_keep", NULL);
}

void r4_check_pools(struct r4 *r)
{
	FOR_EACH_ITEM(r->root, "pools", "pool", pool)
	{
		const char *name = element_attribute(pool, "name");
		const struct driver *driver = find_driver(element_attribute(pool, "driver"));

		if (!name || !*name) {
			check_nameless(r, pool);
			continue;
		}
		name = arena_strdup(r->arena, name);
		check_twin(r, pool, name);
		if (!driver)
			check_driver(r, pool, name);
		else
			check_arguments(r, pool, name, driver);
		check_revisions(r, pool, name);
	}
}
