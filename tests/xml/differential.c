/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do we read XML as libxml2 does? The same verdict on truncations and mutations of real stores and of small
 * documents full of markup, and the same tree where both accept, also after it was written back.
 *
 * differential [MUTATIONS [SEED [NUMBER]]]: with NUMBER, that mutation alone, and its text on stderr.
 */
#include <glob.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <mxml.h>
#include <stdlib.h>
#include <string.h>

#include "differential.h"

#define MUTATIONS 100000
#define SEED 20240229
#define WHOLE 13000	      /* bytes of an input that is cut everywhere */
#define TRUNCATION_BYTES 20e6 /* to be parsed for a larger one */

/* ---- what is read: stores, and what stores never have ---- */

static struct input {
	const char *name;
	struct text text;
} * inputs;
static size_t input_count;

static const char *const documents[] = {
	"<a/>",
	"<?xml version='1.0' encoding=\"UTF-8\" standalone='yes'?>\n<!-- b --><?c d?>\n"
	"<a><b/></a><!--c-->\n<?d?>",
	"<?xml version=\"1.0\" ?><a>\n\t<b c='d'>e</b><b>f</b>\n</a>\n",
	BYTE_ORDER_MARK "<?xml version='1.0' encoding='utf-8'?>\r\n<a>\r\n<b\r\nc='\r\n'/>\r</a>\r\n",
	"<a><!-- b --><!----><!-- - --><c/><!---d- -->e</a><!---->",
	"<a><![CDATA[b]]>c<![CDATA[]]><![CDATA[<&]] >]>]]]]></a>",
	("<a><?b?><?c ?><?d e?f?"
	 "?><?g\t\nh ?></a>"),
	"<a b='&lt;&gt;&amp;&quot;&apos;&#9;&#10;&#13;&#x41;&#0065;&#x10FFFF;'>"
	"&lt;&#x000a;&#13;&amp;&#xfeff;</a>",
	"<a b='c' d=\"e\" f = '\t\n\"' g=\"'\" h=''/>",
	"<a><b><c><d><e><f/></e></d></c></b><b></b><b >g</b ></a>",
	"<\xc3\xa9\xcc\x81 _='1' :='2' \xe2\xb0\x80.-\xc2\xb7=\"\xf0\x9f\x98\x80\">"
	"\xe2\x82\xac\xed\x9f\xbf</\xc3\xa9\xcc\x81>",
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

/* Beyond our caps, so that mutations are on both sides of them. */
static void add_excessive(void)
{
	struct strbuf deep = { 0 }, broad = { 0 };

	for (size_t i = 0; i <= WELLFORMED_DEPTH_MAX; i++)
		strbuf_add(&deep, "<a>");
	for (size_t i = 0; i <= WELLFORMED_DEPTH_MAX; i++)
		strbuf_add(&deep, "</a>");
	add_input("deep", deep.text, deep.length);
	strbuf_add(&broad, "<a");
	for (size_t i = 0; i <= WELLFORMED_ATTRIBUTES_MAX; i++)
		strbuf_printf(&broad, " a%zu=''", i);
	strbuf_add(&broad, "/>");
	add_input("broad", broad.text, broad.length);
}

/* ---- the two readers ---- */

static xmlParserCtxt *parser;

static xmlDoc *read_theirs(const char *bytes, size_t length)
{
	return xmlCtxtReadMemory(parser, bytes, (int)length, NULL, NULL,
				 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

static void ignore(const char *message)
{
	(void)message;
}

static void ignore_error(void *context, xmlError *error)
{
	(void)context;
	(void)error;
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
	bool agreed = !doc || difference_allowed(text, doc, fault->what);

	xmlFreeDoc(doc);
	times_refused++;
	if (!agreed)
		return fault->what;
	if (memcmp(copy, text->bytes, text->length) != 0)
		return "a refused text was changed";
	return check_before_fault(text, fault);
}

static const char *compare_trees(const char *ours, const char *theirs, const struct text *text)
{
	/* libxml2 leaves out declarations of name spaces that it does not like. */
	return strcmp(ours, theirs) == 0 || strstr(text->bytes, "xmlns") ? NULL : "the trees differ";
}

/* The document as store_save writes it, read again by both. */
static const char *compare_written(struct strbuf *written, const char *our_tree, const char *their_document)
{
	xmlDoc *doc = read_theirs(written->text, written->length);
	AUTO_FREE char *their_again = doc ? tree_of_theirs(doc, true) : NULL;
	AUTO_FREE char *our_again = NULL;
	struct xml_document ours;
	struct xml_fault fault;
	mxml_node_t *tree;

	xmlFreeDoc(doc);
	if (wellformed_check(written->text, written->length, &ours, &fault) != 0)
		return "what was written is refused";
	tree = load_ours(written->text, &ours);
	our_again = tree ? tree_of_ours(tree) : NULL;
	mxmlDelete(tree);
	if (!our_again || strcmp(our_again, our_tree) != 0)
		return "what was written is read differently";
	if (!their_again || strcmp(their_again, their_document) != 0)
		return "what was written is read differently by libxml2";
	return NULL;
}

static const char *compare_read(const struct text *text, const char *copy, const struct xml_document *doc,
				mxml_node_t *ours, const xmlDoc *theirs)
{
	AUTO_FREE char *their_document = tree_of_theirs(theirs, true);
	AUTO_FREE char *their_tree = tree_of_theirs(theirs, false);
	AUTO_FREE char *our_tree = tree_of_ours(ours);
	AUTO_STRBUF struct strbuf written = { 0 };
	const char *wrong = compare_trees(our_tree, their_tree, text);

	strbuf_add_bytes(&written, copy, doc->root_start);
	store_write_tree(&written, ours);
	strbuf_add_bytes(&written, copy + doc->root_end, doc->length - doc->root_end);
	return wrong ? wrong : compare_written(&written, our_tree, their_document);
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
		wrong = compare_read(text, copy, doc, ours, theirs);
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

/* All of a small input, at full length of the run; otherwise as many as there is time for. */
static size_t try_truncations(const struct input *input, double share)
{
	double size = (double)input->text.length;
	bool all = share >= 1 && size <= WHOLE;
	size_t step = all ? 1 : 1 + (size_t)(size * size / 2 / (TRUNCATION_BYTES * share)), count = 0;

	for (size_t length = 0; length < input->text.length; length += step, count++)
		try_truncation(input, length);
	try_truncation(input, input->text.length);
	return count + 1;
}

/* ---- mutations ---- */

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

	random_seed((seed << 32) + number);
	input = choose_input();
	text = (struct text){ util_alloc(input->text.length + 1), input->text.length };
	memcpy(text.bytes, input->text.bytes, text.length);
	do
		text_mutate(&text);
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
	printf("# %zu accepted, %zu refused by both\n", times_accepted, times_refused);
	difference_report();
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
	add_excessive();
	add_files(root, "tests/golden/stores/*.xml");
	add_files(root, "tests/fixtures/r4/*.xml");
	xmlSetStructuredErrorFunc(NULL, ignore_error);
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
