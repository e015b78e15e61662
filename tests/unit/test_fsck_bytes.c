/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fsck, the bytes: what libxml2 reads but our parser does not is put otherwise, and what has one sensible repair
 * gets it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsck/internal.h"

#define FEW_ZEROS "\0\0\0\0\0\0\0\0"
#define MANY_ZEROS FEW_ZEROS "\0"

/* ---- other forms of the same ---- */

struct form {
	const char *bytes;
	size_t length;
	const char *decoded;
};
#define FORM(bytes, decoded)                      \
	{                                         \
		bytes, sizeof(bytes) - 1, decoded \
	}

static const struct form forms[] = {
	FORM("<a/>", "<a/>"),
	FORM("\xef\xbb\xbf<a/>", "<a/>"),
	FORM("<?xml version=\"1.1\"?><a/>", "<?xml version=\"1.0\"?><a/>"),
	FORM("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>",
	     "<?xml version='1.0' encoding='UTF-8'?><a>\xc3\xa9</a>"),
	FORM("<?xml version='1.0' encoding='UTF-8'?><a>\xe9</a>",
	     "<?xml version='1.0' encoding='UTF-8'?><a>\xe9</a>"),
	FORM("\xff\xfe<\0a\0/\0>\0", "<a/>"),
	FORM("\xfe\xff\0<\0a\0>\x20\xac\xd8\x3d\xde\0\0<\0/\0a\0>", "<a>\xe2\x82\xac\xf0\x9f\x98\x80</a>"),
	FORM("<!DOCTYPE q [\n<!ENTITY u \"bob\">\n]>\n<q>&u; &amp; &v;</q>", "\n\n\n<q>bob &amp; &v;</q>"),
	FORM("<!DOCTYPE q [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><q>&b;</q>", "<q>xx</q>"),
	FORM("<!DOCTYPE q SYSTEM 'x.dtd'><q/>", "<q/>"),
	FORM("<!DOCTYPE q [<!ENTITY u SYSTEM 'file'>]><q>&u;</q>",
	     "<!DOCTYPE q [<!ENTITY u SYSTEM 'file'>]><q>&u;</q>"),
	FORM("<a>\xef\xbb\xbf</a>", "<a>&#xFEFF;</a>"),
	FORM("", ""),
	FORM("\xff\xfe", ""),
};

static void what_only_libxml2_reads_is_put_otherwise(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		AUTO_STRBUF struct strbuf text = { 0 };

		strbuf_add_bytes(&text, forms[i].bytes, forms[i].length);
		fsck_decode(&text);
		assert_string_equal(text.text ? text.text : "", forms[i].decoded);
		assert_int_equal(text.length, strlen(forms[i].decoded));
	}
}

/* Entities that double ten times each do not fill the memory. */
static void a_bomb_of_entities_ends_at_a_limit(void **state)
{
	AUTO_STRBUF struct strbuf text = { 0 };

	(void)state;
	strbuf_add(&text, "<!DOCTYPE q [<!ENTITY a0 'xxxxxxxxxx'>");
	for (int i = 1; i < 12; i++)
		strbuf_printf(&text, "<!ENTITY a%d '&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;&a%d;'>", i,
			      i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	strbuf_add(&text, "]><q>&a11;</q>");
	fsck_decode(&text);
	assert_true(text.length < ((size_t)128 << 20));
}

/* ---- repairs ---- */

struct repair {
	const char *bytes;
	size_t length;
	const char *mended; /* NULL: it needs more */
	const char *ids;    /* what is said, each with a blank */
};
#define REPAIR(bytes, mended, ids)                    \
	{                                             \
		bytes, sizeof(bytes) - 1, mended, ids \
	}

static const struct repair repairs[] = {
	REPAIR("<qubes/>", "<qubes/>", ""),
	REPAIR("<qubes/>" MANY_ZEROS, "<qubes/>", "bytes-character "),
	REPAIR("<qubes>a & b</qubes>", "<qubes>a &amp; b</qubes>", "bytes-ampersand "),
	REPAIR("<qubes>&foo;</qubes>", "<qubes>&amp;foo;</qubes>", "bytes-ampersand "),
	REPAIR("<qubes>&#1;&#x41;</qubes>", "<qubes>&#x41;</qubes>", "bytes-reference "),
	REPAIR("<qubes>&#zz;</qubes>", "<qubes>&amp;#zz;</qubes>", "bytes-reference "),
	REPAIR("<qubes>1 < 2</qubes>", "<qubes>1 &lt; 2</qubes>", "bytes-less-than "),
	REPAIR("<qubes a=\"1 < 2\"/>", "<qubes a=\"1 &lt; 2\"/>", "bytes-less-than "),
	REPAIR("<qubes>\n<tag name=\"a/>\n<tag name=\"b\"/>\n</qubes>",
	       "<qubes>\n<tag name=\"a\"/>\n<tag name=\"b\"/>\n</qubes>", "bytes-less-than "),
	REPAIR("<qubes>]]></qubes>", "<qubes>]]&gt;</qubes>", "bytes-section-end "),
	REPAIR("<qubes><!-- a -- b --></qubes>", "<qubes><!-- a - -  b --></qubes>", "bytes-comment "),
	REPAIR("<qubes>\xff\x80\x01</qubes>", "<qubes>\xc3\xbf?</qubes>",
	       "bytes-encoding bytes-encoding bytes-character "),
	REPAIR("<qubes><tag name=\"a\" name=\"b\"/></qubes>", "<qubes><tag name=\"a\"/></qubes>",
	       "bytes-attribute-twice "),
	REPAIR("<qubes><tags></tagz></qubes>", "<qubes><tags></tags></qubes>", "bytes-end-tag "),
	REPAIR("<qubes><tags></tag></qubes>", "<qubes><tags></tags></qubes>", "bytes-end-tag bytes-end-tag "),
	REPAIR("<qubes><tags><x></tags></qubes>", "<qubes><tags><x></x></tags></qubes>", "bytes-end-tag "),
	REPAIR("<qubes></pools></qubes>", "<qubes></qubes>", "bytes-end-tag "),
	REPAIR("<qubes>\n<tags></ta\n</qubes>", "<qubes>\n<tags></tags>\n</qubes>", "bytes-end-tag "),
	REPAIR("\n\n<?xml version='1.0'?><qubes/>", "<?xml version='1.0'?><qubes/>", "bytes-declaration "),
	REPAIR("<qubes></qubes>\n<qubes></qubes>\n", "<qubes></qubes>\n\n", "bytes-after-end "),
	REPAIR("<qubes></qubes>\nrest>", "<qubes></qubes>\n\n", "bytes-after-end "),
	REPAIR("rest>\n<qubes></qubes>", "<qubes></qubes>", "bytes-after-end "),
	REPAIR("<qubes></qubes>\n<domain></domain></qubes>", "<qubes>\n<domain></domain></qubes>",
	       "bytes-after-end "),
	REPAIR("<qubes>\n<tag na\n</qubes>", "<qubes>\n</qubes>", "bytes-line "),
	REPAIR("<qubes>\n<domain>", NULL, ""),
	REPAIR("", NULL, ""),
	REPAIR("<qubes>\n\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\n</qubes>", NULL, ""),
	REPAIR("<qubes>a" FEW_ZEROS "b</qubes>", "<qubes>ab</qubes>", "bytes-character "),
	REPAIR("<qubes>a" MANY_ZEROS "b</qubes>", NULL, ""),
};

static void what_has_one_sensible_repair_gets_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repairs); i++) {
		struct fsck_options options = { .mode = FSCK_NOTHING, .store = "x" };
		struct fsck f = { .arena = arena_new(), .options = &options, .loaded_by = FSCK_R4 };
		AUTO_STRBUF struct strbuf text = { 0 }, ids = { 0 };
		struct store_fault fault;

		strbuf_add_bytes(&text, repairs[i].bytes, repairs[i].length);
		strbuf_add(&ids, "");
		assert_int_equal(fsck_mend(&f, &text, &fault), repairs[i].mended ? 0 : -1);
		for (size_t k = 0; k < f.found.count; k++)
			strbuf_printf(&ids, "%s ", f.found.items[k].id);
		if (repairs[i].mended)
			assert_string_equal(text.text, repairs[i].mended);
		assert_string_equal(ids.text, repairs[i].ids);
		free(f.found.items);
		arena_free(f.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_only_libxml2_reads_is_put_otherwise),
		cmocka_unit_test(a_bomb_of_entities_ends_at_a_limit),
		cmocka_unit_test(what_has_one_sensible_repair_gets_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
