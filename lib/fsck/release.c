/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which releases a store is meant for: what the user says, else what the system is, else what the store looks like.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "layout.h"

#define RELEASE_FILE "/etc/qubes-release"

static bool has_r3_vms(const store_node *root)
{
	const struct layout *layout = layout_of(STORE_R3);

	return layout->next_vm((store_node *)root, NULL) != NULL;
}

static bool has_r4_lists(const store_node *root)
{
	static const char *const lists[] = { "domains", "properties", "pools", "labels" };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (element_next(root, NULL, lists[i]))
			return true;
	return false;
}

enum store_format fsck_format(const struct store *store)
{
	const store_node *root = store_root(store);

	if (has_r4_lists(root))
		return STORE_R4;
	return strcmp(element_name(root), "QubesVmCollection") && !has_r3_vms(root) ? STORE_R4 : STORE_R3;
}

bool fsck_is_foreign(const struct store *store)
{
	const store_node *root = store_root(store);

	return strcmp(element_name(root), "qubes") && strcmp(element_name(root), "QubesVmCollection") &&
	       !has_r4_lists(root) && !has_r3_vms(root);
}

/* Only R4.3 writes what is false: into pools, and into nearly every volume. */
bool fsck_is_of_43(const store_node *root)
{
	size_t volumes = 0, explicit = 0, pools = 0, vms = 0;

	FOR_EACH_ELEMENT(element_next(root, NULL, "pools"), "pool", pool)
	pools += element_attribute(pool, "ephemeral_volatile") &&
		 !strcmp(element_attribute(pool, "ephemeral_volatile"), "False");
	FOR_EACH_ELEMENT(element_next(root, NULL, "domains"), "domain", domain)
	{
		vms++;
		FOR_EACH_ELEMENT(element_next(domain, NULL, "volume-config"), "volume", volume)
		{
			const char *snap = element_attribute(volume, "snap_on_start");
			const char *save = element_attribute(volume, "save_on_stop");

			volumes++;
			explicit += (snap && !strcmp(snap, "False")) || (save && !strcmp(save, "False"));
		}
	}
	return volumes ? explicit > volumes / 2 : pools > 0 && vms <= 1;
}

/* The bits of a release that TEXT names, as in "Qubes release 4.2.3 (R4.2)"; 0: none that is known. */
static unsigned named(const char *text)
{
	static const struct {
		const char *number;
		unsigned release;
	} numbers[] = { { "4.1", FSCK_R41 }, { "4.2", FSCK_R42 }, { "4.3", FSCK_R43 } };

	for (size_t i = 0; text && i < ARRAY_SIZE(numbers); i++)
		if (strstr(text, numbers[i].number))
			return numbers[i].release;
	return 0;
}

static unsigned of_system(const struct fsck *f)
{
	size_t length;
	AUTO_FREE char *text = root_read(f->q->root, RELEASE_FILE, 4096, &length);

	/* A store at another place may be of another system. */
	return strcmp(f->options->store, STORE_PATH) ? 0 : named(text);
}

bool fsck_knows_release(const char *release)
{
	return named(release) != 0;
}

unsigned fsck_loaded_by(struct fsck *f)
{
	unsigned release;

	if (f->format == STORE_R3)
		return FSCK_R3;
	release = f->options->release ? named(f->options->release) : of_system(f);
	if (release)
		return release;
	return fsck_is_of_43(store_root(f->store)) ? FSCK_R43 : FSCK_R4;
}
