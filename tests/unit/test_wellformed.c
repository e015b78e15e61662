/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wellformed - what is an XML document, what is not, and where it breaks.
 *
 * The rules one by one; tests/xml/differential.c compares the whole with libxml2.
 */
#include "wellformed_texts.h"

/* ---- what is a document ---- */

static void test_documents_are_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
		assert_accepted(documents[i]);
}

/* So no file that lost its end can be taken for a whole one. */
static void test_a_document_cut_before_the_end_of_its_root_is_cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		char *copy = exact_copy(documents[i], strlen(documents[i]));
		struct xml_document doc;
		struct xml_fault fault;

		assert_int_equal(wellformed_check(copy, strlen(documents[i]), &doc, &fault), 0);
		free(copy);
		for (size_t length = 0; length < strlen(documents[i]); length++) {
			copy = exact_copy(documents[i], length);
			if (wellformed_check(copy, length, &doc, &fault) != 0) {
				assert_string_equal(fault.what, "the file is cut short");
				assert_int_equal(fault.offset, length);
				assert_memory_equal(copy, documents[i], length);
			}
			free(copy);
		}
	}
	assert_string_equal(refused("<a><b/></a", 10).what, "the file is cut short");
	assert_string_equal(refused("", 0).what, "the file is cut short");
}

/* ---- what is none ---- */

static const struct {
	const char *text;
	size_t line, column;
	const char *what;
} faults[] = {
	/* around the root */
	{ "x", 1, 1, "text outside of the root element" },
	{ "<a/>x", 1, 5, "text outside of the root element" },
	{ "<a/>\n\n<a/>", 3, 1, "a second root element" },
	{ "<a/>&#32;", 1, 5, "text outside of the root element" },
	{ "<a/><![CDATA[]]>", 1, 7, "only a comment may be here" },
	{ "<![CDATA[]]><a/>", 1, 3, "only a comment may be here" },
	{ "</a>", 1, 2, "no name can start with this" },
	{ "<a/></a>", 1, 5, "a second root element" },
	{ BOM BOM "<a/>", 1, 1, "text outside of the root element" },
	{ "<!DOCTYPE a><a/>", 1, 1, "a document type declaration is not accepted" },
	{ "<?xml version='1.0'?>\n <!DOCTYPE a [<!ENTITY x 'y'>]><a/>", 2, 2,
	  "a document type declaration is not accepted" },
	{ "<!doctype a><a/>", 1, 3, "only a comment may be here" },
	{ "<a><!DOCTYPE a></a>", 1, 6, "neither a comment nor a CDATA section" },

	/* the XML declaration */
	{ " <?xml version='1.0'?><a/>", 1, 4, "an XML declaration must be the first thing in a file" },
	{ "<a/><?xml version='1.0'?>", 1, 7, "an XML declaration must be the first thing in a file" },
	{ "<a><?XmL x?></a>", 1, 6, "an XML declaration must be the first thing in a file" },
	{ "<?xml?><a/>", 1, 3, "an XML declaration must be the first thing in a file" },
	{ "<?xml ?><a/>", 1, 7, "not as it should be in an XML declaration" },
	{ "<?xml encoding='UTF-8'?><a/>", 1, 7, "not as it should be in an XML declaration" },
	{ "<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>", 1, 37,
	  "not as it should be in an XML declaration" },
	{ "<?xml version='1.0' version='1.0'?><a/>", 1, 21, "not as it should be in an XML declaration" },
	{ "<?xml version='1.0'><a/>", 1, 20, "not as it should be in an XML declaration" },
	{ "<?xml version='1.0'encoding='UTF-8'?><a/>", 1, 20, "a blank is missing" },
	{ "<?xml version='1.1'?><a/>", 1, 16, "only XML version 1.0 is supported" },
	{ "<?xml version='1.0\"?><a/>'?>", 1, 16, "only XML version 1.0 is supported" },
	{ "<?xml version='1.0' encoding='ISO-8859-1'?><a/>", 1, 31, "only the encoding UTF-8 is supported" },
	{ "<?xml version='1.0' encoding=''?><a/>", 1, 31, "only the encoding UTF-8 is supported" },
	{ "<?xml version='1.0' standalone='YES'?><a/>", 1, 33, "`standalone` must be `yes` or `no`" },
	{ "<?xml version=1.0?><a/>", 1, 15, "a value must be in quotes" },
	{ "<?xml version '1.0'?><a/>", 1, 15, "`=` is missing after an attribute's name" },

	/* tags */
	{ "<1a/>", 1, 2, "no name can start with this" },
	{ "<a>< b/></a>", 1, 5, "no name can start with this" },
	{ "<a>\n<-/></a>", 2, 2, "no name can start with this" },
	{ "<a>\xc3\xa9<\xc2\xb7/></a>", 1, 6, "no name can start with this" },
	{ "<a!/>", 1, 3, "a blank, `>` or `/>` is missing" },
	{ "<a\xc3\x97/>", 1, 3, "a blank, `>` or `/>` is missing" },
	{ "<a/ >", 1, 4, "`>` is missing after `/`" },
	{ "<a></b>", 1, 6, "the end tag is not that of the element" },
	{ "<a></aa>", 1, 6, "the end tag is not that of the element" },
	{ "<aa></a>", 1, 7, "the end tag is not that of the element" },
	{ "<a><b></a></b>", 1, 9, "the end tag is not that of the element" },
	{ "<a></ a>", 1, 6, "the end tag is not that of the element" },
	{ "<a></a b='c'>", 1, 8, "`>` is missing in an end tag" },
	{ "<a></a/>", 1, 6, "the end tag is not that of the element" },

	/* attributes */
	{ "<a b/>", 1, 5, "`=` is missing after an attribute's name" },
	{ "<a b=c/>", 1, 6, "an attribute value must be in quotes" },
	{ "<a b='c'd='e'/>", 1, 9, "a blank, `>` or `/>` is missing" },
	{ "<a b='c<d'/>", 1, 8, "`<` in an attribute value" },
	{ "<a b='c'\n b='d'/>", 2, 2, "an attribute for the second time" },
	{ "<a 1b='c'/>", 1, 4, "no name can start with this" },
	{ "<a 'b'='c'/>", 1, 4, "no name can start with this" },
	{ "<a b=''' c=''/>", 1, 8, "a blank, `>` or `/>` is missing" },

	/* references */
	{ "<a>& </a>", 1, 4, "`&` without the name of a known entity and `;`" },
	{ "<a>&amp</a>", 1, 4, "`&` without the name of a known entity and `;`" },
	{ "<a>&AMP;</a>", 1, 4, "`&` without the name of a known entity and `;`" },
	{ "<a b='&nbsp;'/>", 1, 7, "`&` without the name of a known entity and `;`" },
	{ "<a>&;</a>", 1, 4, "`&` without the name of a known entity and `;`" },
	{ "<a>&#;</a>", 1, 6, "a character reference that is not a number and `;`" },
	{ "<a>&#x;</a>", 1, 7, "a character reference that is not a number and `;`" },
	{ "<a>&#X41;</a>", 1, 6, "a character reference that is not a number and `;`" },
	{ "<a>&#4a;</a>", 1, 7, "a character reference that is not a number and `;`" },
	{ "<a>&#x4g;</a>", 1, 8, "a character reference that is not a number and `;`" },
	{ "<a>&# 65;</a>", 1, 6, "a character reference that is not a number and `;`" },
	{ "<a>&#-65;</a>", 1, 6, "a character reference that is not a number and `;`" },
	{ "<a>&#0;</a>", 1, 4, "a reference to a character that XML does not allow" },
	{ "<a>&#31;</a>", 1, 4, "a reference to a character that XML does not allow" },
	{ "<a>&#xD800;</a>", 1, 4, "a reference to a character that XML does not allow" },
	{ "<a>&#xDFFF;</a>", 1, 4, "a reference to a character that XML does not allow" },
	{ "<a>&#xFFFE;</a>", 1, 4, "a reference to a character that XML does not allow" },
	{ "<a>&#xFFFF;</a>", 1, 4, "a reference to a character that XML does not allow" },
	{ "<a b='&#x110000;'/>", 1, 7, "a reference to a character that XML does not allow" },
	{ "<a b='&#4294967361;'/>", 1, 7, "a reference to a character that XML does not allow" },

	/* text, comments, CDATA sections, processing instructions */
	{ "<a>x]]>y</a>", 1, 5, "`]]>` in text" },
	{ "<a><!-- x -- y --></a>", 1, 11, "`--` within a comment" },
	{ "<!-- x ---><a/>", 1, 8, "`--` within a comment" },
	{ "<a><!- x --></a>", 1, 7, "neither a comment nor a CDATA section" },
	{ "<a><![cdata[]]></a>", 1, 7, "neither a comment nor a CDATA section" },
	{ "<a><? b?></a>", 1, 6, "no name can start with this" },
	{ "<a><?"
	  "?></a>",
	  1, 6, "no name can start with this" },
	{ "<a><?b/?></a>", 1, 7, "a processing instruction's target must end with a blank or `?>`" },
	{ "<a><?b?c?></a>", 1, 8, "a processing instruction's target must end with a blank or `?>`" },

	/* characters */
	{ "<a>\x01</a>", 1, 4, "a character that XML does not allow" },
	{ "<a b='\x1f'/>", 1, 7, "a character that XML does not allow" },
	{ "<!--\x0b--><a/>", 1, 5, "a character that XML does not allow" },
	{ "<a><![CDATA[\x0c]]></a>", 1, 13, "a character that XML does not allow" },
	{ "<a><?b \x02?></a>", 1, 8, "a character that XML does not allow" },
	{ "<a>\xef\xbf\xbe</a>", 1, 4, "a character that XML does not allow" },
	{ "<a>\xef\xbf\xbf</a>", 1, 4, "a character that XML does not allow" },
	{ "<a>\xff\xfe</a>", 1, 4, "not UTF-8" },
	{ "<a>\x80</a>", 1, 4, "not UTF-8" },
	{ "<a>\xc0\x80</a>", 1, 4, "not UTF-8" },
	{ "<a>\xc1\xbf</a>", 1, 4, "not UTF-8" },
	{ "<a>\xc3</a>", 1, 4, "not UTF-8" },
	{ "<a>\xe0\x9f\xbf</a>", 1, 4, "not UTF-8" },
	{ "<a>\xed\xa0\x80</a>", 1, 4, "not UTF-8" },
	{ "<a>\xed\xbf\xbf</a>", 1, 4, "not UTF-8" },
	{ "<a>\xf0\x8f\xbf\xbf</a>", 1, 4, "not UTF-8" },
	{ "<a>\xf4\x90\x80\x80</a>", 1, 4, "not UTF-8" },
	{ "<a>\xf5\x80\x80\x80</a>", 1, 4, "not UTF-8" },
	{ "<a>\xe2\x82</a>", 1, 4, "not UTF-8" },
	{ "\xff\xfe<", 1, 1, "not UTF-8" },
	{ "<a \xff='x'/>", 1, 4, "not UTF-8" },
	{ "<a>\n\xc3\xa9 " BOM "</a>", 2, 3, "a byte order mark within the root element" },
	{ "<a" BOM "/>", 1, 3, "a byte order mark within the root element" },
	{ "<a><!--" BOM "--></a>", 1, 8, "a byte order mark within the root element" },

	/* lines end with LF, CR or both; columns are characters */
	{ "<a>\r\n\r\n  &</a>", 3, 3, "`&` without the name of a known entity and `;`" },
	{ "<a>\r\r\n\n\r&</a>", 5, 1, "`&` without the name of a known entity and `;`" },
	{ "<a>\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80&</a>", 2, 4,
	  "`&` without the name of a known entity and `;`" },
	{ BOM "<a>&</a>", 1, 4, "`&` without the name of a known entity and `;`" },
	{ "<a>\n</a>\n<", 3, 2, "the file is cut short" },
};

static void test_faults_have_line_column_and_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct xml_fault fault = refused(faults[i].text, strlen(faults[i].text));

		if (fault.line != faults[i].line || fault.column != faults[i].column ||
		    strcmp(fault.what, faults[i].what))
			fail_msg("%s: at %zu:%zu: %s", faults[i].text, fault.line, fault.column, fault.what);
	}
}

static void test_a_zero_byte_is_nowhere_allowed(void **state)
{
	static const char around[] = "<?b c?><!--d--><a e='f'>g<![CDATA[h]]></a >\n";

	(void)state;
	for (size_t i = 0; i <= strlen(around); i++) {
		char text[sizeof(around) + 1];
		struct xml_fault fault;

		memcpy(text, around, i);
		text[i] = '\0';
		memcpy(text + i + 1, around + i, strlen(around) - i);
		fault = refused(text, strlen(around) + 1);
		assert_string_not_equal(fault.what, "the file is cut short");
	}
}

/* ---- every byte in every place of a block ---- */

static void test_a_bad_byte_is_found_wherever_it_is(void **state)
{
	static const struct {
		const char *before, *after, *bad;
		char filling;
	} places[] = {
		{ "<a b=\"", "\"/>", "<&\x01\x1f\x80\xff", 'x' },
		{ "<a b='", "'/>", "<&\x01\x1f\x80\xff", '"' },
		{ "<a>", "</a>", "&\x01\x1f\x80\xff", '>' },
		{ "<a>", "</a>", "&\x01\x1f\x80\xff", '\n' },
		{ "<a>", "</a>", "&\x01\x1f\x80\xff", ']' },
		{ "<a", "/>", "!$&`\\{<\x01\x80\xff", 'z' },
		{ "<a", "/>", "!$&`\\{<\x01\x80\xff", 'Z' },
		{ "<a><!--", "--></a>", "\x01\x80\xff", ']' },
		{ "<a><![CDATA[", "]]></a>", "\x01\x80\xff", '-' },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		for (size_t length = 1; length < 50; length++)
			for (size_t at = 0; at < length; at++)
				for (const char *bad = places[i].bad; *bad; bad++) {
					size_t start = strlen(places[i].before);
					char text[100];

					memcpy(text, places[i].before, start);
					memset(text + start, places[i].filling, length);
					(void)snprintf(text + start + length, 40, "%s", places[i].after);
					assert_accepted(text);
					text[start + at] = *bad;
					assert_int_equal(refused(text, strlen(text)).offset, start + at);
				}
}

/* ---- names, XML 1.0 fifth edition, [4] and [4a] ---- */

/* Writes CODE as UTF-8 and a 0 byte. */
static void encode(uint32_t code, char bytes[5])
{
	size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const uint8_t first[] = { 0, 0xc0, 0xe0, 0xf0 };

	bytes[0] = (char)(first[more] | code >> (6 * more));
	for (size_t i = 1; i <= more; i++)
		bytes[i] = (char)(0x80 | (code >> (6 * (more - i)) & 0x3f));
	bytes[more + 1] = '\0';
}

static const struct {
	uint32_t first, last;
	bool start;
} names[] = {
	{ '-', '.', false },	  { '0', '9', false },	    { ':', ':', true },
	{ 'A', 'Z', true },	  { '_', '_', true },	    { 'a', 'z', true },
	{ 0xb7, 0xb7, false },	  { 0xc0, 0xd6, true },	    { 0xd8, 0xf6, true },
	{ 0xf8, 0x2ff, true },	  { 0x300, 0x36f, false },  { 0x370, 0x37d, true },
	{ 0x37f, 0x1fff, true },  { 0x200c, 0x200d, true }, { 0x203f, 0x2040, false },
	{ 0x2070, 0x218f, true }, { 0x2c00, 0x2fef, true }, { 0x3001, 0xd7ff, true },
	{ 0xf900, 0xfdcf, true }, { 0xfdf0, 0xfffd, true }, { 0x10000, 0xeffff, true },
};

static bool may_be_in_name(uint32_t code, bool start)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (code >= names[i].first && code <= names[i].last)
			return names[i].start || !start;
	return false;
}

static void check_name_character(uint32_t code)
{
	char character[5], text[16];

	/* No characters at all; the one that mxml drops; what ends a name. */
	if ((code >= 0xd800 && code <= 0xdfff) || code == 0xfeff)
		return;
	if (code < 0x80 && strchr("\t\n\r />", (int)code))
		return;
	encode(code, character);
	for (int start = 0; start < 2; start++) {
		(void)snprintf(text, sizeof(text), start ? "<%s/>" : "<a%sb/>", character);
		if (may_be_in_name(code, start))
			assert_accepted(text);
		else
			assert_refused(text);
	}
}

static void test_names_are_those_of_the_fifth_edition(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		check_name_character(names[i].first - 1);
		check_name_character(names[i].first);
		check_name_character(names[i].last);
		check_name_character(names[i].last + 1);
	}
	for (uint32_t code = 1; code < 0x110000; code += code < 0x3000 ? 1 : 0x33)
		check_name_character(code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents_are_accepted),
		cmocka_unit_test(test_a_document_cut_before_the_end_of_its_root_is_cut_short),
		cmocka_unit_test(test_faults_have_line_column_and_reason),
		cmocka_unit_test(test_a_zero_byte_is_nowhere_allowed),
		cmocka_unit_test(test_a_bad_byte_is_found_wherever_it_is),
		cmocka_unit_test(test_names_are_those_of_the_fifth_edition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
