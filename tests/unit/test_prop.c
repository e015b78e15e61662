/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The property table: defaults computed and inherited, what may be set where, and the form of a new VM.
 */
#include "scratch_world.h"

#include "pending.h"
#include "prop.h"

static const char store[] =
	"<QubesVmCollection default_fw_netvm='2' default_kernel='4.4' default_netvm='3' default_template='1' clockvm='2'>"
	"<QubesTemplateVm name='tpl' qid='1' default_user='joe' kernelopts='quiet' uses_default_kernelopts='False'/>"
	"<QubesNetVm name='net' qid='2' template_qid='1' pcidevs=\"['00:19.0']\"/>"
	"<QubesProxyVm name='fw' qid='3' template_qid='1' netvm_qid='2' netid='7'/>"
	"<QubesAppVm name='work' qid='4' template_qid='1' memory='300' maxmem='9999'/>"
	"<QubesHVm name='win' qid='5' template_qid='none' memory='1024' timezone='3600' mac='None'/>"
	"<QubesTemplateHVm name='wintpl' qid='6' guiagent_installed='True' qrexec_installed='True'/>"
	"<QubesHVm name='winapp' qid='7' template_qid='6' guiagent_installed='False'/>"
	"<QubesAppVm name='odd' qid='8' template_qid='1' memory='lots' label='pink' debug='maybe' pcidevs='import os'/>"
	"<QubesAppVm name='alone' qid='9' template_qid='none' kernel='None' uses_default_kernel='False'/>"
	"</QubesVmCollection>";

static int set_up(void **state)
{
	struct world *w = world_new(NULL);

	w->q.pending = pending_new(&w->q);
	make_file(w, "/var/lib/qubes/vm-kernels/4.4/vmlinuz", 1, "");
	make_file(w, "/var/lib/qubes/vm-kernels/4.4/initramfs", 1, "");
	make_file(w, "/var/lib/qubes/vm-kernels/half/vmlinuz", 1, "");
	world_load(w, store);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	world_free(*state);
	return 0;
}

/* ---- effective values ---- */

/* NULL: get prints nothing. */
static const struct {
	const char *vm, *property, *text;
} values[] = {
	{ "work", "label", "red" },
	{ "tpl", "label", "black" },
	{ "odd", "label", "red" }, /* unknown: shown as the class's */
	{ "work", "memory", "300" },
	{ "net", "memory", "300" },
	{ "winapp", "memory", "512" },
	{ "odd", "memory", "lots" },
	{ "work", "maxmem", "3000" }, /* ten times memory at most */
	{ "win", "maxmem", "1024" },  /* an HVM's is its memory */
	{ "net", "maxmem", NULL },    /* half of the host's, which offline nobody knows */
	{ "dom0", "maxmem", "0" },
	{ "dom0", "vcpus", "0" },
	{ "work", "vcpus", "2" },
	{ "work", "kernel", "4.4" },
	{ "alone", "kernel", NULL },
	{ "tpl", "kernelopts", "quiet" },
	{ "work", "kernelopts", "quiet" },			  /* the template's */
	{ "net", "kernelopts", "nopat iommu=soft swiotlb=8192" }, /* it has a PCI device */
	{ "alone", "kernelopts", "nopat" },
	{ "tpl", "default_user", "joe" },
	{ "work", "default_user", "joe" },
	{ "win", "default_user", "user" },
	{ "work", "mac", "00:16:3E:5E:6C:04" },
	{ "win", "MAC", "00:16:3E:5E:6C:05" },
	{ "winapp", "mac", "00:16:3E:5E:6C:06" }, /* its template's */
	{ "win", "timezone", "3600" },
	{ "winapp", "timezone", "localtime" },
	{ "winapp", "guiagent_installed", "True" }, /* its template has it */
	{ "win", "qrexec_installed", "False" },
	{ "work", "netvm", "fw" },
	{ "work", "uses_default_netvm", "True" },
	{ "net", "netvm", NULL },
	{ "net", "uses_default_netvm", "False" },
	{ "work", "dispvm-netvm", "fw" },
	{ "work", "template", "tpl" },
	{ "win", "template", NULL },
	{ "work", "updateable", "False" },
	{ "alone", "updateable", "True" },
	{ "work", "ip", "10.137.7.6" },
	{ "fw", "netprefix", "10.137.7." },
	{ "work", "dir_path", "/var/lib/qubes/appvms/work" },
	{ "net", "config", "/var/lib/qubes/servicevms/net/net.conf" },
	{ "work", "firewall_conf", "/var/lib/qubes/appvms/work/firewall.xml" },
	{ "work", "services", "{'meminfo-writer': True}" },
	{ "net", "services", "{'meminfo-writer': False, 'ntpd': False}" }, /* PCI device, clockvm */
	{ "win", "services", "{'meminfo-writer': False}" },
	{ "work", "include_in_backups", "True" },
	{ "work", "last_backup", NULL },
	{ "net", "pcidevs", "['00:19.0']" },
	{ "odd", "pcidevs", "import os" },
	{ "odd", "debug", "maybe" },
	{ "work", "backup_path", "" },
	{ "work", "pool_name", "default" },
};

static const char *value_of(const struct world *w, const char *name, const char *property)
{
	const struct prop *prop = prop_find(&w->q, property);
	struct prop_value value;

	assert_non_null(prop);
	if (prop_get(the(w, name), prop, &value) != 0)
		fail_msg("%s of %s: %s", property, name, error_message());
	return prop_text(the(w, name), &value);
}

static void values_are_the_stored_ones_or_the_defaults(void **state)
{
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const char *found = value_of(w, values[i].vm, values[i].property);

		if (!found != !values[i].text || (found && strcmp(found, values[i].text)))
			fail_msg("%s of %s is '%s', not '%s'", values[i].property, values[i].vm,
				 found ? found : "(none)", values[i].text ? values[i].text : "(none)");
	}
}

static void reading_changes_nothing(void **state)
{
	const struct world *w = *state;
	struct prop_value value;
	struct vm *vm;

	FOR_EACH_VM(&w->q, vm)
		for (const struct prop *prop = prop_table; prop->name; prop++)
			(void)prop_get(vm, prop, &value);
	assert_false(store_changed(w->q.store));
}

/* Every property of every VM of STORE can be asked for. */
static void read_all(const char *text)
{
	struct world *w = world_new(NULL);
	struct prop_value value;
	struct vm *vm;

	world_load(w, text);
	FOR_EACH_VM(&w->q, vm)
		for (const struct prop *prop = prop_table; prop->name; prop++)
			if (prop_get(vm, prop, &value) == 0)
				(void)prop_list_text(vm, prop, &value);
	world_free(w);
}

static void circles_of_references_end(void **state)
{
	(void)state;
	read_all("<QubesVmCollection><QubesAppVm name='a' qid='1' template_qid='1'/></QubesVmCollection>");
	read_all("<QubesVmCollection><QubesHVm name='a' qid='1' template_qid='2'/>"
		 "<QubesHVm name='b' qid='2' template_qid='1'/></QubesVmCollection>");
	read_all(
		"<QubesVmCollection default_netvm='1' default_fw_netvm='2'><QubesProxyVm name='a' qid='1' netvm_qid='2'/>"
		"<QubesProxyVm name='b' qid='2' netvm_qid='1' dispvm_netvm='2' uses_default_dispvm_netvm='False'/>"
		"<QubesDisposableVm name='d' qid='3' template_qid='3'/></QubesVmCollection>");
}

static void a_class_without_a_property_says_so(void **state)
{
	const struct world *w = *state;
	struct prop_value value;

	assert_int_equal(prop_get(the(w, "work"), prop_find(&w->q, "drive"), &value), -1);
	assert_int_equal(prop_get(the(w, "win"), prop_find(&w->q, "kernel"), &value), -1);
	assert_null(prop_find(&w->q, "nosuch"));
	assert_null(prop_find(&w->q, "memor"));
}

static void a_broken_value_keeps_the_vm_from_starting(void **state)
{
	const struct world *w = *state;
	long long number;

	assert_int_equal(prop_number(the(w, "odd"), "memory", &number), -1);
	assert_non_null(prop_broken(the(w, "odd")));
	assert_null(prop_broken(the(w, "work")));
	assert_null(prop_broken(the(w, "win")));
}

/* ---- setting ---- */

/* STORED NULL: refused; otherwise the attribute afterwards. */
static const struct {
	const char *vm, *property, *text, *stored;
} sets[] = {
	{ "work", "memory", "00500", "500" },
	{ "work", "memory", "0", NULL },
	{ "work", "memory", "-1", NULL },
	{ "work", "memory", "5 ", NULL },
	{ "work", "memory", "0x10", NULL },
	{ "work", "memory", "2147483648", NULL },
	{ "odd", "memory", "400", "400" }, /* mends it */
	{ "work", "debug", "YES", "True" },
	{ "work", "debug", "off", "False" },
	{ "work", "internal", "2", NULL },
	{ "work", "label", "blue", "blue" },
	{ "work", "label", "Blue", NULL },
	{ "work", "kernel", "4.4", "4.4" },
	{ "work", "kernel", "none", "None" },
	{ "work", "kernel", "half", NULL },
	{ "work", "kernel", "../vm-kernels/4.4", NULL },
	{ "work", "kernel", "", NULL },
	{ "win", "kernel", "4.4", NULL },
	{ "work", "kernelopts", "", "" },
	{ "work", "kernelopts", "none", "none" },
	{ "work", "mac", "00:11:22:33:44:5a", "00:11:22:33:44:5a" },
	{ "work", "mac", "00:11:22:33:44:5a:66", NULL },
	{ "work", "mac", "0:11:22:33:44:5a", NULL },
	{ "work", "pcidevs", "[\"00:1a.7\" , '03:00.0']", "['00:1a.7', '03:00.0']" },
	{ "work", "pcidevs", "[]", "[]" },
	{ "work", "pcidevs", "['00:1A.7']", NULL },
	{ "work", "pcidevs", "['00:1a.8']", NULL },
	{ "work", "pcidevs", "['00:1a.70']", NULL },
	{ "work", "pcidevs", "['00:1a']", NULL },
	{ "work", "pcidevs", "00:1a.7", NULL },
	{ "win", "drive", "/x.iso", "cdrom:dom0:/x.iso" },
	{ "win", "drive", "hd:work:/dev/sda", "hd:work:/dev/sda" },
	{ "win", "drive", "hd:/a:/b", "hd:dom0:/a:/b" },
	{ "win", "drive", "work:a:/b", NULL },
	{ "win", "drive", "x.iso", NULL },
	{ "win", "drive", ":/x", NULL },
	{ "win", "drive", "none", "None" },
	{ "win", "timezone", "-7200", "-7200" },
	{ "win", "timezone", "LocalTime", "LocalTime" },
	{ "win", "timezone", "-", NULL },
	{ "win", "timezone", "+1", NULL },
	{ "win", "seamless_gui_mode", "True", NULL }, /* no GUI agent */
	{ "winapp", "seamless_gui_mode", "True", "True" },
	{ "work", "qrexec_timeout", "0", "0" },
	{ "work", "template", "net", NULL },
	{ "work", "template", "wintpl", NULL },
	{ "winapp", "template", "tpl", NULL },
	{ "alone", "template", "tpl", NULL },
	{ "work", "type", "NetVM", NULL },
	{ "dom0", "memory", "500", "500" },
	{ "dom0", "vcpus", "1", NULL },
	{ "dom0", "name", "host", NULL },
};

static void sets_are_checked_and_stored_in_one_form(void **state)
{
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		const struct prop *prop = prop_find(&w->q, sets[i].property);
		int result = prop_set(the(w, sets[i].vm), prop, sets[i].text);
		const char *stored = vm_get(the(w, sets[i].vm), prop_key(prop)).text;

		if ((result == 0) != (sets[i].stored != NULL))
			fail_msg("%s of %s to '%s': %d %s", sets[i].property, sets[i].vm, sets[i].text,
				 result, error_message());
		if (sets[i].stored)
			assert_string_equal(stored, sets[i].stored);
	}
}

static void what_is_refused_changes_nothing(void **state)
{
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (!sets[i].stored)
			assert_int_equal(prop_set(the(w, sets[i].vm), prop_find(&w->q, sets[i].property),
						  sets[i].text),
					 -1);
	assert_false(store_changed(w->q.store));
}

static void netvms_are_set_checked_and_follow(void **state)
{
	struct world *w = *state;
	const struct prop *netvm = prop_find(&w->q, "netvm");

	assert_int_equal(prop_set(the(w, "work"), netvm, "net"), 0);
	assert_ptr_equal(vm_netvm(the(w, "work")), the(w, "net"));
	assert_false(vm_netvm_follows(the(w, "work")));
	assert_int_equal(prop_set(the(w, "work"), netvm, "none"), 0);
	assert_null(vm_netvm(the(w, "work")));
	assert_int_equal(prop_set(the(w, "work"), netvm, "default"), 0);
	assert_ptr_equal(vm_netvm(the(w, "work")), the(w, "fw"));
	assert_int_equal(prop_set(the(w, "work"), netvm, "tpl"), -1);
	assert_int_equal(prop_set(the(w, "work"), netvm, "nosuch"), -1);
	assert_int_equal(prop_set(the(w, "fw"), netvm, "fw"), -1);
	assert_int_equal(prop_set(the(w, "net"), netvm, "none"), 0);
	assert_int_equal(prop_set(the(w, "net"), netvm, "fw"), -1);
	/* A ProxyVM never follows: its default is taken now. */
	assert_int_equal(prop_set(the(w, "fw"), netvm, "none"), 0);
	assert_int_equal(prop_reset(the(w, "fw"), netvm), 0);
	assert_ptr_equal(vm_netvm(the(w, "fw")), the(w, "net"));
}

static void defaults_come_back(void **state)
{
	struct world *w = *state;

	assert_int_equal(prop_set(the(w, "work"), prop_find(&w->q, "kernel"), "none"), 0);
	assert_int_equal(prop_set(the(w, "work"), prop_find(&w->q, "kernel"), "default"), 0);
	assert_string_equal(value_of(w, "work", "kernel"), "4.4");
	assert_int_equal(prop_set(the(w, "work"), prop_find(&w->q, "mac"), "00:11:22:33:44:55"), 0);
	assert_int_equal(prop_set(the(w, "work"), prop_find(&w->q, "mac"), "auto"), 0);
	assert_string_equal(value_of(w, "work", "mac"), "00:16:3E:5E:6C:04");
	assert_int_equal(prop_reset(the(w, "work"), prop_find(&w->q, "memory")), 0);
	assert_string_equal(value_of(w, "work", "memory"), "400");
	assert_int_equal(prop_reset(the(w, "work"), prop_find(&w->q, "template")), -1);
}

/* ---- globals ---- */

static void globals_are_set_and_checked(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *name, *text, *after; /* NULL: refused */
	} rows[] = {
		{ "default-netvm", "net", "net" },   { "default_netvm", "work", NULL },
		{ "default-netvm", "none", "" },     { "default-template", "tpl", "tpl" },
		{ "default-template", "net", NULL }, { "default-kernel", "half", NULL },
		{ "default-kernel", "none", NULL },  { "clockvm", "fw", "fw" },
		{ "updatevm", "nosuch", NULL },	     { "updatevm", "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct prop_global *global = prop_find_global(&w->q, rows[i].name);

		assert_int_equal(prop_set_global(&w->q, global, rows[i].text), rows[i].after ? 0 : -1);
		if (rows[i].after)
			assert_string_equal(prop_get_global(&w->q, global), rows[i].after);
	}
	assert_null(prop_find_global(&w->q, "default"));
}

/* ---- a new VM ---- */

static void a_new_vm_has_all_that_is_always_written(void **state)
{
	struct world *w = *state;
	struct vm *vm = vm_add(&w->q, vm_class_by_type("ProxyVM"), "new");

	assert_non_null(vm);
	assert_int_equal(vm_set(vm, "installed_by_rpm", "True"), 0);
	assert_int_equal(prop_initialise(vm, the(w, "tpl")), 0);
	assert_string_equal(vm_get(vm, "template").text, "1");
	assert_string_equal(vm_get(vm, "netid").text, "1");
	assert_string_equal(vm_get(vm, "netvm").text, "none");
	assert_string_equal(vm_get(vm, "label").text, "red");
	assert_string_equal(vm_get(vm, "include_in_backups").text, "False");
	assert_string_equal(vm_get(vm, "conf_file").text, "new.conf");
	assert_int_equal(vm_get(vm, "kernel").presence, LAYOUT_FOLLOWS);
	assert_string_equal(vm_get(vm, "kernel").text, "4.4");
	assert_int_equal(vm_get(vm, "maxmem").presence, LAYOUT_ABSENT); /* offline */
	assert_int_equal(vm_get(vm, "uuid").presence, LAYOUT_ABSENT);
	assert_int_equal(vm_get(vm, "drive").presence, LAYOUT_ABSENT);
}

static void the_update_switch_is_taken_over_by_new_vms(void **state)
{
	struct world *w = *state;
	struct vm *vm = vm_add(&w->q, vm_class_by_type("AppVM"), "new");

	make_file(w, "/var/lib/qubes/updates/vm-default-disable-updates", 0, "");
	assert_int_equal(prop_initialise(vm, the(w, "tpl")), 0);
	assert_string_equal(vm_get(vm, "services").text,
			    "{'meminfo-writer': True, 'qubes-update-check': False}");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(values_are_the_stored_ones_or_the_defaults),
		T(reading_changes_nothing),
		T(circles_of_references_end),
		T(a_class_without_a_property_says_so),
		T(a_broken_value_keeps_the_vm_from_starting),
		T(sets_are_checked_and_stored_in_one_form),
		T(what_is_refused_changes_nothing),
		T(netvms_are_set_checked_and_follow),
		T(defaults_come_back),
		T(globals_are_set_and_checked),
		T(a_new_vm_has_all_that_is_always_written),
		T(the_update_switch_is_taken_over_by_new_vms),
	};

	return cmocka_run_group_tests_name("prop", tests, NULL, NULL);
}
