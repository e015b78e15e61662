/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xmlfile - small XML files beside the store: checked like the store before they are parsed, and only read.
 */
#ifndef QUBES_XMLFILE_H
#define QUBES_XMLFILE_H

#include <stddef.h>

struct root;
struct xmlfile;

/* An element; lives as long as its file. */
typedef const struct _mxml_node_s xmlfile_element;

/*
 * Reads and checks PATH below ROOT, of at most LIMIT bytes. The caller frees; NULL with an error that has
 * line and column where the file is at fault (ERROR_NOT_FOUND: there is no such file).
 */
struct xmlfile *xmlfile_read(const struct root *root, const char *path, size_t limit);
/* The same of a TEXT that is in memory, and is copied; WHAT it is called in messages. */
struct xmlfile *xmlfile_parse(const char *text, const char *what);
void xmlfile_free(struct xmlfile *file); /* NULL is fine */
void xmlfile_free_at(struct xmlfile **file);
#define AUTO_XMLFILE __attribute__((cleanup(xmlfile_free_at)))

xmlfile_element *xmlfile_root(const struct xmlfile *file);
/* The child of PARENT after PREVIOUS (NULL: the first) that is an element; NULL at the end. */
xmlfile_element *xmlfile_next(xmlfile_element *parent, xmlfile_element *previous);
/* The first child of PARENT (NULL: it has none) called NAME; NULL: there is none. */
xmlfile_element *xmlfile_child(xmlfile_element *parent, const char *name);

const char *xmlfile_name(xmlfile_element *element);
/* NULL: it has none of that name. */
const char *xmlfile_attribute(xmlfile_element *element, const char *name);
/* The name of attribute number INDEX, from 0; NULL behind the last. */
const char *xmlfile_attribute_name(xmlfile_element *element, size_t index);

/* The text that is all it has; NULL: nothing, or something else (a comment or CDATA, too). */
const char *xmlfile_text(xmlfile_element *element);

/* The line of its start tag, for messages. */
size_t xmlfile_line(const struct xmlfile *file, xmlfile_element *element);

#endif
