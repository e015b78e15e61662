/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * root_scratch - what the tests of files below a root start from: a scratch directory with "root" in it, and
 * a file "name" beside that, which nothing below the root may reach.
 */
#ifndef QUBES_ROOT_SCRATCH_H
#define QUBES_ROOT_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "util.h"

/* Below the root: /etc/name "inside", /a/b/ empty, /a/file "file". */
static char *scratch;
static struct root *host, *root;

static void write_file(const struct root *below, const char *path, const char *text)
{
	assert_int_equal(root_write(below, path, text, strlen(text), 0644), 0);
}

static void assert_content(const char *path, const char *expected)
{
	AUTO_FREE char *text = root_read(root, path, 1000, NULL);

	assert_non_null(text);
	assert_string_equal(text, expected);
}

static int make_scratch(void **state)
{
	AUTO_FREE char *directory = NULL;
	AUTO_FREE char *name = NULL;

	(void)state;
	scratch = util_strdup(P_tmpdir "/qubes-root-XXXXXX");
	assert_non_null(mkdtemp(scratch));
	directory = util_printf("%s/root", scratch);
	name = util_printf("%s/name", scratch);
	host = root_new("/");
	assert_int_equal(root_mkdir(host, directory, 0755), 0);
	write_file(host, name, "outside");
	root = root_new(directory);
	assert_non_null(root);
	assert_int_equal(root_mkdirs(root, "/a/b", 0755), 0);
	assert_int_equal(root_mkdirs(root, "/etc", 0755), 0);
	write_file(root, "/a/file", "file");
	write_file(root, "/etc/name", "inside");
	return 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	assert_int_equal(root_remove_tree(host, scratch), 0);
	root_free(root);
	root_free(host);
	free(scratch);
	error_clear();
	return 0;
}

#define BELOW(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

#endif
