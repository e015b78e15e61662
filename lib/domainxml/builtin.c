/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The templates for a system that has no files of them: Xen's two, and one for each kind of other
 * hypervisor, with the same machine as far as that hypervisor can have it.
 */
#include <string.h>

#include "internal.h"

/* clang-format off */
#define HEAD \
	"<domain type='{type}'>\n" \
	"  <name>{name}</name>\n" \
	"  {uuidnode}\n" \
	"  <memory unit='MiB'>{maxmem}</memory>\n" \
	"  <currentMemory unit='MiB'>{mem}</currentMemory>\n" \
	"  <vcpu placement='static'>{vcpus}</vcpu>\n"

#define ENDINGS \
	"  <on_poweroff>destroy</on_poweroff>\n" \
	"  <on_reboot>destroy</on_reboot>\n" \
	"  <on_crash>destroy</on_crash>\n"

#define KERNEL \
	"    <kernel>{kerneldir}/vmlinuz</kernel>\n" \
	"    <initrd>{kerneldir}/initramfs</initrd>\n"

#define OPEN_DEVICES "  <devices>\n"
#define CLOSE_DEVICES "  </devices>\n</domain>\n"

static const char xen_pv[] =
	HEAD
	"  <os>\n"
	"    <type arch='x86_64' machine='xenpv'>linux</type>\n"
	KERNEL
	"    <cmdline>root=/dev/mapper/dmroot ro nomodeset console=hvc0 rd_NO_PLYMOUTH rd.plymouth.enable=0"
	" plymouth.enable=0 {kernelopts}</cmdline>\n"
	"  </os>\n"
	"  <features>{features}</features>\n"
	"  <clock offset='utc' adjustment='reset'>\n"
	"    <timer name='tsc' mode='native'/>\n"
	"  </clock>\n"
	ENDINGS
	OPEN_DEVICES
	"{rootdev}{privatedev}{volatiledev}{otherdevs}{netdev}{pcidevs}"
	"    <console type='pty'>\n"
	"      <target type='xen' port='0'/>\n"
	"    </console>\n"
	CLOSE_DEVICES;

/* The stub domain of a networked VM is told the addresses that it hands out. */
static const char xen_hvm[] =
	HEAD
	"  <os>\n"
	"    <type arch='x86_64' machine='xenfv'>hvm</type>\n"
	"    <loader>hvmloader</loader>\n"
	"    <boot dev='cdrom'/>\n"
	"    <boot dev='hd'/>\n"
	"  </os>\n"
	"  <features><pae/><acpi/><apic/><viridian/>{features}</features>\n"
	"  <clock offset='variable' adjustment='{timeoffset}' basis='{time_basis}'/>\n"
	ENDINGS
	OPEN_DEVICES
	"    {no_network_begin}<emulator type='stubdom'/>{no_network_end}\n"
	"    {network_begin}<emulator type='stubdom' cmdline='-net lwip,client_ip={ip},server_ip={dns2},"
	"dns={dns1},gw={gateway},netmask={netmask}'/>{network_end}\n"
	"{rootdev}{privatedev}{otherdevs}{netdev}{pcidevs}"
	"    <input type='tablet' bus='usb'/>\n"
	"    <video>\n"
	"      <model type='xen' vram='16384'/>\n"
	"    </video>\n"
	CLOSE_DEVICES;

#define SERIAL_CONSOLE \
	"    <console type='pty'>\n" \
	"      <target type='serial' port='0'/>\n" \
	"    </console>\n"

static const char other_pv[] =
	HEAD
	"  <os>\n"
	"    <type>hvm</type>\n"
	KERNEL
	"    <cmdline>root=/dev/vda ro console=ttyS0 {kernelopts}</cmdline>\n"
	"  </os>\n"
	"  <features><acpi/></features>\n"
	"  <clock offset='utc'/>\n"
	ENDINGS
	OPEN_DEVICES
	"{rootdev}{privatedev}{volatiledev}{otherdevs}{netdev}"
	SERIAL_CONSOLE
	CLOSE_DEVICES;

static const char other_hvm[] =
	HEAD
	"  <os>\n"
	"    <type>hvm</type>\n"
	"    <boot dev='cdrom'/>\n"
	"    <boot dev='hd'/>\n"
	"  </os>\n"
	"  <features><acpi/></features>\n"
	"  <clock offset='variable' adjustment='{timeoffset}' basis='{time_basis}'/>\n"
	ENDINGS
	OPEN_DEVICES
	"{rootdev}{privatedev}{otherdevs}{netdev}"
	SERIAL_CONSOLE
	CLOSE_DEVICES;

/* A container: the root image is its file system, the host's kernel its kernel. */
static const char container[] =
	HEAD
	"  <os>\n"
	"    <type>exe</type>\n"
	"    <init>/sbin/init</init>\n"
	"  </os>\n"
	ENDINGS
	OPEN_DEVICES
	"{rootdev}{netdev}"
	"    <console type='pty'/>\n"
	CLOSE_DEVICES;
/* clang-format on */

const char *domainxml_builtin(const struct domain *domain)
{
	bool hvm = vm_is(domain->vm, VM_HVMS);

	if (domain->xen)
		return hvm ? xen_hvm : xen_pv;
	if (domain->container)
		return container;
	return hvm ? other_hvm : other_pv;
}
