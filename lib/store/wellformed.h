/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wellformed - is this text an XML document, and if not, where does it break?
 *
 * mxml, which holds the store's tree, accepts truncated files, garbage after the root and much
 * else. This pass stands before it: what it accepts is a well-formed XML 1.0 document, and mxml
 * reads the same elements, attributes and text out of it that any XML parser would.
 */
#ifndef STORE_WELLFORMED_H
#define STORE_WELLFORMED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A store nests 5 levels deep, has some 40 attributes on an element and 9 KB per VM. The caps are
 * far above that and keep a hostile file from costing more than a moment.
 */
#define WELLFORMED_DEPTH_MAX 64
#define WELLFORMED_ATTRIBUTES_MAX 256
#define WELLFORMED_SIZE_MAX ((size_t)64 << 20)

/*
 * What mxml names the node of an empty comment. It cannot read `<!---->`, so the normalised text
 * has `<!>` in its place. Whoever writes the tree writes a node of this name as `<!---->`.
 */
#define WELLFORMED_EMPTY_COMMENT "!"

/* Where and why a text is not a well-formed document. */
struct xml_fault {
	size_t offset;	  /* in bytes, in the text as it was given; its length if it is cut short */
	size_t line;	  /* from 1; LF, CR and CRLF each end a line */
	size_t column;	  /* from 1, in characters; a byte order mark is none */
	const char *what; /* constant text without a full stop */
};

/* Where the parts of a normalised document are: prolog, root element, epilog. */
struct xml_document {
	size_t length;
	size_t root_start; /* the `<` of the root's start tag */
	size_t root_end;   /* the byte after the root's last `>` */
};

/*
 * Decide whether the LENGTH bytes of TEXT are a well-formed document: XML 1.0 (fifth edition) in
 * UTF-8 without a document type declaration. Namespaces are not looked at. TEXT[LENGTH] must be
 * writable and becomes 0.
 *
 * Returns 0 with DOC filled and TEXT normalised in place: no byte order mark, LF line ends, a raw
 * line end or tab in an attribute value turned into a space (character references stay as they
 * are), and the two constructs that mxml misreads (empty comments, references padded with zeros)
 * rewritten inside the root. TEXT[DOC->length] is 0.
 *
 * Returns -1 with FAULT filled and the LENGTH bytes as they were. Refused beyond what the standard
 * refuses: other encodings and versions, more than the caps above, and a U+FEFF inside the root,
 * which mxml would drop silently (as a character reference it is fine).
 */
int wellformed_check(char *text, size_t length, struct xml_document *doc, struct xml_fault *fault);

/*
 * The line, from 1, of the byte at OFFSET of a normalised TEXT. It is that of the file as well, unless an
 * attribute value before it had a raw line end, which is a space now.
 */
size_t wellformed_line(const char *text, size_t offset);

/*
 * The line of the start tag of element number INDEX of the normalised TEXT, from 0, which is the root, in
 * the order of the start tags; 0 if there is none. It walks the text, so it is meant for messages.
 */
size_t wellformed_element_line(const char *text, const struct xml_document *doc, size_t index);

/* Sets of PAIRS, by element number from 0 below COUNT, those of elements that are empty but have both tags. */
void wellformed_find_pairs(const char *text, const struct xml_document *doc, bool *pairs, size_t count);

#endif
