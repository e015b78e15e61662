/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a program with mxml can do with a store: read the file and parse it, in the way that lib/store
 * does. What tests/bench/run measures the tools against.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mxml.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	struct stat st;
	mxml_node_t *tree;
	char *text;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 1;
	text = calloc(1, (size_t)st.st_size + 1);
	if (!text || read(fd, text, (size_t)st.st_size) != st.st_size)
		return 1;
	tree = mxmlLoadString(NULL, text, MXML_OPAQUE_CALLBACK);
	return tree ? 0 : 1;
}
