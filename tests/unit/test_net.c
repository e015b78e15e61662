/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses: the formulas at their edges, every address that the original tools were seen to compute for
 * the recorded stores (tests/data/addresses), and netvm chains that bite their own tail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "net.h"
#include "store.h"
#include "util.h"

/* ---- formulas ---- */

static void client_addresses(void **state)
{
	static const struct {
		int netid, qid;
		const char *address;
	} rows[] = {
		{ 0, 0, "10.137.0.2" },	    { 2, 4, "10.137.2.6" },
		{ 1, 2, "10.137.1.4" },	    { 253, 251, "10.137.253.253" },
		{ 1, 252, "10.137.1.254" }, /* the secondary DNS: such qids are avoided */
		{ 1, 253, "10.137.1.2" },   { -1, 4, NULL },
		{ 256, 4, NULL },	    { 1, -1, NULL },
	};
	char text[NET_ADDRESS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *address = net_client_address(rows[i].netid, rows[i].qid, text);

		if (rows[i].address)
			assert_string_equal(address, rows[i].address);
		else
			assert_null(address);
	}
}

static void dispvm_addresses(void **state)
{
	char text[NET_ADDRESS_MAX];

	(void)state;
	assert_string_equal(net_dispvm_address(2, 1, text), "10.138.2.2");
	assert_string_equal(net_dispvm_address(2, 253, text), "10.138.2.254");
	assert_string_equal(net_dispvm_address(2, 254, text), "10.138.2.1");
	assert_string_equal(net_dispvm_address(2, 1 + NET_DISPIDS, text), "10.138.2.2");
	assert_string_equal(net_dispvm_address(253, 2147483647, text), "10.138.253.8");
	assert_null(net_dispvm_address(2, -1, text));
	assert_null(net_dispvm_address(-1, 1, text));
}

static void addresses_of_a_network(void **state)
{
	char text[NET_ADDRESS_MAX];

	(void)state;
	assert_string_equal(net_network(253, text), "10.137.253.0");
	assert_string_equal(net_gateway(253, text), "10.137.253.1");
	assert_string_equal(net_secondary_dns(253, text), "10.137.253.254");
	assert_null(net_network(-1, text));
	assert_null(net_gateway(-1, text));
	assert_null(net_secondary_dns(-1, text));
}

static void macs(void **state)
{
	static const char *const bad[] = {
		"",
		"auto",
		"00:16:3E:5E:6C",
		"00:16:3E:5E:6C:",
		"00:16:3E:5E:6C:0",
		"00:16:3E:5E:6C:0G",
		"00-16-3E-5E-6C-01",
		"00:16:3E:5E:6C:011",
		"00:16:3E:5E:6C:01\n",
		" 00:16:3E:5E:6C:01",
		"001:6:3E:5E:6C:01",
		"00:16:3E:5E:6C:01:02",
	};
	char text[NET_MAC_MAX];

	(void)state;
	assert_string_equal(net_auto_mac(0, text), "00:16:3E:5E:6C:00");
	assert_string_equal(net_auto_mac(10, text), "00:16:3E:5E:6C:0A");
	assert_string_equal(net_auto_mac(253, text), "00:16:3E:5E:6C:FD");
	assert_true(net_is_mac(text));
	assert_true(net_is_mac("aa:bb:cc:dd:ee:ff"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(net_is_mac(bad[i]));
}

/* ---- stores ---- */

static void open_store(struct qubes *q, const char *name)
{
	AUTO_FREE char *path = util_printf("/tests/golden/stores/%s", name);

	*q = (struct qubes){ .arena = arena_new(), .root = root_new("."), .offline = true };
	q->store = store_open(q->root, path, false);
	if (!q->store)
		fail_msg("%s", error_message());
	q->layout = layout_of(store_format(q->store));
	assert_int_equal(vms_load(q), 0);
}

static void close_store(struct qubes *q)
{
	vms_free(q->vms);
	store_close(q->store);
	root_free(q->root);
	arena_free(q->arena);
}

static struct vm *vm_named(const struct qubes *q, const char *name)
{
	struct vm *vm = vm_by_name(q, name);

	if (!vm)
		fail_msg("%s", error_message());
	return vm;
}

/* One line of the recorded values; "-" is none. */
struct recorded {
	char store[64], vm[64], address[32], gateway[32], mac[32], netmask[32], dns[32];
};

static void assert_recorded(const struct recorded *line, const char *what, const char *computed,
			    const char *recorded)
{
	if (strcmp(computed ? computed : "-", recorded) != 0)
		fail_msg("%s %s: the %s is %s, not %s", line->store, line->vm, what, recorded, computed);
}

static void check_vm(const struct vm *vm, const struct recorded *line)
{
	bool template_decides = vm_is(vm, VM_HVMS) && vm_template(vm);
	char text[NET_MAC_MAX];

	assert_recorded(line, "address", net_vm_address(vm, text), line->address);
	assert_recorded(line, "gateway", net_vm_gateway(vm, text), line->gateway);
	assert_recorded(line, "netmask", net_vm_netmask(vm), line->netmask);
	assert_recorded(line, "secondary DNS", net_vm_secondary_dns(vm, text), line->dns);
	if (!vm_get(vm, "mac").text && !template_decides)
		assert_recorded(line, "MAC", net_auto_mac(vm->qid, text), line->mac);
	assert_true(net_is_mac(line->mac));
}

static void addresses_are_those_of_the_original_tools(void **state)
{
	FILE *file = fopen("tests/data/addresses", "r");
	struct qubes q = { 0 };
	char opened[64] = "", line[512];
	int checked = 0;

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		struct recorded r;

		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%63s %63s %31s %31s %31s %31s %31s", r.store, r.vm, r.address,
					r.gateway, r.mac, r.netmask, r.dns),
				 7);
		if (strcmp(r.store, opened) != 0) {
			if (*opened)
				close_store(&q);
			open_store(&q, r.store);
			memcpy(opened, r.store, sizeof(opened));
		}
		check_vm(vm_named(&q, r.vm), &r);
		checked++;
	}
	close_store(&q);
	fclose(file);
	assert_true(checked > 60);
}

static void dispvm_has_its_own_range(void **state)
{
	char text[NET_ADDRESS_MAX];
	struct qubes q;
	struct vm *disp;

	(void)state;
	open_store(&q, "installer.xml");
	disp = vm_named(&q, "disp1");
	assert_string_equal(net_vm_address(disp, text), "10.138.2.2");
	assert_string_equal(net_vm_secondary_dns(disp, text), "10.137.2.254");
	assert_string_equal(net_vm_network(disp, text), "10.137.2.0");
	assert_null(net_vm_gateway(disp, text));
	/* Without a usable dispid in the store, the name says it. */
	assert_int_equal(vm_set(disp, "dispid", "many"), 0);
	assert_string_equal(net_vm_address(disp, text), "10.138.2.2");
	disp->name = "dispute";
	assert_null(net_vm_address(disp, text));
	close_store(&q);
}

static void networks_of_netvms_are_their_own(void **state)
{
	char text[NET_ADDRESS_MAX];
	struct qubes q;

	(void)state;
	open_store(&q, "installer.xml");
	assert_string_equal(net_vm_network(vm_named(&q, "sys-firewall"), text), "10.137.2.0");
	assert_string_equal(net_vm_network(vm_named(&q, "dom0"), text), "10.137.0.0");
	assert_string_equal(net_vm_network(vm_named(&q, "banking"), text), "10.137.3.0");
	assert_null(net_vm_network(vm_named(&q, "vault"), text));
	assert_null(net_vm_netmask(vm_named(&q, "vault")));
	close_store(&q);
}

/* ---- circles ---- */

static void circles_are_seen_before_they_close(void **state)
{
	struct vm *net, *firewall, *vpn, *work;
	struct qubes q;

	(void)state;
	open_store(&q, "installer.xml");
	net = vm_named(&q, "sys-net");
	firewall = vm_named(&q, "sys-firewall");
	vpn = vm_named(&q, "sys-vpn");
	work = vm_named(&q, "personal");
	/* vpn -> firewall -> net */
	assert_true(net_makes_loop(firewall, vpn));
	assert_true(net_makes_loop(net, vpn));
	assert_true(net_makes_loop(vpn, vpn));
	assert_false(net_makes_loop(vpn, net));
	assert_false(net_makes_loop(vpn, firewall));
	assert_false(net_makes_loop(work, vpn));
	assert_false(net_makes_loop(work, NULL));
	close_store(&q);
}

/* A store that has a circle (firewall -> vpn -> firewall) holds no walk for ever. */
static void circles_in_the_store_end(void **state)
{
	static const char *const stores[] = { "netvm_loop.xml", "netvm_loop_noclock.xml" };
	struct vm *vm, *to;
	struct qubes q;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stores); i++) {
		open_store(&q, stores[i]);
		FOR_EACH_VM(&q, vm)
			for (size_t j = 0; j < vms_count(&q); j++) {
				to = vms_at(&q, j);
				net_makes_loop(vm, to);
				assert_true(vm != to || net_makes_loop(vm, to));
			}
		assert_true(net_makes_loop(vm_named(&q, "sys-vpn"), vm_named(&q, "sys-firewall")));
		assert_true(net_makes_loop(vm_named(&q, "sys-firewall"), vm_named(&q, "sys-vpn")));
		assert_false(net_makes_loop(vm_named(&q, "work"), vm_named(&q, "sys-vpn")));
		close_store(&q);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_addresses),
		cmocka_unit_test(dispvm_addresses),
		cmocka_unit_test(addresses_of_a_network),
		cmocka_unit_test(macs),
		cmocka_unit_test(addresses_are_those_of_the_original_tools),
		cmocka_unit_test(dispvm_has_its_own_range),
		cmocka_unit_test(networks_of_netvms_are_their_own),
		cmocka_unit_test(circles_are_seen_before_they_close),
		cmocka_unit_test(circles_in_the_store_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
