/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domainxml - a VM as libvirt domain XML, through a template with named places.
 *
 * The template is ROOT/usr/share/qubes/vm-template.xml (vm-template-hvm.xml; for another hypervisor than
 * Xen vm-template-TYPE.xml, vm-template-TYPE-hvm.xml), or a built-in one if that is not there; every value
 * is escaped.
 */
#ifndef QUBES_DOMAINXML_H
#define QUBES_DOMAINXML_H

#include "util.h"
#include "vm.h"

/*
 * The XML of VM for a hypervisor whose domain type is TYPE ("xen", "test", ...). A conf_file that is not
 * the generated one is taken verbatim. The caller frees; NULL with an error.
 */
char *domainxml_of(struct vm *vm, const char *type);

/* An image of the host as a disk of VM, which it has for a part of its run alone. */
struct domainxml_disk {
	const char *target; /* "xvdi" */
	const char *path;   /* below the root */
	bool readonly;
};
/* As domainxml_of: for vmm_attach and vmm_detach. */
char *domainxml_of_disk(struct vm *vm, const char *type, const struct domainxml_disk *disk);

/* One value of the template's named places ("mem", "rootdev", ...), escaped; NULL: no such place. The caller frees. */
char *domainxml_place(struct vm *vm, const char *place);

/* The network interface of VM, as a device of its own; "": it has no netvm. The caller frees; NULL with an error. */
char *domainxml_interface(struct vm *vm, const char *type);

/* Appends TEXT as character data or attribute value, whatever the quotes. */
void domainxml_escape(struct strbuf *out, const char *text);

/* Appends the element of PCI device "BB:DD.F" for VM. 0, or -1 with an error: it is none. */
int domainxml_add_hostdev(struct strbuf *out, const struct vm *vm, const char *device);

/* Writes XML to the VM's conf_file; a failure is only a note (as the original does). */
void domainxml_keep(struct vm *vm, const char *xml);

#endif
