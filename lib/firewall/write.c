/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing firewall.xml, in the form of the original tools: together with the store, so that its lock keeps
 * two writers apart and a run that fails changes nothing.
 */

#include "error.h"
#include "internal.h"

/* ---- the text ---- */

static const char *switch_word(bool allowed)
{
	return allowed ? "allow" : "deny";
}

static void add_rule(struct strbuf *out, const struct firewall_rule *rule)
{
	/* What an address may consist of needs no escaping. */
	strbuf_printf(out, "  <rule address=\"%s\" proto=\"%s\"", rule->address,
		      firewall_protocol_name(rule->protocol));
	if (rule->bits != FIREWALL_BITS)
		strbuf_printf(out, " netmask=\"%d\"", rule->bits);
	if (rule->port)
		strbuf_printf(out, " port=\"%d\"", rule->port);
	if (rule->last)
		strbuf_printf(out, " toport=\"%d\"", rule->last);
	if (rule->expires)
		strbuf_printf(out, " expire=\"%lld\"", rule->expires);
	strbuf_add(out, "/>\n");
}

static void add_file(struct strbuf *out, const void *rules)
{
	const struct firewall *firewall = rules;

	strbuf_printf(out, "<QubesFirewallRules dns=\"%s\" icmp=\"%s\" policy=\"%s\" yumProxy=\"%s\"%s\n",
		      switch_word(firewall->dns), switch_word(firewall->icmp), switch_word(firewall->allow),
		      switch_word(firewall->yum_proxy), firewall->count ? ">" : "/>");
	for (size_t i = 0; i < firewall->count; i++)
		add_rule(out, &firewall->rules[i]);
	if (firewall->count)
		strbuf_add(out, "</QubesFirewallRules>\n");
}

/* ---- saving ---- */

static struct firewall copy(struct qubes *q, const struct firewall *firewall)
{
	struct firewall new = *firewall;

	new.stored = true;
	new.rules = NULL;
	new.count = new.room = 0;
	for (size_t i = 0; i < firewall->count; i++)
		firewall_add(q, &new, &firewall->rules[i]);
	return new;
}

bool firewall_get_saved(const struct vm *vm, struct firewall *firewall)
{
	const struct firewall *queued = firewall_queued(vm);

	if (queued)
		*firewall = copy(vm->qubes, queued);
	return queued != NULL;
}

int firewall_save(const struct vm *vm, const struct firewall *firewall)
{
	struct firewall *kept = arena_alloc(vm->qubes->arena, sizeof(*kept));

	*kept = copy(vm->qubes, firewall);
	return firewall_queue(vm, kept, add_file);
}

int firewall_copy(const struct vm *from, const struct vm *to)
{
	struct firewall firewall;

	if (firewall_load(from, &firewall) < 0)
		return -1;
	return firewall.stored ? firewall_save(to, &firewall) : 0;
}
