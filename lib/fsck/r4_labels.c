/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The labels of an R4 store.
 */
#include <string.h>

#include "r4.h"

/* The number in "label-N" as qubesd takes it; -1: there is none. */
static long long label_index(const char *id)
{
	const char *dash = id ? strchr(id, '-') : NULL;
	long long index;

	return dash && prop4_read_number(dash + 1, &index) ? index : -1;
}

static store_node *label_by_index(const struct r4 *r, long long index)
{
	store_node *found = NULL;

	FOR_EACH_ITEM(r->root, "labels", "label", label)
	if (label_index(element_attribute(label, "id")) == index)
		found = label;
	return found;
}

store_node *r4_label(const struct r4 *r, const char *text)
{
	long long index;
	store_node *found;

	if (util_starts_with(text, "label-"))
		return prop4_read_number(text + strlen("label-"), &index) ? label_by_index(r, index) : NULL;
	if (prop4_read_number(text, &index) && (found = label_by_index(r, index)))
		return found;
	FOR_EACH_ITEM(r->root, "labels", "label", label)
	{
		const char *name = element_text(r->arena, label);

		/* Another one of its number takes its place. */
		if (name && !strcmp(name, text) &&
		    label_by_index(r, label_index(element_attribute(label, "id"))) == label)
			return label;
	}
	return NULL;
}

static const char *free_label_id(struct r4 *r, const char *name)
{
	const struct vm_label *known = name ? vm_label_by_name(name) : NULL;
	long long index = known ? known->index : 9;

	while (label_by_index(r, index) || (r->labels_given && index <= r->labels_given))
		index++;
	r->labels_given = known && index == known->index ? r->labels_given : index;
	return arena_printf(r->arena, "label-%lld", index);
}

static bool is_used(const struct r4 *r, const char *name)
{
	for (size_t i = 0; name && i < r->count; i++) {
		const char *text = r4_text(r, r->vms[i].node, "label");

		if (text && !strcmp(text, name))
			return true;
	}
	return false;
}

bool r4_label_is_hidden(const struct r4 *r, const char *name)
{
	FOR_EACH_ITEM(r->root, "labels", "label", label)
	{
		const char *other = element_text(r->arena, label);

		if (other && !strcmp(other, name))
			return true;
	}
	return false;
}

void r4_check_labels(struct r4 *r)
{
	FOR_EACH_ITEM(r->root, "labels", "label", label)
	{
		const char *id = element_attribute(label, "id"), *name = element_text(r->arena, label);
		const char *colour = element_attribute(label, "color");
		const struct vm_label *known = name ? vm_label_by_name(name) : NULL;
		struct fsck_finding *finding;
		const char *new;

		if (label_index(id) == -1 && !(id && strstr(id, "--"))) {
			new = free_label_id(r, name);
			finding = fsck_note(r->f, "label-id", FSCK_R4, label, NULL,
					    "the label %s has the id '%s'", name ? name : "without a name",
					    id ? id : "");
			fsck_remedy(finding, arena_printf(r->arena, "make it %s", new), fsck_set_attribute,
				    label, "id", new);
		} else if (label_by_index(r, label_index(id)) != label) {
			new = free_label_id(r, NULL);
			finding = fsck_note(r->f, "label-id-twice", is_used(r, name) ? FSCK_R4 : FSCK_LOADS,
					    label, NULL, "the label %s has the id of another one, %s",
					    name ? name : "without a name", id);
			fsck_effect(finding, "it is lost");
			fsck_remedy(finding, arena_printf(r->arena, "make it %s", new), fsck_set_attribute,
				    label, "id", new);
		}
		if (!name || !*name) {
			finding = fsck_note(r->f, "label-name", FSCK_LOADS, label, NULL,
					    "a label without a name");
			fsck_effect(finding, "nothing can use it");
			fsck_remedy(finding, "remove it", fsck_remove_node, label, NULL, NULL);
		} else if (!colour) {
			new = known ? known->colour : "0x000000";
			finding = fsck_note(r->f, "label-colour", FSCK_LOADS, label, NULL,
					    "the label %s has no colour", name);
			fsck_effect(finding, "the store cannot be written any more");
			fsck_remedy(finding, arena_printf(r->arena, "make it %s", new), fsck_set_attribute,
				    label, "color", new);
		}
	}
}
