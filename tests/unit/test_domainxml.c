/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domainxml against what the original computed: every recorded VM of every recorded store.
 *
 * tests/golden/params.json has the values of all named places, as release 3.2 gave them on a host of 8 GiB
 * and 4 CPUs.
 */
#include "scratch_world.h"

#include <jansson.h>
#include <stdio.h>

#include "domainxml.h"
#include "domainxml/internal.h"

#define GOLDEN "tests/golden"
#define NODE "/node.xml"

static const char node[] =
	"<node><cpu><mhz>2600</mhz><model>i686</model><active>4</active><nodes>1</nodes><sockets>1</sockets>"
	"<cores>4</cores><threads>1</threads></cpu><memory>8388608</memory></node>\n";

/* The VMs whose document as a whole is not what the original made, on purpose. */
static const struct deviation {
	const char *store, *vm, *reason;
} deviations[] = {
	{ "installer.xml", "win7", "a numeric timezone crashed the original" },
	{ "conf_custom.xml", "personal", "3.2 ignores a conf_file of its own, 3.0 takes it: so do we" },
};

static bool deviates(const char *store, const char *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(deviations); i++)
		if (!strcmp(deviations[i].store, store) && !strcmp(deviations[i].vm, vm))
			return true;
	return false;
}

/* ---- a world like the one that was recorded ---- */

static void make_kernel(const struct world *w, const char *directory)
{
	static const char *const files[] = { "vmlinuz", "initramfs", "modules.img" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO_FREE char *path = util_printf("%s/%s", directory, files[i]);

		make_file(w, path, 0, "x");
	}
}

static struct world *recorded_world(const char *store)
{
	AUTO_FREE char *path = util_printf(GOLDEN "/stores/%s", store);
	AUTO_FREE char *cwd = getcwd(NULL, 0);
	AUTO_FREE char *absolute = util_printf("%s/%s", cwd, path);
	struct root *host = root_new("/");
	size_t length;
	AUTO_FREE char *text = root_read(host, absolute, 1 << 20, &length);
	struct world *w = world_new(NULL);
	AUTO_FREE char *uri = util_printf("test://%s" NODE, w->directory);

	root_free(host);
	assert_non_null(text);
	vmm_free(w->q.vmm);
	w->q.vmm = vmm_new(uri, false);
	w->q.offline = false;
	make_file(w, NODE, 0, node);
	make_kernel(w, "/var/lib/qubes/vm-kernels/3.18.17-8");
	make_kernel(w, "/var/lib/qubes/vm-kernels/3.12.23-1");
	make_kernel(w, "/var/lib/qubes/vm-kernels/3.2.7-10");
	make_kernel(w, "/var/lib/qubes/appvms/dev/kernels");
	world_load(w, text);
	return w;
}

/* ---- expected and found ---- */

/* Elements are recorded as they are; everything else is text that has to be escaped. */
static bool is_markup(const char *place)
{
	static const char *const endings[] = { "dev", "devs", "_begin", "_end", "uuidnode", "features" };

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (util_ends_with(place, endings[i]))
			return true;
	return false;
}

static void add_expected(struct strbuf *out, const char *place, const char *recorded)
{
	if (is_markup(place))
		strbuf_add(out, recorded);
	else
		domainxml_escape(out, recorded);
}

/* Image and kernel paths name the scratch root, which the recording does not know. */
static char *without_root(const struct world *w, const char *text)
{
	size_t length = strlen(w->directory);
	struct strbuf out = { 0 };
	const char *found;

	strbuf_add(&out, "");
	for (; (found = strstr(text, w->directory)); text = found + length)
		strbuf_add_bytes(&out, text, (size_t)(found - text));
	strbuf_add(&out, text);
	return out.text;
}

static int compare(const char *what, const char *store, const char *vm, const char *expected,
		   const char *found)
{
	if (found && !strcmp(expected, found))
		return 0;
	print_error("%s of %s in %s\n--- expected\n%s\n--- found\n%s\n", what, vm, store, expected,
		    found ? found : error_message());
	return 1;
}

static int check_places(const struct world *w, const char *store, struct vm *vm, json_t *recorded)
{
	const char *place;
	json_t *value;
	int faults = 0;

	json_object_foreach(recorded, place, value)
	{
		AUTO_STRBUF struct strbuf expected = { 0 };
		AUTO_FREE char *raw = domainxml_place(vm, place);
		AUTO_FREE char *found = raw ? without_root(w, raw) : NULL;

		add_expected(&expected, place, json_string_value(value));
		faults += compare(place, store, vm->name, expected.text ? expected.text : "", found);
	}
	return faults;
}

/* The whole way through a template file that has every recorded place. */
static int check_document(const struct world *w, const char *store, struct vm *vm, json_t *recorded)
{
	AUTO_STRBUF struct strbuf template = { 0 };
	AUTO_STRBUF struct strbuf expected = { 0 };
	const char *place;
	json_t *value;

	json_object_foreach(recorded, place, value)
	{
		strbuf_printf(&template, "%s=[{%s}]\n", place, place);
		strbuf_printf(&expected, "%s=[", place);
		add_expected(&expected, place, json_string_value(value));
		strbuf_add(&expected, "]\n");
	}
	make_file(w, "/usr/share/qubes/vm-template.xml", 0, template.text);
	make_file(w, "/usr/share/qubes/vm-template-hvm.xml", 0, template.text);
	AUTO_FREE char *raw = domainxml_of(vm, "xen");
	AUTO_FREE char *found = raw ? without_root(w, raw) : NULL;
	assert_int_equal(root_remove_tree(w->q.root, "/usr/share/qubes"), 0);
	return compare("the document", store, vm->name, expected.text, found);
}

/* What the original could not do, or what dom0 is not, we say or do without it. */
static int check_unrecorded(struct vm *vm)
{
	AUTO_FREE char *xml = domainxml_of(vm, "xen");

	if (!xml != vm_is_dom0(vm))
		print_error("%s: %s\n", vm->name, error_message());
	return !xml != vm_is_dom0(vm);
}

static int check_record(const struct world *w, const char *store, json_t *record)
{
	const char *name = json_string_value(json_object_get(record, "vm"));
	json_t *recorded = json_object_get(record, "config_params");
	struct vm *vm = the(w, name);

	if (!json_is_object(recorded)) {
		assert_true(vm_is_dom0(vm) || deviates(store, name));
		return check_unrecorded(vm);
	}
	if (deviates(store, name))
		return check_places(w, store, vm, recorded);
	return check_places(w, store, vm, recorded) + check_document(w, store, vm, recorded);
}

static void all_recorded_vms_get_the_recorded_values(void **state)
{
	json_t *records = json_load_file(GOLDEN "/params.json", 0, NULL), *record;
	const char *open = "";
	struct world *w = NULL;
	size_t index;
	int faults = 0;

	(void)state;
	assert_true(json_array_size(records) > 0);
	json_array_foreach(records, index, record)
	{
		const char *store = json_string_value(json_object_get(record, "store"));

		if (strcmp(store, open)) {
			if (w)
				world_free(w);
			w = recorded_world(store);
			open = store;
		}
		faults += check_record(w, store, record);
	}
	world_free(w);
	json_decref(records);
	assert_int_equal(faults, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_recorded_vms_get_the_recorded_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
