/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of ports, from ROOT/etc/services, read by ourselves (the C library would ask the name service
 * of the host), and from a short table for where that file is missing.
 */
#include <string.h>

#include "error.h"
#include "internal.h"

#define SERVICES "/etc/services"
#define SERVICES_SIZE_MAX (4 << 20)
#define SERVICE_NAME_MAX 63
#define BLANKS " \t\r\n"

struct service {
	const char *name;
	bool alias; /* good for asking, never shown */
	enum firewall_protocol protocol;
	int port;
};

struct firewall_services {
	struct service *entries; /* in the order of the file */
	size_t count, room;
};

/* Only names that the systems agree on. */
static const struct {
	const char *name;
	int port;
} well_known[] = {
	{ "ftp-data", 20 }, { "ftp", 21 },     { "ssh", 22 },	   { "telnet", 23 },  { "smtp", 25 },
	{ "domain", 53 },   { "bootps", 67 },  { "bootpc", 68 },   { "tftp", 69 },    { "gopher", 70 },
	{ "finger", 79 },   { "http", 80 },    { "kerberos", 88 }, { "pop3", 110 },   { "sunrpc", 111 },
	{ "nntp", 119 },    { "ntp", 123 },    { "snmp", 161 },	   { "bgp", 179 },    { "ldap", 389 },
	{ "https", 443 },   { "syslog", 514 }, { "printer", 515 }, { "ipp", 631 },    { "ldaps", 636 },
	{ "rsync", 873 },   { "imaps", 993 },  { "pop3s", 995 },   { "socks", 1080 }, { "openvpn", 1194 },
	{ "nfs", 2049 },    { "mysql", 3306 }, { "svn", 3690 },	   { "sip", 5060 },   { "git", 9418 },
};

/* ---- reading ---- */

static bool is_name(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > SERVICE_NAME_MAX)
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static void add(struct arena *arena, struct firewall_services *services, const struct service *entry)
{
	if (services->count == services->room) {
		struct service *old = services->entries;

		services->room = services->room ? services->room * 2 : 64;
		services->entries = arena_alloc(arena, services->room * sizeof(*old));
		if (old)
			memcpy(services->entries, old, services->count * sizeof(*old));
	}
	services->entries[services->count] = *entry;
	services->entries[services->count++].name = arena_strdup(arena, entry->name);
}

/* "22/tcp". */
static bool read_port(char *text, struct service *entry)
{
	char *slash = strchr(text, '/');
	unsigned long long port;
	int protocol;

	if (!slash)
		return false;
	*slash = '\0';
	protocol = firewall_protocol_by_name(slash + 1);
	if (protocol <= FIREWALL_ANY || !util_parse_decimal(text, FIREWALL_PORT_MAX, &port) || port == 0)
		return false;
	entry->protocol = (enum firewall_protocol)protocol;
	entry->port = (int)port;
	return true;
}

/* "name port/protocol [alias...] [# comment]"; anything else is passed over. */
static void read_line(struct arena *arena, struct firewall_services *services, char *line)
{
	struct service entry = { 0 };
	char *rest, *port;

	line[strcspn(line, "#")] = '\0';
	entry.name = strtok_r(line, BLANKS, &rest);
	port = strtok_r(NULL, BLANKS, &rest);
	if (!entry.name || !port || !read_port(port, &entry))
		return;
	for (; entry.name; entry.name = strtok_r(NULL, BLANKS, &rest), entry.alias = true)
		if (is_name(entry.name))
			add(arena, services, &entry);
}

const struct firewall_services *firewall_services(struct qubes *q)
{
	struct firewall_services *services = arena_alloc(q->arena, sizeof(*services));
	AUTO_FREE char *text = root_read(q->root, SERVICES, SERVICES_SIZE_MAX, NULL);
	char *rest = NULL;

	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
		read_line(q->arena, services, line);
	return services;
}

/* ---- asking ---- */

/* A name is often given to a port of one protocol only, and used for the other: the same one is preferred. */
static const struct service *better(const struct service *known, const struct service *entry,
				    enum firewall_protocol protocol)
{
	if (!known || (known->protocol != protocol && entry->protocol == protocol))
		return entry;
	return known;
}

const char *firewall_service_name(const struct firewall_services *services, enum firewall_protocol protocol,
				  int port)
{
	const struct service *found = NULL;

	for (size_t i = 0; i < services->count; i++)
		if (services->entries[i].port == port && !services->entries[i].alias)
			found = better(found, &services->entries[i], protocol);
	if (found)
		return found->name;
	for (size_t i = 0; i < ARRAY_SIZE(well_known); i++)
		if (well_known[i].port == port)
			return well_known[i].name;
	return NULL;
}

int firewall_service_port(const struct firewall_services *services, enum firewall_protocol protocol,
			  const char *name)
{
	const struct service *found = NULL;

	for (size_t i = 0; i < services->count; i++)
		if (strcmp(services->entries[i].name, name) == 0)
			found = better(found, &services->entries[i], protocol);
	if (found)
		return found->port;
	for (size_t i = 0; i < ARRAY_SIZE(well_known); i++)
		if (strcmp(well_known[i].name, name) == 0)
			return well_known[i].port;
	return 0;
}
