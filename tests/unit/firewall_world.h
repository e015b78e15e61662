/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scratch root with a chain of network and a writer's hold on the store, for the tests of the firewall.
 */
#ifndef QUBES_TESTS_FIREWALL_WORLD_H
#define QUBES_TESTS_FIREWALL_WORLD_H

#include "scratch_world.h"

#include <time.h>

#include "firewall.h"
#include "pending.h"

#define WORK_DIR "/var/lib/qubes/appvms/work"
#define WORK_RULES WORK_DIR "/firewall.xml"

static const char network[] =
	"<QubesVmCollection default_netvm=\"3\">\n"
	"  <QubesTemplateVm name=\"tpl\" qid=\"1\"/>\n"
	"  <QubesNetVm name=\"sys-net\" netid=\"1\" qid=\"2\" template_qid=\"1\"/>\n"
	"  <QubesProxyVm name=\"sys-firewall\" netid=\"2\" netvm_qid=\"2\" qid=\"3\" template_qid=\"1\"/>\n"
	"  <QubesAppVm name=\"work\" qid=\"4\" template_qid=\"1\"/>\n"
	"  <QubesAppVm name=\"alone\" netvm_qid=\"none\" qid=\"5\" template_qid=\"1\""
	" uses_default_netvm=\"False\"/>\n"
	"  <QubesTemplateHVm name=\"wintpl\" qid=\"6\"/>\n"
	"  <QubesDisposableVm dispid=\"9\" firewall_conf=\"/var/run/qubes/disp9-firewall.xml\" name=\"disp9\""
	" qid=\"7\" template_qid=\"1\"/>\n"
	"  <QubesAppVm firewall_conf=\"rules.xml\" name=\"other\" qid=\"8\" template_qid=\"1\"/>\n"
	"</QubesVmCollection>\n";

static inline int make_network(void **state)
{
	struct world *w = world_new(NULL);

	w->q.pending = pending_new(&w->q);
	make_file(w, STORE_PATH, 0, network);
	make_file(w, WORK_DIR "/private.img", 0, "");
	w->q.store = store_open(w->q.root, STORE_PATH, true);
	assert_non_null(w->q.store);
	w->q.writing = true;
	w->q.layout = layout_of(store_format(w->q.store));
	assert_int_equal(vms_load(&w->q), 0);
	*state = w;
	return 0;
}

static inline int drop_network(void **state)
{
	world_free(*state);
	return 0;
}

#define WITH_NETWORK(test) cmocka_unit_test_setup_teardown(test, make_network, drop_network)

/* The file of "work" with these attributes in its root and these elements. */
static inline void write_rules(const struct world *w, const char *attributes, const char *elements)
{
	AUTO_FREE char *text =
		util_printf("<QubesFirewallRules %s>%s</QubesFirewallRules>", attributes, elements);

	make_file(w, WORK_RULES, 0, text);
}

static inline struct firewall load_work(const struct world *w)
{
	struct firewall firewall;

	assert_int_equal(firewall_load(the(w, "work"), &firewall), 0);
	return firewall;
}

static inline void assert_file(const struct world *w, const char *path, const char *text)
{
	AUTO_FREE char *found = root_read(w->q.root, path, 1 << 20, NULL);

	assert_non_null(found);
	assert_string_equal(found, text);
}

/* TEXT as a NULL-terminated list of words, in the arena. */
static inline char **words_of(const struct world *w, const char *text)
{
	char *rest = NULL, *copy = arena_strdup(w->q.arena, text);
	char **words = arena_alloc(w->q.arena, (strlen(text) + 2) * sizeof(*words));
	size_t count = 0;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	return words;
}

#endif
