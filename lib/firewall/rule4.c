/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule of release 4: its words, and what its parts may be.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "internal.h"

#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-._"
#define HOST_MOST 253
#define COMMENT_MOST 64
#define ICMP_TYPE_MOST 255

const char *const firewall4_names[FIREWALL4_PARTS] = {
	[FIREWALL4_ACTION] = "action",	[FIREWALL4_COMMENT] = "comment",
	[FIREWALL4_EXPIRE] = "expire",	[FIREWALL4_HOST] = "dsthost",
	[FIREWALL4_PROTOCOL] = "proto", [FIREWALL4_TARGET] = "specialtarget",
	[FIREWALL4_PORTS] = "dstports", [FIREWALL4_ICMP_TYPE] = "icmptype",
};

/* The order in which parts may stand without their names. */
static const enum firewall4_part plain[] = { FIREWALL4_ACTION, FIREWALL4_HOST, FIREWALL4_PROTOCOL,
					     FIREWALL4_PORTS };

/* ---- words ---- */

static int part_by_name(const char *word, size_t length)
{
	static const char *const hosts[] = { "dst4", "dst6" };

	for (int i = 0; i < FIREWALL4_PARTS; i++)
		if (strlen(firewall4_names[i]) == length && strncmp(firewall4_names[i], word, length) == 0)
			return i;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		if (strlen(hosts[i]) == length && strncmp(hosts[i], word, length) == 0)
			return FIREWALL4_HOST;
	return error_set(ERROR_FAILED, "a rule of this store has no '%.*s'", (int)length, word);
}

/* The last word of the four may be the type of an ICMP message. */
static enum firewall4_part plain_part(size_t at, const struct firewall4_rule *rule)
{
	const char *protocol = rule->parts[FIREWALL4_PROTOCOL];

	return plain[at] == FIREWALL4_PORTS && protocol && strcmp(protocol, "icmp") == 0 ?
		       FIREWALL4_ICMP_TYPE :
		       plain[at];
}

int firewall4_read_words(char *const *words, struct firewall4_rule *rule)
{
	size_t next = 0;

	*rule = (struct firewall4_rule){ 0 };
	for (; *words; words++) {
		const char *equals = strchr(*words, '=');
		int part;

		if (!equals && next == ARRAY_SIZE(plain))
			return error_set(ERROR_USAGE, "unexpected '%s' in a rule", *words);
		part = equals ? part_by_name(*words, (size_t)(equals - *words)) :
				(int)plain_part(next++, rule);
		if (part < 0)
			return -1;
		if (rule->parts[part])
			return error_set(ERROR_FAILED, "%s is given twice", firewall4_names[part]);
		rule->parts[part] = equals ? equals + 1 : *words;
	}
	return 0;
}

int firewall_parse_expire(const char *text, long long *expires)
{
	bool relative = text[0] == '+';
	unsigned long long number;

	if (!util_parse_decimal(text + relative, FIREWALL_EXPIRES_MAX, &number))
		return error_set(ERROR_FAILED, "'%s' is neither seconds since the epoch nor +SECONDS", text);
	*expires = (long long)number + (relative ? (long long)time(NULL) : 0);
	if (!*expires || firewall_is_over(*expires))
		return error_set(ERROR_FAILED, "a rule that expires at %s is over already", text);
	return 0;
}

/* ---- parts ---- */

static int check_word(const struct firewall4_rule *rule, enum firewall4_part part, const char *words)
{
	const char *text = rule->parts[part];

	for (const char *word = words; text && *word; word += strlen(word) + 1)
		if (strcmp(word, text) == 0)
			return 0;
	return !text ? 0 : error_set(ERROR_FAILED, "'%s' is no %s", text, firewall4_names[part]);
}

/* A host name in small letters. */
static const char *host_name(struct qubes *q, const char *text)
{
	char *copy = arena_strdup(q->arena, text);

	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (*copy && strlen(copy) <= HOST_MOST && strspn(copy, HOST_CHARACTERS) == strlen(copy))
		return copy;
	error_set(ERROR_FAILED, "'%s' is neither an address nor the name of a host", text);
	return NULL;
}

/* "ADDRESS/BITS" of either family, or a host name; NULL with an error. In the arena. */
static const char *usual_host(struct qubes *q, const char *text)
{
	const char *slash = strchr(text, '/');
	AUTO_FREE char *address = util_printf("%.*s", (int)(slash ? slash - text : (long)strlen(text)), text);
	unsigned char bytes[sizeof(struct in6_addr)];
	unsigned long long bits, most = 0;

	if (inet_pton(AF_INET6, address, bytes) == 1)
		most = 128;
	else if (inet_pton(AF_INET, address, bytes) == 1)
		most = 32;
	if (!slash && !most)
		return host_name(q, text);
	bits = most;
	if (!most || (slash && !util_parse_decimal(slash + 1, most, &bits))) {
		error_set(ERROR_FAILED, "'%s' is no network", text);
		return NULL;
	}
	return arena_printf(q->arena, "%s/%llu", address, bits);
}

/* "22", "22-25", or the name of a service; NULL with an error. In the arena. */
static const char *usual_ports(struct qubes *q, const char *text)
{
	struct firewall_rule rule = { .protocol = FIREWALL_TCP };
	AUTO_STRBUF struct strbuf out = { 0 };

	if (firewall_parse_ports(q, text, &rule) < 0)
		return NULL;
	firewall_add_ports(&out, &rule, '-');
	return arena_strdup(q->arena, out.text);
}

static int check_ports(struct qubes *q, struct firewall4_rule *rule)
{
	const char *protocol = rule->parts[FIREWALL4_PROTOCOL];

	if (!rule->parts[FIREWALL4_PORTS])
		return 0;
	if (!protocol || strcmp(protocol, "icmp") == 0)
		return error_set(ERROR_FAILED, "dstports goes with proto=tcp or proto=udp alone");
	rule->parts[FIREWALL4_PORTS] = usual_ports(q, rule->parts[FIREWALL4_PORTS]);
	return rule->parts[FIREWALL4_PORTS] ? 0 : -1;
}

static int check_icmp_type(const struct firewall4_rule *rule)
{
	const char *text = rule->parts[FIREWALL4_ICMP_TYPE], *protocol = rule->parts[FIREWALL4_PROTOCOL];
	unsigned long long number;

	if (!text)
		return 0;
	if (!protocol || strcmp(protocol, "icmp") != 0)
		return error_set(ERROR_FAILED, "icmptype goes with proto=icmp alone");
	return util_parse_decimal(text, ICMP_TYPE_MOST, &number) ?
		       0 :
		       error_set(ERROR_FAILED, "'%s' is no icmptype: those are 0 to %d", text,
				 ICMP_TYPE_MOST);
}

static int check_comment(const struct firewall4_rule *rule)
{
	const char *text = rule->parts[FIREWALL4_COMMENT];

	for (const char *c = text; text && *c; c++)
		if (*c < ' ' || *c > '~')
			return error_set(ERROR_FAILED, "a comment takes printable ASCII alone");
	if (!text || strlen(text) <= COMMENT_MOST)
		return 0;
	return error_set(ERROR_FAILED, "a comment has at most %d characters", COMMENT_MOST);
}

static int check_target(const struct firewall4_rule *rule)
{
	static const enum firewall4_part others[] = { FIREWALL4_HOST, FIREWALL4_PORTS, FIREWALL4_ICMP_TYPE };

	for (size_t i = 0; rule->parts[FIREWALL4_TARGET] && i < ARRAY_SIZE(others); i++)
		if (rule->parts[others[i]])
			return error_set(ERROR_FAILED, "%s does not go with %s", firewall4_names[others[i]],
					 firewall4_names[FIREWALL4_TARGET]);
	return 0;
}

int firewall4_check(struct qubes *q, struct firewall4_rule *rule)
{
	if (!rule->parts[FIREWALL4_ACTION])
		return error_set(ERROR_USAGE, "a rule begins with accept or drop");
	if (check_word(rule, FIREWALL4_ACTION, "accept\0drop\0") < 0 ||
	    check_word(rule, FIREWALL4_PROTOCOL, "tcp\0udp\0icmp\0") < 0 ||
	    check_word(rule, FIREWALL4_TARGET, "dns\0") < 0 || check_comment(rule) < 0 ||
	    check_ports(q, rule) < 0 || check_icmp_type(rule) < 0 || check_target(rule) < 0)
		return -1;
	if (!rule->parts[FIREWALL4_HOST])
		return 0;
	rule->parts[FIREWALL4_HOST] = usual_host(q, rule->parts[FIREWALL4_HOST]);
	return rule->parts[FIREWALL4_HOST] ? 0 : -1;
}

int firewall4_parse(struct qubes *q, char *const *words, struct firewall4_rule *rule)
{
	long long expires;

	if (firewall4_read_words(words, rule) < 0 || firewall4_check(q, rule) < 0)
		return -1;
	if (!rule->parts[FIREWALL4_EXPIRE])
		return 0;
	if (firewall_parse_expire(rule->parts[FIREWALL4_EXPIRE], &expires) < 0)
		return -1;
	rule->parts[FIREWALL4_EXPIRE] = arena_printf(q->arena, "%lld", expires);
	return 0;
}
