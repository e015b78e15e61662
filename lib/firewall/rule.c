/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule: what is right and wrong about it, and its parts as a user writes them.
 */
#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "internal.h"

#define LABEL_MAX 63
#define LABEL_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"
#define HOST_NAME_MAX_LENGTH 253

static const char *const protocol_names[] = {
	[FIREWALL_ANY] = "any",
	[FIREWALL_TCP] = "tcp",
	[FIREWALL_UDP] = "udp",
};

const char *firewall_protocol_name(enum firewall_protocol protocol)
{
	return protocol_names[protocol];
}

int firewall_protocol_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocol_names); i++)
		if (strcmp(protocol_names[i], name) == 0)
			return (int)i;
	return -1;
}

bool firewall_is_over(long long expires)
{
	return expires && expires <= (long long)time(NULL);
}

/* ---- addresses ---- */

static bool is_label(const char *label, size_t length)
{
	if (length == 0 || length > LABEL_MAX || label[0] == '-' || label[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!strchr(LABEL_CHARACTERS, label[i]))
			return false;
	return true;
}

bool firewall_is_plain_address(const char *text)
{
	if (strlen(text) > HOST_NAME_MAX_LENGTH)
		return false;
	for (;;) {
		size_t length = strcspn(text, ".");

		if (!is_label(text, length))
			return false;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

static bool is_ipv4(const char *text)
{
	struct in_addr address;

	return inet_pton(AF_INET, text, &address) == 1;
}

/* A name whose last label is a number would be taken for an address, of another kind than was meant. */
static bool is_host_name(const char *text)
{
	const char *dot = strrchr(text, '.');
	const char *last = dot ? dot + 1 : text;

	return firewall_is_plain_address(text) && last[strspn(last, "0123456789")] != '\0';
}

static int check_address(const struct firewall_rule *rule)
{
	if (is_ipv4(rule->address))
		return 0;
	if (!is_host_name(rule->address))
		return error_set(ERROR_FAILED, "'%s' is neither an IPv4 address nor the name of a host",
				 rule->address);
	if (rule->bits != FIREWALL_BITS)
		return error_set(ERROR_FAILED, "a netmask belongs to an address, not to a name like '%s'",
				 rule->address);
	return 0;
}

int firewall_parse_address(struct qubes *q, const char *text, struct firewall_rule *rule)
{
	size_t length = strcspn(text, "/");
	char *address = arena_printf(q->arena, "%.*s", (int)length, text);
	unsigned long long bits = FIREWALL_BITS;

	if (text[length] && !util_parse_decimal(text + length + 1, FIREWALL_BITS, &bits))
		return error_set(ERROR_FAILED, "'%s' is no netmask, which is a number from 0 to %d",
				 text + length + 1, FIREWALL_BITS);
	if (length > 1 && address[length - 1] == '.')
		address[length - 1] = '\0';
	rule->address = address;
	rule->bits = (int)bits;
	return check_address(rule);
}

void firewall_add_address(struct strbuf *out, const struct firewall_rule *rule)
{
	strbuf_add(out, rule->address);
	if (rule->bits < FIREWALL_BITS)
		strbuf_printf(out, "/%d", rule->bits);
}

/* ---- protocols and ports ---- */

int firewall_parse_protocol(const char *text, struct firewall_rule *rule)
{
	int protocol = firewall_protocol_by_name(text);

	if (protocol < 0)
		return error_set(ERROR_FAILED, "'%s' is no protocol, which is tcp, udp or any", text);
	rule->protocol = (enum firewall_protocol)protocol;
	return 0;
}

static int parse_number(const char *text, int *port)
{
	unsigned long long number;

	if (!util_parse_decimal(text, FIREWALL_PORT_MAX, &number) || number == 0)
		return error_set(ERROR_FAILED, "'%s' is no port, which is a number from 1 to %d", text,
				 FIREWALL_PORT_MAX);
	*port = (int)number;
	return 0;
}

/* A number, or the name of a service. */
static int parse_port(struct qubes *q, enum firewall_protocol protocol, const char *text, int *port)
{
	if (text[strspn(text, "0123456789")] == '\0')
		return parse_number(text, port);
	*port = firewall_service_port(firewall_services(q), protocol, text);
	return *port ? 0 : error_set(ERROR_FAILED, "'%s' is neither a port nor the name of a service", text);
}

/* The names of services may have dashes too: one that is known is no range. */
static bool is_service(struct qubes *q, enum firewall_protocol protocol, const char *text)
{
	return text[strspn(text, "0123456789-")] != '\0' &&
	       firewall_service_port(firewall_services(q), protocol, text) != 0;
}

static int no_range(const struct firewall_rule *rule)
{
	return error_set(ERROR_FAILED, "%d-%d is no range: it ends before it begins", rule->port, rule->last);
}

int firewall_parse_ports(struct qubes *q, const char *text, struct firewall_rule *rule)
{
	AUTO_FREE char *first = util_strdup(text);
	char *dash = strrchr(first, '-');

	if (rule->protocol == FIREWALL_ANY)
		return error_set(ERROR_FAILED, "a port belongs to tcp or udp, not to any");
	if (!dash || is_service(q, rule->protocol, text))
		return parse_port(q, rule->protocol, text, &rule->port);
	*dash = '\0';
	if (parse_port(q, rule->protocol, first, &rule->port) < 0 || parse_number(dash + 1, &rule->last) < 0)
		return -1;
	if (rule->last < rule->port)
		return no_range(rule);
	if (rule->last == rule->port)
		rule->last = 0;
	return 0;
}

void firewall_add_ports(struct strbuf *out, const struct firewall_rule *rule, char between)
{
	strbuf_printf(out, "%d", rule->port);
	if (rule->last && rule->last != rule->port)
		strbuf_printf(out, "%c%d", between, rule->last);
}

/* ---- whole rules ---- */

int firewall_check_rule(const struct firewall_rule *rule)
{
	if (check_address(rule) < 0)
		return -1;
	if (rule->protocol == FIREWALL_ANY && (rule->port || rule->last))
		return error_set(ERROR_FAILED, "a port belongs to tcp or udp, not to any");
	if (rule->protocol != FIREWALL_ANY && !rule->port)
		return error_set(ERROR_FAILED, "%s needs a port", protocol_names[rule->protocol]);
	if (rule->port > FIREWALL_PORT_MAX || rule->last > FIREWALL_PORT_MAX)
		return error_set(ERROR_FAILED, "ports end at %d", FIREWALL_PORT_MAX);
	if (rule->last && rule->last < rule->port)
		return no_range(rule);
	return 0;
}

static size_t count_words(char *const *words)
{
	size_t count = 0;

	while (words[count])
		count++;
	return count;
}

static int wrong_count(void)
{
	return error_set(ERROR_USAGE, "a rule is ADDRESS[/BITS] PROTOCOL [PORT]");
}

int firewall_parse_rule(struct qubes *q, char *const *words, struct firewall_rule *rule)
{
	size_t count = count_words(words);
	AUTO_FREE char *protocol = NULL;
	const char *ports = count > 2 ? words[2] : NULL;
	char *slash;

	*rule = (struct firewall_rule){ 0 };
	if (count < 2 || count > 3)
		return wrong_count();
	protocol = util_strdup(words[1]);
	slash = strchr(protocol, '/');
	if (slash && ports)
		return wrong_count();
	if (slash) {
		*slash = '\0';
		ports = slash + 1;
	}
	if (firewall_parse_address(q, words[0], rule) < 0 || firewall_parse_protocol(protocol, rule) < 0)
		return -1;
	if (ports && firewall_parse_ports(q, ports, rule) < 0)
		return -1;
	return firewall_check_rule(rule);
}
