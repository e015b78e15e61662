/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI devices: the form of an address, the host's list and its names, and which VM has what by the store.
 */
#include "scratch_world.h"

#include "devices.h"

#define SYSFS "/sys/bus/pci/devices"

static const char store[] =
	"<QubesVmCollection>"
	"<QubesTemplateVm name='tpl' qid='1'/>"
	"<QubesNetVm name='net' qid='2' template_qid='1' pcidevs=\"['00:19.0', '03:00.0', '00:19.0']\"/>"
	"<QubesAppVm name='work' qid='3' template_qid='1'/>"
	"<QubesHVm name='old' qid='4' pcidevs=\"'02:00.0', 'nonsense'\"/>" /* as R1 wrote it */
	"<QubesAppVm name='odd' qid='5' template_qid='1' pcidevs='import os'/>"
	"<QubesDisposableVm name='disp1' qid='6' template_qid='1' pcidevs=\"['00:1d.0']\"/>"
	"</QubesVmCollection>";

static const char names[] = "# comment\n"
			    "8086  Intel Corporation\n"
			    "\t1502  82579LM Gigabit Network Connection\n"
			    "\t\t103c 1495  of one maker\n"
			    "# in between\n"
			    "\t1e26  USB controller #1\n"
			    "80860  Somebody else\n"
			    "C 02  Network controller\n"
			    "\t00  Ethernet controller\n"
			    "C 0c  Serial bus controller\n"
			    "\t03  USB controller\n";

/* A device as the kernel shows it: a link to a directory of attributes. */
static void make_device(const struct world *w, const char *address, const char *class, const char *device)
{
	AUTO_FREE char *place = util_printf("/sys/devices/pci0000:00/0000:%s", address);
	AUTO_FREE char *link = util_printf(SYSFS "/0000:%s", address);
	AUTO_FREE char *target = util_printf("../../../devices/pci0000:00/0000:%s", address);
	AUTO_FREE char *class_file = util_printf("%s/class", place);
	AUTO_FREE char *vendor_file = util_printf("%s/vendor", place);
	AUTO_FREE char *device_file = util_printf("%s/device", place);

	make_file(w, class_file, 0, class);
	make_file(w, vendor_file, 0, "0x8086\n");
	make_file(w, device_file, 0, device);
	assert_int_equal(root_mkdirs(w->q.root, SYSFS, 0755), 0);
	assert_int_equal(root_symlink(w->q.root, target, link), 0);
}

static int set_up(void **state)
{
	struct world *w = world_new(NULL);

	world_load(w, store);
	make_device(w, "03:00.0", "0x020000\n", "0x1502\n");
	make_device(w, "00:1d.0", "0x0c0320\n", "0x1e26\n");
	make_device(w, "00:1a.0", "0x0c0320\n", "0x9999\n");
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	world_free(*state);
	return 0;
}

/* ---- addresses ---- */

static void an_address_has_one_form(void **state)
{
	static const char *const good[] = { "00:00.0", "ff:1f.7", "0a:bc.3" };
	static const char *const bad[] = {
		"",	    "0",	 "00:00",   "00:00.",  "00:00.8", "00:00.00",	  "00:00.0 ",
		" 00:00.0", "00:0A.0",	 "0g:00.0", "00.00.0", "00:00:0", "0000:00:00.0", "../00:00.0",
		"00/00.0",  "00:00.0\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(devices_is_pci_address(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(devices_is_pci_address(bad[i]));
}

/* ---- the host's ---- */

static void the_host_is_asked_below_the_root(void **state)
{
	struct world *w = *state;

	assert_int_equal(devices_has_pci(&w->q, "03:00.0"), 1);
	assert_int_equal(devices_has_pci(&w->q, "03:00.1"), 0);
	assert_int_equal(devices_has_pci(&w->q, "../pci0000:00"), 0);
}

static void a_root_without_sys_knows_nothing(void **state)
{
	struct world *w = *state;

	assert_int_equal(root_remove_tree(w->q.root, "/sys"), 0);
	assert_int_equal(devices_has_pci(&w->q, "03:00.0"), -1);
	assert_null(devices_list_pci(&w->q));
}

static void assert_list(struct world *w, const char *const *descriptions)
{
	static const char *const addresses[] = { "00:1a.0", "00:1d.0", "03:00.0" };
	const struct devices_pci *list = devices_list_pci(&w->q);

	assert_non_null(list);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		assert_string_equal(list[i].address, addresses[i]);
		assert_string_equal(list[i].description, descriptions[i]);
	}
	assert_null(list[ARRAY_SIZE(addresses)].address);
}

static void the_list_is_sorted_and_in_numbers_without_names(void **state)
{
	static const char *const descriptions[] = { "Class 0c03: 8086:9999", "Class 0c03: 8086:1e26",
						    "Class 0200: 8086:1502" };
	struct world *w = *state;

	make_file(w, SYSFS "/0000:00:1d.8/class", 0, ""); /* what is no address is no device */
	make_file(w, SYSFS "/0001:00:00.0/class", 0, ""); /* a domain that the store cannot name */
	assert_list(w, descriptions);
	assert_int_equal(devices_list_pci(&w->q)[2].class, 0x020000);
}

static void names_come_from_pci_ids(void **state)
{
	static const char *const descriptions[] = {
		"USB controller: Intel Corporation 9999",
		"USB controller: Intel Corporation USB controller #1",
		"Ethernet controller: Intel Corporation 82579LM Gigabit Network Connection",
	};
	struct world *w = *state;

	make_file(w, "/usr/share/misc/pci.ids", 0, names);
	assert_list(w, descriptions);
}

static void broken_names_and_attributes_do_no_harm(void **state)
{
	static const char *const texts[] = {
		"", "\n", "8086", "8086  \n\t1502", "C 0", "\t\t\n8086  X\n\t", "C 0c  Y",
	};
	struct world *w = *state;

	make_file(w, "/sys/devices/pci0000:00/0000:00:1a.0/vendor", 0, "8086");
	make_file(w, "/sys/devices/pci0000:00/0000:00:1d.0/class", 0, "0xffffffffffffffffffff");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct devices_pci *list;

		make_file(w, "/usr/share/hwdata/pci.ids", 0, texts[i]);
		list = devices_list_pci(&w->q);
		assert_non_null(list);
		assert_string_equal(list[0].description, "(unknown)");
		assert_non_null(list[2].description);
	}
}

/* ---- the store's ---- */

static const char *stored(const struct world *w, const char *vm)
{
	return vm_get(the(w, vm), "pcidevs").text;
}

static void a_device_is_assigned_once(void **state)
{
	struct world *w = *state;

	assert_int_equal(devices_assign_pci(the(w, "work"), "03:00.0"), 0);
	assert_int_equal(devices_assign_pci(the(w, "work"), "00:1a.0"), 0);
	assert_int_equal(devices_assign_pci(the(w, "work"), "03:00.0"), 0);
	assert_string_equal(stored(w, "work"), "['03:00.0', '00:1a.0']");
	assert_true(devices_vm_has_pci(the(w, "work"), "00:1a.0"));
	assert_false(devices_vm_has_pci(the(w, "work"), "00:1d.0"));
}

static void what_cannot_be_assigned_changes_nothing(void **state)
{
	static const struct {
		const char *vm, *address;
	} rows[] = {
		{ "work", "00:1f.0" }, /* not there */
		{ "work", "nonsense" },	    { "work", "" },
		{ "work", "0000:03:00.0" }, { "dom0", "03:00.0" },
		{ "disp1", "03:00.0" },	    { "odd", "03:00.0" }, /* its list cannot be read */
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(devices_assign_pci(the(w, rows[i].vm), rows[i].address), -1);
	assert_false(store_changed(w->q.store));
}

/* The root of an installer: another machine's disk, or nothing mounted there yet. */
static void without_sys_the_form_is_all_that_is_checked_offline(void **state)
{
	struct world *w = *state;

	assert_int_equal(root_remove_tree(w->q.root, "/sys"), 0);
	assert_int_equal(devices_assign_pci(the(w, "work"), "nonsense"), -1);
	assert_int_equal(devices_assign_pci(the(w, "work"), "00:1f.0"), 0);
	w->q.offline = false;
	assert_int_equal(devices_assign_pci(the(w, "work"), "00:1f.1"), -1);
}

/* A list may hold what no device is called any more; it can always be taken out. */
static void a_device_is_released_however_it_is_called(void **state)
{
	struct world *w = *state;

	assert_int_equal(devices_release_pci(the(w, "net"), "00:19.0"), 0);
	assert_string_equal(stored(w, "net"), "['03:00.0']");
	assert_int_equal(devices_release_pci(the(w, "old"), "nonsense"), 0);
	assert_string_equal(stored(w, "old"), "['02:00.0']");
	assert_int_equal(devices_release_pci(the(w, "disp1"), "00:1d.0"), 0);
	assert_string_equal(stored(w, "disp1"), "[]");
	assert_int_equal(devices_release_all_pci(the(w, "old")), 0);
	assert_string_equal(stored(w, "old"), "[]");
}

static void releasing_what_is_not_assigned_changes_nothing(void **state)
{
	struct world *w = *state;

	assert_int_equal(devices_release_pci(the(w, "work"), "03:00.0"), 0);
	assert_int_equal(devices_release_pci(the(w, "old"), "03:00.0"), 0);
	assert_int_equal(devices_release_all_pci(the(w, "work")), 0);
	assert_int_equal(devices_release_pci(the(w, "odd"), "03:00.0"), -1);
	assert_int_equal(devices_release_all_pci(the(w, "odd")), -1);
	assert_false(store_changed(w->q.store));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_address_has_one_form),
		T(the_host_is_asked_below_the_root),
		T(a_root_without_sys_knows_nothing),
		T(the_list_is_sorted_and_in_numbers_without_names),
		T(names_come_from_pci_ids),
		T(broken_names_and_attributes_do_no_harm),
		T(a_device_is_assigned_once),
		T(what_cannot_be_assigned_changes_nothing),
		T(without_sys_the_form_is_all_that_is_checked_offline),
		T(a_device_is_released_however_it_is_called),
		T(releasing_what_is_not_assigned_changes_nothing),
	};

	return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
