/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is whole in a file that is cut short, or has a damaged block: every element before the damage, and behind it
 * the VMs that can be made out again.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "layout.h"

/* What holds whole elements of its own: the lists of R4; in R3 the root does. */
static const char *const lists[] = { "labels", "pools", "properties", "domains" };

static bool is_list(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (strlen(lists[i]) == length && !memcmp(name, lists[i], length))
			return true;
	return false;
}

/* The scan up to the damage: which of root and list is open, and where the last whole element ended. */
struct scan {
	size_t depth;		  /* how many elements are open */
	const char *list;	  /* the open list of R4; NULL */
	size_t list_length, good; /* what is before this offset is whole */
	const char *root;
	size_t root_length;
};

/* Where the markup at AT ends, or NULL if STOP comes first. */
static const char *markup_end(const char *at, const char *stop)
{
	const char *close = ">", *end;
	char quote = 0;

	if (util_starts_with(at, "<!--"))
		close = "-->";
	else if (util_starts_with(at, "<![CDATA["))
		close = "]]>";
	else if (util_starts_with(at, "<?"))
		close = "?>";
	if (strcmp(close, ">")) {
		end = strstr(at, close);
		return end && end + strlen(close) <= stop ? end + strlen(close) : NULL;
	}
	for (end = at; end < stop; end++) {
		if (quote)
			quote = *end == quote ? 0 : quote;
		else if (*end == '"' || *end == '\'')
			quote = *end;
		else if (*end == '>')
			return end + 1;
	}
	return NULL;
}

/* Takes the tag at AT, which ends before END, into account. */
static void take_tag(struct scan *s, const char *at, const char *end)
{
	const char *name = at + 1 + (at[1] == '/');
	size_t length = strcspn(name, " \t\r\n/>");

	if (at[1] == '/') {
		s->depth -= s->depth > 0;
		if (s->depth == 1)
			s->list = NULL;
	} else if (end[-2] != '/') {
		if (s->depth == 0) {
			s->root = name;
			s->root_length = length;
		} else if (s->depth == 1 && is_list(name, length)) {
			s->list = name;
			s->list_length = length;
		}
		s->depth++;
	}
}

static struct scan scan_to(const char *text, size_t stop)
{
	struct scan s = { 0 };
	const char *at = text, *end;

	while ((at = memchr(at, '<', (size_t)(text + stop - at))) && (end = markup_end(at, text + stop))) {
		if (at[1] != '!' && at[1] != '?')
			take_tag(&s, at, end);
		/* Within the root, or within one of its lists. */
		if (s.root && s.depth <= (s.list ? 2u : 1u) && s.depth > 0)
			s.good = (size_t)(end - text);
		at = end;
	}
	return s;
}

/* ---- behind the damage ---- */

/* Adds the element that TEXT is, if it is one, to the end of PARENT. */
static bool add_piece(store_node *parent, const char *text, size_t length)
{
	struct store_fault unused;
	struct store *piece = store_from_text("", text, length, &unused);

	if (!piece)
		return false;
	element_add_copy(parent, NULL, store_root(piece));
	store_close(piece);
	return true;
}

static store_node *list_of(store_node *root, const char *name)
{
	store_node *list = element_next(root, NULL, name);

	return list ? list : element_add(root, NULL, name);
}

/* In what is behind the damage: elements by their start, which list they belong to, and how they end. */
static const struct {
	const char *start, *end, *list;
	bool before_domains;
} pieces[] = {
	{ "<domain ", "</domain>", "domains", false },
	{ "<label ", "</label>", "labels", true },
	{ "<pool ", "/>", "pools", true },
	{ "<property ", "</property>", "properties", true },
	{ "<Qubes", "/>", NULL, false },
};

/* Where the element that starts at AT ends if it is whole; NULL: another starts before that. */
static const char *piece_end(const char *at, size_t row)
{
	const char *end = strstr(at + 1, pieces[row].end), *next = strstr(at + 1, pieces[row].start);

	if (!end || (next && next < end))
		return NULL;
	return end + strlen(pieces[row].end);
}

static void salvage_behind(struct fsck *f, const char *at, bool in_domains)
{
	store_node *root = store_root(f->store);

	for (at = strchr(at, '<'); at; at = strchr(at + 1, '<')) {
		in_domains = in_domains || util_starts_with(at, "<domain");
		for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
			const char *end;

			if (!util_starts_with(at, pieces[i].start) ||
			    (pieces[i].before_domains && in_domains) ||
			    (f->format == STORE_R3) == (pieces[i].list != NULL))
				continue;
			end = piece_end(at, i);
			if (end && add_piece(pieces[i].list ? list_of(root, pieces[i].list) : root, at,
					     (size_t)(end - at)))
				at = end - 1;
			break;
		}
	}
}

/* ---- the tree ---- */

static char *last_name(struct fsck *f)
{
	const struct layout *layout = layout_of(f->format);
	store_node *root = store_root(f->store);
	const char *qid, *name, *found = NULL;

	for (store_node *node = layout->next_vm(root, NULL); node; node = layout->next_vm(root, node)) {
		layout->identity(node, &qid, &name);
		found = f->format == STORE_R3 ? qid : name;
	}
	return found ? arena_strdup(f->arena, found) : NULL;
}

/* The name of the first VM added after COUNT others. */
static char *name_behind(struct fsck *f, size_t count)
{
	const struct layout *layout = layout_of(f->format);
	store_node *root = store_root(f->store);
	const char *qid, *name;

	for (store_node *node = layout->next_vm(root, NULL); node; node = layout->next_vm(root, node))
		if (count-- == 0) {
			layout->identity(node, &qid, &name);
			name = f->format == STORE_R3 ? qid : name;
			return name ? arena_strdup(f->arena, name) : NULL;
		}
	return NULL;
}

static size_t count_vms(struct fsck *f)
{
	const struct layout *layout = layout_of(f->format);
	store_node *root = store_root(f->store);
	size_t count = 0;

	for (store_node *node = layout->next_vm(root, NULL); node; node = layout->next_vm(root, node))
		count++;
	return count;
}

int fsck_salvage(struct fsck *f, const struct strbuf *text, const struct store_fault *fault,
		 struct fsck_lost *lost)
{
	AUTO_STRBUF struct strbuf whole = { 0 };
	AUTO_FREE char *behind = NULL;
	struct scan scan = scan_to(text->length ? text->text : "", fault->offset);
	struct store_fault unused;
	size_t count;

	*lost = (struct fsck_lost){ 0 };
	if (!scan.root)
		return -1;
	strbuf_add_bytes(&whole, text->text, scan.good);
	if (scan.list)
		strbuf_printf(&whole, "\n  </%.*s>", (int)scan.list_length, scan.list);
	strbuf_printf(&whole, "\n</%.*s>\n", (int)scan.root_length, scan.root);
	if (store_take_text(f->store, whole.text, whole.length, &unused) < 0)
		return -1;
	f->format = fsck_format(f->store);
	lost->head = f->format == STORE_R4 && !element_next(store_root(f->store), NULL, "domains");
	lost->after = last_name(f);
	count = count_vms(f);
	behind = util_alloc(text->length - fault->offset + 1);
	memcpy(behind, text->text + fault->offset, text->length - fault->offset);
	for (size_t i = 0; i < text->length - fault->offset; i++)
		if (behind[i] == '\0')
			behind[i] = ' ';
	salvage_behind(f, behind, !lost->head);
	lost->before = name_behind(f, count);
	return 0;
}
