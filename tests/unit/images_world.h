/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scratch root with a small store and one installed template of each kind, for the tests of images.
 */
#ifndef QUBES_TESTS_IMAGES_WORLD_H
#define QUBES_TESTS_IMAGES_WORLD_H

#include "scratch_world.h"

#include <dirent.h>

#include "images.h"
#include "images/internal.h"

#define BASE "/var/lib/qubes"
#define GIB (1ULL << 30)
#define QUBES_GID 4242

static const char small_store[] =
	"<QubesVmCollection default_kernel=\"4.1\" default_template=\"1\">\n"
	"  <QubesTemplateVm name=\"tpl\" qid=\"1\" template_qid=\"none\"/>\n"
	"  <QubesTemplateHVm name=\"wintpl\" qid=\"2\" template_qid=\"none\"/>\n"
	"  <QubesNetVm name=\"net\" qid=\"3\" template_qid=\"1\"/>\n"
	"  <QubesProxyVm label=\"green\" name=\"fw\" qid=\"4\" template_qid=\"1\"/>\n"
	"  <QubesAppVm label=\"blue\" name=\"work\" qid=\"5\" template_qid=\"1\"/>\n"
	"  <QubesAppVm kernel=\"None\" label=\"nocolour\" name=\"alone\" qid=\"6\" template_qid=\"none\""
	" uses_default_kernel=\"False\"/>\n"
	"  <QubesHVm name=\"win\" qid=\"7\" template_qid=\"none\"/>\n"
	"  <QubesHVm name=\"winapp\" qid=\"8\" template_qid=\"2\"/>\n"
	"  <QubesDisposableVm dispid=\"9\" label=\"red\" name=\"disp9\" qid=\"9\" template_qid=\"1\"/>\n"
	"  <QubesAppVm dir_path=\"/elsewhere/far\" name=\"far\" qid=\"10\" template_qid=\"1\"/>\n"
	"  <QubesAppVm name=\"lost\" qid=\"11\" template_qid=\"99\"/>\n"
	"  <QubesAppVm kernel=\"../../../etc\" name=\"odd\" qid=\"12\" template_qid=\"1\""
	" uses_default_kernel=\"False\"/>\n"
	"  <QubesAppVm name=\"r2\" private_img=\"/srv/r2-private.img\" qid=\"13\" root_img=\"root.img\""
	" template_qid=\"none\" volatile_img=\"volatile.img\"/>\n"
	"  <QubesTemplateVm name=\"newtpl\" qid=\"14\" template_qid=\"none\"/>\n"
	"  <QubesTemplateHVm name=\"newhvm\" qid=\"15\" template_qid=\"none\"/>\n"
	"</QubesVmCollection>\n";

static inline int make_world(void **state)
{
	struct world *w = world_new(NULL);

	make_file(w, "/etc/group", 0, "root:x:0:\nqubes:x:4242:user\n");
	make_file(w, BASE "/vm-templates/tpl/root.img", 10 * GIB, "the template's root");
	make_file(w, BASE "/vm-templates/tpl/private.img", 2 * GIB, "the template's home");
	make_file(w, BASE "/vm-templates/tpl/root-cow.img", 10 * GIB, "");
	make_file(w, BASE "/vm-templates/wintpl/root.img", 10 * GIB, "C:");
	make_file(w, BASE "/vm-templates/wintpl/private.img", 2 * GIB, "D:");
	make_file(w, BASE "/vm-kernels/4.1/vmlinuz", 0, "a kernel");
	make_file(w, BASE "/vm-kernels/4.1/initramfs", 0, "an initramfs");
	make_file(w, BASE "/vm-kernels/4.1/modules.img", 0, "modules");
	world_load(w, small_store);
	*state = w;
	return 0;
}

static inline int drop_world(void **state)
{
	world_free(*state);
	return 0;
}

static inline uint64_t size_of(const struct world *w, const char *path)
{
	struct stat st;

	return root_lstat(w->q.root, path, &st) == 0 ? (uint64_t)st.st_size : UINT64_MAX;
}

static inline void assert_content(const struct world *w, const char *path, const char *start)
{
	AUTO_FREE char *host = inside(w, path);
	AUTO_CLOSE int fd = open(host, O_RDONLY);
	char text[64] = "";

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	assert_memory_equal(text, start, strlen(start));
}

static inline bool is_there(const struct world *w, const char *path)
{
	struct stat st;

	return root_lstat(w->q.root, path, &st) == 0;
}

/* The entries of a directory as "icon.png private.img ...", sorted. */
static inline char *listing(const struct world *w, const char *path)
{
	AUTO_FREE char *host = inside(w, path);
	struct dirent **entries;
	struct strbuf out = { 0 };
	int count = scandir(host, &entries, NULL, alphasort);

	strbuf_add(&out, "");
	for (int i = 0; i < count; i++) {
		if (strcmp(entries[i]->d_name, ".") && strcmp(entries[i]->d_name, "..")) {
			strbuf_add(&out, out.length ? " " : "");
			strbuf_add(&out, entries[i]->d_name);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return out.text;
}

static inline void assert_listing(const struct world *w, const char *path, const char *expected)
{
	AUTO_FREE char *found = listing(w, path);

	assert_string_equal(found, expected);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

#endif
