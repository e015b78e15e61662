/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * literal - a reader for the few Python 2 literals that a store may hold, and the writer of their one form.
 *
 * The text is anybody's: there is a limit to what it may nest and name, and it is never evaluated.
 */
#include "literal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "util.h"

#define BLANKS " \t\r\n\f\v"
#define MOST_ENTRIES 1024
#define MOST_PARENTHESES 16

struct reader {
	struct arena *arena;
	const char *text; /* all of it */
	const char *at;
	struct literal *into;
	size_t room;
	bool wide; /* in a u'' string: escapes name characters, not bytes */
};

static int expected(const struct reader *reader, const char *what)
{
	return error_set(ERROR_FAILED, "%s is expected at character %zu of \"%s\"", what,
			 (size_t)(reader->at - reader->text) + 1, reader->text);
}

static void skip_blanks(struct reader *reader)
{
	reader->at += strspn(reader->at, BLANKS);
}

/* Takes C, and the blanks before it, if it is next. */
static bool take(struct reader *reader, char c)
{
	skip_blanks(reader);
	if (*reader->at != c || !c)
		return false;
	reader->at++;
	return true;
}

static bool at_end(struct reader *reader)
{
	skip_blanks(reader);
	return *reader->at == '\0';
}

/* ---- strings ---- */

static const struct {
	char letter, byte;
} simple_escapes[] = {
	{ '\\', '\\' }, { '\'', '\'' }, { '"', '"' },  { 'a', '\a' }, { 'b', '\b' },
	{ 'f', '\f' },	{ 'n', '\n' },	{ 'r', '\r' }, { 't', '\t' }, { 'v', '\v' },
};

/* A number of FEWEST to MOST digits; -1: too few. */
static long take_digits(struct reader *reader, int base, int fewest, int most)
{
	long number = 0;
	int count = 0;

	for (; count < most; count++) {
		char digit[] = { *reader->at, '\0' }, *end;
		long value = strtol(digit, &end, base);

		/* A blank or a sign is nothing that strtol takes alone. */
		if (end == digit)
			break;
		number = number * base + value;
		reader->at++;
	}
	return count < fewest ? -1 : number;
}

static void add_utf8(struct strbuf *out, long c)
{
	char bytes[] = {
		(char)(0xf0 | c >> 18),
		(char)(0x80 | (c >> 12 & 0x3f)),
		(char)(0x80 | (c >> 6 & 0x3f)),
		(char)(0x80 | (c & 0x3f)),
	};

	if (c < 0x80) {
		bytes[3] = (char)c;
		strbuf_add_bytes(out, bytes + 3, 1);
	} else if (c < 0x800) {
		bytes[2] = (char)(0xc0 | c >> 6);
		strbuf_add_bytes(out, bytes + 2, 2);
	} else if (c < 0x10000) {
		bytes[1] = (char)(0xe0 | c >> 12);
		strbuf_add_bytes(out, bytes + 1, 3);
	} else {
		strbuf_add_bytes(out, bytes, 4);
	}
}

static int add_number(struct reader *reader, struct strbuf *out, long number)
{
	char byte = (char)number;

	if (number <= 0 || number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff))
		return expected(reader, "an escaped character (not NUL)");
	if (reader->wide)
		add_utf8(out, number);
	else if (byte)
		strbuf_add_bytes(out, &byte, 1);
	else
		return expected(reader, "an escaped character (not NUL)");
	return 0;
}

/* Behind a backslash. */
static int read_escape(struct reader *reader, struct strbuf *out)
{
	char letter = *reader->at;

	for (size_t i = 0; i < ARRAY_SIZE(simple_escapes); i++) {
		if (letter != simple_escapes[i].letter)
			continue;
		strbuf_add_bytes(out, &simple_escapes[i].byte, 1);
		reader->at++;
		return 0;
	}
	if (letter >= '0' && letter <= '7')
		return add_number(reader, out, take_digits(reader, 8, 1, 3));
	if (letter == 'x' || (reader->wide && (letter == 'u' || letter == 'U'))) {
		int digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;

		reader->at++;
		return add_number(reader, out, take_digits(reader, 16, digits, digits));
	}
	if (reader->wide && letter == 'N')
		return expected(reader, "an escape of another kind than \\N");
	if (letter == '\n')
		reader->at++;
	else
		strbuf_add(out, "\\"); /* an unknown escape stands for itself */
	return 0;
}

static int read_string(struct reader *reader, const char **string)
{
	AUTO_STRBUF struct strbuf out = { 0 };
	char quote;

	skip_blanks(reader);
	reader->wide =
		(*reader->at == 'u' || *reader->at == 'U') && (reader->at[1] == '\'' || reader->at[1] == '"');
	if (reader->wide)
		reader->at++;
	quote = *reader->at;
	if (quote != '\'' && quote != '"')
		return expected(reader, "a text in quotes");
	reader->at++;
	strbuf_add(&out, "");
	while (*reader->at != quote) {
		if (*reader->at == '\0' || *reader->at == '\n')
			return expected(reader, "the end of a text in quotes");
		if (*reader->at != '\\')
			strbuf_add_bytes(&out, reader->at++, 1);
		else if (reader->at++, read_escape(reader, &out) != 0)
			return -1;
	}
	reader->at++;
	*string = arena_strdup(reader->arena, out.text);
	return 0;
}

/* A string in parentheses is the string. */
static int read_item(struct reader *reader, const char **string)
{
	int depth = 0;

	while (take(reader, '('))
		if (++depth > MOST_PARENTHESES)
			return expected(reader, "less nesting");
	if (read_string(reader, string) != 0)
		return -1;
	for (; depth > 0; depth--)
		if (!take(reader, ')'))
			return expected(reader, "a closing parenthesis");
	return 0;
}

/* ---- other values ---- */

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool take_word(struct reader *reader, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(reader->at, word, length) != 0 || is_word_byte(reader->at[length]))
		return false;
	reader->at += length;
	return true;
}

/* An integer of any size: it counts only whether it is zero. */
static bool take_integer(struct reader *reader, bool *value)
{
	size_t zeros = strspn(reader->at, "0"), length = strspn(reader->at, "0123456789");

	if (length == 0 || is_word_byte(reader->at[length]))
		return false;
	*value = zeros < length;
	reader->at += length;
	return true;
}

static int read_bool(struct reader *reader, bool *value)
{
	skip_blanks(reader);
	*value = take_word(reader, "True");
	if (*value || take_word(reader, "False") || take_word(reader, "None") || take_integer(reader, value))
		return 0;
	return expected(reader, "True, False or a number");
}

/* ---- collections ---- */

static int add_entry(struct reader *reader, const char *key, bool value)
{
	struct literal *into = reader->into;

	if (into->count == MOST_ENTRIES)
		return error_set(ERROR_FAILED, "more than %d entries in a list", MOST_ENTRIES);
	if (into->count == reader->room) {
		struct literal_entry *old = into->entries;

		reader->room = reader->room ? reader->room * 2 : 4;
		into->entries = arena_alloc(reader->arena, reader->room * sizeof(*old));
		if (into->count)
			memcpy(into->entries, old, into->count * sizeof(*old));
	}
	into->entries[into->count++] = (struct literal_entry){ key, value };
	return 0;
}

static int read_list_entry(struct reader *reader)
{
	const char *string;

	return read_item(reader, &string) == 0 ? add_entry(reader, string, false) : -1;
}

static int read_dict_entry(struct reader *reader)
{
	struct literal_entry *known;
	const char *key;
	bool value;

	if (read_item(reader, &key) != 0)
		return -1;
	if (!take(reader, ':'))
		return expected(reader, "a colon");
	if (read_bool(reader, &value) != 0)
		return -1;
	known = literal_find(reader->into, key);
	if (!known)
		return add_entry(reader, key, value);
	known->value = value;
	return 0;
}

/* Entries with commas between, and perhaps behind, up to CLOSE (0: the end of the text). */
static int read_entries(struct reader *reader, char close, int (*read_entry)(struct reader *reader))
{
	while (!take(reader, close) && (close || !at_end(reader))) {
		if (read_entry(reader) != 0)
			return -1;
		if (take(reader, ','))
			continue;
		if (!take(reader, close) && (close || !at_end(reader)))
			return expected(reader, "a comma or the end");
		break;
	}
	return at_end(reader) ? 0 : expected(reader, "the end");
}

static struct reader start(struct arena *arena, const char *text, struct literal *into)
{
	*into = (struct literal){ 0 };
	return (struct reader){ .arena = arena, .text = text, .at = text, .into = into };
}

static bool is_none(const char *text)
{
	text += strspn(text, BLANKS);
	return strncasecmp(text, "none", 4) == 0 && text[4 + strspn(text + 4, BLANKS)] == '\0';
}

int literal_read_list(struct arena *arena, const char *text, struct literal *list)
{
	struct reader reader = start(arena, text, list);

	if (is_none(text))
		return 0;
	if (take(&reader, '['))
		return read_entries(&reader, ']', read_list_entry);
	if (take(&reader, '('))
		return read_entries(&reader, ')', read_list_entry);
	return read_entries(&reader, '\0', read_list_entry);
}

int literal_read_dict(struct arena *arena, const char *text, struct literal *dict)
{
	struct reader reader = start(arena, text, dict);

	if (is_none(text))
		return 0;
	if (take(&reader, '{'))
		return read_entries(&reader, '}', read_dict_entry);
	return expected(&reader, "an opening brace");
}

/* ---- writing ---- */

static void add_byte(struct strbuf *out, unsigned char byte, char quote)
{
	char c = (char)byte;

	if (c == '\n')
		strbuf_add(out, "\\n");
	else if (c == '\r')
		strbuf_add(out, "\\r");
	else if (c == '\t')
		strbuf_add(out, "\\t");
	else if (c == quote || c == '\\')
		strbuf_printf(out, "\\%c", c);
	else if (byte < ' ' || byte >= 0x7f)
		strbuf_printf(out, "\\x%02x", byte);
	else
		strbuf_add_bytes(out, &c, 1);
}

/* As Python 2 shows a string: single quotes, unless that saves escaping. */
static void add_string(struct strbuf *out, const char *string)
{
	char quote = strchr(string, '\'') && !strchr(string, '"') ? '"' : '\'';

	strbuf_add_bytes(out, &quote, 1);
	for (; *string; string++)
		add_byte(out, (unsigned char)*string, quote);
	strbuf_add_bytes(out, &quote, 1);
}

const char *literal_list_text(struct arena *arena, const struct literal *list)
{
	AUTO_STRBUF struct strbuf out = { 0 };

	strbuf_add(&out, "[");
	for (size_t i = 0; i < list->count; i++) {
		strbuf_add(&out, i ? ", " : "");
		add_string(&out, list->entries[i].key);
	}
	strbuf_add(&out, "]");
	return arena_strdup(arena, out.text);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct literal_entry *)a)->key, ((const struct literal_entry *)b)->key);
}

const char *literal_dict_text(struct arena *arena, const struct literal *dict)
{
	AUTO_FREE struct literal_entry *sorted = util_alloc(dict->count * sizeof(*sorted));
	AUTO_STRBUF struct strbuf out = { 0 };

	if (dict->count)
		memcpy(sorted, dict->entries, dict->count * sizeof(*sorted));
	qsort(sorted, dict->count, sizeof(*sorted), compare_keys);
	strbuf_add(&out, "{");
	for (size_t i = 0; i < dict->count; i++) {
		strbuf_add(&out, i ? ", " : "");
		add_string(&out, sorted[i].key);
		strbuf_add(&out, sorted[i].value ? ": True" : ": False");
	}
	strbuf_add(&out, "}");
	return arena_strdup(arena, out.text);
}

/* ---- changing ---- */

struct literal_entry *literal_find(const struct literal *literal, const char *key)
{
	for (size_t i = 0; i < literal->count; i++)
		if (strcmp(literal->entries[i].key, key) == 0)
			return &literal->entries[i];
	return NULL;
}

void literal_put(struct arena *arena, struct literal *dict, const char *key, bool value)
{
	struct literal_entry *known = literal_find(dict, key), *old = dict->entries;

	if (known) {
		known->value = value;
		return;
	}
	dict->entries = arena_alloc(arena, (dict->count + 1) * sizeof(*old));
	if (dict->count)
		memcpy(dict->entries, old, dict->count * sizeof(*old));
	dict->entries[dict->count++] = (struct literal_entry){ arena_strdup(arena, key), value };
}

void literal_drop(struct literal *dict, const char *key)
{
	struct literal_entry *entry = literal_find(dict, key);

	if (!entry)
		return;
	dict->count--;
	for (size_t i = (size_t)(entry - dict->entries); i < dict->count; i++)
		dict->entries[i] = dict->entries[i + 1];
}
