/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * util - strings, lists, memory that lives as long as its owner, files below a root, child processes.
 *
 * Knows nothing of Qubes. Memory that cannot be had ends the program through util_out_of_memory.
 */
#ifndef QUBES_UTIL_H
#define QUBES_UTIL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Called when memory runs out; must not return. Set by the program's front door. */
extern void (*util_out_of_memory)(void);

/* ---- temporary strings: the one cleanup idiom ---- */
void util_free_at(void *pointer_to_pointer);
void util_close_at(int *fd);
void util_fclose_at(FILE **file);
#define AUTO_FREE __attribute__((cleanup(util_free_at)))
#define AUTO_CLOSE __attribute__((cleanup(util_close_at)))
#define AUTO_FCLOSE __attribute__((cleanup(util_fclose_at)))

void *util_alloc(size_t size); /* zeroed; the caller frees */
void *util_realloc(void *old, size_t size);
char *util_strdup(const char *text);
char *util_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- arena: what is freed all at once ---- */
struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *arena);		     /* NULL is fine */
void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for anything */
/* Room for one more item of SIZE behind COUNT: ITEMS, or a larger copy if *ROOM, which it updates, is used up. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- growing text ---- */
struct strbuf {
	char *text; /* always terminated once something was added; NULL before */
	size_t length, room;
};
void strbuf_add(struct strbuf *buf, const char *text);
void strbuf_add_bytes(struct strbuf *buf, const char *bytes, size_t length);
void strbuf_printf(struct strbuf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void strbuf_free(struct strbuf *buf);
#define AUTO_STRBUF __attribute__((cleanup(strbuf_free)))

/* ---- lists of strings; the strings are not owned ---- */
struct strlist {
	const char **items; /* NULL-terminated once something was added */
	size_t count, room;
};
void strlist_add(struct strlist *list, const char *item);
bool strlist_has(const struct strlist *list, const char *item);
void strlist_free(struct strlist *list);
#define AUTO_STRLIST __attribute__((cleanup(strlist_free)))

bool util_starts_with(const char *text, const char *prefix);
bool util_ends_with(const char *text, const char *suffix);

/* Is the word of LENGTH bytes at WORD that NAME, in any case, '-' and '_' being one? */
bool util_same_word(const char *word, size_t length, const char *name);

/* Decimal digits only, no sign, blank or base prefix; at most MAX. Returns false otherwise. */
bool util_parse_decimal(const char *text, unsigned long long max, unsigned long long *value);

/* Edits needed to turn A into B (insert, delete, replace, swap of neighbours). */
size_t util_edit_distance(const char *a, const char *b);

/* Text made safe to show on a terminal: control bytes become '?'. The caller frees. */
char *util_printable(const char *text);

/* ---- files below a root ---- */
struct root;

/* PATH, which a user gave, seen from the current directory; itself if it is absolute or NULL. In the arena. */
const char *util_absolute(struct arena *arena, const char *path);

/*
 * The directory that every path is below. "/" costs nothing; another one is opened, and from then on no
 * symbolic link below it leads out of it (absolute ones start at the root again). NULL with an error.
 */
struct root *root_new(const char *directory);
void root_free(struct root *root);
bool root_is_host(const struct root *root);	     /* the root is "/" */
const char *root_directory(const struct root *root); /* for messages: as it was given; "" for the host's */

/* PATH as the host sees it: for a message, a child process or libvirt, never to be opened by us. The caller frees. */
char *root_host_path(const struct root *root, const char *path);

/*
 * PATH as somebody typed it, absolute: what is not is of the working directory, or below another root of that root
 * itself. The caller frees.
 */
char *root_caller_path(const struct root *root, const char *path);

/*
 * Opens PATH (absolute) below the root; O_CLOEXEC is added. A descriptor, or -1 with errno set and no
 * error recorded: what absence means is the caller's business.
 */
int root_open(const struct root *root, const char *path, int flags, mode_t mode);

/*
 * The directory that holds PATH, for the *at() calls, and in BASE the last component (points into PATH).
 * A descriptor (O_PATH), or -1 with errno set.
 */
int root_parent(const struct root *root, const char *path, const char **base);

/* Like lstat/stat/readlink/chmod/mkdir/unlink/rename/symlink, below the root. 0, or -1 with errno set. */
int root_lstat(const struct root *root, const char *path, struct stat *st);
int root_stat(const struct root *root, const char *path, struct stat *st);
bool root_exists(const struct root *root, const char *path);	/* links followed */
char *root_readlink(const struct root *root, const char *path); /* the caller frees; NULL with errno */
int root_chmod(const struct root *root, const char *path, mode_t mode); /* not through a link: ELOOP */
int root_mkdir(const struct root *root, const char *path, mode_t mode);
int root_unlink(const struct root *root, const char *path);
int root_rmdir(const struct root *root, const char *path);
int root_rename(const struct root *root, const char *from, const char *to, bool replace);
int root_symlink(const struct root *root, const char *target, const char *path);

/* mkdir of PATH and its missing parents. 0, or -1 with an error recorded. */
int root_mkdirs(const struct root *root, const char *path, mode_t mode);

/* Removes a directory tree without following links or leaving its file system. 0, or -1 with an error recorded. */
int root_remove_tree(const struct root *root, const char *path);

/* Whole content, NUL-terminated, at most LIMIT bytes (more is an error, EFBIG). The caller frees; NULL with errno. */
char *root_read(const struct root *root, const char *path, size_t limit, size_t *length);

/*
 * Writes a file by way of a temporary one beside it and rename; its data and directory are synced. The
 * file has MODE whatever the umask; a link at PATH is replaced, not followed.
 * 0, or -1 with an error recorded and nothing changed.
 */
int root_write(const struct root *root, const char *path, const char *text, size_t length, mode_t mode);

/*
 * The gid of a group by ROOT/etc/group alone (no name service: see deps/README); -1 if there is none.
 */
gid_t root_group(const struct root *root, const char *name);

/* Gives PATH's group to "qubes" if that group exists; what cannot be done is not an error. */
void root_chgrp_qubes(const struct root *root, const char *path);

/* A name that cannot be guessed: PREFIX and 12 random letters. The caller frees; NULL with an error recorded. */
char *util_random_name(const char *prefix);

/* Writes all of it, through interruptions. 0, or -1 with errno. */
int util_write_all(int fd, const char *bytes, size_t length);

/* Locks the open file FD for us alone before DEADLINE (util_milliseconds). 0, or -1 with errno: ETIMEDOUT. */
int util_lock_before(int fd, long long deadline);

/* ---- sockets of daemons ---- */

/* The monotonic clock. */
long long util_milliseconds(void);

/*
 * A stream socket, non-blocking, connected to the UNIX socket PATH below the root. -1 with errno; EAGAIN: too
 * many wait to be let in, and poll does not tell when there is room.
 */
int root_connect(const struct root *root, const char *path);
/* The same, waiting to be let in until DEADLINE: ETIMEDOUT. */
int root_connect_before(const struct root *root, const char *path, long long deadline);

/* Does this errno of connecting mean that no daemon is there, or but what one that died left behind? */
bool util_means_no_daemon(int why);

/*
 * Sends, or receives, all LENGTH bytes before DEADLINE (util_milliseconds). 0, or -1 with errno: ETIMEDOUT; EPIPE
 * or ECONNRESET if the other side has ended the connection.
 */
int util_send_before(int fd, const void *bytes, size_t length, long long deadline);
int util_receive_before(int fd, void *bytes, size_t length, long long deadline);

/* ---- signals ---- */

/*
 * SIGINT, SIGTERM and SIGHUP wait until util_release_signals() gives BEFORE back. What arrived meanwhile is
 * seen by util_interrupted() (-1 with an error recorded), which whatever takes long asks now and then.
 */
void util_hold_signals(sigset_t *before);
void util_release_signals(const sigset_t *before);
int util_interrupted(void);

/* ---- child processes: argument vectors, never a shell ---- */
enum spawn_stream {
	SPAWN_PASS,	 /* to where ours goes */
	SPAWN_DROP,	 /* to nobody */
	SPAWN_TO_STDERR, /* stdout alone: a program that has no results for us */
};

struct spawn {
	const char *const *argv;	/* argv[0] is an absolute path on the host */
	const char *const *environment; /* "NAME=VALUE" besides ours, or instead of ours; NULL: ours */
	const char *input;		/* given on stdin; NULL: /dev/null */
	bool own_input;			/* our stdin instead */
	int seconds;			/* time limit; 0: none */
	bool interruptible;		/* a signal that is held (util_hold_signals) ends it, too */
	struct strbuf *output;		/* takes stdout; NULL: see below */
	enum spawn_stream out, err;
};

/* Runs it to its end. Its exit status (128+N for signal N), or -1 with an error recorded. */
int util_spawn(const struct spawn *what);

/* ---- processes of our own, for work that is done at the same time ---- */

/*
 * At most as many as crew_begin() was told, each with an index. Until crew_end(), SIGINT, SIGTERM and SIGHUP
 * are held and passed on to all of them by crew_wait(): INTERRUPTED is then the last one's number, and
 * crew_end() raises it again.
 */
struct crew {
	pid_t *pids;
	size_t count;
	sigset_t before, waited;
	int interrupted;
};
void crew_begin(struct crew *crew, size_t most);
void crew_end(struct crew *crew);

/*
 * Does the work in a child process, which ends with what it returns as exit status. No thread may run, and
 * nothing be connected that both would use. 0, or -1 with an error recorded.
 */
typedef int crew_work(void *argument);
int crew_start(struct crew *crew, size_t index, crew_work *work, void *argument);

/* Waits until one of them ends: its INDEX, free again, and its exit STATUS (128+N for signal N). False: none is left. */
bool crew_wait(struct crew *crew, size_t *index, int *status);

#endif
