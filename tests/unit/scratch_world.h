/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scratch root with a store in it, loaded as the front door would load it for a reader.
 */
#ifndef QUBES_TESTS_SCRATCH_WORLD_H
#define QUBES_TESTS_SCRATCH_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "store.h"
#include "util.h"
#include "vm.h"
#include "vmm.h"

struct world {
	char directory[64];
	struct qubes q;
};

/* PATH of the root as the host sees it. The caller frees. */
static inline char *inside(const struct world *w, const char *path)
{
	return util_printf("%s%s", w->directory, path);
}

/* CONTENT, and then a hole up to SIZE. */
static inline void make_file(const struct world *w, const char *path, uint64_t size, const char *content)
{
	AUTO_FREE char *host = inside(w, path);
	AUTO_FREE char *parent = util_strdup(path);
	char *slash = strrchr(parent, '/');

	slash[slash == parent] = '\0'; /* "/" stays */
	assert_int_equal(root_mkdirs(w->q.root, parent, 0755), 0);
	AUTO_CLOSE int fd = open(host, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(util_write_all(fd, content, strlen(content)), 0);
	assert_int_equal(ftruncate(fd, (off_t)(size > strlen(content) ? size : strlen(content))), 0);
}

/* An empty root. URI: the hypervisor's; NULL: offline. */
static inline struct world *world_new(const char *uri)
{
	struct world *w = util_alloc(sizeof(*w));

	error_clear();
	strcpy(w->directory, P_tmpdir "/test_world.XXXXXX");
	assert_non_null(mkdtemp(w->directory));
	w->q.arena = arena_new();
	w->q.root = root_new(w->directory);
	assert_non_null(w->q.root);
	w->q.offline = !uri;
	w->q.vmm = vmm_new(uri ? uri : VMM_DEFAULT_URI, !uri);
	return w;
}

/* Puts TEXT there as the store, and loads it. */
static inline void world_load(struct world *w, const char *text)
{
	make_file(w, STORE_PATH, 0, text);
	w->q.store = store_open(w->q.root, STORE_PATH, false);
	assert_non_null(w->q.store);
	w->q.layout = layout_of(store_format(w->q.store));
	assert_int_equal(vms_load(&w->q), 0);
}

static inline void world_free(struct world *w)
{
	struct root *host = root_new("/");

	vmm_free(w->q.vmm);
	vms_free(w->q.vms);
	store_close(w->q.store);
	root_free(w->q.root);
	arena_free(w->q.arena);
	assert_int_equal(root_remove_tree(host, w->directory), 0);
	root_free(host);
	free(w);
}

static inline struct vm *the(const struct world *w, const char *name)
{
	struct vm *vm = vm_by_name(&w->q, name);

	assert_non_null(vm);
	return vm;
}

#endif
