/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What qubesd checks when it loads a store of release 4: with any other value it does not start.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "net.h"
#include "r4.h"
#include "util.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define HEX_DIGITS DIGITS "abcdef"
#define KERNELOPTS_MOST 512
#define UUID_DIGITS 32
#define INTERFACE_LENGTH 7

static int refuse(const struct prop *prop, const char *text)
{
	return error_set(ERROR_FAILED, "'%s' is no value for %s, which takes %s", text, prop->name,
			 prop->forms ? prop->forms : "another form");
}

static bool is_made_of(const char *text, size_t length, const char *characters)
{
	return strspn(text, characters) >= length;
}

static const char *in_small(const struct vm *vm, const char *text)
{
	char *copy = arena_strdup(vm->qubes->arena, text);

	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

/* ---- references ---- */

int prop4_loads_netvm(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	const struct vm *netvm = *text ? vm_find(vm->qubes, text) : NULL;

	(void)prop, (void)canonical;
	if (!netvm || vm_provides_network(netvm))
		return 0;
	return error_set(ERROR_FAILED, "%s does not provide network (qvm-prefs -s %s provides_network True)",
			 text, text);
}

int prop4_loads_template(const struct vm *vm, const struct prop *prop, const char *text,
			 const char **canonical)
{
	const struct vm *template = vm_find(vm->qubes, text);

	(void)canonical;
	if (!*text)
		return error_set(ERROR_FAILED, "%s cannot be none", prop->name);
	if (!vm_is(template, vm->class->template_kind))
		return error_set(ERROR_FAILED, "class %s cannot be based on %s, which is of class %s",
				 vm->type, text, template->type);
	if (vm_is(vm, VM4_DISPOSABLE) && !prop_flag(template, "template_for_dispvms"))
		return error_set(
			ERROR_FAILED,
			"%s is no template for disposable VMs (qvm-prefs -s %s template_for_dispvms True)",
			text, text);
	return 0;
}

int prop4_loads_default_template(const struct vm *vm, const struct prop *prop, const char *text,
				 const char **canonical)
{
	const struct vm *template = *text ? vm_find(vm->qubes, text) : NULL;

	(void)prop, (void)canonical;
	if (!template || vm_is(template, VM4_TEMPLATE))
		return 0;
	return error_set(ERROR_FAILED, "%s is no template: it is of class %s", text, template->type);
}

int prop4_loads_label(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	const struct vm_label *label = vm_find_label(vm->qubes, text);

	if (!label)
		return refuse(prop, text);
	*canonical = label->name;
	return 0;
}

int prop4_loads_pool(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	const struct qubes *q = vm->qubes;
	store_node *globals = q->layout->globals(store_root(q->store));

	(void)canonical;
	return layout_find_item(q->layout, globals, LAYOUT_POOLS, text) ? 0 : refuse(prop, text);
}

/* ---- texts ---- */

int prop4_loads_user(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	(void)vm;
	/* An odd one of qubesd's: nothing is read as that word. */
	if (!*text)
		*canonical = "None";
	return is_made_of(text, strlen(text), LETTERS DIGITS "_+,.-") ? 0 : refuse(prop, text);
}

int prop4_loads_kernel(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	(void)vm, (void)canonical;
	return strchr(text, '/') ? refuse(prop, text) : 0;
}

/* What is counted are characters, not bytes. */
int prop4_loads_kernelopts(const struct vm *vm, const struct prop *prop, const char *text,
			   const char **canonical)
{
	size_t characters = 0;

	(void)vm, (void)canonical;
	for (const char *c = text; *c; c++)
		characters += ((unsigned char)*c & 0xc0) != 0x80;
	if (characters <= KERNELOPTS_MOST)
		return 0;
	return error_set(ERROR_FAILED, "%s takes at most %d characters, not %zu", prop->name, KERNELOPTS_MOST,
			 characters);
}

int prop4_loads_virt_mode(const struct vm *vm, const struct prop *prop, const char *text,
			  const char **canonical)
{
	static const char *const modes[] = { "hvm", "pv", "pvh" };

	(void)vm;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (!strcasecmp(text, modes[i])) {
			*canonical = modes[i];
			return 0;
		}
	return refuse(prop, text);
}

/* "layout+variant+options"; only the first may not be empty. */
int prop4_loads_keyboard(const struct vm *vm, const struct prop *prop, const char *text,
			 const char **canonical)
{
	size_t layout = strspn(text, LETTERS), variant, options;

	(void)vm, (void)canonical;
	if (!layout || text[layout] != '+')
		return refuse(prop, text);
	text += layout + 1;
	variant = strspn(text, LETTERS DIGITS "_-");
	if (text[variant] != '+')
		return refuse(prop, text);
	text += variant + 1;
	options = strspn(text, LETTERS DIGITS "_:,-");
	return text[options] ? refuse(prop, text) : 0;
}

/* Codes of seven characters each, as "b******u030101". */
int prop4_loads_interfaces(const struct vm *vm, const struct prop *prop, const char *text,
			   const char **canonical)
{
	size_t length = strlen(text);

	(void)vm, (void)canonical;
	if (length % INTERFACE_LENGTH)
		return refuse(prop, text);
	for (size_t at = 0; at < length; at += INTERFACE_LENGTH)
		if (!strchr("bump*", text[at]) ||
		    !is_made_of(text + at + 1, INTERFACE_LENGTH - 1, HEX_DIGITS "*"))
			return refuse(prop, text);
	return 0;
}

/* ---- numbers of their own form ---- */

int prop4_loads_mac(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	if (!net_is_mac(text))
		return refuse(prop, text);
	*canonical = in_small(vm, text);
	return 0;
}

static int loads_address(int family, const struct vm *vm, const struct prop *prop, const char *text,
			 const char **canonical)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	char shown[INET6_ADDRSTRLEN];

	if (inet_pton(family, text, bytes) != 1 || !inet_ntop(family, bytes, shown, sizeof(shown)))
		return refuse(prop, text);
	*canonical = arena_strdup(vm->qubes->arena, shown);
	return 0;
}

int prop4_loads_ip(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	return loads_address(AF_INET, vm, prop, text, canonical);
}

int prop4_loads_ip6(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	return loads_address(AF_INET6, vm, prop, text, canonical);
}

/* With or without its dashes, in braces, behind "urn:uuid:", in any case. */
int prop4_loads_uuid(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	char digits[UUID_DIGITS + 1];
	size_t count = 0;

	text = util_starts_with(text, "urn:uuid:") ? text + strlen("urn:uuid:") : text;
	for (const char *c = text; *c; c++) {
		if (strchr("{}-", *c))
			continue;
		if (!isxdigit((unsigned char)*c) || count == UUID_DIGITS)
			return refuse(prop, text);
		digits[count++] = (char)tolower((unsigned char)*c);
	}
	digits[count] = '\0';
	if (count != UUID_DIGITS)
		return refuse(prop, text);
	*canonical = arena_printf(vm->qubes->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8,
				  digits + 12, digits + 16, digits + 20);
	return 0;
}
