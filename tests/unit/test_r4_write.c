/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing to stores of release 4 loses nothing: what was not changed stays byte by byte, and what is changed
 * and changed back leaves no trace.
 */
#include "r4_world.h"

#include "pending.h"
#include "prop.h"

static const char *const stores[] = {
	"r41-fresh",	 "r41-installer",	 "r42-fresh", "r42-installer", "r43-fresh",
	"r43-installer", "r42-installer-reflink"
};

/* Loaded as for a command that changes it. */
static struct world *writer(const char *text)
{
	struct world *w = world_new(NULL);

	make_file(w, STORE_PATH, 0, text);
	w->q.store = store_open(w->q.root, STORE_PATH, true);
	assert_non_null(w->q.store);
	w->q.layout = layout_of(store_format(w->q.store));
	w->q.pending = pending_new(&w->q);
	w->q.writing = true;
	assert_int_equal(vms_load(&w->q), 0);
	assert_null(store_write_forbidden(w->q.store));
	return w;
}

static char *text_now(const struct world *w)
{
	size_t length;

	return store_text(w->q.store, &length);
}

static void assert_text(const struct world *w, const char *expected)
{
	AUTO_FREE char *now = text_now(w);

	assert_string_equal(now, expected);
}

static void a_store_is_written_as_it_was_read(void **state)
{
	static const char *const all[] = {
		"r41-fresh", "r41-installer",	      "r42-fresh", "r42-installer", "r42-250",
		"r42-2000",  "r42-installer-reflink", "r43-fresh", "r43-installer", "r43-250"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		AUTO_FREE char *text = r4_text(all[i]);
		struct world *w = writer(text);

		assert_text(w, text);
		world_free(w);
	}
}

/* What TEXT is with LINE behind the first line that has BEFORE in it. The caller frees. */
static char *with_line(const char *text, const char *before, const char *line)
{
	const char *at = strstr(text, before);

	assert_non_null(at);
	at = strchr(at, '\n') + 1;
	return util_printf("%.*s%s\n%s", (int)(at - text), text, line, at);
}

static void one_property_more_is_one_line_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stores); i++) {
		AUTO_FREE char *text = r4_text(stores[i]);
		struct world *w = writer(text);
		bool fresh = strstr(stores[i], "fresh");
		AUTO_FREE char *expected =
			with_line(text, fresh ? "\"default_pool_kernel\"" : "\"management_dispvm\"",
				  "    <property name=\"stats_interval\">9</property>");

		assert_int_equal(prop_set_global(&w->q, prop_find_global(&w->q, "stats_interval"), "9"), 0);
		assert_text(w, expected);
		assert_int_equal(store_save(w->q.store), 0);
		world_free(w);
	}
}

/* ---- there and back ---- */

/* A value that is what it is anyway: set it, see that it is there, set it back. How many could be set. */
static size_t set_and_reset(struct world *w, struct vm *vm, const struct prop *prop, const char *text)
{
	struct prop_value value;
	const char *now;

	if (!prop_settable(vm, prop) || !(prop->flags & PROP_DEFAULTABLE) ||
	    vm_get(vm, prop->name).presence == LAYOUT_SET)
		return 0;
	assert_int_equal(prop_get(vm, prop, &value), 0);
	now = value.none ? "none" : prop_text(vm, &value);
	if (prop_set(vm, prop, now) != 0) { /* no kernel is installed here, and "none" is no number */
		error_clear();
		assert_text(w, text);
		return 0;
	}
	assert_int_equal(vm_get(vm, prop->name).presence, LAYOUT_SET);
	assert_int_equal(prop_get(vm, prop, &value), 0);
	assert_false(value.broken);
	assert_int_equal(prop_reset(vm, prop), 0);
	assert_text(w, text);
	return 1;
}

static void what_is_set_and_reset_leaves_no_trace(void **state)
{
	size_t set = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stores); i++) {
		AUTO_FREE char *text = r4_text(stores[i]);
		struct world *w = writer(text);
		struct vm *vm;

		FOR_EACH_VM(&w->q, vm)
			FOR_EACH_PROP(&w->q, prop)
				set += set_and_reset(w, vm, prop, text);
		world_free(w);
	}
	assert_true(set > 1500);
}

static void features_tags_and_devices_come_and_go(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stores); i++) {
		AUTO_FREE char *text = r4_text(stores[i]);
		struct world *w = writer(text);
		struct vm *vm;

		FOR_EACH_VM(&w->q, vm) {
			assert_int_equal(prop_set_feature(vm, "a.feature", ""), 0);
			assert_int_equal(prop_set_feature(vm, "a.feature", "1"), 0);
			assert_int_equal(prop_set_tag(vm, "a-tag", true), 0);
			assert_true(vm_has_tag(vm, "a-tag"));
			assert_int_equal(prop_set_feature(vm, "a.feature", NULL), 0);
			assert_int_equal(prop_set_tag(vm, "a-tag", false), 0);
			assert_text(w, text);
		}
		world_free(w);
	}
}

/* ---- properties stand in the order of the originals: stage, then name ---- */

static void assert_sorted(const struct vm *vm)
{
	const struct layout *layout = vm->qubes->layout;
	const char *name, *text, *before = "";
	store_node *property = NULL;
	bool late = false;

	while ((property = layout->next_property(vm->node, property, &name, &text))) {
		bool is_late = !strcmp(name, "audiovm") || !strcmp(name, "default_dispvm") ||
			       !strcmp(name, "guivm") || !strcmp(name, "kernelopts") ||
			       !strcmp(name, "management_dispvm") || !strcmp(name, "netvm") ||
			       !strcmp(name, "template");

		assert_true(is_late >= late);
		if (is_late == late)
			assert_true(strcmp(before, name) < 0);
		late = is_late;
		before = name;
	}
}

static void new_properties_are_in_their_places(void **state)
{
	static const char *const sets[][2] = {
		{ "vcpus", "3" },	{ "autostart", "True" }, { "netvm", "none" },
		{ "kernelopts", "x" },	{ "audiovm", "none" },	 { "memory", "500" },
		{ "guivm", "sys-usb" }, { "debug", "on" },	 { "template_for_dispvms", "True" },
	};
	AUTO_FREE char *text = r4_text("r42-installer");
	struct world *w = writer(text);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		assert_int_equal(prop_set(the(w, "vault"), prop_find(&w->q, sets[i][0]), sets[i][1]), 0);
	assert_sorted(the(w, "vault"));
	world_free(w);
}

/* ---- what hand-made stores have ---- */

#define STORE(properties)                                                                                            \
	"<qubes version=\"3.0\"><!-- mine --><odd/><labels><label id=\"label-1\" color=\"0x1\">red</label></labels>" \
	"<domains><domain class=\"AdminVM\"/><domain class=\"StandaloneVM\"><properties>"                            \
	"<property name=\"qid\">1</property><property name=\"name\">a</property>" properties                         \
	"</properties></domain></domains></qubes>"

static void what_is_not_known_is_kept(void **state)
{
	struct world *w = writer(STORE("<property name=\"memory\" ref=\"500\">400</property><!-- x -->"));

	(void)state;
	assert_string_equal(prop_string(the(w, "a"), "memory"), "500");
	assert_int_equal(prop_set(the(w, "a"), prop_find(&w->q, "memory"), "600"), 0);
	assert_text(w, STORE("<property name=\"memory\">600</property><!-- x -->"));
	world_free(w);
}

static void the_last_of_two_counts_and_a_reset_takes_both(void **state)
{
	struct world *w = writer(
		STORE("<property name=\"memory\">500</property><property name=\"memory\">700</property>"));

	(void)state;
	assert_string_equal(prop_string(the(w, "a"), "memory"), "700");
	assert_int_equal(prop_reset(the(w, "a"), prop_find(&w->q, "memory")), 0);
	assert_text(w, STORE(""));
	world_free(w);
}

static void a_value_ends_where_a_comment_begins(void **state)
{
	struct world *w = writer(STORE("<property name=\"memory\">80<!-- -->0</property>"
				       "<property name=\"kernel\"><![CDATA[6.1]]></property>"));

	(void)state;
	assert_string_equal(prop_string(the(w, "a"), "memory"), "80");
	assert_string_equal(prop_string(the(w, "a"), "kernel"), "6.1");
	world_free(w);
}

static void numbers_are_read_as_python_reads_them(void **state)
{
	static const struct {
		const char *text, *read; /* NULL: it is none */
	} rows[] = {
		{ "500", "500" },
		{ " 500\n", "500" },
		{ "+5_00", "500" },
		{ "0500", "500" },
		{ "5__0", NULL },
		{ "_5", NULL },
		{ "5_", NULL },
		{ "0x10", NULL },
		{ "5.0", NULL },
		{ "", NULL },
		{ "-5", NULL },
		{ "5 0", NULL },
		{ "1e3", NULL },
		{ "+ 5", NULL },
		/* Of any size, in any script, with any blanks. */
		{ "0099999999999999999999", "99999999999999999999" },
		{ "\u0664\u0660_\u0660", "400" },
		{ "\u00a0400\u3000", "400" },
		{ "4\u00a00", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *store =
			util_printf(STORE("<property name=\"memory\">%s</property>"), rows[i].text);
		struct world *w = writer(store);
		struct prop_value value;

		assert_int_equal(prop_get(the(w, "a"), prop_find(&w->q, "memory"), &value), 0);
		assert_int_equal(value.broken, !rows[i].read);
		assert_string_equal(prop_text(the(w, "a"), &value),
				    rows[i].read ? rows[i].read : rows[i].text);
		assert_int_equal(prop_broken(the(w, "a")) != NULL, !rows[i].read);
		world_free(w);
	}
}

/* What goes round in circles ends. */
static void circles_end(void **state)
{
	static const char text[] =
		"<qubes><domains>"
		"<domain class=\"DispVM\"><properties><property name=\"qid\">1</property><property name=\"name\">a"
		"</property><property name=\"dispid\">5</property><property name=\"template\">a</property>"
		"<property name=\"netvm\">b</property><property name=\"guivm\">b</property>"
		"<property name=\"provides_network\">1</property></properties></domain>"
		"<domain class=\"AppVM\"><properties><property name=\"qid\">2</property><property name=\"name\">b"
		"</property><property name=\"template\">b</property><property name=\"netvm\">a</property>"
		"<property name=\"guivm\">a</property><property name=\"provides_network\">on</property></properties>"
		"</domain></domains></qubes>";
	struct world *w = world_new(NULL);
	struct vm *vm;

	(void)state;
	world_load(w, text);
	FOR_EACH_VM(&w->q, vm)
		FOR_EACH_PROP(&w->q, prop) {
			struct prop_value value;

			if (prop_applies(vm, prop) && prop_get(vm, prop, &value) != 0)
				error_clear();
		}
	assert_string_equal(prop_string(the(w, "a"), "keyboard_layout"), "us++");
	assert_non_null(vm_broken(the(w, "a")));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_is_written_as_it_was_read),
		cmocka_unit_test(one_property_more_is_one_line_more),
		cmocka_unit_test(what_is_set_and_reset_leaves_no_trace),
		cmocka_unit_test(features_tags_and_devices_come_and_go),
		cmocka_unit_test(new_properties_are_in_their_places),
		cmocka_unit_test(what_is_not_known_is_kept),
		cmocka_unit_test(the_last_of_two_counts_and_a_reset_takes_both),
		cmocka_unit_test(a_value_ends_where_a_comment_begins),
		cmocka_unit_test(numbers_are_read_as_python_reads_them),
		cmocka_unit_test(circles_end),
	};

	return cmocka_run_group_tests_name("r4_write", tests, NULL, NULL);
}
