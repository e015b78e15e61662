/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the domainxml room share: the domain in the making, and who writes which part of it.
 */
#ifndef QUBES_DOMAINXML_INTERNAL_H
#define QUBES_DOMAINXML_INTERNAL_H

#include "domainxml.h"
#include "util.h"

struct domain {
	struct vm *vm;
	const char *type; /* "xen", "qemu", ... */
	bool xen;	  /* what Qubes is made for; others get what they have in common with it */
	bool container;	  /* shares the host's kernel: no kernel, no disks, a file system */
};

struct domain domainxml_domain(struct vm *vm, const char *type);

/* domainxml_escape() of PATH as the host sees it; NULL adds nothing. */
void domainxml_escape_path(struct strbuf *out, const struct domain *domain, const char *path);

/* Appends the value of one place. 0; 1: there is no such place for this VM; -1 with an error. */
int domainxml_add_place(struct strbuf *out, const struct domain *domain, const char *name);

/* Appends TEMPLATE (called NAME in messages) with all places filled in. 0, or -1 with an error. */
int domainxml_fill(struct strbuf *out, const struct domain *domain, const char *name, const char *template);

/* The built-in template. */
const char *domainxml_builtin(const struct domain *domain);

/* Writers of places: disks.c and devices.c. 0, or -1 with an error. */
int domainxml_add_root(struct strbuf *out, const struct domain *domain);
int domainxml_add_private(struct strbuf *out, const struct domain *domain);
int domainxml_add_volatile(struct strbuf *out, const struct domain *domain);
int domainxml_add_others(struct strbuf *out, const struct domain *domain);
int domainxml_add_interface(struct strbuf *out, const struct domain *domain);
int domainxml_add_pci(struct strbuf *out, const struct domain *domain);
int domainxml_add_features(struct strbuf *out, const struct domain *domain);

#endif
