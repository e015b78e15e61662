/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helpers and documents for the tests of wellformed.
 */
#ifndef QUBES_TESTS_WELLFORMED_TEXTS_H
#define QUBES_TESTS_WELLFORMED_TEXTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/wellformed.h"
#include "util.h"

#define BOM "\xef\xbb\xbf"

/* A copy with exactly the room that wellformed_check asks for: a sanitizer sees every byte too far. */
static inline char *exact_copy(const char *text, size_t length)
{
	char *copy = malloc(length + 1);

	assert_non_null(copy);
	memcpy(copy, text, length);
	copy[length] = 'x';
	return copy;
}

/* The normal form of a TEXT that has to be accepted. The caller frees. */
static inline char *accepted(const char *text, size_t length)
{
	char *copy = exact_copy(text, length);
	struct xml_document doc;
	struct xml_fault fault;

	if (wellformed_check(copy, length, &doc, &fault) != 0)
		fail_msg("%s: refused at %zu:%zu: %s", text, fault.line, fault.column, fault.what);
	assert_int_equal(strlen(copy), doc.length);
	assert_int_equal(copy[doc.root_start], '<');
	assert_int_equal(copy[doc.root_end - 1], '>');
	return copy;
}

/* The fault of a TEXT that has to be refused, and to stay as it is. */
static inline struct xml_fault refused(const char *text, size_t length)
{
	char *copy = exact_copy(text, length);
	struct xml_document doc;
	struct xml_fault fault;

	if (wellformed_check(copy, length, &doc, &fault) == 0)
		fail_msg("%s: accepted", text);
	assert_memory_equal(copy, text, length);
	assert_int_equal(copy[length], 0);
	assert_true(fault.offset <= length);
	free(copy);
	return fault;
}

static inline void assert_accepted(const char *text)
{
	free(accepted(text, strlen(text)));
}

static inline void assert_refused(const char *text)
{
	(void)refused(text, strlen(text));
}

/* Each is one. */
static const char *const documents[] = {
	"<a/>",
	"<a></a>",
	" \t\r\n<a/>\n",
	"<a\n/>",
	"<a ></a\t>",
	BOM "<a/>",
	"<?xml version='1.0'?><a/>",
	"<?xml\tversion = \"1.0\"\n?><a/>",
	"<?xml version='1.0' encoding='UTF-8'?><a/>",
	"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<a/>",
	"<?xml version='1.0' standalone='no'?><a/>",
	BOM "<?xml version='1.0'?><a/>",
	"<?xml-stylesheet href='x'?><a/>",
	"<?a?><!-- b --><a/><!----><?c d?>\n",
	"<!-- <!DOCTYPE a> --><a/>",
	"<!-->--><a/>",
	"<!---a- --><a/>",
	"<a>text > \" ' ] ]] ]>\x7f</a>",
	"<a>&amp;&lt;&gt;&quot;&apos;&#9;&#10;&#13;&#32;&#x10FFFF;&#xfffd;&#65279;&#1114111;</a>",
	"<a b='&amp;&lt;&gt;&quot;&apos;&#9;&#x0000000000000000041;'/>",
	"<a b='\"' c=\"'\" d='>' e=']]>' f=''/>",
	"<a b = 'c'\n\td\n=\n'e' />",
	"<a b='c'><b b='c'/></a>",
	"<a b='' B='' ba='' ab='' b.='' b-='' _b='' :b='' b:='' b:b=''/>",
	"<a><![CDATA[<&]] >]>]]]]><![CDATA[]]></a>",
	"<a><?b?><?c ?><?d &<>-- ?? ?></a>",
	"<a><?xm l?><?xmlx?><?x?></a>",
	"<a><b><c/></b>x<b/></a>",
	"<a.-_:9><_/><:/><A/><z/><Z/></a.-_:9>",
	"<\xc3\xa9 \xe2\xb0\x80='\xf0\x9f\x98\x80'>"
	"\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd\xf4\x8f\xbf\xbf</\xc3\xa9>",
	"<!--" BOM "--><a/><?b " BOM "?>",
	"<a>\xc2\x85\xe2\x80\xa8</a>",
};

#endif
