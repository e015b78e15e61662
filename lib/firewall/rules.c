/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of a VM as a list: added, taken out, found.
 */
#include <string.h>

#include "internal.h"

void firewall_add(struct qubes *q, struct firewall *firewall, const struct firewall_rule *rule)
{
	struct firewall_rule *old = firewall->rules;

	if (firewall->count == firewall->room) {
		firewall->room = firewall->room ? firewall->room * 2 : 8;
		firewall->rules = arena_alloc(q->arena, firewall->room * sizeof(*old));
		if (old)
			memcpy(firewall->rules, old, firewall->count * sizeof(*old));
	}
	firewall->rules[firewall->count++] = *rule;
}

void firewall_remove(struct firewall *firewall, size_t index)
{
	firewall->count--;
	memmove(firewall->rules + index, firewall->rules + index + 1,
		(firewall->count - index) * sizeof(*firewall->rules));
}

static int last_port(const struct firewall_rule *rule)
{
	return rule->last ? rule->last : rule->port;
}

static bool is_same(const struct firewall_rule *a, const struct firewall_rule *b)
{
	return strcmp(a->address, b->address) == 0 && a->bits == b->bits && a->protocol == b->protocol &&
	       a->port == b->port && last_port(a) == last_port(b);
}

int firewall_find(const struct firewall *firewall, const struct firewall_rule *rule)
{
	for (size_t i = 0; i < firewall->count; i++)
		if (is_same(&firewall->rules[i], rule))
			return (int)i;
	return -1;
}

bool firewall_expires(const struct firewall *firewall)
{
	for (size_t i = 0; i < firewall->count; i++)
		if (firewall->rules[i].expires)
			return true;
	return false;
}
