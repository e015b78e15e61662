/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists of R4: labels and pools of the whole store; features, tags, devices and volumes of a VM.
 */
#include <mxml.h>
#include <string.h>

#include "error.h"
#include "internal.h"

/* Where a list is below the node it is of, and what its items are called. */
static const struct place {
	const char *container, *item; /* CONTAINER NULL: the items are children of the node itself */
	unsigned depth;		      /* of an item below the root */
} places[] = {
	[LAYOUT_LABELS] = { "labels", "label", 2 },	  [LAYOUT_POOLS] = { "pools", "pool", 2 },
	[LAYOUT_FEATURES] = { "features", "feature", 4 }, [LAYOUT_TAGS] = { "tags", "tag", 4 },
	[LAYOUT_DEVICES] = { "devices", "device", 4 },	  [LAYOUT_VOLUMES] = { "volume-config", "volume", 4 },
	[LAYOUT_OPTIONS] = { NULL, "option", 5 },
};

/* The container of OF after PREVIOUS (NULL: the first). There are several of devices, one per class. */
static store_node *next_container(const store_node *of, const struct place *place, store_node *previous)
{
	if (!place->container)
		return previous ? NULL : (store_node *)of;
	return layout_named(previous ? mxmlGetNextSibling(previous) : mxmlGetFirstChild((store_node *)of),
			    place->container);
}

store_node *r4_next_item(const store_node *of, enum layout_list list, store_node *previous)
{
	const struct place *place = &places[list];
	store_node *container = previous ? mxmlGetParent(previous) : NULL;
	store_node *item = previous ? layout_named(mxmlGetNextSibling(previous), place->item) : NULL;

	if (!of)
		return NULL;
	while (!item && (container = next_container(of, place, container)))
		item = layout_named(mxmlGetFirstChild(container), place->item);
	return item;
}

/* ---- writing ---- */

/* From R4.3 on the tags of a VM stand before its devices. */
static bool tags_come_first(store_node *domain)
{
	store_node *domains = mxmlGetParent(domain);

	for (store_node *each = layout_named(mxmlGetFirstChild(domains), "domain"); each;
	     each = layout_named(mxmlGetNextSibling(each), "domain")) {
		store_node *devices = layout_child(each, "devices");

		if (devices)
			return layout_named(devices, "tags") == NULL;
	}
	return false;
}

/* What a new container of that list stands before in OF; NULL: the end. */
static store_node *container_successor(store_node *of, enum layout_list list)
{
	store_node *volumes = layout_child(of, "volume-config"), *tags = layout_child(of, "tags");
	bool before_tags = list == LAYOUT_FEATURES || (list == LAYOUT_DEVICES && !tags_come_first(of));

	return before_tags && tags ? tags : volumes;
}

static store_node *need_container(store_node *of, enum layout_list list, const char *class)
{
	const struct place *place = &places[list];
	store_node *container = NULL;

	while ((container = next_container(of, place, container))) {
		const char *its = layout_item_attribute(container, "class");

		if (list != LAYOUT_DEVICES || (its && !strcmp(its, class)))
			return container;
	}
	container = mxmlNewElement(MXML_NO_PARENT, place->container);
	if (list == LAYOUT_DEVICES)
		store_put_attribute(container, "class", class);
	layout_place(of, container, container_successor(of, list), place->depth - 1);
	return container;
}

store_node *r4_add_item(store_node *of, enum layout_list list, const char *name)
{
	store_node *container = need_container(of, list, name);
	store_node *item = mxmlNewElement(MXML_NO_PARENT, places[list].item);

	if (list != LAYOUT_DEVICES)
		store_put_attribute(item, "name", name);
	layout_place(container, item, NULL, places[list].depth);
	return item;
}

int r4_remove_item(store_node *item)
{
	layout_take_out(item);
	return 0;
}
