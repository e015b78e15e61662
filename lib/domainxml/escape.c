/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of the store made safe inside XML: it stays one value, whatever it contains.
 */
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

/* White space too: an attribute would make blanks of it. */
static const char *reference_for(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	case '\t':
		return "&#9;";
	case '\n':
		return "&#10;";
	case '\r':
		return "&#13;";
	default:
		return NULL;
	}
}

void domainxml_escape(struct strbuf *out, const char *text)
{
	const char *run = text;

	for (const char *c = text; *c; c++) {
		const char *reference = reference_for(*c);

		if (!reference)
			continue;
		strbuf_add_bytes(out, run, (size_t)(c - run));
		strbuf_add(out, reference);
		run = c + 1;
	}
	strbuf_add(out, run);
}

void domainxml_escape_path(struct strbuf *out, const struct domain *domain, const char *path)
{
	AUTO_FREE char *host = path ? root_host_path(domain->vm->qubes->root, path) : NULL;

	if (host)
		domainxml_escape(out, host);
}
