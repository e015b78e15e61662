/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * error - what went wrong last, in one line, and the exit status it means.
 *
 * Every function of lib/ that can fail returns -1 (or NULL) after error_set(); the caller adds what it
 * knows with error_within() and passes the failure on. The front door prints it once.
 */
#ifndef QUBES_ERROR_H
#define QUBES_ERROR_H

#include <stdbool.h>

enum error_kind {
	ERROR_NONE,
	ERROR_FAILED,	 /* could not be done, or was refused by a rule */
	ERROR_USAGE,	 /* wrong command line */
	ERROR_NOT_FOUND, /* no such VM, file, domain */
	ERROR_OFFLINE,	 /* needs the hypervisor, which this run must not touch */
	ERROR_VMM,	 /* the hypervisor refused or is not there */
	ERROR_STORE,	 /* the store is damaged or not a store */
	ERROR_SAID,	 /* already reported in full; only the exit status is left */
};

/* The name that messages start with; NAME must outlive its use. */
void error_set_program(const char *name);
const char *error_program(void);

/* Records a failure (printf form, no newline) and returns -1. */
int error_set(enum error_kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* error_set(ERROR_FAILED) with ": " and the text of errno added. Returns -1. */
int error_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Puts context and ": " before the message of the last failure. Returns -1. */
int error_within(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The command went wrong, and why has been printed. Returns -1. */
int error_said(void);

/* The last failure as it stands, for what must not hide it: put aside, and back. */
#define ERROR_MESSAGE_MAX 2048
struct error_aside {
	enum error_kind kind;
	char message[ERROR_MESSAGE_MAX];
};
struct error_aside error_put_aside(void); /* none is recorded after it */
void error_put_back(const struct error_aside *aside);

enum error_kind error_kind(void);
const char *error_message(void); /* "" if none; valid until the next error_ call */
void error_clear(void);

/* Prints the last failure as "program: message" on stderr, and forgets it (ask for the exit status before). */
void error_report(void);

/* 0 done, 1 failed, 2 usage: what the last failure means to a shell. */
int error_exit_status(void);

/* Prints "program: message" on stderr: something to know that stops nothing. */
void error_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Control characters (line ends too) become '?', in place. All of the above do this to the whole message,
 * cut it at about 2000 bytes, and leave errno alone.
 */
void error_make_printable(char *text);

#endif
