/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which disks a domain has at the moment: from its live XML, of which nobody says that it is as ours would be.
 */
#include "vmm_access.h"

/* The domain of VM with these devices, which is not active yet. */
static void define_with(struct vm *vm, const char *devices)
{
	AUTO_FREE char *xml = util_printf(
		"<domain type='test'><name>%s</name><uuid>%s</uuid><memory unit='MiB'>400</memory>"
		"<os><type arch='i686'>hvm</type></os><devices>%s</devices></domain>",
		vm->name, vm_uuid(vm), devices);

	assert_done(vmm_define(vm, xml));
}

static const struct vmm_disk *disks_of(struct vm *vm)
{
	const struct vmm_disk *disks = vmm_disks(vm);

	if (!disks)
		fail_msg("%s: %s", vm->name, error_message());
	return disks;
}

static void a_disk_is_what_the_xml_says(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));
	const struct vmm_disk *disks;

	define_with(vm, "<disk type='block' device='disk'><driver name='phy'/><source dev='/dev/a&amp;b'/>"
			"<target dev='xvdi'/><backenddomain name='usb'/><readonly/></disk>"
			"<interface type='user'/>"
			"<disk type='file' device='cdrom'><source file='/a.iso'/><target dev='hda'/></disk>");
	assert_done(vmm_create_paused(vm));
	disks = disks_of(vm);
	assert_string_equal(disks[0].target, "hda"); /* libvirt sorts them by their targets */
	assert_string_equal(disks[0].source, "/a.iso");
	assert_null(disks[0].backend);
	assert_true(disks[0].is_file && disks[0].is_cdrom);
	assert_string_equal(disks[1].target, "xvdi");
	assert_string_equal(disks[1].source, "/dev/a&b");
	assert_string_equal(disks[1].backend, "usb");
	assert_true(disks[1].read_only && !disks[1].is_file && !disks[1].is_cdrom);
	assert_null(disks[2].target);
	assert_string_equal(disks[0].xml,
			    "<disk type='file' device='cdrom'>\n      <source file='/a.iso'/>\n"
			    "      <target dev='hda' bus='ide'/>\n      <readonly/>\n"
			    "      <address type='drive' controller='0' bus='0' target='0' unit='0'/>\n"
			    "    </disk>");
	assert_non_null(strstr(disks[1].xml, "<driver name='phy'/>"));
	assert_non_null(strstr(disks[1].xml, "<source dev='/dev/a&amp;b'"));
	assert_null(strstr(disks[1].xml, "/a.iso"));
}

static void a_source_elsewhere_takes_a_target(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));
	const struct vmm_disk *disks;

	define_with(vm, "<disk type='network' device='disk'><source protocol='nbd' name='x'><host name='h'/>"
			"</source><target dev='xvdi'/></disk>"
			"<disk type='block' device='cdrom'><target dev='xvdd'/></disk>");
	assert_done(vmm_create_paused(vm));
	disks = disks_of(vm);
	assert_string_equal(disks[0].target, "xvdd");
	assert_null(disks[0].source); /* an empty drive */
	assert_string_equal(disks[1].target, "xvdi");
	assert_null(disks[1].source);
}

static void who_is_off_has_none(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));

	assert_null(disks_of(vm)->target);
	define_with(vm, "<disk type='block'><source dev='/dev/a'/><target dev='xvdi'/></disk>");
	assert_null(disks_of(vm)->target);
	assert_null(disks_of(context_vm(&world->q, 0, "dom0", NULL))->target);
}

static void without_a_hypervisor_nobody_knows(void **state)
{
	struct world *world = *state;
	struct qubes *q = reopen(world, world->uri, true);

	assert_null(vmm_disks(context_vm(q, 1, "running", UUID_OF("0001"))));
	assert_int_equal(error_kind(), ERROR_OFFLINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_disk_is_what_the_xml_says),
		T(a_source_elsewhere_takes_a_target),
		T(who_is_off_has_none),
		T(without_a_hypervisor_nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
