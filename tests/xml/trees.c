/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trees of libxml2 and of mxml as the same kind of text, to be compared.
 */
#include <libxml/parser.h>
#include <mxml.h>
#include <stdlib.h>
#include <string.h>

#include "differential.h"

/* ---- both ---- */

static void add_escaped(struct strbuf *out, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "<>&\"\r\n\t");

		strbuf_add_bytes(out, text, plain);
		if (!text[plain])
			return;
		strbuf_printf(out, "&%d;", text[plain]);
		text += plain + 1;
	}
}

/* libxml2 makes one of two in a row. No other thing ends like a section. */
static void add_cdata(struct strbuf *out, const char *text)
{
	if (out->length > 3 && util_ends_with(out->text, "]]>"))
		out->text[out->length -= 3] = '\0';
	else
		strbuf_add(out, "<![CDATA[");
	add_escaped(out, text);
	strbuf_add(out, "]]>");
}

static char *attribute_text(const char *prefix, const char *name, const char *value)
{
	struct strbuf out = { 0 };

	strbuf_printf(&out, " %s%s%s=\"", prefix ? prefix : "", prefix ? ":" : "", name);
	add_escaped(&out, value ? value : "");
	strbuf_add(&out, "\"");
	return out.text;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Their order is nothing that a parser has to tell. */
static void add_sorted(struct strbuf *out, struct strlist *attributes)
{
	if (attributes->count)
		qsort(attributes->items, attributes->count, sizeof(*attributes->items), compare_strings);
	for (size_t i = 0; i < attributes->count; i++) {
		strbuf_add(out, attributes->items[i]);
		free((char *)attributes->items[i]);
	}
}

/* ---- theirs ---- */

#define S(xml_text) ((const char *)(xml_text))

static void add_their_attributes(struct strbuf *out, const xmlNode *node)
{
	AUTO_STRLIST struct strlist attributes = { 0 };

	for (const xmlNs *ns = node->nsDef; ns; ns = ns->next)
		strlist_add(&attributes, ns->prefix ? attribute_text("xmlns", S(ns->prefix), S(ns->href)) :
						      attribute_text(NULL, "xmlns", S(ns->href)));
	for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
		xmlChar *value = xmlNodeListGetString(node->doc, attribute->children, 1);

		strlist_add(&attributes, attribute_text(attribute->ns ? S(attribute->ns->prefix) : NULL,
							S(attribute->name), S(value)));
		xmlFree(value);
	}
	add_sorted(out, &attributes);
}

static void add_theirs(struct strbuf *out, const xmlNode *node)
{
	const char *content = node->type != XML_ELEMENT_NODE && node->content ? S(node->content) : "";

	switch (node->type) {
	case XML_ELEMENT_NODE:
		strbuf_printf(out, "<%s%s%s", node->ns && node->ns->prefix ? S(node->ns->prefix) : "",
			      node->ns && node->ns->prefix ? ":" : "", S(node->name));
		add_their_attributes(out, node);
		strbuf_add(out, ">");
		for (const xmlNode *child = node->children; child; child = child->next)
			add_theirs(out, child);
		strbuf_add(out, "</>");
		break;
	case XML_TEXT_NODE:
		add_escaped(out, content);
		break;
	case XML_CDATA_SECTION_NODE:
		add_cdata(out, content);
		break;
	case XML_COMMENT_NODE:
		strbuf_printf(out, "<!--%s-->", content);
		break;
	case XML_PI_NODE:
		strbuf_printf(out, "<?%s %s?>", S(node->name), content);
		break;
	default:
		strbuf_printf(out, "<type %d>", node->type);
	}
}

char *tree_of_theirs(const xmlDoc *doc, bool whole)
{
	struct strbuf out = { 0 };

	for (const xmlNode *node = doc->children; node; node = node->next)
		if (whole || node->type == XML_ELEMENT_NODE)
			add_theirs(&out, node);
	return out.text;
}

/* ---- ours ---- */

static void add_our_special(struct strbuf *out, const char *name)
{
	size_t target = strcspn(name, " \t\n"), blanks = strspn(name + target, " \t\n");

	if (!strcmp(name, WELLFORMED_EMPTY_COMMENT))
		strbuf_add(out, "<!---->");
	else if (util_starts_with(name, "![CDATA["))
		add_cdata(out, name + strlen("![CDATA["));
	else if (name[0] == '!')
		strbuf_printf(out, "<%s>", name);
	else if (name[target])
		strbuf_printf(out, "<%.*s %s>", (int)target, name, name + target + blanks);
	else
		strbuf_printf(out, "<%.*s ?>", (int)target - 1, name);
}

static void add_ours(struct strbuf *out, mxml_node_t *node)
{
	AUTO_STRLIST struct strlist attributes = { 0 };
	const char *name = mxmlGetElement(node), *attribute;

	if (mxmlGetType(node) != MXML_ELEMENT) {
		add_escaped(out, mxmlGetOpaque(node));
		return;
	}
	if (strchr("!?", name[0])) {
		add_our_special(out, name);
		return;
	}
	strbuf_printf(out, "<%s", name);
	for (int i = 0; i < mxmlElementGetAttrCount(node); i++) {
		const char *value = mxmlElementGetAttrByIndex(node, i, &attribute);

		strlist_add(&attributes, attribute_text(NULL, attribute, value));
	}
	add_sorted(out, &attributes);
	strbuf_add(out, ">");
	for (mxml_node_t *child = mxmlGetFirstChild(node); child; child = mxmlGetNextSibling(child))
		add_ours(out, child);
	strbuf_add(out, "</>");
}

char *tree_of_ours(store_node *root)
{
	struct strbuf out = { 0 };

	add_ours(&out, root);
	return out.text;
}
