/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One interface for both formats: what R3's loader has to understand, and name, class and label of real R4
 * stores read the same way.
 */
#include "scratch_world.h"

#include <dirent.h>
#include <jansson.h>

#define R4_STORES "tests/fixtures/r4"

static struct world *load(const char *text)
{
	struct world *w = world_new(NULL);

	world_load(w, text);
	return w;
}

#define VM(attributes) "<QubesVmCollection><QubesAppVm name='a' qid='1' " attributes "/></QubesVmCollection>"

/* ---- R3: when a value follows the default ---- */

static void presence_of_netvm(const char *store, enum layout_presence expected)
{
	struct world *w = load(store);

	assert_int_equal(vm_get(the(w, "a"), "netvm").presence, expected);
	world_free(w);
}

static void a_netvm_follows_as_its_flag_says(void **state)
{
	(void)state;
	presence_of_netvm(VM("netvm_qid='2' uses_default_netvm='True'"), LAYOUT_FOLLOWS);
	presence_of_netvm(VM("netvm_qid='2' uses_default_netvm='tRUE'"), LAYOUT_FOLLOWS);
	presence_of_netvm(VM("netvm_qid='2' uses_default_netvm='1'"), LAYOUT_FOLLOWS);
	presence_of_netvm(VM("netvm_qid='2' uses_default_netvm='False'"), LAYOUT_SET);
	presence_of_netvm(VM("uses_default_netvm='0'"), LAYOUT_SET);
}

static void without_a_flag_a_netvm_that_is_named_is_its_own(void **state)
{
	(void)state;
	presence_of_netvm(VM("netvm_qid='2'"), LAYOUT_SET);
	presence_of_netvm(VM(""), LAYOUT_FOLLOWS);
}

static void a_proxyvm_never_follows(void **state)
{
	(void)state;
	presence_of_netvm("<QubesVmCollection><QubesProxyVm name='a' qid='1'/></QubesVmCollection>",
			  LAYOUT_SET);
}

static void without_a_flag_kernel_options_follow(void **state)
{
	struct world *w = load(VM("kernelopts='x' kernel='k'"));

	(void)state;
	assert_int_equal(vm_get(the(w, "a"), "kernelopts").presence, LAYOUT_FOLLOWS);
	assert_int_equal(vm_get(the(w, "a"), "kernel").presence, LAYOUT_FOLLOWS);
	assert_int_equal(vm_get(the(w, "a"), "memory").presence, LAYOUT_ABSENT);
	world_free(w);
}

static void references_are_qids_none_or_bad(void **state)
{
	static const struct {
		const char *store;
		enum layout_reference_kind kind;
		int qid;
	} rows[] = {
		{ VM("template_qid='7'"), LAYOUT_BY_QID, 7 },
		{ VM("template_qid='none'"), LAYOUT_NO_VM, -1 },
		{ VM("template_qid='NONE'"), LAYOUT_NO_VM, -1 },
		{ VM(""), LAYOUT_NO_VM, -1 },
		{ VM("template_qid='seven'"), LAYOUT_BAD_REFERENCE, -1 },
		{ VM("template_qid='-7'"), LAYOUT_BAD_REFERENCE, -1 },
		{ VM("template_qid=''"), LAYOUT_BAD_REFERENCE, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = load(rows[i].store);
		struct layout_reference found = w->q.layout->get_reference(the(w, "a")->node, "template");

		assert_int_equal(found.kind, rows[i].kind);
		assert_int_equal(found.qid, rows[i].qid);
		world_free(w);
	}
}

/* ---- R3: writing ---- */

static void assert_text(const struct world *w, const char *expected)
{
	size_t length;
	AUTO_FREE char *text = store_text(w->q.store, &length);

	assert_string_equal(text, expected);
}

static void a_new_attribute_goes_to_its_sorted_place(void **state)
{
	struct world *w = load(
		"<QubesVmCollection><QubesAppVm autostart=\"False\" name=\"a\" qid=\"1\"/></QubesVmCollection>");

	(void)state;
	assert_int_equal(vm_set(the(w, "a"), "memory", "500"), 0);
	assert_int_equal(vm_set(the(w, "a"), "vcpus", "2"), 0);
	assert_text(w,
		    "<QubesVmCollection><QubesAppVm autostart=\"False\" memory=\"500\" name=\"a\" qid=\"1\" "
		    "vcpus=\"2\"/></QubesVmCollection>");
	world_free(w);
}

static void an_own_value_clears_the_flag_and_the_default_sets_it(void **state)
{
	struct world *w = load("<QubesVmCollection><QubesAppVm kernel=\"k\" name=\"a\" qid=\"1\" "
			       "uses_default_kernel=\"True\"/></QubesVmCollection>");

	(void)state;
	assert_int_equal(vm_set(the(w, "a"), "kernel", "own"), 0);
	assert_text(w, "<QubesVmCollection><QubesAppVm kernel=\"own\" name=\"a\" qid=\"1\" "
		       "uses_default_kernel=\"False\"/></QubesVmCollection>");
	assert_int_equal(vm_set_default(the(w, "a"), "kernel"), 0);
	assert_text(w, "<QubesVmCollection><QubesAppVm kernel=\"own\" name=\"a\" qid=\"1\" "
		       "uses_default_kernel=\"True\"/></QubesVmCollection>");
	world_free(w);
}

static void a_new_vm_goes_to_the_place_of_its_qid(void **state)
{
	struct world *w =
		load("<QubesVmCollection>\n  <QubesAppVm name=\"a\" qid=\"1\"/>\n  <QubesAppVm name=\"c\" "
		     "qid=\"3\"/>\n</QubesVmCollection>\n");

	(void)state;
	assert_non_null(vm_add(&w->q, vm_class_by_type("NetVM"), "b"));
	assert_text(
		w,
		"<QubesVmCollection>\n  <QubesAppVm name=\"a\" qid=\"1\"/>\n  <QubesNetVm name=\"b\" qid=\"2\"/>\n"
		"  <QubesAppVm name=\"c\" qid=\"3\"/>\n</QubesVmCollection>\n");
	vm_remove(the(w, "a"));
	assert_text(w, "<QubesVmCollection>\n  <QubesNetVm name=\"b\" qid=\"2\"/>\n"
		       "  <QubesAppVm name=\"c\" qid=\"3\"/>\n</QubesVmCollection>\n");
	world_free(w);
}

static void dom0_gets_its_element_and_its_name_when_it_is_changed(void **state)
{
	struct world *w = load(
		"<QubesVmCollection>\n  <QubesDom0NetVm netid=\"0\" qid=\"0\"/>\n</QubesVmCollection>\n");
	struct world *without = load("<QubesVmCollection/>");

	(void)state;
	assert_string_equal(the(w, "dom0")->type, "AdminVM");
	assert_int_equal(vm_set(the(w, "dom0"), "backup_size", "5"), 0);
	assert_text(w, "<QubesVmCollection>\n  <QubesAdminVm backup_size=\"5\" netid=\"0\" qid=\"0\"/>\n"
		       "</QubesVmCollection>\n");
	assert_int_equal(vm_set(the(without, "dom0"), "backup_size", "5"), 0);
	assert_text(without,
		    "<QubesVmCollection>\n  <QubesAdminVm backup_size=\"5\" name=\"dom0\" qid=\"0\"/>\n"
		    "</QubesVmCollection>");
	world_free(w);
	world_free(without);
}

static void what_xml_cannot_hold_is_refused(void **state)
{
	static const char *const texts[] = { "\x01",	     "a\x1f",	     "\xff",	"\xc0\x80",
					     "\xed\xa0\x80", "\xef\xbf\xbf", "\xe2\x82" };
	struct world *w = load(VM(""));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(vm_set(the(w, "a"), "kernelopts", texts[i]), -1);
	assert_false(store_changed(w->q.store));
	assert_int_equal(vm_set(the(w, "a"), "kernelopts", "\xe2\x82\xac \xf0\x9f\x98\x80 \t\n"), 0);
	world_free(w);
}

/* ---- R4, through the same interface ---- */

/* What the original's own reading (a dump) says of one VM. */
static void compare_vm(const struct world *w, const char *name, const json_t *expected)
{
	const struct vm *vm = the(w, name);
	const char *label =
		json_string_value(json_object_get(json_object_get(expected, "properties"), "label"));
	const char *found = vm_get(vm, "label").text;

	assert_string_equal(vm->type, json_string_value(json_object_get(expected, "class")));
	assert_int_equal(!label, !found);
	if (label)
		assert_string_equal(found, label);
}

static struct world *load_file(const char *path)
{
	struct root *host = root_new("/");
	AUTO_FREE char *absolute = realpath(path, NULL);
	AUTO_FREE char *text = root_read(host, absolute, 1 << 24, NULL);

	root_free(host);
	assert_non_null(text);
	return load(text);
}

static void real_r4_stores_are_read_as_the_original_reads_them(void **state)
{
	DIR *directory = opendir(R4_STORES);
	struct dirent *entry;
	size_t compared = 0;

	(void)state;
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		AUTO_FREE char *path = util_printf("%s/%s", R4_STORES, entry->d_name);
		AUTO_FREE char *store_path =
			util_printf("%.*s.xml", (int)strlen(path) - (int)strlen(".dump.json"), path);
		const char *name;
		json_t *dump, *vms, *vm;
		struct world *w;

		if (!util_ends_with(path, ".dump.json"))
			continue;
		dump = json_load_file(path, 0, NULL);
		vms = json_object_get(dump, "domains");
		w = load_file(store_path);
		assert_int_equal(store_format(w->q.store), STORE_R4);
		assert_int_equal(vms_count(&w->q), json_object_size(vms));
		json_object_foreach(vms, name, vm)
		{
			compare_vm(w, name, vm);
			compared++;
		}
		world_free(w);
		json_decref(dump);
	}
	closedir(directory);
	assert_true(compared > 20);
}

/* How often PART is in TEXT. */
static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part))) {
		count++;
		text += strlen(part);
	}
	return count;
}

static void no_vm_of_a_real_r4_store_is_left_out(void **state)
{
	static const char *const names[] = { "r41-fresh", "r41-installer", "r42-250", "r43-fresh",
					     "r43-250" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO_FREE char *path = util_printf("%s/%s.xml", R4_STORES, names[i]);
		struct world *w = load_file(path);
		size_t length;
		AUTO_FREE char *text = store_text(w->q.store, &length);

		assert_int_equal(vms_count(&w->q), count_of(text, "<domain "));
		assert_null(store_write_forbidden(w->q.store));
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_netvm_follows_as_its_flag_says),
		cmocka_unit_test(without_a_flag_a_netvm_that_is_named_is_its_own),
		cmocka_unit_test(a_proxyvm_never_follows),
		cmocka_unit_test(without_a_flag_kernel_options_follow),
		cmocka_unit_test(references_are_qids_none_or_bad),
		cmocka_unit_test(a_new_attribute_goes_to_its_sorted_place),
		cmocka_unit_test(an_own_value_clears_the_flag_and_the_default_sets_it),
		cmocka_unit_test(a_new_vm_goes_to_the_place_of_its_qid),
		cmocka_unit_test(dom0_gets_its_element_and_its_name_when_it_is_changed),
		cmocka_unit_test(what_xml_cannot_hold_is_refused),
		cmocka_unit_test(real_r4_stores_are_read_as_the_original_reads_them),
		cmocka_unit_test(no_vm_of_a_real_r4_store_is_left_out),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
