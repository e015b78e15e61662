/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libxml2, and so qubesd, reads although our parser does not: other encodings, XML 1.1, entities that the file
 * itself declares, byte order marks inside of it. It is put otherwise before anything is looked at, and is no fault.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "internal.h"

#define ENTITIES_MAX 64
#define EXPANDED_MAX ((size_t)64 << 20)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static void replace_text(struct strbuf *text, struct strbuf *with)
{
	strbuf_free(text);
	*text = *with;
	*with = (struct strbuf){ 0 };
}

/* ---- encodings ---- */

static void add_character(struct strbuf *out, uint32_t c)
{
	char bytes[4];
	size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (length == 1) {
		bytes[0] = (char)c;
	} else {
		for (size_t i = length; i-- > 1; c >>= 6)
			bytes[i] = (char)(0x80 | (c & 0x3f));
		bytes[0] = (char)(c | (0xf00U >> length & 0xff));
	}
	strbuf_add_bytes(out, bytes, length);
}

static void decode_latin1(struct strbuf *text)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < text->length; i++)
		add_character(&out, (unsigned char)text->text[i]);
	replace_text(text, &out);
}

static void decode_utf16(struct strbuf *text, bool big)
{
	const unsigned char *bytes = (const unsigned char *)text->text;
	struct strbuf out = { 0 };

	for (size_t i = 2; i + 1 < text->length; i += 2) {
		uint32_t c = (uint32_t)(big ? bytes[i] << 8 | bytes[i + 1] : bytes[i + 1] << 8 | bytes[i]);

		if (c >= 0xd800 && c < 0xdc00 && i + 3 < text->length) {
			uint32_t low = (uint32_t)(big ? bytes[i + 2] << 8 | bytes[i + 3] :
							bytes[i + 3] << 8 | bytes[i + 2]);

			c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
			i += 2;
		}
		add_character(&out, c);
	}
	strbuf_add(&out, "");
	replace_text(text, &out);
}

/* The value of NAME in the declaration that ends at END; LENGTH 0: it is not there. */
static const char *declared(const char *text, const char *end, const char *name, size_t *length)
{
	const char *at = strstr(text, name), *close;

	*length = 0;
	if (!at || at > end)
		return NULL;
	at += strlen(name);
	at += strspn(at, " \t\r\n=");
	if (*at != '"' && *at != '\'')
		return NULL;
	close = strchr(at + 1, *at);
	if (!close || close > end)
		return NULL;
	*length = (size_t)(close - at - 1);
	return at + 1;
}

static const char *const latin1_names[] = { "ISO-8859-1", "ISO_8859-1", "LATIN1", "US-ASCII", "ASCII" };

static void splice(struct strbuf *text, size_t from, size_t length, const char *with)
{
	struct strbuf out = { 0 };

	strbuf_add_bytes(&out, text->text, from);
	strbuf_add(&out, with);
	strbuf_add_bytes(&out, text->text + from + length, text->length - from - length);
	replace_text(text, &out);
}

static void decode_declared(struct strbuf *text)
{
	const char *end = util_starts_with(text->text, "<?xml") ? strstr(text->text, "?>") : NULL;
	const char *value;
	size_t length;
	bool latin1 = false;

	if (!end)
		return;
	value = declared(text->text, end, "version", &length);
	if (value && length == 3 && util_starts_with(value, "1.") && value[2] != '0')
		splice(text, (size_t)(value - text->text), length, "1.0");
	end = strstr(text->text, "?>");
	value = declared(text->text, end, "encoding", &length);
	if (!value)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(latin1_names); i++)
		latin1 = latin1 ||
			 (strlen(latin1_names[i]) == length && !strncasecmp(value, latin1_names[i], length));
	if (!latin1 && !(length >= 6 && !strncasecmp(value, "UTF-16", 6)))
		return;
	splice(text, (size_t)(value - text->text), length, "UTF-8");
	if (latin1)
		decode_latin1(text);
}

static void decode_encoding(struct strbuf *text)
{
	if (text->length >= 2 && !memcmp(text->text, "\xff\xfe", 2))
		decode_utf16(text, false);
	else if (text->length >= 2 && !memcmp(text->text, "\xfe\xff", 2))
		decode_utf16(text, true);
	if (util_starts_with(text->text, BYTE_ORDER_MARK))
		splice(text, 0, strlen(BYTE_ORDER_MARK), "");
	decode_declared(text);
}

/* ---- entities ---- */

struct entity {
	const char *name, *value;
	size_t name_length, value_length;
};

/* The `<!ENTITY name "value">` at AT; the byte behind it, or NULL for another form. */
static const char *read_entity(const char *at, struct entity *entity)
{
	at += strlen("<!ENTITY");
	entity->name = at + strspn(at, " \t\r\n");
	entity->name_length = strcspn(entity->name, " \t\r\n\"'%>");
	at = entity->name + entity->name_length;
	at += strspn(at, " \t\r\n");
	if (*at != '"' && *at != '\'')
		return NULL;
	entity->value = at + 1;
	at = strchr(entity->value, *at);
	if (!at)
		return NULL;
	entity->value_length = (size_t)(at - entity->value);
	return entity->value_length > 4096 ? NULL : at + 1;
}

static const struct entity *find_entity(const struct entity *entities, size_t count, const char *reference)
{
	size_t length = strcspn(reference + 1, "; \t\r\n<&");

	if (reference[1 + length] != ';')
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (entities[i].name_length == length && !memcmp(entities[i].name, reference + 1, length))
			return &entities[i];
	return NULL;
}

/* Entities within entities take another round; a bomb ends at the limit, and is left as it is. */
static bool expand_once(struct strbuf *body, const struct entity *entities, size_t count)
{
	struct strbuf out = { 0 };
	const char *at = body->text;
	bool found = false;

	for (const char *next; (next = strchr(at, '&')) && out.length < EXPANDED_MAX;) {
		const struct entity *entity = find_entity(entities, count, next);

		strbuf_add_bytes(&out, at, (size_t)(next - at));
		if (entity)
			strbuf_add_bytes(&out, entity->value, entity->value_length);
		else
			strbuf_add(&out, "&");
		at = next + 1 + (entity ? entity->name_length + 1 : 0);
		found = found || entity;
	}
	strbuf_add(&out, at);
	replace_text(body, &out);
	return found;
}

/* Where the declaration at AT ends, its entities read; NULL: it is none that can be done without. */
static const char *read_doctype(const char *at, struct entity *entities, size_t *count)
{
	at += strcspn(at, "[>");
	if (*at == '>')
		return at + 1;
	while (at && *at && *at != ']') {
		at += strcspn(at, "<]");
		if (*at == ']' || !*at)
			break;
		if (util_starts_with(at, "<!ENTITY") && *count < ENTITIES_MAX)
			at = read_entity(at, &entities[(*count)++]);
		else
			at = strchr(at, '>');
	}
	at = at && *at ? strchr(at, '>') : NULL;
	return at ? at + 1 : NULL;
}

static void expand_doctype(struct strbuf *text)
{
	struct entity entities[ENTITIES_MAX];
	AUTO_STRBUF struct strbuf body = { 0 };
	struct strbuf whole = { 0 };
	const char *start = strstr(text->text, "<!DOCTYPE"), *end;
	size_t count = 0, rounds = 0;

	if (!start || memchr(text->text, '\0', text->length))
		return;
	end = read_doctype(start, entities, &count);
	if (!end)
		return;
	strbuf_add(&body, end);
	while (body.length < EXPANDED_MAX && rounds++ < 16 && expand_once(&body, entities, count))
		;
	strbuf_add_bytes(&whole, text->text, (size_t)(start - text->text));
	/* What follows keeps its line. */
	for (const char *line = start; (line = memchr(line, '\n', (size_t)(end - line))); line++)
		strbuf_add(&whole, "\n");
	strbuf_add(&whole, body.text ? body.text : "");
	replace_text(text, &whole);
}

/* ---- byte order marks, which our parser would drop ---- */

static void refer_to_marks(struct strbuf *text)
{
	struct strbuf out = { 0 };
	const char *at = text->text, *next;

	if (memchr(text->text, '\0', text->length) || !strstr(at, BYTE_ORDER_MARK))
		return;
	while ((next = strstr(at, BYTE_ORDER_MARK))) {
		strbuf_add_bytes(&out, at, (size_t)(next - at));
		strbuf_add(&out, "&#xFEFF;");
		at = next + strlen(BYTE_ORDER_MARK);
	}
	strbuf_add(&out, at);
	replace_text(text, &out);
}

void fsck_decode(struct strbuf *text)
{
	if (!text->length)
		return;
	decode_encoding(text);
	if (!text->length)
		return;
	expand_doctype(text);
	refer_to_marks(text);
}
