/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-sync-clock - set the clocks of dom0 and of all running VMs by that of the ClockVM. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "applet.h"
#include "helpers.h"
#include "vm.h"
#include "vmm.h"

#define LOCK "/var/run/qubes/qvm-sync-clock.lock"
#define LOCK_MODE 0660
#define MOST_TIME 100 /* bytes that the ClockVM may say */

/* How long each may take, in seconds. */
#define NETWORK_SECONDS 60
#define SYNC_SECONDS 180
#define ASK_SECONDS 30
#define HOST_SECONDS 30
#define TELL_SECONDS 10

struct sync_args {
	bool verbose, force;
};

const struct option_row qvm_sync_clock_options[] = {
	OPT_FLAG('v', "verbose", struct sync_args, verbose, "say what is done"),
	OPT_FLAG('f', "force", struct sync_args, force,
		 "even if the ClockVM could not get the time: give that of dom0 to the VMs"),
	OPT_END
};

static void say(const struct sync_args *args, const char *text, const char *name)
{
	if (args->verbose)
		error_note("%s%s", text, name);
}

/* Reports the failure at hand, which ends nothing. */
static void note_failure(void)
{
	error_note("%s", error_message());
	error_clear();
}

/* ---- one at a time ---- */

static int open_lock(struct qubes *q)
{
	int fd = root_open(q->root, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW, LOCK_MODE);

	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? fd : error_errno("%s", LOCK);
	return error_set(ERROR_FAILED,
			 "%s cannot be made: the Qubes services of this host have not run since "
			 "it was booted",
			 LOCK);
}

/* Is the file that FD has locked still the one that others find? Who ends takes it away. */
static bool is_current(struct qubes *q, int fd)
{
	struct stat locked, found;

	return fstat(fd, &locked) == 0 && root_lstat(q->root, LOCK, &found) == 0 &&
	       locked.st_dev == found.st_dev && locked.st_ino == found.st_ino;
}

/* The lock, to be closed; -1 with an error. */
static int take_lock(struct qubes *q)
{
	int fd = open_lock(q);

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_current(q, fd))
		return fd;
	close(fd);
	return error_set(ERROR_FAILED, "another qvm-sync-clock is at work (it holds %s)", LOCK);
}

/* ---- who has the time ---- */

static struct vm *outermost_netvm(struct vm *vm)
{
	struct vm *netvm;

	for (size_t steps = 0; steps <= vms_count(vm->qubes) && (netvm = vm_netvm(vm)); steps++)
		vm = netvm;
	return vm;
}

static int check_running(struct vm *vm)
{
	struct vmm_info info;

	if (vmm_info(vm, &info) != 0)
		return -1;
	if (info.power == VMM_RUNNING)
		return 0;
	return error_set(ERROR_FAILED, "the ClockVM %s is not running", vm->name);
}

/* NULL with an error: there is none that could have the time. */
static struct vm *find_clockvm(struct qubes *q)
{
	struct vm *vm = vm_global(q, "clockvm");

	if (!vm) {
		error_set(ERROR_FAILED, "there is no ClockVM; 'qubes-prefs -s clockvm VM' makes one");
		return NULL;
	}
	if (vm_is_dom0(outermost_netvm(vm))) {
		error_set(ERROR_FAILED, "the network of the ClockVM %s would be dom0's, which has none",
			  vm->name);
		return NULL;
	}
	return check_running(vm) == 0 ? vm : NULL;
}

/* ---- asking it ---- */

/* It is waited for if it is about to come; what NetworkManager says, and whether it is there, does not matter. */
static void wait_for_network(struct vm *clockvm)
{
	const struct helpers_command ask = {
		.command = "nm-online -x",
		.no_gui = true,
		.seconds = NETWORK_SECONDS,
	};

	if (helpers_run(outermost_netvm(clockvm), &ask) < 0)
		error_clear();
}

static int sync_clockvm(struct vm *clockvm)
{
	int status = helpers_call_service(clockvm, "qubes.SyncNtpClock", "root", NULL, NULL, SYNC_SECONDS);

	if (status == 0)
		return 0;
	if (status < 0)
		return error_within("%s", clockvm->name);
	return error_set(ERROR_FAILED, "%s could not get the time (status %d)", clockvm->name, status);
}

/* As `date -u -Iseconds` writes it; it is a VM that says so. */
static bool is_time(const char *text)
{
	static const char form[] = "0000-00-00T00:00:00";
	struct tm tm;
	const char *zone;

	for (size_t i = 0; form[i]; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
			return false;
	zone = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	return zone && (strcmp(zone, "+0000") == 0 || strcmp(zone, "+00:00") == 0);
}

static int ask_time(struct vm *clockvm, struct strbuf *answer)
{
	const struct helpers_command ask = {
		.command = "date -u -Iseconds",
		.no_gui = true,
		.output = answer,
		.seconds = ASK_SECONDS,
	};
	int status = helpers_run(clockvm, &ask);

	if (status < 0)
		return error_within("%s", clockvm->name);
	if (status > 0)
		return error_set(ERROR_FAILED, "%s does not tell the time (status %d)", clockvm->name,
				 status);
	strbuf_add(answer, "");
	if (answer->length > MOST_TIME)
		return error_set(ERROR_FAILED, "%s says %zu bytes instead of the time", clockvm->name,
				 answer->length);
	answer->text[strcspn(answer->text, "\n")] = '\0';
	if (is_time(answer->text))
		return 0;
	return error_set(ERROR_FAILED, "%s says '%s', which is no time", clockvm->name, answer->text);
}

/* ---- passing it on ---- */

static int set_host(struct qubes *q, const char *time)
{
	const char *const date[] = { "date", "-u", "-Iseconds", "-s", time, NULL };
	const char *const hwclock[] = { "hwclock", "--systohc", NULL };

	if (helpers_run_host(q, date, HOST_SECONDS, false, NULL) != 0)
		return error_within("the clock of dom0 is not set");
	if (helpers_run_host(q, hwclock, HOST_SECONDS, false, NULL) == 0)
		return 0;
	error_within("dom0 will not remember the time when it is off");
	note_failure();
	return 0;
}

/* What dom0's clock says now, in the form that the agents of all of release 3 understand. */
static int tell(struct vm *vm)
{
	time_t now = time(NULL);
	struct tm utc;
	char text[40];
	int status;

	gmtime_r(&now, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S+0000\n", &utc);
	status = helpers_call_service(vm, "qubes.SetDateTime", "root", text, NULL, TELL_SECONDS);
	if (status < 0)
		return error_within("%s", vm->name);
	return status ? error_set(ERROR_FAILED, "%s does not take the time (status %d)", vm->name, status) :
			0;
}

/* One that is paused, or has no agent, would not answer. */
static bool listens(struct vm *vm)
{
	struct vmm_info info;

	if (vm_is_dom0(vm))
		return false;
	if (vmm_info(vm, &info) == 0)
		return info.power == VMM_RUNNING && helpers_has_agent(vm) && helpers_qrexec_runs(vm);
	note_failure();
	return false;
}

static int tell_in_crew(void *vm)
{
	if (tell(vm) == 0)
		return 0;
	note_failure();
	return 1;
}

/* All at once: one that hangs must not keep the time from the others. */
static void tell_at_once(struct vm *const *vms, size_t count)
{
	struct crew crew;
	size_t ended;
	int status;

	crew_begin(&crew, count);
	for (size_t i = 0; i < count; i++)
		if (crew_start(&crew, i, tell_in_crew, vms[i]) != 0)
			note_failure();
	while (crew_wait(&crew, &ended, &status))
		;
	crew_end(&crew);
}

static void tell_all(struct qubes *q, const struct vm *clockvm, const struct sync_args *args)
{
	struct vm **vms = arena_alloc(q->arena, (vms_count(q) + 1) * sizeof(struct vm *)), *vm;
	size_t count = 0;

	FOR_EACH_VM(q, vm) {
		if (vm == clockvm || !listens(vm))
			continue;
		say(args, "telling ", vm->name);
		vms[count++] = vm;
	}
	vmm_disconnect(q);
	if (count > 0)
		tell_at_once(vms, count);
}

/* ---- the applet ---- */

static int sync_host(struct vm *clockvm, const struct sync_args *args)
{
	AUTO_STRBUF struct strbuf time = { 0 };

	if (ask_time(clockvm, &time) != 0)
		return -1;
	say(args, "the time is ", time.text);
	return set_host(clockvm->qubes, time.text);
}

static int sync_all(struct qubes *q, const struct sync_args *args)
{
	struct vm *clockvm = find_clockvm(q);

	if (!clockvm)
		return -1;
	wait_for_network(clockvm);
	say(args, "the time comes from ", clockvm->name);
	if (sync_clockvm(clockvm) == 0) {
		if (sync_host(clockvm, args) != 0)
			return -1;
	} else if (args->force) {
		note_failure();
	} else {
		return -1;
	}
	tell_all(q, clockvm, args);
	return 0;
}

int qvm_sync_clock_main(struct qubes *q, const void *args, char **words)
{
	AUTO_CLOSE int lock = take_lock(q);
	int result;

	(void)words;
	if (lock < 0)
		return -1;
	result = sync_all(q, args);
	root_unlink(q->root, LOCK);
	return result;
}
