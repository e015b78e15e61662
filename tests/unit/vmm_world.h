/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One world per unit test of the vmm room: a directory with a node file of the test driver, a domain in each
 * state, and a context that would connect to it.
 */
#ifndef TESTS_VMM_WORLD_H
#define TESTS_VMM_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include <libvirt/virterror.h>

#include "error.h"
#include "vmm/internal.h"
#include "vmm_context.h"

#define assert_contains(text, part)                                             \
	do {                                                                    \
		if (!strstr(text, part))                                        \
			fail_msg("'%s' does not contain '%s'", (text), (part)); \
	} while (0)

struct world {
	char directory[32];
	char *uri, *node;
	struct qubes q;
};

static const struct {
	const char *name, *uuid;
	int runstate;
	enum vmm_power power;
} rows[] = {
	{ "running", UUID_OF("0001"), VIR_DOMAIN_RUNNING, VMM_RUNNING },
	{ "blocked", UUID_OF("0002"), VIR_DOMAIN_BLOCKED, VMM_RUNNING },
	{ "paused", UUID_OF("0003"), VIR_DOMAIN_PAUSED, VMM_PAUSED },
	{ "halting", UUID_OF("0004"), VIR_DOMAIN_SHUTDOWN, VMM_HALTING },
	{ "halted", UUID_OF("0005"), VIR_DOMAIN_SHUTOFF, VMM_HALTED },
	{ "crashed", UUID_OF("0006"), VIR_DOMAIN_CRASHED, VMM_CRASHED },
	{ "suspended", UUID_OF("0007"), VIR_DOMAIN_PMSUSPENDED, VMM_SUSPENDED },
};

/* A host of 8 GiB and 4 CPUs with a domain per row. */
static inline void write_node(const char *path)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs("<node>", file);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *xml = context_domain("test", rows[i].name, rows[i].uuid, rows[i].runstate);

		fputs(xml, file);
	}
	fputs("<cpu><mhz>2600</mhz><model>i686</model><active>4</active><nodes>1</nodes><sockets>1</sockets>"
	      "<cores>4</cores><threads>1</threads></cpu><memory>8388608</memory></node>",
	      file);
	assert_int_equal(fclose(file), 0);
}

static inline int set_up(void **state)
{
	struct world *world = util_alloc(sizeof(*world));

	strcpy(world->directory, "/tmp/vmm-XXXXXX");
	if (!mkdtemp(world->directory))
		return -1;
	world->node = util_printf("%s/node.xml", world->directory);
	world->uri = util_printf("test://%s", world->node);
	write_node(world->node);
	context_open(&world->q, world->uri, false);
	error_clear();
	*state = world;
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *world = *state;

	context_close(&world->q);
	unlink(world->node);
	rmdir(world->directory);
	free(world->node);
	free(world->uri);
	free(world);
	return 0;
}

/* The same directory, another hypervisor. */
static inline struct qubes *reopen(struct world *world, const char *uri, bool offline)
{
	context_close(&world->q);
	context_open(&world->q, uri, offline);
	return &world->q;
}

static inline struct vmm_info info_of(struct vm *vm)
{
	struct vmm_info info;

	if (vmm_info(vm, &info) < 0)
		fail_msg("%s: %s", vm->name, error_message());
	return info;
}

#define assert_done(call)                                                  \
	do {                                                               \
		if ((call) != 0)                                           \
			fail_msg("%s failed: %s", #call, error_message()); \
	} while (0)

#define assert_fails(call, kind)                      \
	do {                                          \
		error_clear();                        \
		assert_int_equal(call, -1);           \
		assert_int_equal(error_kind(), kind); \
	} while (0)

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
