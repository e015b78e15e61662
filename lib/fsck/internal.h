/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the fsck room share: a check under way, what it has found, and the repairs.
 */
#ifndef QUBES_FSCK_INTERNAL_H
#define QUBES_FSCK_INTERNAL_H

#include <stdint.h>

#include "element.h"
#include "fsck.h"
#include "store.h"
#include "util.h"

/* The releases that a fault is fatal to; bits. */
enum fsck_releases {
	FSCK_R3 = 1 << 0,
	FSCK_R41 = 1 << 1,
	FSCK_R42 = 1 << 2,
	FSCK_R43 = 1 << 3,
};
#define FSCK_R4 (FSCK_R41 | FSCK_R42 | FSCK_R43)
#define FSCK_BEFORE_43 (FSCK_R41 | FSCK_R42)
#define FSCK_LOADS 0		/* fatal to none: a warning */
#define FSCK_ELSE_WARN (1 << 4) /* a warning even where none of the releases at hand finds it fatal */

struct fsck;
struct fsck_finding;

/* Changes the tree as FINDING's node, name and value say. */
typedef void fsck_repair(struct fsck *f, const struct fsck_finding *finding);

struct fsck_finding {
	const char *id;	   /* stable, for programs: "reference-missing" */
	unsigned releases; /* fatal to these; none: a warning */
	const store_node
		*at; /* where it is; its line is found when it is shown, which takes a walk over the file */
	size_t line; /* 0: of no line in particular */
	const char *vm;	    /* NULL: the store as a whole */
	const char *what;   /* what is wrong, "memory is 'abc', which is no number" */
	const char *effect; /* of a warning: what becomes of it */
	const char *remedy; /* the repair in words; NULL: there is none */
	fsck_repair *repair;
	store_node *node;
	const char *name, *value;
	int phase; /* what must be right before the next can be judged */
	bool repaired;
};

struct fsck_findings {
	struct fsck_finding *items;
	size_t count, room;
};

/* A check under way. */
struct fsck {
	struct qubes *q;
	struct arena *arena;
	const struct fsck_options *options;
	struct store *store; /* its tree is what is checked */
	enum store_format format;
	unsigned loaded_by;	    /* releases that this store is meant for */
	size_t lines_cut;	    /* lines taken away from the start of the file before it was parsed */
	int phase;		    /* of what is being looked at */
	struct fsck_findings found; /* in this round */
	struct fsck_findings all;   /* in all rounds, once each */
	store_node **doomed;	    /* to be removed at the end of the round */
	size_t doomed_count, doomed_room;
	struct store *backup; /* the newest copy that is intact; NULL: none, or not looked for yet */
	const char *backup_name;
	bool backup_sought;
	bool any_format;	     /* nothing is left that says which it is of */
	bool yes_to_all, stop;	     /* what was answered */
	bool owned;		     /* qubesd runs: nothing can be written */
	bool bytes_left;	     /* a fault of the bytes is not repaired: nothing can be written */
	struct fsck_finding unnoted; /* takes what is said of a finding that does not count here */
	bool hidden;		     /* a check of a backup: nothing is shown, no repairs */
	const char *copy;	     /* where the file as it was is kept */
};

/* ---- findings ---- */

/*
 * Notes a fault, its texts in printf form. Returns it, so that a repair can be added; it is valid until the next.
 */
struct fsck_finding *fsck_note(struct fsck *f, const char *id, unsigned releases, const store_node *node,
			       const char *vm, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* What becomes of a warning. */
void fsck_effect(struct fsck_finding *finding, const char *effect);
/* How to put it right. NAME and VALUE are what REPAIR needs. */
void fsck_remedy(struct fsck_finding *finding, const char *words, fsck_repair *repair, store_node *node,
		 const char *name, const char *value);

void fsck_show(struct fsck *f, struct fsck_finding *finding);
bool fsck_is_error(const struct fsck_finding *finding);
/* "R4.1, R4.2"; in the arena. */
const char *fsck_release_names(struct fsck *f, unsigned releases);
void fsck_print_json(struct fsck *f, int status);

/* ---- common repairs ---- */
fsck_repair fsck_remove_node;	 /* NODE */
fsck_repair fsck_set_text;	 /* NODE's text becomes VALUE */
fsck_repair fsck_set_attribute;	 /* NODE's NAME becomes VALUE */
fsck_repair fsck_drop_attribute; /* NODE's NAME */
fsck_repair fsck_rename_node;	 /* NODE is called VALUE */
/* TEXT without the blanks around it. */
const char *fsck_trimmed(struct arena *arena, const char *text);
/* Do both say the same, with all that is in them: has somebody pasted one twice? */
bool fsck_is_same(struct arena *arena, const store_node *a, const store_node *b);
/* Says that NODE goes at the end of the round; what is to be done in it then is not done. */
void fsck_doom(struct fsck *f, store_node *node);
bool fsck_is_doomed(const struct fsck *f, const store_node *node);
void fsck_remove_doomed(struct fsck *f);

/* ---- the bytes ---- */

/* What libxml2 reads but our parser does not (other encodings, internal entities), put otherwise. */
void fsck_decode(struct strbuf *text);

/* Makes TEXT well-formed where that needs no guess; each fault is noted. -1: FAULT is one that needs more. */
int fsck_mend(struct fsck *f, struct strbuf *text, struct store_fault *fault);

/*
 * What is whole in a damaged TEXT becomes the tree of f->store; LOST tells the VMs between which others may be
 * missing. -1: nothing is.
 */
struct fsck_lost {
	/* Name (R3: qid) of the last VM before the damage and of the first behind it; NULL: none. */
	const char *after, *before;
	bool head; /* the damage is before the VMs */
};
int fsck_salvage(struct fsck *f, const struct strbuf *text, const struct store_fault *fault,
		 struct fsck_lost *lost);

/* Which format F's bytes look like, before they are a tree. */
void fsck_guess_format(struct fsck *f);
/* Gets a tree out of F's file, and says what that took. -1: there is none to be had, which has been said. */
int fsck_read_tree(struct fsck *f);

/* ---- backups ---- */

/* The newest copy that the releases would load; NULL: there is none. */
const struct store *fsck_backup(struct fsck *f);
/* Where the automatic copies are, made if need be; in the arena. NULL with an error. */
const char *fsck_backup_directory(struct fsck *f, bool make);
/* Keeps the file as it was read beside the automatic copies, once. 0, or -1 with an error. */
int fsck_keep_copy(struct fsck *f);
/* Adds what the damage took, and the backup has. */
void fsck_merge(struct fsck *f, const struct store *backup, const struct fsck_lost *lost);

/* ---- rules: each notes all that is wrong ---- */
void fsck_check_r3(struct fsck *f);
void fsck_check_r4(struct fsck *f);

/* Looks at the tree of F's store and fills F's found. */
void fsck_check(struct fsck *f);
/* Which format the tree is of, whatever its root is called. */
enum store_format fsck_format(const struct store *store);
/* Is it XML, but nothing that ever was a store? */
bool fsck_is_foreign(const struct store *store);
/* The releases that are meant to load the tree of F's store. */
unsigned fsck_loaded_by(struct fsck *f);
bool fsck_is_of_43(const store_node *root);

/* ---- talking ---- */
#define FSCK_QUESTION "    repair it? [y]es, [n]o, [a]ll of them, [q]uit without a change:"
/* Keeps FINDING, as it was settled, for the end. */
void fsck_remember(struct fsck *f, const struct fsck_finding *finding);
enum fsck_answer { FSCK_NO, FSCK_YES };
/* The answer by mode, or by asking QUESTION. */
enum fsck_answer fsck_ask(struct fsck *f, const char *question);
/* One of the letters of CHOICES, the first for "all"; 0 for none. */
char fsck_choose(struct fsck *f, const char *question, const char *choices);
/* Prints a line unless all is for programs or hidden. */
void fsck_say(const struct fsck *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
