/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qubes-startup - what the host needs once after each boot: the job of the units qubes-core and qubes-setupdvm. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "applet.h"
#include "helpers.h"
#include "images.h"
#include "lifecycle.h"
#include "store.h"
#include "vmm.h"

#define BACKUPS "/var/lib/qubes/backup"
#define BACKUPS_MODE 02770
#define BACKUP_MODE 0660
#define STORE_MOST ((size_t)64 << 20)
#define HOST_SECONDS 60
#define KIB_IN_MIB 1024

struct startup_args {
	bool disposables;
};

const struct option_row qubes_startup_options[] = {
	OPT_FLAG(0, "disposables", struct startup_args, disposables,
		 "this alone: copy what disposable VMs start from to memory, as qubes-setupdvm does"),
	OPT_NOTE(
		"Lets the group qubes at Xen's files, tells xenstore of dom0, gives dom0 its share of the CPUs, copies the "
		"store to /var/lib/qubes/backup, takes the disposable VMs out of it that have ended, has the block devices "
		"looked at again, and removes what keeps memory from being balanced, if it is left over. What this host does not have is left out, and that is said; one part that "
		"fails does not keep the others from being done."),
	OPT_END
};

/* The store is opened once it has been copied, broken or not. */
int qubes_startup_access(const void *parsed, char **words)
{
	(void)parsed;
	(void)words;
	return STORE_NONE;
}

static int missing(const char *what)
{
	return error_set(ERROR_NOT_FOUND, "there is no %s on this host", what);
}

/* ---- Xen's files, for the group qubes ---- */

/*
 * One that is looked at, by a descriptor: whoever may write where it is could put a link in its place at any
 * time, and its path would lead elsewhere then.
 */
struct place {
	int fd; /* O_PATH; -1: not there */
	const char *path;
	mode_t mode;
	gid_t group;
};

/* The place gets the group, and MODE besides what it has; or MODE alone. What is not there is left out. */
static int share(const struct place *place, mode_t mode, bool exactly)
{
	AUTO_FREE char *name = util_printf("/proc/self/fd/%d", place->fd);
	struct stat st;

	if (place->fd < 0)
		return 0;
	if (fstat(place->fd, &st) != 0)
		return error_errno("%s", place->path);
	if (S_ISLNK(st.st_mode))
		return 0;
	(void)!fchownat(place->fd, "", (uid_t)-1, place->group, AT_EMPTY_PATH);
	if (chmod(name, exactly ? mode : (st.st_mode & 07777) | mode) == 0)
		return 0;
	return error_errno("%s", place->path);
}

typedef int share_place(const struct place *place);

static int share_in(const struct place *directory, const char *name, share_place *each)
{
	AUTO_FREE char *path = util_printf("%s/%s", directory->path, name);
	AUTO_CLOSE int fd = openat(directory->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	const struct place place = { fd, path, directory->mode, directory->group };

	return each(&place);
}

/* What is none, or not there, has no entries. */
static int for_entries(const struct place *directory, share_place *each)
{
	int fd = directory->fd < 0 ? -1 : openat(directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!stream) {
		util_close_at(&fd);
		return 0;
	}
	while (result == 0 && (entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = share_in(directory, entry->d_name, each);
	closedir(stream);
	return result;
}

static int share_exactly(const struct place *place)
{
	return share(place, place->mode, true);
}

static int share_more(const struct place *place)
{
	return share(place, place->mode, false);
}

/* A log and what is in it: the group may read all, and enter directories. */
static int share_log(const struct place *place)
{
	struct stat st;
	bool is_directory = place->fd >= 0 && fstat(place->fd, &st) == 0 && S_ISDIR(st.st_mode);

	if (share(place, S_IRGRP | (is_directory ? S_IXGRP : 0), false) != 0)
		return -1;
	return is_directory ? for_entries(place, share_log) : 0;
}

static int share_entries(const struct place *place)
{
	return for_entries(place, share_exactly);
}

static const struct {
	const char *path;
	share_place *share;
	mode_t mode;
} shared[] = {
	{ "/etc/xen", share_exactly, 0710 },
	{ "/run/xenstored", share_entries, 0660 },
	{ "/var/run/xenstored", share_entries, 0660 }, /* the same, but in old systems */
	{ "/var/lib/xen", share_exactly, 0770 },
	{ "/proc/xen/privcmd", share_exactly, 0660 },
	{ "/proc/xen/xenbus", share_exactly, 0660 },
	{ "/dev/xen/evtchn", share_exactly, 0660 },
	{ "/var/log/xen", share_log, 0 },
	{ "/var/log/xen", share_exactly, 0770 },
	{ "/var/log/xen/console", share_more, S_ISGID }, /* what comes later is the group's, too */
};

static int share_files(struct qubes *q)
{
	gid_t group = root_group(q->root, "qubes");

	if (group == (gid_t)-1)
		return missing("group qubes");
	for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
		AUTO_CLOSE int fd = root_open(q->root, shared[i].path, O_PATH | O_NOFOLLOW, 0);
		const struct place place = { fd, shared[i].path, shared[i].mode, group };

		if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
			return error_errno("%s", shared[i].path);
		if (shared[i].share(&place) != 0)
			return -1;
	}
	return 0;
}

/* ---- xenstore ---- */

static int write_xenstore(struct qubes *q, const char *path, const char *value)
{
	int result = vmm_xenstore_write(q, path, value);

	return result == 0 ? missing("xenstore") : result < 0 ? -1 : 0;
}

static int tell_xenstore(struct qubes *q)
{
	if (write_xenstore(q, "/local/domain/0/name", "dom0") != 0)
		return -1;
	return write_xenstore(q, "/local/domain/0/domid", "0");
}

/* How far the memory balancer may let dom0 grow, in KiB: as far as there is memory. */
static int tell_memory(struct qubes *q)
{
	AUTO_FREE char *kib = NULL;
	struct vmm_host host;
	const char *name;
	int result = vmm_xenstore_read(q, "/local/domain/0/name", &name);

	if (result <= 0)
		return result < 0 ? -1 : missing("xenstore");
	if (vmm_host(q, &host) != 0)
		return -1;
	kib = util_printf("%llu", host.memory_mib * KIB_IN_MIB);
	return write_xenstore(q, "/local/domain/0/memory/static-max", kib);
}

/* ---- programs of the host ---- */

/* Xen's newer scheduler is told by another command; the one that is not in use fails. */
static int weigh_dom0(struct qubes *q)
{
	const char *words[] = { "xl", "sched-credit", "-d", "0", "-w", "2000", NULL };

	if (vmm_offline(q))
		return vmm_connection(q);
	if (helpers_run_host(q, words, HOST_SECONDS, true, NULL) == 0)
		return 0;
	if (error_kind() == ERROR_NOT_FOUND)
		return -1;
	words[1] = "sched-credit2";
	return helpers_run_host(q, words, HOST_SECONDS, false, NULL);
}

/* Those that have been mounted since udev first saw them are no longer there for VMs. */
static int look_at_disks(struct qubes *q)
{
	static const char *const words[] = { "udevadm", "trigger", "--action=change",
					     "--subsystem-match=block", NULL };

	if (vmm_offline(q))
		return vmm_connection(q);
	return helpers_run_host(q, words, HOST_SECONDS, false, NULL);
}

/* ---- the store ---- */

/* "/var/lib/qubes/backup/qubes-2015-04-25-22:13:20.xml", by local time. The caller frees. */
static char *name_backup(void)
{
	time_t now = time(NULL);
	struct tm local;
	char stamp[32];

	localtime_r(&now, &local);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d-%H:%M:%S", &local);
	return util_printf(BACKUPS "/qubes-%s.xml", stamp);
}

static int need_backups(struct qubes *q)
{
	if (root_exists(q->root, BACKUPS))
		return 0;
	if (root_mkdirs(q->root, BACKUPS, 0770) != 0)
		return -1;
	root_chgrp_qubes(q->root, BACKUPS);
	return root_chmod(q->root, BACKUPS, BACKUPS_MODE) == 0 ? 0 : error_errno("%s", BACKUPS);
}

/* Byte by byte: one that cannot be read as a store may be what is needed later. */
static int copy_store(struct qubes *q)
{
	AUTO_FREE char *path = name_backup(), *text = NULL;
	size_t length;

	text = root_read(q->root, STORE_PATH, STORE_MOST, &length);
	if (!text)
		return errno == ENOENT ? missing("store") : error_errno("%s", STORE_PATH);
	if (need_backups(q) != 0 || root_write(q->root, path, text, length, BACKUP_MODE) != 0)
		return -1;
	root_chgrp_qubes(q->root, path);
	return 0;
}

/* After a boot that is all of them. */
static int remove_dead_disposables(struct qubes *q)
{
	if (!root_exists(q->root, STORE_PATH))
		return missing("store");
	if (vmm_connection(q) != 0 || applet_open_store(q, STORE_WRITE) != 0)
		return -1;
	if (lifecycle_remove_dead_disposables(q, false) != 0)
		return -1;
	return qubes_commit(q);
}

/* ---- the applet ---- */

static const struct {
	const char *name; /* as the journal has it when it is left out or fails */
	int (*act)(struct qubes *q);
} parts[] = {
	{ "Xen's files for the group qubes", share_files },
	{ "dom0 in xenstore", tell_xenstore },
	{ "dom0's memory in xenstore", tell_memory },
	{ "dom0's share of the CPUs", weigh_dom0 },
	{ "a copy of the store", copy_store },
	{ "disposable VMs that have ended", remove_dead_disposables },
	{ "block devices for VMs", look_at_disks },
	{ "memory balancing", lifecycle_resume_balancing },
};

static int act_on_all(struct qubes *q)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		bool skipped;

		if (parts[i].act(q) == 0)
			continue;
		skipped = error_kind() == ERROR_NOT_FOUND || error_kind() == ERROR_OFFLINE;
		error_note("%s: %s%s", parts[i].name, skipped ? "left out: " : "", error_message());
		error_clear();
		result = skipped ? result : -1;
	}
	return result == 0 ? 0 : error_said();
}

int qubes_startup_main(struct qubes *q, const void *parsed, char **words)
{
	const struct startup_args *args = parsed;

	(void)words;
	return args->disposables ? images_seed_savefile(q->root) : act_on_all(q);
}
