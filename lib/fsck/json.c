/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The result for programs: one JSON object.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static json_t *text_or_null(const char *text)
{
	json_t *string = text ? json_string(text) : NULL;

	return string ? string : json_null();
}

static const struct {
	unsigned release;
	const char *name;
} names[] = { { FSCK_R3, "3" }, { FSCK_R41, "4.1" }, { FSCK_R42, "4.2" }, { FSCK_R43, "4.3" } };

static json_t *releases(unsigned bits)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (bits & names[i].release)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

static json_t *finding_object(const struct fsck_finding *finding)
{
	json_t *object = json_object();

	json_object_set_new(object, "id", text_or_null(finding->id));
	json_object_set_new(object, "severity", json_string(fsck_is_error(finding) ? "error" : "warning"));
	json_object_set_new(object, "fatal", releases(finding->releases));
	json_object_set_new(object, "line",
			    finding->line ? json_integer((json_int_t)finding->line) : json_null());
	json_object_set_new(object, "vm", text_or_null(finding->vm));
	json_object_set_new(object, "what", text_or_null(finding->what));
	json_object_set_new(object, "effect", text_or_null(finding->effect));
	json_object_set_new(object, "repair", text_or_null(finding->remedy));
	json_object_set_new(object, "repaired", json_boolean(finding->repaired));
	return object;
}

void fsck_print_json(struct fsck *f, int status)
{
	json_t *object, *list;

	json_set_alloc_funcs(util_alloc, free);
	json_object_seed(1); /* else it reads random bytes, which our own names don't need */
	object = json_object();
	list = json_array();
	for (size_t i = 0; i < f->all.count; i++)
		json_array_append_new(list, finding_object(&f->all.items[i]));
	json_object_set_new(object, "store", text_or_null(f->options->store));
	json_object_set_new(object, "format", json_string(f->format == STORE_R4 ? "R4" : "R3"));
	json_object_set_new(object, "releases", releases(f->loaded_by));
	json_object_set_new(object, "status", json_integer(status));
	json_object_set_new(object, "findings", list);
	json_object_set_new(object, "copy", text_or_null(f->copy));
	json_object_set_new(object, "backup", text_or_null(f->backup ? f->backup_name : NULL));
	(void)!json_dumpf(object, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(object);
}
