/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A template with its {places} filled in. As in the original's files, {{ and }} stand for one brace.
 */
#include <string.h>

#include "error.h"
#include "internal.h"

#define PLACE_MAX 32
#define PLACE_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

static size_t line_of(const char *template, const char *at)
{
	size_t line = 1;

	for (const char *c = template; c < at; c++)
		line += *c == '\n';
	return line;
}

/* What is between the braces at AT; the end of the place, or NULL if it is none. */
static const char *read_place(const char *at, char name[PLACE_MAX])
{
	size_t length = strspn(at + 1, PLACE_CHARACTERS);

	if (length == 0 || length >= PLACE_MAX || at[1 + length] != '}')
		return NULL;
	memcpy(name, at + 1, length);
	name[length] = '\0';
	return at + 1 + length + 1;
}

int domainxml_fill(struct strbuf *out, const struct domain *domain, const char *name, const char *template)
{
	char place[PLACE_MAX];
	const char *at = template, *brace;

	while ((brace = strpbrk(at, "{}"))) {
		const char *end;
		int result;

		strbuf_add_bytes(out, at, (size_t)(brace - at));
		if (brace[1] == brace[0]) {
			strbuf_add_bytes(out, brace, 1);
			at = brace + 2;
			continue;
		}
		end = *brace == '{' ? read_place(brace, place) : NULL;
		if (!end)
			return error_set(ERROR_FAILED, "%s, line %zu: a brace that belongs to no {place}",
					 name, line_of(template, brace));
		result = domainxml_add_place(out, domain, place);
		if (result > 0)
			return error_set(ERROR_FAILED, "%s, line %zu: the class %s has no {%s}", name,
					 line_of(template, brace), domain->vm->type, place);
		if (result < 0)
			return -1;
		at = end;
	}
	strbuf_add(out, at);
	return 0;
}
