/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helpers - the host's other programs that make a domain a usable VM: the memory balancer, the daemons of
 * QubesDB, qrexec and GUI, and qrexec's client.
 *
 * All are below the root, all are run by argument vector and with a time limit, and what they say is passed on to
 * stderr. A host that has none of the daemons, and a hypervisor that is not Xen, go without; a Qubes host
 * that lacks one that a VM needs is told so before anything is started.
 */
#ifndef QUBES_HELPERS_H
#define QUBES_HELPERS_H

#include <stdbool.h>
#include <stddef.h>

#include "vm.h"

struct strbuf;

struct helpers_how {
	bool quiet;  /* so are the daemons */
	bool no_gui; /* --no-guid */
	bool dvm;    /* VM becomes the image of disposable VMs: no qrexec daemon, an invisible GUI daemon */
};

/* What one start of a VM has to work with. The texts live in the arena. */
struct helpers {
	struct vm *vm;
	struct helpers_how how;
	bool memory, qubesdb, qrexec, gui; /* wanted, and there */
	const char *without; /* "QubesDB and qrexec": wanted, but not here; NULL: all is there */
	const char *user;    /* who the daemons run as; NULL: as who we are */
	int memory_held;     /* the connection to the memory balancer; -1: none */
};

/*
 * The first step of a start, before anything is changed. 0, or -1 with an error: a daemon that VM needs is
 * missing here, or VM has a value that must not be given to one. Says on stderr why there will be no GUI when
 * one is expected. What is not there is skipped by all of the following, without a word: saying WITHOUT, once,
 * is the caller's business.
 */
int helpers_check(struct vm *vm, const struct helpers_how *how, struct helpers *helpers);

/* ---- memory ---- */

/*
 * Asks for the memory that VM needs, and waits for its turn: only one start at a time is given some, from
 * here to the release. 0, or -1 with an error and nothing held.
 */
int helpers_memory_request(struct helpers *helpers);
/* Once the domain was resumed, or the start has failed. Nothing held is fine. */
void helpers_memory_release(struct helpers *helpers);

/* ---- QubesDB ---- */

/*
 * Stops the daemon of VM that is left of an earlier run, and starts one: the domain must be there, and paused.
 * 0, or -1 with an error. Where HELPERS has no qubesdb, there is no daemon to write entries to.
 */
int helpers_qubesdb_start(const struct helpers *helpers, int xid);
/* Also what is left of a daemon that died. 0 (none is fine), or -1 with an error. */
int helpers_qubesdb_stop(struct vm *vm);

/* ---- the session: qrexec and GUI ---- */

/*
 * Once the domain was resumed: GUI and qrexec daemons in the order that VM's class wants, and its user's session
 * waited for, which takes long: signals need not be held any more. STUBDOM: the domain that an HVM is emulated
 * in, -1: none, or not known. 0, or -1 with an error: the VM runs on, but for an HVM without an agent, which is
 * destroyed when it gets no qrexec daemon.
 */
int helpers_session_start(const struct helpers *helpers, int xid, int stubdom);

/* Tells the GUI agent of a running HVM its mode, as it is set. 0, or -1 with an error. */
int helpers_send_gui_mode(struct vm *vm);

/* The GUI daemon alone, for a VM that runs without: helpers_check() comes first. */
int helpers_gui_start(const struct helpers *helpers, int xid, int stubdom);
/* Ends the GUI daemon of a domain. 0 (none is fine), or -1 with an error. */
int helpers_gui_stop(struct vm *vm, int xid);

bool helpers_gui_runs(const struct vm *vm, int xid);
/*
 * The domain whose GUI daemon shows VM: itself, or for an HVM without an agent the one that it is emulated in; -1:
 * that one is not known.
 */
int helpers_shown_domain(struct vm *vm, int xid);
bool helpers_qrexec_runs(const struct vm *vm);
/* Does VM have an agent that its qrexec daemon could talk to? An HVM only says so. */
bool helpers_has_agent(const struct vm *vm);

/* ---- running something in a VM ---- */

/* What is not set is none, or no. */
struct helpers_command {
	const char *command;   /* as the VM's shell gets it; or "QUBESRPC SERVICE SOURCE" */
	const char *user;      /* NULL: the VM's default user */
	const char *local;     /* a command of the host that stands in for stdin and stdout */
	const char *input;     /* given instead of our stdin */
	struct strbuf *output; /* takes stdout */
	bool pass_io;	       /* stdin, stdout and stderr are ours; otherwise nothing goes in or comes out */
	bool no_wait;	       /* it goes on without us; not with pass_io, input or output */
	bool no_gui;
	bool filter_escapes; /* what could make a terminal do things */
	bool hide_stderr;    /* also with pass_io */
	int seconds;	     /* time limit; 0: none */
	bool interruptible;  /* a signal that is held ends it, too */
};

/*
 * Runs it by way of the qrexec daemon of a running VM. Its exit status, or -1 with an error: no daemon, no
 * client, no agent, or out of time.
 */
int helpers_run(struct vm *vm, const struct helpers_command *command);

/*
 * Calls a service of VM as USER (NULL: its default user) on behalf of dom0. INPUT: what it reads, NULL:
 * nothing; OUTPUT takes what it writes, NULL: nobody does; its stderr is passed on. The same results.
 */
int helpers_call_service(struct vm *vm, const char *service, const char *user, const char *input,
			 struct strbuf *output, int seconds);

/* ---- the host's own programs ---- */

/*
 * Runs one as root (by sudo, if we are not): WORDS ends with NULL and begins with its name, which is looked for
 * below the root where programs are, or its path there. OUTPUT takes what it prints, NULL: nobody does; its stderr
 * is lost if QUIET. 0, or -1 with an error; ERROR_NOT_FOUND: there is no such program here.
 */
int helpers_run_host(struct qubes *q, const char *const *words, int seconds, bool quiet,
		     struct strbuf *output);

#endif
