/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domainxml: templates and what may go wrong in them, escaping, drives, devices, a configuration of one's
 * own, and whether other hypervisors than Xen take what they are given.
 */
#include "scratch_world.h"

#include "domainxml.h"

#define BASE "/var/lib/qubes"
#define TEMPLATE "/usr/share/qubes/vm-template.xml"

#define HVM(name, qid, attributes)                                                                  \
	"<QubesHVm memory='512' name='" name "' netvm_qid='none' qid='" qid "' template_qid='none'" \
	" uses_default_netvm='False' vcpus='1' " attributes "/>"
#define APP(name, qid, attributes)                                        \
	"<QubesAppVm maxmem='900' memory='300' name='" name "' qid='" qid \
	"' template_qid='1' vcpus='1' " attributes "/>"
#define OFFLINE "netvm_qid='none' uses_default_netvm='False' "
#define OWN_KERNELOPTS "uses_default_kernelopts='False' "

static const char store_with_everything[] =
	"<QubesVmCollection default_fw_netvm='2' default_kernel='4.1' default_netvm='3' default_template='1'>"
	"<QubesTemplateVm maxmem='900' memory='300' name='tpl' qid='1' template_qid='none' vcpus='1'/>"
	"<QubesNetVm maxmem='900' memory='300' name='net' netid='1' pcidevs=\"['02:00.0', '00:1d.7']\""
	" pci_strictreset='False' qid='2' template_qid='1' vcpus='1'/>"
	"<QubesProxyVm maxmem='900' memory='300' name='fw' netid='2' netvm_qid='2' qid='3' template_qid='1'"
	" vcpus='1'/>" APP("work", "4", "") APP("vault", "5", OFFLINE) APP(
		"quoted", "6",
		OWN_KERNELOPTS "kernelopts='a=\"1\" b=&lt;2&gt; c=&amp;3 d=&apos;4&apos; e=5&#10;f=6'")
		APP("braces", "7", OWN_KERNELOPTS "kernelopts='{mem}'") APP(
			"badpci", "8", "pcidevs=\"['02:00.0 onload=x']\"") APP("custom", "9",
									       "conf_file='/etc/custom.conf'")
			APP("lost", "10", "kernel='../..' uses_default_kernel='False'") "<QubesAppVm memory='lots' name='broken' qid='11' template_qid='1' vcpus='1'/>" HVM(
				"bare", "20", "") HVM("cd", "21", "drive='cdrom:dom0:/iso/a:b.iso'")
				HVM("hd", "22", "drive='hd:work:/img'") HVM(
					"oddcd", "23", "drive='cdrom:nowhere'") HVM("west", "24",
										    "timezone='-3600'")
					HVM("mars", "25",
					    "timezone='Mars/Olympus'") "<QubesHVm memory='512' name='winnet' netvm_qid='3' qid='26' template_qid='none' vcpus='1'/>"
								       "</QubesVmCollection>";

static int make_world(void **state)
{
	struct world *w = world_new("test:///default");

	make_file(w, BASE "/vm-kernels/4.1/modules.img", 0, "modules");
	world_load(w, store_with_everything);
	*state = w;
	return 0;
}

static int drop_world(void **state)
{
	world_free(*state);
	return 0;
}

static void assert_place(const struct world *w, const char *name, const char *place, const char *expected)
{
	AUTO_FREE char *value = domainxml_place(the(w, name), place);

	assert_non_null(value);
	assert_string_equal(value, expected);
}

static void assert_xml(const struct world *w, const char *name, const char *expected)
{
	AUTO_FREE char *xml = domainxml_of(the(w, name), "xen");

	assert_non_null(xml);
	assert_string_equal(xml, expected);
}

static void assert_refused(const struct world *w, const char *name, const char *said)
{
	assert_null(domainxml_of(the(w, name), "xen"));
	assert_non_null(strstr(error_message(), said));
	error_clear();
}

/* ---- values ---- */

static void values_are_escaped_whatever_they_contain(void **state)
{
	assert_place(*state, "quoted", "kernelopts",
		     "a=&quot;1&quot; b=&lt;2&gt; c=&amp;3 d=&apos;4&apos; e=5&#10;f=6");
}

static void a_value_is_not_a_template(void **state)
{
	make_file(*state, TEMPLATE, 0, "{kernelopts}");
	assert_xml(*state, "braces", "{mem}");
}

static void a_place_of_another_class_is_none(void **state)
{
	assert_null(domainxml_place(the(*state, "bare"), "kerneldir"));
	assert_null(domainxml_place(the(*state, "work"), "time_basis"));
	assert_null(domainxml_place(the(*state, "work"), "nonsense"));
	assert_null(domainxml_place(the(*state, "dom0"), "name"));
}

static void pci_devices_without_strict_reset(void **state)
{
	assert_place(*state, "net", "pcidevs",
		     "    <hostdev type='pci' managed='yes' nostrictreset='yes'>\n"
		     "      <source>\n"
		     "        <address bus='0x02' slot='0x00' function='0x0'/>\n"
		     "      </source>\n"
		     "    </hostdev>\n"
		     "    <hostdev type='pci' managed='yes' nostrictreset='yes'>\n"
		     "      <source>\n"
		     "        <address bus='0x00' slot='0x1d' function='0x7'/>\n"
		     "      </source>\n"
		     "    </hostdev>\n");
}

static void drives_of_hvms(void **state)
{
	const struct world *w = *state;
	AUTO_FREE char *cd = util_printf("    <disk type='block' device='cdrom'>\n"
					 "      <driver name='phy'/>\n"
					 "      <source dev='%s/iso/a:b.iso'/>\n"
					 "      <target dev='xvdd' bus='xen'/>\n"
					 "      <readonly/>\n"
					 "    </disk>\n",
					 w->directory);

	assert_place(w, "cd", "otherdevs", cd);
	assert_place(w, "hd", "otherdevs",
		     "    <disk type='block' device='disk'>\n"
		     "      <driver name='phy'/>\n"
		     "      <source dev='/img'/>\n" /* in the other VM: no root of ours */
		     "      <target dev='xvdd' bus='xen'/>\n"
		     "      <backenddomain name='work'/>\n"
		     "    </disk>\n");
	assert_place(w, "bare", "otherdevs", "");
	assert_refused(w, "oddcd", "cdrom:nowhere");
}

/* Seconds may well be west of Greenwich; what is neither is taken as UTC, with a warning. */
static void timezones(void **state)
{
	assert_place(*state, "bare", "time_basis", "localtime");
	assert_place(*state, "bare", "timeoffset", "0");
	assert_place(*state, "west", "time_basis", "utc");
	assert_place(*state, "west", "timeoffset", "-3600");
	assert_place(*state, "mars", "time_basis", "utc");
	assert_place(*state, "mars", "timeoffset", "0");
}

static void broken_values_are_refused(void **state)
{
	assert_refused(*state, "badpci", "02:00.0 onload=x");
	assert_refused(*state, "broken", "memory of broken");
	assert_refused(*state, "lost", "the kernel of lost");
	assert_refused(*state, "dom0", "not a domain of ours");
}

static void modules_are_attached_only_if_they_are_there(void **state)
{
	const struct world *w = *state;

	assert_int_equal(root_unlink(w->q.root, BASE "/vm-kernels/4.1/modules.img"), 0);
	assert_place(w, "work", "otherdevs", "");
}

/* ---- templates ---- */

static void files_of_the_system_go_before_the_built_in_ones(void **state)
{
	make_file(*state, TEMPLATE, 0, "PV {name}");
	make_file(*state, "/usr/share/qubes/vm-template-hvm.xml", 0, "HVM {name}");
	assert_xml(*state, "work", "PV work");
	assert_xml(*state, "bare", "HVM bare");
}

/* As in the original's files: 3.0's markers hide one element, those of 3.1 choose between two. */
static void markers_hide_what_is_for_others(void **state)
{
	make_file(*state, TEMPLATE, 0,
		  "{disable_network1}<a/>{disable_network2}{network_begin}<b/>{network_end}"
		  "{no_network_begin}<c/>{no_network_end}");
	assert_xml(*state, "work", "<a/><b/><!--<c/>-->");
	assert_xml(*state, "vault", "<!--<a/>--><!--<b/>--><c/>");
}

static void braces_are_doubled_or_places(void **state)
{
	make_file(*state, TEMPLATE, 0, "{{{name}}} {{mem}}");
	assert_xml(*state, "work", "{work} {mem}");
}

static void mistakes_in_templates_are_named(void **state)
{
	static const struct {
		const char *template, *said;
	} mistakes[] = {
		{ "<a/>\n<b>{nmae}</b>", TEMPLATE ", line 2: the class AppVM has no {nmae}" },
		{ "{time_basis}", TEMPLATE ", line 1: the class AppVM has no {time_basis}" },
		{ "\n\n{ name }", TEMPLATE ", line 3: a brace that belongs to no {place}" },
		{ "{name", TEMPLATE ", line 1: a brace that belongs to no {place}" },
		{ "name}", TEMPLATE ", line 1: a brace that belongs to no {place}" },
		{ "{}", TEMPLATE ", line 1: a brace that belongs to no {place}" },
		{ "{a_name_that_goes_on_for_longer_than_any_place}", "a brace that belongs to no {place}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		make_file(*state, TEMPLATE, 0, mistakes[i].template);
		assert_refused(*state, "work", mistakes[i].said);
	}
}

static void a_template_must_be_text_of_a_sensible_size(void **state)
{
	make_file(*state, TEMPLATE, 100, "<domain/>"); /* and zero bytes */
	assert_refused(*state, "work", "not a text file");
	make_file(*state, TEMPLATE, (1 << 20) + 1, "<domain/>");
	assert_refused(*state, "work", "cannot read " TEMPLATE);
}

/* ---- the VM's own configuration ---- */

static void a_configuration_of_ones_own_is_taken_as_it_is(void **state)
{
	assert_refused(*state, "custom", "the domain configuration /etc/custom.conf does not exist");
	make_file(*state, "/etc/custom.conf", 0, "<domain>{as it is}</domain>");
	assert_xml(*state, "custom", "<domain>{as it is}</domain>");
}

static char *kept(const struct world *w, const char *path, mode_t *mode)
{
	struct stat st;
	size_t length;

	assert_int_equal(root_lstat(w->q.root, path, &st), 0);
	*mode = st.st_mode & 07777;
	return root_read(w->q.root, path, 1 << 20, &length);
}

static void a_copy_is_kept_in_the_vms_directory(void **state)
{
	mode_t mode;

	make_file(*state, BASE "/appvms/work/work.conf", 0, "an old one");
	domainxml_keep(the(*state, "work"), "<domain/>");
	AUTO_FREE char *text = kept(*state, BASE "/appvms/work/work.conf", &mode);
	assert_string_equal(text, "<domain/>");
	assert_int_equal(mode, 0660);
}

static void ones_own_configuration_is_never_overwritten(void **state)
{
	mode_t mode;

	make_file(*state, "/etc/custom.conf", 0, "mine");
	make_file(*state, BASE "/appvms/custom/private.img", 0, "");
	domainxml_keep(the(*state, "custom"), "<domain/>");
	AUTO_FREE char *text = kept(*state, "/etc/custom.conf", &mode);
	assert_string_equal(text, "mine");
}

static void what_cannot_be_kept_is_only_noted(void **state)
{
	domainxml_keep(the(*state, "work"), "<domain/>"); /* it has no directory */
	assert_int_equal(error_kind(), ERROR_NONE);
}

/* ---- other hypervisors ---- */

/* libvirt's test driver checks what it defines as the real ones do. */
static void the_test_driver_runs_vms_of_every_class(void **state)
{
	static const char *const names[] = {
		"tpl", "net", "fw", "work", "vault", "quoted", "bare", "cd", "west", "winnet",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct vm *vm = the(*state, names[i]);
		AUTO_FREE char *xml = domainxml_of(vm, "test");

		assert_non_null(xml);
		assert_null(strstr(xml, "xen"));
		assert_int_equal(vmm_define(vm, xml), 0);
		assert_int_equal(vmm_create_paused(vm), 0);
		assert_int_equal(vmm_destroy(vm), 0);
		assert_int_equal(vmm_undefine(vm), 0);
	}
}

/* They have no block scripts, so a template's root image could be written to by all its VMs at once. */
static void other_hypervisors_get_a_templates_root_read_only(void **state)
{
	static const char *const types[] = { "qemu", "test", "lxc" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		AUTO_FREE char *xml = domainxml_of(the(*state, "work"), types[i]);
		const char *source = strstr(xml, "/vm-templates/tpl/root.img'/>");
		const char *end = source ? strstr(source, "\n    </") : NULL;

		assert_non_null(end);
		assert_true(strstr(source, "<readonly/>") && strstr(source, "<readonly/>") < end);
		assert_null(strstr(xml, "root-cow"));
	}
}

static void other_hypervisors_can_have_templates_too(void **state)
{
	make_file(*state, TEMPLATE, 0, "for Xen");
	make_file(*state, "/usr/share/qubes/vm-template-qemu.xml", 0, "for {type}");
	AUTO_FREE char *xml = domainxml_of(the(*state, "work"), "qemu");
	assert_string_equal(xml, "for qemu");
	assert_null(domainxml_of(the(*state, "work"), "../x"));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(values_are_escaped_whatever_they_contain),
		WITH_WORLD(a_value_is_not_a_template),
		WITH_WORLD(a_place_of_another_class_is_none),
		WITH_WORLD(pci_devices_without_strict_reset),
		WITH_WORLD(drives_of_hvms),
		WITH_WORLD(timezones),
		WITH_WORLD(broken_values_are_refused),
		WITH_WORLD(modules_are_attached_only_if_they_are_there),
		WITH_WORLD(files_of_the_system_go_before_the_built_in_ones),
		WITH_WORLD(markers_hide_what_is_for_others),
		WITH_WORLD(braces_are_doubled_or_places),
		WITH_WORLD(mistakes_in_templates_are_named),
		WITH_WORLD(a_template_must_be_text_of_a_sensible_size),
		WITH_WORLD(a_configuration_of_ones_own_is_taken_as_it_is),
		WITH_WORLD(a_copy_is_kept_in_the_vms_directory),
		WITH_WORLD(ones_own_configuration_is_never_overwritten),
		WITH_WORLD(what_cannot_be_kept_is_only_noted),
		WITH_WORLD(the_test_driver_runs_vms_of_every_class),
		WITH_WORLD(other_hypervisors_get_a_templates_root_read_only),
		WITH_WORLD(other_hypervisors_can_have_templates_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
