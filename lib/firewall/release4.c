/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Release 4's rules, as far as they say what the store of release 3 can keep, both ways.
 */
#include <string.h>

#include "error.h"
#include "internal.h"

/* ---- words ---- */

/* What a store of release 3 can keep of a rule. */
static const bool has_place[FIREWALL4_PARTS] = {
	[FIREWALL4_ACTION] = true,   [FIREWALL4_EXPIRE] = true, [FIREWALL4_HOST] = true,
	[FIREWALL4_PROTOCOL] = true, [FIREWALL4_TARGET] = true, [FIREWALL4_PORTS] = true,
};

static int read_words(char *const *words, struct firewall4_rule *rule)
{
	if (firewall4_read_words(words, rule) < 0)
		return -1;
	for (int i = 0; i < FIREWALL4_PARTS; i++)
		if (rule->parts[i] && !has_place[i])
			return error_set(ERROR_FAILED, "a rule of this store has no '%s'",
					 firewall4_names[i]);
	return 0;
}

static int read_action(const char *text, bool *accept)
{
	*accept = text && strcmp(text, "accept") == 0;
	if (*accept || (text && strcmp(text, "drop") == 0))
		return 0;
	return error_set(ERROR_USAGE, "a rule begins with accept or drop");
}

/* ---- what they mean here ---- */

/* DNS and ICMP are not rules here but switches, which hold for every host and for ever. */
static bool *switch_of(const char *const parts[FIREWALL4_PARTS], struct firewall *firewall)
{
	const char *target = parts[FIREWALL4_TARGET], *protocol = parts[FIREWALL4_PROTOCOL];

	if (parts[FIREWALL4_HOST] || parts[FIREWALL4_PORTS] || parts[FIREWALL4_EXPIRE])
		return NULL;
	if (target && !protocol && strcmp(target, "dns") == 0)
		return &firewall->dns;
	if (protocol && !target && strcmp(protocol, "icmp") == 0)
		return &firewall->icmp;
	return NULL;
}

static int check_action(const struct firewall *firewall, bool accept)
{
	if (accept != firewall->allow)
		return 0;
	return error_set(ERROR_FAILED, "the policy is to %s, so that rules can only %s (see --policy)",
			 firewall->allow ? "accept" : "drop", firewall->allow ? "drop" : "accept");
}

static int fill_rule(struct qubes *q, const char *const parts[FIREWALL4_PARTS], struct firewall_rule *rule)
{
	*rule = (struct firewall_rule){ 0 };
	if (parts[FIREWALL4_TARGET])
		return error_set(ERROR_FAILED, "%s is dns, and nothing else goes with it",
				 firewall4_names[FIREWALL4_TARGET]);
	if (!parts[FIREWALL4_HOST] && !parts[FIREWALL4_PROTOCOL])
		return error_set(ERROR_FAILED, "a rule for everything is the policy (see --policy)");
	if (firewall_parse_address(q, parts[FIREWALL4_HOST] ? parts[FIREWALL4_HOST] : "0.0.0.0/0", rule) <
		    0 ||
	    (parts[FIREWALL4_PROTOCOL] && firewall_parse_protocol(parts[FIREWALL4_PROTOCOL], rule) < 0) ||
	    (parts[FIREWALL4_PORTS] && firewall_parse_ports(q, parts[FIREWALL4_PORTS], rule) < 0) ||
	    (parts[FIREWALL4_EXPIRE] && firewall_parse_expire(parts[FIREWALL4_EXPIRE], &rule->expires) < 0))
		return -1;
	return firewall_check_rule(rule);
}

int firewall_parse_release4(struct qubes *q, char *const *words, struct firewall *firewall,
			    struct firewall_rule *rule, bool *is_rule)
{
	struct firewall4_rule said;
	const char *const *parts = said.parts;
	bool accept, *which;

	if (read_words(words, &said) < 0 || read_action(parts[FIREWALL4_ACTION], &accept) < 0)
		return -1;
	which = switch_of(parts, firewall);
	*is_rule = !which;
	if (which) {
		*which = accept;
		return 0;
	}
	return check_action(firewall, accept) < 0 ? -1 : fill_rule(q, parts, rule);
}

/* ---- the other way ---- */

static const char *action_word(bool accept)
{
	return accept ? "accept" : "drop";
}

static void add_rule(struct strbuf *out, const struct firewall_rule *rule, bool accept)
{
	strbuf_printf(out, "action=%s", action_word(accept));
	if (rule->expires)
		strbuf_printf(out, " expire=%lld", rule->expires);
	strbuf_add(out, " dsthost=");
	firewall_add_address(out, rule);
	if (rule->protocol != FIREWALL_ANY)
		strbuf_printf(out, " proto=%s", firewall_protocol_name(rule->protocol));
	if (rule->port) {
		strbuf_add(out, " dstports=");
		firewall_add_ports(out, rule, '-');
	}
	strbuf_add(out, "\n");
}

char *firewall_release4_text(const struct firewall *firewall)
{
	struct strbuf out = { 0 };

	strbuf_printf(&out, "action=%s specialtarget=dns\n", action_word(firewall->dns));
	strbuf_printf(&out, "action=%s proto=icmp\n", action_word(firewall->icmp));
	for (size_t i = 0; i < firewall->count; i++)
		add_rule(&out, &firewall->rules[i], !firewall->allow);
	strbuf_printf(&out, "action=%s\n", action_word(firewall->allow));
	return out.text;
}
