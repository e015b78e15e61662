/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall.xml of release 4: read, from either version, changed as a list, and written with the store.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "xmlfile.h"

#define FILE_SIZE_MAX (1 << 20)

bool firewall_is_list(const struct qubes *q)
{
	return q->layout->format == STORE_R4;
}

/* ---- the list ---- */

void firewall4_insert(struct qubes *q, struct firewall4 *firewall, size_t at,
		      const struct firewall4_rule *rule)
{
	struct firewall4_rule *old = firewall->rules;

	if (firewall->count == firewall->room) {
		firewall->room = firewall->room ? firewall->room * 2 : 8;
		firewall->rules = arena_alloc(q->arena, firewall->room * sizeof(*old));
		if (old)
			memcpy(firewall->rules, old, firewall->count * sizeof(*old));
	}
	memmove(firewall->rules + at + 1, firewall->rules + at, (firewall->count - at) * sizeof(*rule));
	firewall->rules[at] = *rule;
	firewall->count++;
}

void firewall4_remove(struct firewall4 *firewall, size_t at)
{
	firewall->count--;
	memmove(firewall->rules + at, firewall->rules + at + 1,
		(firewall->count - at) * sizeof(*firewall->rules));
}

static bool is_same(const struct firewall4_rule *a, const struct firewall4_rule *b)
{
	for (int i = 0; i < FIREWALL4_PARTS; i++)
		if (!a->parts[i] != !b->parts[i] || (a->parts[i] && strcmp(a->parts[i], b->parts[i]) != 0))
			return false;
	return true;
}

int firewall4_find(const struct firewall4 *firewall, const struct firewall4_rule *rule)
{
	for (size_t i = 0; i < firewall->count; i++)
		if (is_same(&firewall->rules[i], rule))
			return (int)i;
	return -1;
}

static void append(struct qubes *q, struct firewall4 *firewall, const struct firewall4_rule *rule)
{
	firewall4_insert(q, firewall, firewall->count, rule);
}

struct firewall4 firewall4_default(struct qubes *q)
{
	const struct firewall4_rule all = { { [FIREWALL4_ACTION] = "accept" } };
	struct firewall4 firewall = { 0 };

	append(q, &firewall, &all);
	return firewall;
}

/* ---- a file of release 3 ---- */

/* A rule of words that this program itself has made. */
static int append_words(struct qubes *q, struct firewall4 *firewall, const char *text)
{
	AUTO_STRLIST struct strlist words = { 0 };
	char *rest = arena_strdup(q->arena, text), *word;
	struct firewall4_rule rule;

	while ((word = strsep(&rest, " ")))
		strlist_add(&words, word);
	if (!words.count || firewall4_parse(q, (char *const *)words.items, &rule) < 0)
		return -1;
	append(q, firewall, &rule);
	return 0;
}

/* What is refused by the policy needs no rule at the end. */
static int read_release3(const struct vm *vm, struct firewall4 *firewall)
{
	struct qubes *q = vm->qubes;
	struct firewall old;
	char *rest, *line;

	if (firewall_load(vm, &old) < 0)
		return -1;
	AUTO_FREE char *text = firewall_release4_text(&old);

	rest = arena_strdup(q->arena, text);
	while ((line = strsep(&rest, "\n")) && *line)
		if ((*rest || old.allow) && append_words(q, firewall, line) < 0)
			return -1;
	return 0;
}

/* ---- a file of release 4 ---- */

struct reader {
	struct qubes *q;
	const char *path;
	struct xmlfile *file;
};

static int fault(const struct reader *reader, xmlfile_element *element, const char *what)
{
	return firewall_fault(reader->file, reader->path, element, what);
}

/* The child of PARENT called NAME, which is all it has; NULL with an error. */
static xmlfile_element *only_child(const struct reader *reader, xmlfile_element *parent, const char *name)
{
	xmlfile_element *child = xmlfile_next(parent, NULL);

	if (child && strcmp(xmlfile_name(child), name) == 0 && !xmlfile_next(parent, child))
		return child;
	fault(reader, parent,
	      arena_printf(reader->q->arena, "there is something else here than one <%s>", name));
	return NULL;
}

static int read_part(const struct reader *reader, xmlfile_element *property, struct firewall4_rule *rule)
{
	const char *name = xmlfile_attribute(property, "name"), *text = xmlfile_text(property);

	for (int i = 0; name && i < FIREWALL4_PARTS; i++)
		if (strcmp(name, firewall4_names[i]) == 0) {
			rule->parts[i] = arena_strdup(reader->q->arena, text ? text : "");
			return 0;
		}
	return fault(reader, property,
		     arena_printf(reader->q->arena, "a rule's '%s' is not understood", name ? name : ""));
}

static bool is_over(const struct firewall4_rule *rule)
{
	const char *text = rule->parts[FIREWALL4_EXPIRE];
	unsigned long long moment;

	return text && util_parse_decimal(text, FIREWALL_EXPIRES_MAX, &moment) &&
	       firewall_is_over((long long)moment);
}

static int read_rule(const struct reader *reader, xmlfile_element *element, struct firewall4 *firewall)
{
	xmlfile_element *properties = only_child(reader, element, "properties"), *property = NULL;
	struct firewall4_rule rule = { 0 };

	if (!properties)
		return -1;
	while ((property = xmlfile_next(properties, property)))
		if (read_part(reader, property, &rule) < 0)
			return -1;
	if (firewall4_check(reader->q, &rule) < 0) {
		AUTO_FREE char *why = util_strdup(error_message());

		return fault(reader, element, why);
	}
	if (!is_over(&rule))
		append(reader->q, firewall, &rule);
	return 0;
}

static int read_rules(const struct reader *reader, struct firewall4 *firewall)
{
	xmlfile_element *rules = only_child(reader, xmlfile_root(reader->file), "rules"), *rule = NULL;

	if (!rules)
		return -1;
	while ((rule = xmlfile_next(rules, rule))) {
		if (strcmp(xmlfile_name(rule), "rule") != 0)
			return fault(reader, rule, "something else than a <rule>");
		if (read_rule(reader, rule, firewall) < 0)
			return -1;
	}
	return 0;
}

static bool is_release4(const struct xmlfile *file)
{
	const char *version = xmlfile_attribute(xmlfile_root(file), "version");

	return version && strcmp(version, "1") != 0;
}

static int read_file(const struct vm *vm, const char *path, struct firewall4 *firewall)
{
	AUTO_XMLFILE struct xmlfile *file = xmlfile_read(vm->qubes->root, path, FILE_SIZE_MAX);
	struct reader reader = { vm->qubes, path, file };

	*firewall = (struct firewall4){ .stored = true };
	if (!file)
		return -1;
	if (!is_release4(file))
		return read_release3(vm, firewall);
	if (strcmp(xmlfile_name(xmlfile_root(file)), "firewall") != 0 ||
	    strcmp(xmlfile_attribute(xmlfile_root(file), "version"), "2") != 0)
		return fault(&reader, xmlfile_root(file), "this is no <firewall> of version 2");
	return read_rules(&reader, firewall);
}

/* ---- loading ---- */

static struct firewall4 copy(struct qubes *q, const struct firewall4 *firewall)
{
	struct firewall4 new = { .stored = true };

	for (size_t i = 0; i < firewall->count; i++)
		append(q, &new, &firewall->rules[i]);
	return new;
}

int firewall4_load(const struct vm *vm, struct firewall4 *firewall)
{
	const struct firewall4 *queued = firewall_queued(vm);
	const char *path = firewall_path(vm);

	if (queued) {
		*firewall = copy(vm->qubes, queued);
		return 0;
	}
	if (path && read_file(vm, path, firewall) == 0)
		return 0;
	if (path && error_kind() != ERROR_NOT_FOUND)
		return error_within("the firewall of %s", vm->name);
	error_clear();
	*firewall = firewall4_default(vm->qubes);
	return 0;
}

/* ---- writing ---- */

/* All parts are printable ASCII. */
static void add_escaped(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&' || *text == '<' || *text == '>')
			strbuf_add(out, *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : "&gt;");
		else
			strbuf_add_bytes(out, text, 1);
	}
}

static void add_rule(struct strbuf *out, const struct firewall4_rule *rule)
{
	strbuf_add(out, "    <rule>\n      <properties>\n");
	for (int i = 0; i < FIREWALL4_PARTS; i++) {
		if (!rule->parts[i])
			continue;
		strbuf_printf(out, "        <property name=\"%s\">", firewall4_names[i]);
		add_escaped(out, rule->parts[i]);
		strbuf_add(out, "</property>\n");
	}
	strbuf_add(out, "      </properties>\n    </rule>\n");
}

static void add_file(struct strbuf *out, const void *rules)
{
	const struct firewall4 *firewall = rules;

	strbuf_add(out, "<firewall version=\"2\">\n");
	strbuf_add(out, firewall->count ? "  <rules>\n" : "  <rules/>\n");
	for (size_t i = 0; i < firewall->count; i++)
		add_rule(out, &firewall->rules[i]);
	strbuf_add(out, firewall->count ? "  </rules>\n</firewall>\n" : "</firewall>\n");
}

int firewall4_save(const struct vm *vm, const struct firewall4 *firewall)
{
	struct firewall4 *kept = arena_alloc(vm->qubes->arena, sizeof(*kept));

	*kept = copy(vm->qubes, firewall);
	return firewall_queue(vm, kept, add_file);
}
