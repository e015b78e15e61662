/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classes of an R4 store's domains: is there such a one, and is it what all else of the domain says? All else
 * depends on them, so they are put right first.
 */
#include <string.h>
#include <strings.h>

#include "r4.h"

/* ---- what a domain says of its class, but for the word ---- */

static bool is_snapshot(const store_node *domain, const char *volume)
{
	const store_node *node = r4_volume(domain, volume);

	return node && r4_volume_flag(node, "snap_on_start");
}

static bool is_kept(const store_node *domain, const char *volume)
{
	const store_node *node = r4_volume(domain, volume);

	return node && r4_volume_flag(node, "save_on_stop") && !r4_volume_flag(node, "snap_on_start");
}

static bool has_template_files(const store_node *domain)
{
	FOR_EACH_ITEM(domain, "volume-config", "volume", volume)
	{
		const char *vid = element_attribute(volume, "vid");

		if (vid && util_starts_with(vid, "vm-templates/"))
			return true;
	}
	return false;
}

static bool is_named_template(const struct r4 *r, const store_node *of, const char *property,
			      const struct r4_vm *vm)
{
	const char *name = r4_text(r, of, property);

	return name && vm->name && !strcmp(name, vm->name);
}

/* Has one based on it a root volume that is a snapshot of its own? */
static bool has_snapshots(const struct r4 *r, const struct r4_vm *vm)
{
	const store_node *root = r4_volume(vm->node, "root");
	const char *vid = root ? element_attribute(root, "vid") : NULL;

	for (size_t i = 0; vid && i < r->count; i++) {
		const store_node *other = r4_volume(r->vms[i].node, "root");
		const char *source = other ? element_attribute(other, "source") : NULL;

		if (source && !strcmp(source, vid) && is_named_template(r, r->vms[i].node, "template", vm))
			return true;
	}
	return false;
}

static bool is_used_as_template(const struct r4 *r, const struct r4_vm *vm)
{
	return has_template_files(vm->node) || r4_property(vm->node, "appvm_default_bootmode") ||
	       is_named_template(r, r->root, "default_template", vm) || has_snapshots(r, vm);
}

static const char *class_of_based(const struct r4 *r, const struct r4_vm *vm)
{
	const char *name = r4_text(r, vm->node, "template");
	const struct r4_vm *template = name && *name ? r4_vm_by_name(r, name) : NULL;
	bool named = r4_property(vm->node, "dispid") || r4_property(vm->node, "auto_cleanup");

	/* Only what is disposable is based on an AppVM, and on nothing else; but the template may be what is wrong. */
	if (template && r4_is(template, VM4_TEMPLATE))
		named = false;
	return named || is_snapshot(vm->node, "private") ? "DispVM" : "AppVM";
}

/* By its volumes and who is based on it; NULL: they say nothing. */
static const char *class_by_evidence(const struct r4 *r, const struct r4_vm *vm)
{
	if (is_kept(vm->node, "root"))
		return is_used_as_template(r, vm) ? "TemplateVM" : "StandaloneVM";
	if (is_snapshot(vm->node, "root") || r4_property(vm->node, "dispid"))
		return class_of_based(r, vm);
	return NULL;
}

/* ---- no class at all ---- */

static const struct {
	const char *name, *based, *alone;
} words[] = {
	{ "AdminVM", "AppVM", "StandaloneVM" },	  { "TemplateVM", "AppVM", "TemplateVM" },
	{ "AppVM", "AppVM", "StandaloneVM" },	  { "StandaloneVM", "AppVM", "StandaloneVM" },
	{ "DispVM", "DispVM", "StandaloneVM" },	  { "NetVM", "AppVM", "StandaloneVM" },
	{ "ProxyVM", "AppVM", "StandaloneVM" },	  { "HVM", "AppVM", "StandaloneVM" },
	{ "TemplateHVM", "AppVM", "TemplateVM" }, { "DisposableVM", "DispVM", "StandaloneVM" },
};

/* By the WORD that it has, as it is based on something or not; NULL: that is no word at all. */
static const char *class_by_word(const char *word, bool based)
{
	for (size_t i = 0; word && i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(word, words[i].name))
			return based ? words[i].based : words[i].alone;
	return NULL;
}

static bool is_based_upon(const struct r4 *r, const struct r4_vm *vm)
{
	for (size_t i = 0; i < r->count; i++)
		if (is_named_template(r, r->vms[i].node, "template", vm))
			return true;
	return false;
}

/* Has it nothing that tells VMs apart, as dom0 alone? */
static bool is_like_dom0(const struct r4_vm *vm)
{
	const char *id = element_attribute(vm->node, "id");

	if (r4_property(vm->node, "template") || element_next(vm->node, NULL, "volume-config"))
		return false;
	return !r4_property(vm->node, "name") && !r4_property(vm->node, "qid") &&
	       (!id || !strcmp(id, "domain-0") || !util_starts_with(id, "domain-"));
}

static const char *guess_class(const struct r4 *r, const struct r4_vm *vm)
{
	const char *word = element_attribute(vm->node, "class"), *evidence, *named;

	if (is_like_dom0(vm))
		return "AdminVM";
	evidence = class_by_evidence(r, vm);
	/* That nobody is based on it yet does not say that it is no template. */
	if (evidence && strcmp(evidence, "StandaloneVM"))
		return evidence;
	if (!evidence && r4_property(vm->node, "template"))
		evidence = class_of_based(r, vm);
	named = class_by_word(word, evidence && strcmp(evidence, "StandaloneVM"));
	if (named)
		return named;
	if (evidence && strcmp(evidence, "StandaloneVM"))
		return evidence;
	return is_based_upon(r, vm) ? "TemplateVM" : "StandaloneVM";
}

/* What R4.3 has, and the others have not. */
static bool is_remote(const struct r4 *r, const struct r4_vm *vm)
{
	return r4_is(vm, VM4_REMOTE) && !(r->f->loaded_by & FSCK_BEFORE_43) &&
	       !element_next(vm->node, NULL, "volume-config");
}

static void check_class(struct r4 *r, const struct r4_vm *vm)
{
	const char *class = element_attribute(vm->node, "class"), *guess;
	bool remote = r4_is(vm, VM4_REMOTE), admin = class && !strcmp(class, "AdminVM");
	struct fsck_finding *finding;

	if ((vm->class && !remote) || is_remote(r, vm))
		return;
	if (admin)
		finding = fsck_note(
			r->f, "class", FSCK_R4, vm->node, vm->shown,
			"its class is AdminVM, which is dom0's, and it has a name or qid of its own");
	else
		/* With what another class has it is none for R4.3 either. */
		finding = fsck_note(
			r->f, "class", remote && !r4_has_foreign_properties(r, vm) ? FSCK_BEFORE_43 : FSCK_R4,
			vm->node, vm->shown, class ? "there is no class '%s'" : "it has no class%s",
			class ? class : "");
	guess = guess_class(r, vm);
	/* A second dom0 would be worse. */
	if (!strcmp(guess, "AdminVM") && r->admin != &r->dom0)
		fsck_remedy(finding, "remove it", fsck_remove_node, vm->node, NULL, NULL);
	else
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", guess), fsck_set_attribute,
			    vm->node, "class", guess);
}

/* ---- the class of another one ---- */

/* What cannot be while VM is of its class, and could if it were of the one that all else says; NULL: nothing. */
static const char *contradiction(const struct r4 *r, const struct r4_vm *vm, const char *evidence)
{
	const char *name = r4_text(r, vm->node, "template");
	const struct r4_vm *template = name && *name ? r4_vm_by_name(r, name) : NULL;

	if (!strcmp(evidence, "AdminVM"))
		return "it has no name and no qid, and there is no other dom0";
	if (r4_is(vm, VM4_TEMPLATE | VM4_STANDALONE) && strcmp(evidence, "TemplateVM"))
		return name && strcmp(evidence, "StandaloneVM") ? "it is based on another one" : NULL;
	if (r4_is(vm, VM4_STANDALONE))
		return "others are based on it";
	if (!r4_is(vm, VM4_BASED))
		return NULL;
	if (!strcmp(evidence, "StandaloneVM") || !strcmp(evidence, "TemplateVM"))
		return name ? NULL : "it is based on nothing, and its root volume is kept";
	return template && !r4_is(template, vm->class->template_kind) &&
			       r4_is(template, vm4_class_by_type(evidence)->template_kind) ?
		       "its template is one for another class" :
		       NULL;
}

const char *r4_right_class(const struct r4 *r, const struct r4_vm *vm)
{
	const char *evidence = r4_is(vm, VM4_LOCAL) ? class_by_evidence(r, vm) : NULL;

	if (r4_is(vm, VM4_LOCAL) && r->admin == &r->dom0 && is_like_dom0(vm))
		return "AdminVM";
	if (!evidence || !strcmp(evidence, vm->class->type))
		return NULL;
	return contradiction(r, vm, evidence) ? evidence : NULL;
}

static void check_evidence(struct r4 *r, const struct r4_vm *vm)
{
	const char *right = r4_right_class(r, vm);
	struct fsck_finding *finding;

	/* What it has and its class has not tells it already. */
	if (!right || r4_check_foreign_properties(r, vm, right))
		return;
	finding = fsck_note(r->f, "class", FSCK_R4, vm->node, vm->shown, "its class is %s, but %s",
			    vm->class->type, contradiction(r, vm, right));
	fsck_remedy(finding, arena_printf(r->arena, "make it %s", right), fsck_set_attribute, vm->node,
		    "class", right);
}

void r4_check_classes(struct r4 *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct r4_vm *vm = &r->vms[i];

		if (!element_next(vm->node, NULL, NULL) && !r4_is(vm, VM_ADMIN) &&
		    (r->admin != &r->dom0 || !is_like_dom0(vm))) {
			fsck_remedy(fsck_note(r->f, "domain-empty", FSCK_R4, vm->node, NULL,
					      "a domain with nothing in it"),
				    "remove it", fsck_remove_node, vm->node, NULL, NULL);
			continue;
		}
		check_class(r, vm);
		check_evidence(r, vm);
	}
}
