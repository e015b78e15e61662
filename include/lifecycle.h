/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lifecycle - what happens to a VM as sequences of steps, in order, each with its undo beside it.
 *
 * Messages start with the VM's name. Lists of VMs are NULL-terminated.
 */
#ifndef QUBES_LIFECYCLE_H
#define QUBES_LIFECYCLE_H

#include "vm.h"

struct prop;

/*
 * Sets a property of VM as a user wrote it (NULL: back to its default), with what that means for its files, its
 * domain and, once the store is saved, for the VM while it runs. 0, or -1 with an error and nothing changed.
 */
int lifecycle_set(struct vm *vm, const struct prop *prop, const char *text);

/*
 * The directory PATH that a user names for a VM, as it is to be stored: without '.', double and trailing
 * slashes. In the arena; NULL with an error: relative, with '..', the root, or in the directory of a VM.
 */
const char *lifecycle_place(const struct qubes *q, const char *path);

struct lifecycle_new {
	const struct vm_class *class;
	const char *name;
	const char *label;	   /* NULL: the class's */
	const struct vm *template; /* its template, or what it is a copy of when standalone; NULL */
	bool standalone;
	const char *directory; /* for registering; NULL: the class's place */
	const char *conf_file; /* for registering; NULL: the generated one */
	bool installed_by_rpm;
	bool internal;
	int memory, vcpus; /* 0: the default */
	bool with_images;  /* make directory and images; else they must be there */
	bool quiet;

	const char *root_image; /* a file instead of the root image that it would get; NULL: none */
	bool move_root;		/* it is moved, not copied */

	/* Its other properties, before any file is made: 0, or -1 with an error. NULL: none. */
	int (*set)(struct vm *vm, void *context);
	void *context;
};

/*
 * Adds the VM to the store, makes its images (or verifies those that are there), gives it a UUID, saves
 * (qubes_commit) and, when online, defines its domain. 0, or -1 with an error and nothing left behind; but
 * a VM that is saved stays when only its domain could not be defined (-1, and that has been said).
 */
int lifecycle_create(struct qubes *q, const struct lifecycle_new *what);

/*
 * Renames directory, configuration, autostart link and store entry, saves (qubes_commit) and, when online,
 * defines the domain anew. 0, or -1 with an error and everything as it was; as above for the domain.
 */
int lifecycle_rename(struct vm *vm, const char *name);

struct lifecycle_clone {
	const char *directory; /* NULL: the place of its class */
	bool ignore_errors;    /* a value that cannot be copied is said, and no more */
	bool quiet;
};

/*
 * A copy of SOURCE, which must be off, called NAME: its properties, images and firewall with an identity of
 * its own. 0, or -1 with an error and nothing left behind; as above for the domain.
 */
int lifecycle_clone(struct vm *source, const char *name, const struct lifecycle_clone *how);

struct lifecycle_remove {
	bool just_entry; /* their files are kept */
	bool force;	 /* also those that others get their network from, who then have none */
	bool quiet;
	/* Asked once all is checked: 0, or -1 with an error and nothing done. NULL: nobody is. */
	int (*confirm)(struct vm *const *vms, void *context);
	void *context;
};

/*
 * Removes VMs that are off and not used by others: undefines their domains, saves without them
 * (qubes_commit), then deletes their files and autostart links. VMS live in the arena; none of them may be
 * used afterwards. 0, or -1 with an error and all as it was; but what was saved stays saved when only files
 * could not be deleted (-1, and that has been said).
 */
int lifecycle_remove(struct vm *const *vms, const struct lifecycle_remove *how);

/* Takes back a rename that was killed half-way. For a writer, once the store is loaded; says what it does. */
void lifecycle_recover(struct qubes *q);

struct lifecycle_start {
	bool quiet;
	bool no_guid;
	bool skip_if_running;
	bool dvm; /* it becomes the image that disposable VMs start from */
	/* For this run of the VM alone, not for its netvms; NULL or false: as the store has it. */
	const char *drive;  /* in the store's form: "cdrom:dom0:/path" */
	const char *config; /* a file below the root with libvirt's XML */
	bool debug;

	/* Called for a VM that was asked for and has been started, in whichever process. NULL: nothing. */
	void (*started)(const struct vm *vm);

	const struct vm *base; /* of a disposable VM: what it starts from. NULL: it is not one */
};

/*
 * Gives VM and its netvms the UUIDs that they lack, as far as starting it starts them: what a start needs
 * of the store. 0, or -1 with an error.
 */
int lifecycle_prepare(struct vm *vm);

/*
 * Its netvms first, then itself. Takes long: the store's lock must be gone by then (qubes_commit after
 * lifecycle_prepare). 0, or -1 with an error: one from after it was let run leaves it running, and says so.
 */
int lifecycle_start(struct vm *vm, const struct lifecycle_start *how);

/*
 * Starts VMS, and the netvms that they need: each as soon as its netvm is there, those that do not depend on
 * each other at the same time, in processes of their own. What fails is reported, and what would get its
 * network from it is not started; the others are. Drive and configuration are for a single VM. 0, or -1 if
 * one failed (ERROR_SAID).
 */
int lifecycle_start_all(struct vm *const *vms, const struct lifecycle_start *how);

/* ---- disposable VMs ---- */

struct lifecycle_savefile {
	const char *script; /* what its inside runs before it is saved; NULL: nothing */
	size_t length;	    /* of it, at most LIFECYCLE_SCRIPT_MOST bytes */
	bool quiet;
};
#define LIFECYCLE_SCRIPT_MOST 2301 /* in base64 they are a value in QubesDB */

/*
 * Makes of VM, an AppVM that is off, what disposable VMs start from: starts it, lets it get ready, saves it with
 * no more memory than it needs (its property memory becomes that), and makes it the default. Takes long: after
 * lifecycle_prepare and qubes_commit. 0, or -1 with an error: then VM is off, and an older savefile is still
 * there but where its last step has failed.
 */
int lifecycle_make_savefile(struct vm *vm, const struct lifecycle_savefile *how);

/* The VM that the default savefile is of. NULL with an error: there is none. */
struct vm *lifecycle_default_base(struct qubes *q);

/*
 * Removes the mark that keeps the memory balancer still, if one who made a savefile was killed and has left it.
 * 0 (there is none, or it is in use), or -1 with an error.
 */
int lifecycle_resume_balancing(struct qubes *q);

/*
 * A new disposable VM, from BASE's savefile: in the store (qubes_commit), and running. Q must be writing. To be
 * ended by the next. NULL with an error, and no VM.
 */
struct vm *lifecycle_start_disposable(struct vm *base, const struct lifecycle_start *how);
/* Kills it, if it has not ended by itself, and takes it out of the store. 0, or -1 with an error. */
int lifecycle_end_disposable(struct vm *vm);

/*
 * Takes the disposable VMs out of the store whose domains have ended, as after a boot. Q must be writing, and
 * the hypervisor answer; nobody may be starting one, or it stays. 0, or -1 with an error.
 */
int lifecycle_remove_dead_disposables(struct qubes *q, bool quiet);

/*
 * Gives back the room that deleted files take in the root image of TEMPLATE, which is off, by way of a VM of its
 * own that no store has. Takes long, and prints what that VM says. 0, or -1 with an error and nothing of that VM
 * left, but what it is said of (the next run takes it away). Once the trimming itself has begun, the template's
 * changes cannot be taken back any more (images_revert), also if it fails.
 */
int lifecycle_trim(struct vm *template, bool quiet);

/*
 * Asks the VM; does not wait. FORCE: it goes though running VMs get their network from it, whose interfaces are
 * taken first; they get them back if it cannot be asked.
 */
int lifecycle_shutdown(struct vm *vm, bool force);
int lifecycle_kill(struct vm *vm);
int lifecycle_pause(struct vm *vm);
int lifecycle_unpause(struct vm *vm);

/*
 * Tells NETVM anew which of its running clients may do what, if it is a ProxyVM and runs, by the store as it is now
 * (NULL: nothing to do). 0, or -1 with an error.
 */
int lifecycle_tell_firewall(struct vm *netvm);

/* May all of VMS go together? -1 with an error if a running VM that is not among them needs one as netvm. */
int lifecycle_check_clients(struct vm *const *vms);

/* Puts VMs before the netvms that they use, and leaves their order alone otherwise. */
void lifecycle_sort_clients_first(struct vm **vms);

struct lifecycle_wait {
	double seconds; /* how long they may take */
	bool kill;	/* what is left then is destroyed, and what hangs in shutting down before that */
	bool quiet;	/* no line on a terminal that says who is waited for */
};

/* Waits until all of VMS are off. 0, or -1 with an error naming those that are not. */
int lifecycle_wait_off(struct vm *const *vms, const struct lifecycle_wait *how);

/* The state as users know it: "Running", "Transient", "Halted", ...; "NA", with an error: not known. */
const char *lifecycle_state(struct vm *vm);

/*
 * Does VM run on what its template was before? 1: known; 0: not (no xenstore, or its root image is none of those
 * that dom0's scripts make); -1 with an error.
 */
int lifecycle_is_outdated(struct vm *vm, bool *outdated);

#endif
