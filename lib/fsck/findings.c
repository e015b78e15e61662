/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has been found: noted, and shown to people.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"

static const struct {
	unsigned release;
	const char *name;
} releases[] = {
	{ FSCK_R3, "R3" },
	{ FSCK_R41, "R4.1" },
	{ FSCK_R42, "R4.2" },
	{ FSCK_R43, "R4.3" },
};

const char *fsck_release_names(struct fsck *f, unsigned bits)
{
	AUTO_STRBUF struct strbuf names = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(releases); i++)
		if (bits & releases[i].release)
			strbuf_printf(&names, "%s%s", names.length ? ", " : "", releases[i].name);
	return arena_strdup(f->arena, names.text ? names.text : "");
}

struct fsck_finding *fsck_note(struct fsck *f, const char *id, unsigned bits, const store_node *node,
			       const char *vm, const char *format, ...)
{
	struct fsck_findings *found = &f->found;
	struct fsck_finding *finding;
	char *what;
	va_list args;

	if (bits && !(bits & (f->loaded_by | FSCK_ELSE_WARN)))
		return &f->unnoted;
	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		util_out_of_memory();
	va_end(args);
	error_make_printable(what);
	if (found->count == found->room) {
		found->room = found->room ? 2 * found->room : 32;
		found->items = util_realloc(found->items, found->room * sizeof(*found->items));
	}
	finding = &found->items[found->count++];
	*finding = (struct fsck_finding){
		.id = id,
		.releases = bits & f->loaded_by,
		.vm = vm,
		.phase = f->phase,
	};
	finding->what = arena_strdup(f->arena, what);
	finding->at = node;
	free(what);
	return finding;
}

void fsck_effect(struct fsck_finding *finding, const char *effect)
{
	finding->effect = effect;
}

void fsck_remedy(struct fsck_finding *finding, const char *words, fsck_repair *repair, store_node *node,
		 const char *name, const char *value)
{
	finding->remedy = words;
	finding->repair = repair;
	finding->node = node;
	finding->name = name;
	finding->value = value;
}

bool fsck_is_error(const struct fsck_finding *finding)
{
	return finding->releases != FSCK_LOADS;
}

/* What the original tools do with it. */
static const char *consequence(struct fsck *f, const struct fsck_finding *finding)
{
	if (!fsck_is_error(finding))
		return finding->effect ? finding->effect : "it is loaded all the same";
	if (finding->releases == FSCK_R3)
		return "the tools of R3 stop with an error";
	return arena_printf(f->arena, "qubesd of %s does not start",
			    fsck_release_names(f, finding->releases));
}

static void show(struct fsck *f, const struct fsck_finding *finding)
{
	AUTO_FREE char *place = finding->line ? util_printf(", line %zu", finding->line) : util_strdup("");
	AUTO_FREE char *vm = finding->vm ? util_printf("%s: ", finding->vm) : util_strdup("");

	error_make_printable(vm);
	fsck_say(f, "%s%s: %s: %s%s; %s", f->options->store, place,
		 fsck_is_error(finding) ? "error" : "warning", vm, finding->what, consequence(f, finding));
	if (finding->remedy)
		fsck_say(f, "    repair: %s", finding->remedy);
}

void fsck_show(struct fsck *f, struct fsck_finding *finding)
{
	size_t line = finding->at ? store_line(f->store, finding->at) : 0;

	if (line)
		finding->line = line + f->lines_cut;
	show(f, finding);
}
