/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where we may refuse what libxml2 accepts. Our reason alone does not do: the text itself, or the tree that
 * libxml2 reads, has to show it.
 */
#include <regex.h>
#include <string.h>
#include <strings.h>

#include "differential.h"

/* The offset behind the XML declaration, comments, processing instructions and blanks. */
static size_t prolog_length(const char *text)
{
	const char *p = text + (util_starts_with(text, BYTE_ORDER_MARK) ? 3 : 0);

	for (;;) {
		const char *end = NULL;

		p += strspn(p, " \t\r\n");
		if (util_starts_with(p, "<?"))
			end = strstr(p, "?>");
		else if (util_starts_with(p, "<!--"))
			end = strstr(p + 4, "-->");
		if (!end)
			return (size_t)(p - text);
		p = end + (*end == '?' ? 2 : 3);
	}
}

/* Does the XML declaration have PATTERN in it? FOUND, if not NULL, takes the first group of the pattern. */
static bool declares(const char *text, const char *pattern, regmatch_t *found)
{
	AUTO_FREE char *whole = util_printf("^(" BYTE_ORDER_MARK ")?<\\?xml[ \t\r\n][^>]*%s", pattern);
	regmatch_t groups[3];
	regex_t regex;
	bool matches;

	if (regcomp(&regex, whole, REG_EXTENDED) != 0)
		return false;
	matches = regexec(&regex, text, ARRAY_SIZE(groups), groups, 0) == 0;
	regfree(&regex);
	if (found)
		*found = groups[2];
	return matches;
}

/* Does it name something else than EXPECTED as its ATTRIBUTE? */
static bool declares_other(const char *text, const char *attribute, const char *expected)
{
	AUTO_FREE char *pattern = util_printf("%s[ \t\r\n]*=[ \t\r\n]*[\"']([^\"']*)", attribute);
	size_t length = strlen(expected);
	regmatch_t found;

	return declares(text, pattern, &found) && ((size_t)(found.rm_eo - found.rm_so) != length ||
						   strncasecmp(text + found.rm_so, expected, length) != 0);
}

static bool has_zero(const struct text *text, const xmlDoc *doc)
{
	(void)doc;
	return memchr(text->bytes, 0, text->length) != NULL;
}

static bool has_doctype(const struct text *text, const xmlDoc *doc)
{
	(void)doc;
	return util_starts_with(text->bytes + prolog_length(text->bytes), "<!DOCTYPE");
}

static bool has_other_version(const struct text *text, const xmlDoc *doc)
{
	(void)doc;
	return declares_other(text->bytes, "version", "1.0");
}

static bool has_other_encoding(const struct text *text, const xmlDoc *doc)
{
	(void)doc;
	return declares_other(text->bytes, "encoding", "UTF-8");
}

/* libxml2 forgets this blank where the encoding is the one that it has already. */
static bool has_joined_standalone(const struct text *text, const xmlDoc *doc)
{
	(void)doc;
	return declares(text->bytes, "encoding[^>]*[\"']standalone", NULL);
}

static bool has_byte_order_mark(const struct text *text, const xmlDoc *doc)
{
	const char *rest = text->bytes + prolog_length(text->bytes);
	AUTO_FREE char *tree = tree_of_theirs(doc, false);

	return strstr(rest, BYTE_ORDER_MARK) && strstr(tree, BYTE_ORDER_MARK);
}

static bool is_deep(const xmlNode *node, size_t levels)
{
	for (; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && (levels == 0 || is_deep(node->children, levels - 1)))
			return true;
	return false;
}

static bool has_depth(const struct text *text, const xmlDoc *doc)
{
	(void)text;
	return is_deep(doc->children, WELLFORMED_DEPTH_MAX);
}

static size_t count_attributes(const xmlNode *node)
{
	size_t count = 0;

	for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
		count++;
	return count;
}

static bool is_broad(const xmlNode *node)
{
	for (; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE &&
		    (count_attributes(node) > WELLFORMED_ATTRIBUTES_MAX || is_broad(node->children)))
			return true;
	return false;
}

static bool has_attributes(const struct text *text, const xmlDoc *doc)
{
	(void)text;
	return is_broad(doc->children);
}

static const struct {
	const char *what;
	bool (*shows)(const struct text *text, const xmlDoc *doc);
} allowed[] = {
	{ "a character that XML does not allow", has_zero }, /* libxml2 takes it for the end */
	{ "a document type declaration is not accepted", has_doctype },
	{ "only XML version 1.0 is supported", has_other_version },
	{ "only the encoding UTF-8 is supported", has_other_encoding },
	{ "a blank is missing", has_joined_standalone },
	{ "a byte order mark within the root element", has_byte_order_mark },
	{ "the elements are nested too deep", has_depth },
	{ "too many attributes", has_attributes },
};

static size_t times_allowed[ARRAY_SIZE(allowed)];

bool difference_allowed(const struct text *text, const xmlDoc *doc, const char *what)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (!strcmp(what, allowed[i].what) && allowed[i].shows(text, doc)) {
			times_allowed[i]++;
			return true;
		}
	return false;
}

void difference_report(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		printf("# %zu refused by us alone, as they may be: %s\n", times_allowed[i], allowed[i].what);
		times_allowed[i] = 0;
	}
}
