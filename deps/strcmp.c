// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The strcmp() of mxml in the static program. mxml compares the name of each attribute with all before it,
 * nearly always in vain: the first letters tell.
 */
#include <string.h>

int mxml_strcmp(const char *a, const char *b);

int mxml_strcmp(const char *a, const char *b)
{
	return *a == *b ? strcmp(a, b) : (unsigned char)*a - (unsigned char)*b;
}
