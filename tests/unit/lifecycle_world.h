/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scratch system for the tests of lifecycle: a store with a template and a chain of netvms, the files of
 * its VMs, and libvirt's test driver (which lives in this process) as hypervisor.
 */
#ifndef TESTS_LIFECYCLE_WORLD_H
#define TESTS_LIFECYCLE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applet.h"
#include "error.h"
#include "lifecycle.h"
#include "lifecycle/internal.h"
#include "pending.h"
#include "store.h"
#include "vmm.h"

#define BASE "/var/lib/qubes"
#define WANTS "/etc/systemd/system/multi-user.target.wants"
#define UUID(last) "11111111-0000-4000-8000-0000000000" last

static const char world_store[] =
	"<QubesVmCollection default_kernel=\"4.4\" default_netvm=\"3\" default_template=\"1\">\n"
	"  <QubesTemplateVm name=\"tpl\" qid=\"1\" template_qid=\"none\"/>\n"
	"  <QubesNetVm name=\"net\" qid=\"2\" template_qid=\"1\" uuid=\"" UUID(
		"02") "\"/>\n"
		      "  <QubesProxyVm name=\"fw\" netvm_qid=\"2\" qid=\"3\" template_qid=\"1\"/>\n"
		      "  <QubesAppVm conf_file=\"work.conf\" dir_path=\"" BASE
		      "/appvms/work\" maxmem=\"400\" name=\"work\""
		      " qid=\"4\" template_qid=\"1\" uses_default_netvm=\"True\" uuid=\"" UUID(
			      "04") "\"/>\n"
				    "  <QubesAppVm name=\"lost\" qid=\"5\" template_qid=\"99\"/>\n"
				    "  <QubesProxyVm name=\"ring1\" netvm_qid=\"7\" qid=\"6\" template_qid=\"1\"/>\n"
				    "  <QubesProxyVm name=\"ring2\" netvm_qid=\"6\" qid=\"7\" template_qid=\"1\"/>\n"
				    "  <QubesAppVm name=\"ringed\" netvm_qid=\"6\" qid=\"8\" template_qid=\"1\""
				    " uses_default_netvm=\"False\"/>\n"
				    "  <QubesAppVm memory=\"lots\" name=\"odd\" qid=\"9\" template_qid=\"1\""
				    " uses_default_netvm=\"True\"/>\n"
				    "  <QubesTemplateHVm name=\"wintpl\" qid=\"10\" template_qid=\"none\"/>\n"
				    "  <QubesAppVm installed_by_rpm=\"True\" name=\"packed\" qid=\"11\" template_qid=\"1\"/>\n"
				    "</QubesVmCollection>\n";

static const struct applet lazy_applet = { .name = "qvm-test", .hypervisor = VMM_LAZY };

struct world {
	char directory[64];
	struct qubes q;
};

/* ---- files ---- */

static inline void make_file(const struct world *w, const char *path)
{
	AUTO_FREE char *parent = util_printf("%.*s", (int)(strrchr(path, '/') - path), path);

	assert_int_equal(root_mkdirs(w->q.root, parent, 0755), 0);
	assert_int_equal(root_write(w->q.root, path, "x", 1, 0600), 0);
}

static inline void make_vm_files(const struct world *w, const char *directory)
{
	AUTO_FREE char *private_img = util_printf(BASE "/%s/private.img", directory);

	make_file(w, private_img);
}

static inline bool is_there(const struct world *w, const char *path)
{
	struct stat st;

	return root_lstat(w->q.root, path, &st) == 0;
}

/* ---- the context ---- */

/* As the front door does it, for an applet that writes. */
static inline void open_world(struct world *w, const char *uri)
{
	w->q = (struct qubes){ .applet = &lazy_applet, .offline = !uri, .writing = true, .root = w->q.root };
	w->q.arena = arena_new();
	w->q.pending = pending_new(&w->q);
	w->q.vmm = vmm_new(uri ? uri : VMM_DEFAULT_URI, !uri);
	w->q.store = store_open(w->q.root, STORE_PATH, true);
	assert_non_null(w->q.store);
	w->q.layout = layout_of(store_format(w->q.store));
	assert_int_equal(vms_load(&w->q), 0);
}

static inline void close_world(struct world *w)
{
	vmm_free(w->q.vmm);
	vms_free(w->q.vms);
	store_close(w->q.store);
	arena_free(w->q.arena);
}

/* What a next command would find. */
static inline void reopen_world(struct world *w, const char *uri)
{
	close_world(w);
	open_world(w, uri);
}

static inline struct world *make_world(void)
{
	struct world *w = util_alloc(sizeof(*w));

	error_clear();
	strcpy(w->directory, P_tmpdir "/test_lifecycle.XXXXXX");
	assert_non_null(mkdtemp(w->directory));
	w->q.root = root_new(w->directory);
	make_vm_files(w, "vm-templates/tpl");
	make_file(w, BASE "/vm-templates/tpl/root.img");
	make_vm_files(w, "servicevms/net");
	make_vm_files(w, "servicevms/fw");
	make_vm_files(w, "appvms/work");
	make_file(w, BASE "/vm-kernels/4.4/vmlinuz");
	make_file(w, BASE "/vm-kernels/4.4/initramfs");
	assert_int_equal(root_write(w->q.root, STORE_PATH, world_store, strlen(world_store), 0600), 0);
	return w;
}

static inline int setup_offline(void **state)
{
	*state = make_world();
	open_world(*state, NULL);
	return 0;
}

static inline int setup_online(void **state)
{
	*state = make_world();
	open_world(*state, "test:///default");
	return 0;
}

static inline int drop_world(void **state)
{
	struct world *w = *state;
	struct root *host = root_new("/");

	close_world(w);
	root_free(w->q.root);
	assert_int_equal(root_remove_tree(host, w->directory), 0);
	root_free(host);
	free(w);
	return 0;
}

static inline struct vm *the(struct world *w, const char *name)
{
	struct vm *vm = vm_by_name(&w->q, name);

	assert_non_null(vm);
	return vm;
}

#define OFFLINE(test) cmocka_unit_test_setup_teardown(test, setup_offline, drop_world)
#define ONLINE(test) cmocka_unit_test_setup_teardown(test, setup_online, drop_world)

/* ---- looking ---- */

static inline void assert_power(struct world *w, const char *name, enum vmm_power power)
{
	struct vmm_info info;

	assert_int_equal(vmm_info_now(the(w, name), &info), 0);
	assert_int_equal(info.power, power);
}

static inline void assert_error(const char *part)
{
	if (!strstr(error_message(), part))
		fail_msg("'%s' is not in '%s'", part, error_message());
	error_clear();
}

/* The file is as it was when the world was made. */
static inline void assert_store_unchanged(struct world *w)
{
	size_t length;
	AUTO_FREE char *text = root_read(w->q.root, STORE_PATH, 1 << 20, &length);

	assert_string_equal(text, world_store);
}

#endif
