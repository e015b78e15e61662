/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting several VMs at once: a job for each and for each netvm that they need, done when its netvm is there.
 */
#include "error.h"
#include "internal.h"
#include "startable.h"
#include "util.h"
#include "vmm.h"

/* Each has a process, a connection, and daemons that it waits for. */
#define MOST_AT_ONCE 16

struct job {
	struct vm *vm;
	struct job *netvm; /* which comes first; NULL: none needs to be started */
	const struct lifecycle_start *how;
	enum { JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED } state;
};

struct jobs {
	struct job *items;
	size_t count;
	struct lifecycle_start as_asked, as_netvm;
	bool failed;
};

/* ---- which there are ---- */

static struct job *find_job(struct jobs *jobs, const struct vm *vm)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->items[i].vm == vm)
			return &jobs->items[i];
	return NULL;
}

static void add_job(struct jobs *jobs, struct vm *vm, const struct lifecycle_start *how)
{
	if (!find_job(jobs, vm))
		jobs->items[jobs->count++] = (struct job){ .vm = vm, .how = how };
}

/* A VM that cannot be asked about or whose netvms form a circle is left to its own start, which says so. */
static bool needs_start(struct vm *netvm)
{
	struct vmm_info info;

	if (!netvm || vm_is_dom0(netvm))
		return false;
	if (vmm_info(netvm, &info) != 0) {
		error_clear();
		return false;
	}
	return info.power == VMM_HALTED;
}

static void add_netvms(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) { /* the list grows meanwhile */
		struct vm *netvm = vm_netvm(jobs->items[i].vm);

		if (netvms_end(jobs->items[i].vm) != 0) {
			error_clear();
			continue;
		}
		if (!needs_start(netvm))
			continue;
		add_job(jobs, netvm, &jobs->as_netvm);
		jobs->items[i].netvm = find_job(jobs, netvm);
	}
}

/* ---- doing them ---- */

enum { STARTED = 0, NOT_STARTED = 1, RUNS_ALL_THE_SAME = 2 };

/* Whether it failed in a way that its clients need not mind. */
static int failed_one(const struct job *job)
{
	struct vmm_info info;
	bool runs;

	error_report();
	runs = vmm_info_now(job->vm, &info) == 0 && info.power == VMM_RUNNING;
	error_clear();
	return runs ? RUNS_ALL_THE_SAME : NOT_STARTED;
}

static int start_one(void *argument)
{
	struct job *job = argument;
	int status = STARTED;

	if (lifecycle_start(job->vm, job->how) != 0)
		status = failed_one(job);
	else if (job->how->started)
		job->how->started(job->vm);
	vmm_disconnect(job->vm->qubes);
	return status;
}

static void end_job(struct jobs *jobs, struct job *job, int status)
{
	job->state = status == STARTED || status == RUNS_ALL_THE_SAME ? JOB_DONE : JOB_FAILED;
	if (status != STARTED)
		jobs->failed = true;
}

static void fail_job(struct jobs *jobs, struct job *job)
{
	error_within("%s", job->vm->name);
	error_report();
	end_job(jobs, job, NOT_STARTED);
}

/* Is its turn now? */
static bool is_due(const struct job *job)
{
	return job->state == JOB_WAITING && (!job->netvm || job->netvm->state == JOB_DONE);
}

static bool waits_in_vain(const struct job *job)
{
	return job->state == JOB_WAITING && job->netvm && job->netvm->state == JOB_FAILED;
}

static void start_job(struct jobs *jobs, struct job *job, struct crew *crew)
{
	job->state = JOB_RUNNING;
	if (crew_start(crew, (size_t)(job - jobs->items), start_one, job) != 0)
		fail_job(jobs, job);
}

static void give_up(struct jobs *jobs, struct job *job)
{
	error_set(ERROR_FAILED, "it is not started: its netvm %s was not", job->netvm->vm->name);
	fail_job(jobs, job);
}

static size_t count_running(const struct jobs *jobs)
{
	size_t running = 0;

	for (size_t i = 0; i < jobs->count; i++)
		running += jobs->items[i].state == JOB_RUNNING;
	return running;
}

/* True: one has failed, and others may be waiting for it. */
static bool look_at_all(struct jobs *jobs, struct crew *crew)
{
	bool failed = false;

	for (size_t i = 0; i < jobs->count; i++) {
		struct job *job = &jobs->items[i];
		bool was_waiting = job->state == JOB_WAITING;

		if (waits_in_vain(job))
			give_up(jobs, job);
		else if (is_due(job) && count_running(jobs) < MOST_AT_ONCE)
			start_job(jobs, job, crew);
		failed |= was_waiting && job->state == JOB_FAILED;
	}
	return failed;
}

static void start_due(struct jobs *jobs, struct crew *crew)
{
	while (!crew->interrupted && look_at_all(jobs, crew))
		;
}

static void run_jobs(struct jobs *jobs)
{
	struct crew crew;
	size_t ended;
	int status;

	crew_begin(&crew, jobs->count);
	start_due(jobs, &crew);
	while (crew_wait(&crew, &ended, &status)) {
		end_job(jobs, &jobs->items[ended], status);
		start_due(jobs, &crew);
	}
	crew_end(&crew);
}

int lifecycle_start_all(struct vm *const *vms, const struct lifecycle_start *how)
{
	struct jobs jobs = { .as_asked = *how, .as_netvm = as_netvm(how) };

	if (!vms[0])
		return 0;
	jobs.items = arena_alloc(vms[0]->qubes->arena, vms_count(vms[0]->qubes) * sizeof(*jobs.items));
	for (; *vms; vms++)
		add_job(&jobs, *vms, &jobs.as_asked);
	if (jobs.count == 1) /* with its netvms one after the other, as there is no other way */
		return start_one(&jobs.items[0]) == STARTED ? 0 : error_said();
	add_netvms(&jobs);
	vmm_disconnect(jobs.items[0].vm->qubes);
	run_jobs(&jobs);
	return jobs.failed ? error_said() : 0;
}
