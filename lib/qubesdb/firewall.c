/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a ProxyVM is told of its clients.
 */
#include <string.h>
#include <time.h>

#include "error.h"
#include "firewall.h"
#include "internal.h"
#include "net.h"
#include "util.h"
#include "vmm.h"

#define RULES "/qubes-iptables-domainrules/"

static int ask_xid(struct vm *vm, int *xid)
{
	struct vmm_info info;

	if (vmm_info(vm, &info) != 0)
		return -1;
	*xid = info.xid;
	return 0;
}

static void add_header(struct qubes *q, struct qubesdb_entries *entries)
{
	char stamp[64] = "an unknown day";
	time_t seconds = time(NULL);
	struct tm now;

	if (localtime_r(&seconds, &now))
		strftime(stamp, sizeof(stamp), "%a %b %e %H:%M:%S %Y", &now);

	AUTO_FREE char *header = firewall_iptables_header(stamp);

	qubesdb_add(q, entries, "/qubes-iptables-header", header);
}

static char *refuse(const struct vm *client)
{
	char address[NET_ADDRESS_MAX];

	if (!net_vm_address(client, address))
		return NULL;
	return util_printf("*filter\n-A FORWARD -s %s -j REJECT --reject-with icmp-host-prohibited\nCOMMIT\n",
			   address);
}

/* Then they are another VM's by now, or nobody's; that there are none would allow everything. */
static const char *missing_place(const struct vm *client)
{
	const char *directory = vm_directory(client);
	const char *file = vm_is(client, VM_DISPOSABLE) ? firewall_path(client) : NULL;

	if (directory && !root_exists(client->qubes->root, directory))
		return directory;
	return file && !root_exists(client->qubes->root, file) ? file : NULL;
}

/* A text too long to be told would leave the client with what came before, or with nothing. */
static char *rules_of(const struct vm *client)
{
	const char *missing = missing_place(client);
	char *text = missing ? NULL : firewall_iptables(client);
	size_t length = text ? strlen(text) : 0;

	if (missing)
		error_note("everything is refused to %s: there is no %s", client->name, missing);
	else if (length < FIREWALL_TEXT_LIMIT)
		return text;
	else
		error_note(
			"everything is refused to %s: its rules make a text of %zu bytes, and %d are the most",
			client->name, length, FIREWALL_TEXT_LIMIT - 1);
	util_free_at(&text);
	return refuse(client);
}

static int add_client(struct vm *client, void *context)
{
	struct qubesdb_entries *entries = context;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *text = NULL;
	int xid;

	if (ask_xid(client, &xid) != 0)
		return -1;
	if (xid < 0)
		return 0;
	text = rules_of(client);
	if (!text)
		return 0;
	path = util_printf(RULES "%d", xid);
	qubesdb_add(client->qubes, entries, path, text);
	return 0;
}

int qubesdb_add_netvm_domid(struct vm *proxy, struct qubesdb_entries *entries)
{
	struct vm *netvm = vm_netvm(proxy);
	AUTO_FREE char *text = NULL;
	int xid = -1;

	if (netvm && ask_xid(netvm, &xid) != 0)
		return -1;
	text = xid < 0 ? util_strdup("") : util_printf("%d", xid);
	qubesdb_add(proxy->qubes, entries, "/qubes-netvm-domid", text);
	return 0;
}

int qubesdb_firewall_entries(struct vm *proxy, struct qubesdb_entries *entries)
{
	struct qubes *q = proxy->qubes;

	qubesdb_add(q, entries, RULES, NULL);
	add_header(q, entries);
	if (vm_for_clients(proxy, add_client, entries) != 0 || qubesdb_add_netvm_domid(proxy, entries) != 0)
		return error_within("the firewall of %s", proxy->name);
	qubesdb_add(q, entries, "/qubes-iptables", "reload");
	return 0;
}
