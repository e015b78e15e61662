/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the helpers room share: where things are, how long they may take, and running one.
 */
#ifndef QUBES_HELPERS_INTERNAL_H
#define QUBES_HELPERS_INTERNAL_H

#include "helpers.h"
#include "util.h"

#define RUN "/var/run/qubes"
#define QMEMMAN_SOCKET RUN "/qmemman.sock"
#define QUBESDB_DAEMON "/usr/sbin/qubesdb-daemon"
#define QREXEC_DAEMON "/usr/lib/qubes/qrexec-daemon"
#define QREXEC_CLIENT "/usr/lib/qubes/qrexec-client"
#define GUI_DAEMON "/usr/bin/qubes-guid"
#define LAYOUT_NOTIFIER "/usr/bin/qubes-monitor-layout-notify"
#define RUNUSER "/usr/sbin/runuser"

/* In seconds. Tests have less patience. */
struct helpers_limits {
	int memory;	/* another start may have its turn before ours */
	int daemon;	/* until it has gone into the background */
	int agent;	/* more than what qrexec's daemon waits for the VM by itself */
	int gui;	/* the VM's X server starts meanwhile */
	int session;	/* its user logs in */
	int question;	/* of a program that just prints something */
	int end_tenths; /* of a second: until a daemon has ended */
};
extern struct helpers_limits helpers_limits;

/* A name or a user that can be an argument of a program and part of a file's name. 0, or -1 with an error. */
int check_word(const char *what, const char *word);

bool program_exists(const struct vm *vm, const char *path);

/*
 * Runs WORDS as USER (NULL: as who we are); WORDS[0] is a path below the root. HOW says the rest; it has no
 * argv. As util_spawn().
 */
int program_run(const struct vm *vm, const char *user, const struct strlist *words, struct spawn how);

/* A daemon, which puts itself into the background. 0, or -1 with an error. */
int program_start(const struct helpers *helpers, const struct strlist *words, const char *const *environment,
		  int seconds);

/* What a daemon is known by, besides its process number in a file. */
struct daemon_file {
	const char *path;     /* below the root */
	const char *program;  /* as the kernel has it */
	const char *argument; /* one of its command line */
};

/* The process number in the file; 0: none that could be one. */
int daemon_number(const struct qubes *q, const char *path);
/* Ends the daemon and sees to it that its file is gone. 0 (none is fine), or -1 with an error. */
int daemon_stop(const struct qubes *q, const struct daemon_file *daemon);

/* The user that the daemons should run as when we are root; in the arena. NULL: there is no such. */
const char *first_qubes_member(const struct vm *vm);

/* The home of USER (NULL: of who we are); in the arena. NULL: there is no such. */
const char *home_of(const struct vm *vm, const char *user);

/* Adds what the GUI daemon needs under KDE's window manager; where it does not run, nothing. */
void add_kde_words(const struct vm *vm, const char *label, struct strlist *words);

/* Is a GUI daemon wanted, as far as this host goes? */
bool gui_is_wanted(const struct vm *vm, const struct helpers_how *how);

/* The GUI daemons of an HVM come before its qrexec daemon, that of a PV VM comes after. 0, or -1. */
int gui_start_early(const struct helpers *helpers, int xid, int stubdom);
int gui_start_late(const struct helpers *helpers, int xid);

/* Runs what COMMAND says; STREAMS has what that does not: where its input, output and errors go. */
int qrexec_run(struct vm *vm, const struct helpers_command *command, struct spawn streams);
int qrexec_start(const struct helpers *helpers, int xid);
/* 0, or -1 with an error: a service's other status is one. SOURCE: on whose behalf. */
int qrexec_call(struct vm *vm, const char *service, const char *source, const char *user, const char *input,
		int seconds);

#endif
