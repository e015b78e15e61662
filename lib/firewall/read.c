/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading firewall.xml: anybody's text until it has been through here.
 *
 * What the original tools wrote is read, also where it makes no sense; what they did not know is refused,
 * for it would be lost when the file is written again.
 */
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "internal.h"
#include "xmlfile.h"

#define FILE_SIZE_MAX (1 << 20)
#define ROOT_ELEMENT "QubesFirewallRules"
#define ROOT_ELEMENT_4 "firewall"
#define EXPIRES_MAX (1ULL << 52)

static const char *const root_attributes[] = { "dns", "icmp", "policy", "yumProxy", NULL };
static const char *const rule_attributes[] = {
	"address", "proto", "netmask", "port", "toport", "expire", NULL,
};

/* What is being read, for messages. */
struct reader {
	const struct vm *vm;
	const char *path;
	struct xmlfile *file;
	struct firewall *into;
};

int firewall_fault(const struct xmlfile *file, const char *path, xmlfile_element *element, const char *what)
{
	return error_set(ERROR_FAILED, "%s, line %zu: %s", path, xmlfile_line(file, element), what);
}

static int fault(const struct reader *reader, xmlfile_element *element, const char *what)
{
	return firewall_fault(reader->file, reader->path, element, what);
}

static int fault_in(const struct reader *reader, xmlfile_element *element, const char *name)
{
	AUTO_FREE char *what =
		util_printf("%s=\"%s\" is not understood", name, xmlfile_attribute(element, name));

	return fault(reader, element, what);
}

/* ---- rules ---- */

static int check_attributes(const struct reader *reader, xmlfile_element *element, const char *const *known)
{
	const char *name;

	for (size_t i = 0; (name = xmlfile_attribute_name(element, i)); i++) {
		const char *const *at = known;

		while (*at && strcmp(*at, name) != 0)
			at++;
		if (!*at)
			return fault_in(reader, element, name);
	}
	return 0;
}

/* An absent one leaves VALUE alone. */
static int read_number(const struct reader *reader, xmlfile_element *element, const char *name,
		       unsigned long long max, unsigned long long *value)
{
	const char *text = xmlfile_attribute(element, name);

	if (!text || util_parse_decimal(text, max, value))
		return 0;
	return fault_in(reader, element, name);
}

static int read_address(const struct reader *reader, xmlfile_element *element, struct firewall_rule *rule)
{
	const char *address = xmlfile_attribute(element, "address");

	if (!address)
		return fault(reader, element, "a rule without an address");
	if (!firewall_is_plain_address(address))
		return fault_in(reader, element, "address");
	rule->address = arena_strdup(reader->vm->qubes->arena, address);
	return 0;
}

/* A file of the first releases does not say it. */
static int read_protocol(const struct reader *reader, xmlfile_element *element, struct firewall_rule *rule)
{
	const char *name = xmlfile_attribute(element, "proto");
	int protocol = name ? firewall_protocol_by_name(name) : rule->port ? FIREWALL_TCP : FIREWALL_ANY;

	if (protocol < 0)
		return fault_in(reader, element, "proto");
	rule->protocol = (enum firewall_protocol)protocol;
	return 0;
}

static int read_rule(const struct reader *reader, xmlfile_element *element, struct firewall_rule *rule)
{
	unsigned long long bits = FIREWALL_BITS, port = 0, last = 0, expires = 0;

	if (check_attributes(reader, element, rule_attributes) < 0 ||
	    read_address(reader, element, rule) < 0 ||
	    read_number(reader, element, "netmask", FIREWALL_BITS, &bits) < 0 ||
	    read_number(reader, element, "port", INT_MAX, &port) < 0 ||
	    read_number(reader, element, "toport", INT_MAX, &last) < 0 ||
	    read_number(reader, element, "expire", EXPIRES_MAX, &expires) < 0)
		return -1;
	rule->bits = (int)bits;
	rule->port = (int)port;
	rule->last = (int)last;
	rule->expires = (long long)expires;
	/* One that expired with the epoch is not one that never does. */
	if (xmlfile_attribute(element, "expire") && !expires)
		rule->expires = 1;
	return read_protocol(reader, element, rule);
}

/* ---- the file ---- */

static bool is_allowed(xmlfile_element *root, const char *name)
{
	const char *text = xmlfile_attribute(root, name);

	return text && strcmp(text, "allow") == 0;
}

static int read_root(const struct reader *reader)
{
	xmlfile_element *root = xmlfile_root(reader->file);

	if (strcmp(xmlfile_name(root), ROOT_ELEMENT_4) == 0)
		return fault(reader, root, "these are rules of release 4");
	if (strcmp(xmlfile_name(root), ROOT_ELEMENT) != 0)
		return fault(reader, root, "the root is not <" ROOT_ELEMENT ">");
	if (check_attributes(reader, root, root_attributes) < 0)
		return -1;
	reader->into->allow = is_allowed(root, "policy");
	reader->into->icmp = is_allowed(root, "icmp");
	reader->into->dns = is_allowed(root, "dns");
	reader->into->yum_proxy = is_allowed(root, "yumProxy");
	return 0;
}

static int read_rules(const struct reader *reader)
{
	xmlfile_element *root = xmlfile_root(reader->file), *element = NULL;

	while ((element = xmlfile_next(root, element))) {
		struct firewall_rule rule = { 0 };

		if (strcmp(xmlfile_name(element), "rule") != 0)
			return fault(reader, element, "something else than a <rule>");
		if (xmlfile_next(element, NULL))
			return fault(reader, element, "there is something in a <rule>");
		if (read_rule(reader, element, &rule) < 0)
			return -1;
		if (!firewall_is_over(rule.expires))
			firewall_add(reader->vm->qubes, reader->into, &rule);
	}
	return 0;
}

static int read_file(const struct vm *vm, const char *path, struct firewall *firewall)
{
	AUTO_XMLFILE struct xmlfile *file = xmlfile_read(vm->qubes->root, path, FILE_SIZE_MAX);
	struct reader reader = { vm, path, file, firewall };

	*firewall = (struct firewall){ .stored = true };
	return file && read_root(&reader) == 0 && read_rules(&reader) == 0 ? 0 : -1;
}

int firewall_load(const struct vm *vm, struct firewall *firewall)
{
	const char *path = firewall_path(vm);

	if (firewall_get_saved(vm, firewall) || (path && read_file(vm, path, firewall) == 0))
		return 0;
	if (path && error_kind() != ERROR_NOT_FOUND)
		return error_within("the firewall of %s", vm->name);
	error_clear();
	*firewall = firewall_default(vm);
	return 0;
}

/* ---- where it is, and what holds without it ---- */

const char *firewall_path(const struct vm *vm)
{
	struct layout_value stored = vm_get(vm, "firewall_conf");
	const char *text = stored.presence == LAYOUT_SET ? stored.text : NULL;

	if (!text || !*text || strcasecmp(text, "none") == 0)
		return vm_path(vm, "firewall.xml");
	return text[0] == '/' ? arena_strdup(vm->qubes->arena, text) : vm_path(vm, text);
}

/* A template is only reached by its updates. */
struct firewall firewall_default(const struct vm *vm)
{
	bool template = vm_is(vm, VM_TEMPLATE);

	return (struct firewall){
		.allow = !template,
		.icmp = !template,
		.dns = !template,
		.yum_proxy = template,
	};
}
