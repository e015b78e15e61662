/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scratch root whose hypervisor runs every VM of the store, with the domain id that it had when the original
 * tools were recorded, for the tests of QubesDB.
 */
#ifndef QUBES_TESTS_QUBESDB_WORLD_H
#define QUBES_TESTS_QUBESDB_WORLD_H

#include "recorded_world.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "applet.h"
#include "firewall.h"
#include "qubesdb/internal.h"

#define SOCKETS "/var/run/qubes"

static const struct applet lazy_applet = { .name = "qvm-test", .hypervisor = VMM_LAZY };

static inline void add_domain(struct strbuf *node, const char *name, const char *uuid)
{
	strbuf_printf(node, "<domain type='test'><name>%s</name>", name);
	if (uuid)
		strbuf_printf(node, "<uuid>%s</uuid>", uuid);
	strbuf_add(node, "<memory unit='MiB'>10</memory><os><type arch='i686'>hvm</type></os></domain>");
}

/* A VM without a directory, or a disposable one without a firewall file, is refused everything. */
static inline void make_places(struct world *w)
{
	static const char rules[] =
		"<QubesFirewallRules dns='allow' icmp='allow' policy='allow' yumProxy='deny'/>";

	for (size_t i = 0; i < vms_count(&w->q); i++) {
		const struct vm *vm = vms_at(&w->q, i);
		const char *directory = vm_directory(vm);

		if (directory && root_mkdirs(w->q.root, directory, 0770) != 0)
			error_clear();
		if (vm_is(vm, VM_DISPOSABLE) && firewall_path(vm) &&
		    !root_exists(w->q.root, firewall_path(vm)))
			make_file(w, firewall_path(vm), 0, rules);
	}
}

/*
 * The test driver starts its domains in the order of its file, from 1 on: what is no VM, or HALTED, is filled
 * up with others.
 */
static inline void start_domains(struct world *w, const char *halted)
{
	AUTO_STRBUF struct strbuf node = { 0 };
	AUTO_FREE char *path = inside(w, "/node.xml");
	AUTO_FREE char *uri = util_printf("test://%s", path);

	make_places(w);
	strbuf_add(&node, "<node>");
	for (int id = 1; id < FIRST_XID + 20; id++) {
		const struct vm *vm = id > FIRST_XID ? vm_by_qid(&w->q, id - FIRST_XID) : NULL;
		AUTO_FREE char *filler = util_printf("filler-%d", id);

		if (vm && halted && strcmp(vm->name, halted) == 0)
			vm = NULL;
		add_domain(&node, vm ? vm->name : filler, vm ? vm_uuid(vm) : NULL);
	}
	strbuf_add(&node, "</node>");
	make_file(w, "/node.xml", 0, node.text);
	vmm_free(w->q.vmm);
	w->q.vmm = vmm_new(uri, false);
	w->q.applet = &lazy_applet;
	w->q.offline = false;
}

/* The network of firewall_world.h, all of it running but HALTED (NULL: none). */
static inline struct world *running_network(const char *halted)
{
	struct world *w = world_new(NULL);

	world_load(w, network);
	start_domains(w, halted);
	return w;
}

static inline int make_running_network(void **state)
{
	*state = running_network(NULL);
	return 0;
}

#define RUNNING(test) cmocka_unit_test_setup_teardown(test, make_running_network, drop_network)

/* "PATH=VALUE" a line, "-PATH" what is removed. In the arena. */
static inline const char *text_of(const struct world *w, const struct qubesdb_entries *entries)
{
	AUTO_STRBUF struct strbuf text = { 0 };

	strbuf_add(&text, "");
	for (size_t i = 0; i < entries->count; i++) {
		const struct qubesdb_entry *entry = &entries->items[i];

		if (entry->value)
			strbuf_printf(&text, "%s=%s\n", entry->path, entry->value);
		else
			strbuf_printf(&text, "-%s\n", entry->path);
	}
	return arena_strdup(w->q.arena, text.text);
}

static inline const char *value_of(const struct qubesdb_entries *entries, const char *path)
{
	const char *value = NULL;

	for (size_t i = 0; i < entries->count; i++)
		if (strcmp(entries->items[i].path, path) == 0)
			value = entries->items[i].value;
	return value;
}

/* A socket that is a daemon's by its NAME alone. By way of the directory, because an address is short. */
static inline int listen_at(struct world *w, const char *name, int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_CLOSE int directory = -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(root_mkdirs(w->q.root, SOCKETS, 0755), 0);
	directory = root_open(w->q.root, SOCKETS, O_RDONLY | O_DIRECTORY, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", directory, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

#endif
