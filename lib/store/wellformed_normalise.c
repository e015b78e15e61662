/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rewriting of a well-formed text into the one form that mxml reads as any XML parser would. It only
 * ever becomes shorter, so it is done in place.
 */
#include <string.h>

#include "wellformed_internal.h"

struct copier {
	const char *from;
	char *to;
};

enum run {
	VERBATIM, /* but for line ends */
	TEXT,	  /* with references */
	VALUE,	  /* with references, and blanks that become spaces */
};

/* `&#x0041;`, from the `#`, without the zeros in front. */
static void copy_number(struct copier *c)
{
	do
		*c->to++ = *c->from++;
	while (*c->from == 'x');
	while (*c->from == '0')
		c->from++;
}

static void copy(struct copier *c, const char *stop, enum run run)
{
	while (c->from < stop) {
		char byte = *c->from++;

		if (byte == '\r') {
			c->from += *c->from == '\n';
			byte = '\n';
		}
		if (run == VALUE && (byte == '\n' || byte == '\t'))
			byte = ' ';
		*c->to++ = byte;
		if (run != VERBATIM && byte == '&' && *c->from == '#')
			copy_number(c);
	}
}

/* Up to the end of LITERAL, which is there. */
static void copy_through(struct copier *c, const char *literal)
{
	copy(c, strstr(c->from, literal) + strlen(literal), VERBATIM);
}

static void copy_comment(struct copier *c)
{
	static const char empty[] = "<!---->", readable[] = "<" WELLFORMED_EMPTY_COMMENT ">";

	if (strncmp(c->from, empty, strlen(empty))) {
		copy(c, c->from + strlen("<!--"), VERBATIM);
		copy_through(c, "-->");
		return;
	}
	memcpy(c->to, readable, strlen(readable));
	c->to += strlen(readable);
	c->from += strlen(empty);
}

static void copy_tag(struct copier *c)
{
	for (;;) {
		char end;

		copy(c, c->from + strcspn(c->from, "\"'>"), VERBATIM);
		end = *c->from;
		copy(c, c->from + 1, VERBATIM);
		if (end == '>')
			return;
		copy(c, strchr(c->from, end), VALUE);
		copy(c, c->from + 1, VERBATIM);
	}
}

static void copy_markup(struct copier *c)
{
	if (!strncmp(c->from, "<!--", strlen("<!--")))
		copy_comment(c);
	else if (c->from[1] == '!')
		copy_through(c, "]]>");
	else if (c->from[1] == '?')
		copy_through(c, "?>");
	else
		copy_tag(c);
}

size_t xml_normalise(char *text, size_t start, size_t end, size_t to, bool in_root)
{
	const char *stop = text + end;
	struct copier c = { text + start, text + to };

	while (in_root && c.from < stop) {
		const char *markup = memchr(c.from, '<', (size_t)(stop - c.from));

		copy(&c, markup ? markup : stop, TEXT);
		if (markup)
			copy_markup(&c);
	}
	copy(&c, stop, VERBATIM);
	return (size_t)(c.to - text);
}
