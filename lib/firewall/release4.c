/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Release 4's rules, as far as they say what the store of release 3 can keep, both ways.
 */
#include <limits.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "internal.h"

#define EXPIRES_MAX (1ULL << 52)

/* The parts of such a rule, in the order in which they may stand without their names. */
enum part {
	PART_ACTION,
	PART_HOST,
	PART_PROTOCOL,
	PART_PORTS,
	PART_HOST4,
	PART_TARGET,
	PART_EXPIRE,
	PARTS,
};

#define PLAIN_PARTS (PART_PORTS + 1)

static const char *const part_names[PARTS] = {
	[PART_ACTION] = "action",  [PART_HOST] = "dsthost", [PART_PROTOCOL] = "proto",
	[PART_PORTS] = "dstports", [PART_HOST4] = "dst4",   [PART_TARGET] = "specialtarget",
	[PART_EXPIRE] = "expire",
};

/* ---- words ---- */

static int part_by_name(const char *word, size_t length)
{
	for (int i = 0; i < PARTS; i++)
		if (strlen(part_names[i]) == length && strncmp(part_names[i], word, length) == 0)
			return i;
	return error_set(ERROR_FAILED, "a rule of this store has no '%.*s'", (int)length, word);
}

static int read_words(char *const *words, const char *parts[PARTS])
{
	int next = 0;

	for (; *words; words++) {
		const char *equals = strchr(*words, '=');
		int part = equals ? part_by_name(*words, (size_t)(equals - *words)) : next++;

		if (part < 0)
			return -1;
		if (!equals && part >= PLAIN_PARTS)
			return error_set(ERROR_USAGE, "unexpected '%s' in a rule", *words);
		if (parts[part])
			return error_set(ERROR_FAILED, "%s is given twice", part_names[part]);
		parts[part] = equals ? equals + 1 : *words;
	}
	if (parts[PART_HOST] && parts[PART_HOST4])
		return error_set(ERROR_FAILED, "%s and %s are the same", part_names[PART_HOST],
				 part_names[PART_HOST4]);
	if (!parts[PART_HOST])
		parts[PART_HOST] = parts[PART_HOST4];
	return 0;
}

static int read_action(const char *text, bool *accept)
{
	*accept = text && strcmp(text, "accept") == 0;
	if (*accept || (text && strcmp(text, "drop") == 0))
		return 0;
	return error_set(ERROR_USAGE, "a rule begins with accept or drop");
}

/* "+SECONDS" from now, or a moment. */
static int read_expire(const char *text, long long *expires)
{
	bool relative = text[0] == '+';
	unsigned long long number;

	if (!util_parse_decimal(text + relative, EXPIRES_MAX, &number))
		return error_set(ERROR_FAILED, "'%s' is neither seconds since the epoch nor +SECONDS", text);
	*expires = (long long)number + (relative ? (long long)time(NULL) : 0);
	if (!*expires || firewall_is_over(*expires))
		return error_set(ERROR_FAILED, "a rule that expires at %s is over already", text);
	return 0;
}

/* ---- what they mean here ---- */

/* DNS and ICMP are not rules here but switches, which hold for every host and for ever. */
static bool *switch_of(const char *const parts[PARTS], struct firewall *firewall)
{
	const char *target = parts[PART_TARGET], *protocol = parts[PART_PROTOCOL];

	if (parts[PART_HOST] || parts[PART_PORTS] || parts[PART_EXPIRE])
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

static int fill_rule(struct qubes *q, const char *const parts[PARTS], struct firewall_rule *rule)
{
	*rule = (struct firewall_rule){ 0 };
	if (parts[PART_TARGET])
		return error_set(ERROR_FAILED, "%s is dns, and nothing else goes with it",
				 part_names[PART_TARGET]);
	if (!parts[PART_HOST] && !parts[PART_PROTOCOL])
		return error_set(ERROR_FAILED, "a rule for everything is the policy (see --policy)");
	if (firewall_parse_address(q, parts[PART_HOST] ? parts[PART_HOST] : "0.0.0.0/0", rule) < 0 ||
	    (parts[PART_PROTOCOL] && firewall_parse_protocol(parts[PART_PROTOCOL], rule) < 0) ||
	    (parts[PART_PORTS] && firewall_parse_ports(q, parts[PART_PORTS], rule) < 0) ||
	    (parts[PART_EXPIRE] && read_expire(parts[PART_EXPIRE], &rule->expires) < 0))
		return -1;
	return firewall_check_rule(rule);
}

int firewall_parse_release4(struct qubes *q, char *const *words, struct firewall *firewall,
			    struct firewall_rule *rule, bool *is_rule)
{
	const char *parts[PARTS] = { NULL };
	bool accept, *which;

	if (read_words(words, parts) < 0 || read_action(parts[PART_ACTION], &accept) < 0)
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
