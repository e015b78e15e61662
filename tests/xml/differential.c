/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do we read XML as libxml2 does? The same verdict on truncations and mutations of real stores and of small
 * documents full of markup, and the same tree where both accept, also after it was written back.
 *
 * differential [MUTATIONS [SEED [NUMBER]]]: with NUMBER, that mutation alone, and its text on stderr.
 */
#include <ctype.h>
#include <glob.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <mxml.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "store/internal.h"

#define MUTATIONS 100000
#define SEED 20240229
#define TRUNCATION_BYTES 75e6 /* to be parsed per input: enough for every truncation of 12 KB */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct text {
	char *bytes; /* with room for a 0 after them */
	size_t length;
};

/* ---- what is read: stores, and what stores never have ---- */

static struct input {
	const char *name;
	struct text text;
} *inputs;
static size_t input_count;

static const char *const documents[] = {
	"<a/>",
	"<?xml version='1.0' encoding=\"UTF-8\" standalone='yes'?>\n<!-- b --><?c d?>\n<a><b/></a><!--c-->\n<?d?>",
	"<?xml version=\"1.0\" ?><a>\n\t<b c='d'>e</b><b>f</b>\n</a>\n",
	BYTE_ORDER_MARK "<?xml version='1.0' encoding='utf-8'?>\r\n<a>\r\n<b\r\nc='\r\n'/>\r</a>\r\n",
	"<a><!-- b --><!----><!-- - --><c/><!---d- -->e</a><!---->",
	"<a><![CDATA[b]]>c<![CDATA[]]><![CDATA[<&]] >]>]]]]></a>",
	"<a><?b?><?c ?><?d e?f?" "?><?g\t\nh ?></a>",
	"<a b='&lt;&gt;&amp;&quot;&apos;&#9;&#10;&#13;&#x41;&#0065;&#x10FFFF;'>&lt;&#x000a;&#13;&amp;&#xfeff;</a>",
	"<a b='c' d=\"e\" f = '\t\n\"' g=\"'\" h=''/>",
	"<a><b><c><d><e><f/></e></d></c></b><b></b><b >g</b ></a>",
	"<\xc3\xa9\xcc\x81 _='1' :='2' \xe2\xb0\x80.-\xc2\xb7=\"\xf0\x9f\x98\x80\">\xe2\x82\xac\xed\x9f\xbf</\xc3\xa9\xcc\x81>",
	"<a:b c:d='e' c:f='g' xml:lang='h'><i:j/><a:b/>]] ></a:b>",
	"<a xmlns='b' xmlns:c='d'><c:e c:f=''/></a>",
	"<!-- <!DOCTYPE a [<!ENTITY b 'c'>]> --><a>b</a>",
};

static void add_input(const char *name, char *bytes, size_t length)
{
	inputs = util_realloc(inputs, (input_count + 1) * sizeof(*inputs));
	inputs[input_count++] = (struct input){ name, { bytes, length } };
}

static void add_files(const struct root *root, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		AUTO_FREE char *path = realpath(found.gl_pathv[i], NULL);
		size_t length;
		char *bytes = root_read(root, path, WELLFORMED_SIZE_MAX, &length);

		if (bytes)
			add_input(util_strdup(found.gl_pathv[i]), bytes, length);
	}
	globfree(&found);
}

/* ---- a tree as a text that says what was read, and nothing of how it was written ---- */

static void add_escaped(struct strbuf *out, const char *text)
{
	for (size_t plain; plain = strcspn(text, "<>&\"\r\n\t"), strbuf_add_bytes(out, text, plain), text[plain];
	     text += plain + 1)
		strbuf_printf(out, "&%d;", text[plain]);
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

	strbuf_printf(&out, " %s%s%s=\"", prefix ? prefix : "", prefix && *prefix ? ":" : "", name ? name : "");
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

/* ---- the two readers ---- */

static xmlParserCtxt *parser;

static xmlDoc *read_theirs(const char *bytes, size_t length)
{
	return xmlCtxtReadMemory(parser, bytes, (int)length, NULL, NULL,
				 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

static char *theirs_as_text(const xmlDoc *doc, bool whole)
{
	struct strbuf out = { 0 };

	for (const xmlNode *node = doc->children; node; node = node->next)
		if (whole || node->type == XML_ELEMENT_NODE)
			add_theirs(&out, node);
	return out.text;
}

static void ignore(const char *message)
{
	(void)message;
}

/* Reads a checked text as store_open does. */
static mxml_node_t *load_ours(char *text, const struct xml_document *doc)
{
	char kept = text[doc->root_end];
	mxml_node_t *tree;

	mxmlSetErrorCallback(ignore);
	text[doc->root_end] = '\0';
	tree = mxmlLoadString(NULL, text + doc->root_start, MXML_OPAQUE_CALLBACK);
	text[doc->root_end] = kept;
	return tree;
}

/* ---- where we may refuse what libxml2 accepts: the text has to show it, and our message to say it ---- */

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
	AUTO_FREE char *tree = theirs_as_text(doc, false);

	return strstr(text->bytes + prolog_length(text->bytes), BYTE_ORDER_MARK) && strstr(tree, BYTE_ORDER_MARK);
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
};

static size_t times_allowed[ARRAY_SIZE(allowed)];

static bool is_allowed(const struct text *text, const xmlDoc *doc, const char *what)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (!strcmp(what, allowed[i].what) && allowed[i].shows(text, doc)) {
			times_allowed[i]++;
			return true;
		}
	return false;
}

/* ---- comparing; each of these returns what is wrong, or NULL ---- */

static size_t times_accepted, times_refused;

/* What is before the fault has to be without one: the start of a document, or a whole one. */
static const char *check_before_fault(const struct text *text, const struct xml_fault *fault)
{
	AUTO_FREE char *copy = util_alloc(fault->offset + 1);
	struct xml_document doc;
	struct xml_fault earlier;

	memcpy(copy, text->bytes, fault->offset);
	if (wellformed_check(copy, fault->offset, &doc, &earlier) == 0 || earlier.offset == fault->offset)
		return NULL;
	return "what is before the fault has one too";
}

static const char *compare_refused(const struct text *text, const char *copy, const struct xml_fault *fault)
{
	xmlDoc *doc = read_theirs(text->bytes, text->length);
	bool agreed = !doc || is_allowed(text, doc, fault->what);

	xmlFreeDoc(doc);
	times_refused++;
	if (!agreed)
		return fault->what;
	if (memcmp(copy, text->bytes, text->length) != 0)
		return "a refused text was changed";
	return check_before_fault(text, fault);
}

/* The document as store_save writes it, read again by both. */
static const char *compare_written(struct strbuf *written, const char *our_tree, const char *their_document)
{
	xmlDoc *theirs = read_theirs(written->text, written->length);
	AUTO_FREE char *their_text = theirs ? theirs_as_text(theirs, true) : NULL;
	AUTO_STRBUF struct strbuf our_text = { 0 };
	struct xml_document doc;
	struct xml_fault fault;
	mxml_node_t *tree;

	xmlFreeDoc(theirs);
	if (wellformed_check(written->text, written->length, &doc, &fault) != 0)
		return "what was written is refused";
	tree = load_ours(written->text, &doc);
	if (tree)
		add_ours(&our_text, tree);
	mxmlDelete(tree);
	if (!our_text.text || strcmp(our_text.text, our_tree) != 0)
		return "what was written is read differently";
	if (!their_text || strcmp(their_text, their_document) != 0)
		return "what was written is read differently by libxml2";
	return NULL;
}

static const char *compare_trees(const struct text *text, const char *copy, const struct xml_document *doc,
				 mxml_node_t *ours, const xmlDoc *theirs)
{
	AUTO_FREE char *their_tree = theirs_as_text(theirs, false), *their_document = theirs_as_text(theirs, true);
	AUTO_STRBUF struct strbuf our_tree = { 0 }, written = { 0 };

	add_ours(&our_tree, ours);
	/* libxml2 leaves out declarations of name spaces that it does not like. */
	if (strcmp(our_tree.text, their_tree) != 0 && !strstr(text->bytes, "xmlns"))
		return "the trees differ";
	strbuf_add_bytes(&written, copy, doc->root_start);
	store_write_tree(&written, ours);
	strbuf_add_bytes(&written, copy + doc->root_end, doc->length - doc->root_end);
	return compare_written(&written, our_tree.text, their_document);
}

static const char *compare_accepted(const struct text *text, char *copy, const struct xml_document *doc)
{
	xmlDoc *theirs = read_theirs(text->bytes, text->length);
	mxml_node_t *ours = load_ours(copy, doc);
	const char *wrong = NULL;

	times_accepted++;
	if (!theirs)
		wrong = "libxml2 refuses";
	else if (!ours)
		wrong = "mxml refuses";
	else
		wrong = compare_trees(text, copy, doc, ours, theirs);
	mxmlDelete(ours);
	xmlFreeDoc(theirs);
	return wrong;
}

static const char *compare(const struct text *text)
{
	AUTO_FREE char *copy = util_alloc(text->length + 1);
	struct xml_document doc;
	struct xml_fault fault;

	memcpy(copy, text->bytes, text->length);
	if (wellformed_check(copy, text->length, &doc, &fault) == 0)
		return compare_accepted(text, copy, &doc);
	return compare_refused(text, copy, &fault);
}

/* ---- truncations ---- */

static size_t failures;

static void try_truncation(const struct input *input, size_t length)
{
	/* With exactly that room, and a 0 for the string functions above. */
	struct text text = { util_alloc(length + 1), length };
	const char *wrong;

	memcpy(text.bytes, input->text.bytes, length);
	wrong = compare(&text);
	if (wrong && failures++ < 20)
		printf("# %s, cut after %zu bytes: %s\n", input->name, length, wrong);
	free(text.bytes);
}

/* All of a small input; of a large one as many as there is time for. */
static size_t try_truncations(const struct input *input, double share)
{
	double size = (double)input->text.length;
	size_t step = 1 + (size_t)(size * size / 2 / (TRUNCATION_BYTES * share)), count = 0;

	for (size_t length = 0; length < input->text.length; length += step, count++)
		try_truncation(input, length);
	try_truncation(input, input->text.length);
	return count + 1;
}

/* ---- mutations ---- */

static uint64_t random_state;

/* splitmix64 */
static size_t random_below(size_t limit)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (size_t)((z ^ z >> 31) % limit);
}

/* What is worth putting somewhere; the ends of some belong to the starts of others. */
static const struct piece {
	const char *bytes;
	size_t length;
} pieces[] = {
#define PIECE(text) { text, sizeof(text) - 1 }
	PIECE("<"), PIECE(">"), PIECE("/"), PIECE("/>"), PIECE("</"), PIECE("="), PIECE("\""), PIECE("'"),
	PIECE("&"), PIECE(";"), PIECE("?"), PIECE("?>"), PIECE("<?"), PIECE("!"), PIECE("-"), PIECE("--"),
	PIECE("-->"), PIECE("<!--"), PIECE("<!---->"), PIECE("<!-- x -->"), PIECE("]]>"), PIECE("]]"),
	PIECE("<![CDATA["), PIECE("<![CDATA[ x ]]>"), PIECE("<!DOCTYPE a>"), PIECE("<!DOCTYPE"),
	PIECE("<!DOCTYPE a [<!ENTITY b 'c'>]>"), PIECE("<?x?>"), PIECE("<?x y?>"), PIECE("<?xml version='1.0'?>"),
	PIECE("<?xml version='1.1'?>"), PIECE("<?XML x?>"), PIECE(" version='1.1'"), PIECE(" encoding='latin1'"),
	PIECE(" standalone='no'"), PIECE("&amp;"), PIECE("&lt;"), PIECE("&nbsp;"), PIECE("&#10;"), PIECE("&#13;"),
	PIECE("&#x9;"), PIECE("&#0;"), PIECE("&#x1F600;"), PIECE("&#xD800;"), PIECE("&#xFFFE;"), PIECE("&#xFEFF;"),
	PIECE("&#x110000;"), PIECE("&#00000065;"), PIECE("&#x0;"), PIECE("&#4294967361;"), PIECE("&#"), PIECE("&#x"),
	PIECE(" "), PIECE("\n"), PIECE("\r"), PIECE("\r\n"), PIECE("\t"), PIECE("  "), PIECE("\0"), PIECE("\1"),
	PIECE("\x7f"), PIECE("\xc2\x85"), PIECE("\xe2\x80\xa8"), PIECE(BYTE_ORDER_MARK), PIECE("\xff\xfe"),
	PIECE("\xc3\xa9"), PIECE("\xe2\x82\xac"), PIECE("\xf0\x9f\x98\x80"), PIECE("\xc0\x80"), PIECE("\xc1\xbf"),
	PIECE("\xe0\x9f\xbf"), PIECE("\xed\xa0\x80"), PIECE("\xf4\x90\x80\x80"), PIECE("\xf0\x8f\xbf\xbf"),
	PIECE("\xef\xbf\xbe"), PIECE("\xef\xbf\xbf"), PIECE("\xc2\xb7"), PIECE("\xcc\x80"), PIECE("\xcd\xbe"),
	PIECE("a"), PIECE("1"), PIECE("."), PIECE(":"), PIECE("<a>"), PIECE("</a>"), PIECE("<a/>"), PIECE(" a=''"),
	PIECE(" a='' a=\"\""), PIECE(" xmlns:a=''"), PIECE("x:"), PIECE("\x80"), PIECE("\xbf"), PIECE("\xf5"),
};

/* Puts the LENGTH bytes of NEW, which are not of TEXT, in place of the GONE bytes at AT. */
static void replace(struct text *text, size_t at, size_t gone, const char *new, size_t length)
{
	char *bytes = util_alloc(text->length - gone + length + 1);

	memcpy(bytes, text->bytes, at);
	memcpy(bytes + at, new, length);
	memcpy(bytes + at + length, text->bytes + at + gone, text->length - at - gone);
	free(text->bytes);
	*text = (struct text){ bytes, text->length - gone + length };
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void mutate(struct text *text)
{
	size_t at = random_below(text->length + 1), rest = text->length - at;
	const struct piece *piece = &pieces[random_below(ARRAY_SIZE(pieces))];
	size_t gone = smaller(rest, random_below(2) ? 1 : random_below(30));
	char byte = (char)random_below(256);
	size_t from = random_below(text->length + 1), copied = smaller(text->length - from, random_below(200));
	AUTO_FREE char *copy = util_alloc(copied + 1);

	memcpy(copy, text->bytes + from, copied);
	switch (random_below(6)) {
	case 0:
		replace(text, at, smaller(rest, 1), &byte, 1);
		break;
	case 1:
		replace(text, at, gone, "", 0);
		break;
	case 2:
		replace(text, at, 0, copy, copied);
		break;
	case 3:
		replace(text, at, gone, piece->bytes, piece->length);
		break;
	default:
		replace(text, at, 0, piece->bytes, piece->length);
	}
}

/* Every input costs about the same time in all, the small ones less. */
static const struct input *choose_input(void)
{
	static double total;
	double at;

	if (total == 0)
		for (size_t i = 0; i < input_count; i++)
			total += 1 / (double)(inputs[i].text.length + 2000);
	at = total * (double)random_below(1 << 30) / (1 << 30);
	for (size_t i = 0; i < input_count; i++) {
		at -= 1 / (double)(inputs[i].text.length + 2000);
		if (at < 0)
			return &inputs[i];
	}
	return &inputs[0];
}

/* The mutation of that NUMBER alone, so that it can be had again without those before it. */
static void try_mutation(uint64_t seed, size_t number, bool show)
{
	const struct input *input;
	const char *wrong;
	struct text text;

	random_state = (seed << 32) + number;
	input = choose_input();
	text = (struct text){ util_alloc(input->text.length + 1), input->text.length };
	memcpy(text.bytes, input->text.bytes, text.length);
	do
		mutate(&text);
	while (random_below(3) == 0);
	wrong = compare(&text);
	if (wrong && failures++ < 20)
		printf("# mutation %zu, of %s: %s\n", number, input->name, wrong);
	if (show)
		fwrite(text.bytes, 1, text.length, stderr);
	free(text.bytes);
}

/* ---- the run ---- */

static void report(int number, size_t count, const char *what)
{
	printf("%s %d - %zu %s: libxml2 and we agree\n", failures ? "not ok" : "ok", number, count, what);
	printf("# %ld\n",clock());
	printf("# %zu accepted, %zu refused by both\n", times_accepted, times_refused);
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		printf("# %zu refused by us alone, as they may be: %s\n", times_allowed[i], allowed[i].what);
	fflush(stdout);
}

static void run(size_t mutations, uint64_t seed)
{
	size_t failed, truncations = 0;

	printf("1..2\n# seed %" PRIu64 "\n", seed);
	for (size_t i = 0; i < input_count; i++)
		truncations += try_truncations(&inputs[i], (double)mutations / MUTATIONS);
	report(1, truncations, "truncations");
	failed = failures;
	failures = times_accepted = times_refused = 0;
	memset(times_allowed, 0, sizeof(times_allowed));
	for (size_t i = 0; i < mutations; i++)
		try_mutation(seed, i, false);
	report(2, mutations, "mutations");
	failures += failed;
}

int main(int argc, char **argv)
{
	size_t mutations = argc > 1 ? strtoul(argv[1], NULL, 10) : MUTATIONS;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : SEED;
	struct root *root = root_new("/");

	for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
		add_input("document", util_strdup(documents[i]), strlen(documents[i]));
	add_files(root, "tests/golden/stores/*.xml");
	add_files(root, "tests/fixtures/r4/*.xml");
	parser = xmlNewParserCtxt();
	if (argc > 3)
		try_mutation(seed, strtoul(argv[3], NULL, 10), true);
	else
		run(mutations, seed);
	xmlFreeParserCtxt(parser);
	xmlCleanupParser();
	root_free(root);
	return failures ? 1 : 0;
}
