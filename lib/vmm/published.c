/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain and the tools that built it have put into xenstore: nothing of it is believed unread.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define MEMINFO_LINE_MOST 80
#define KIB_MOST (1ULL << 40) /* no machine has more memory */
#define LEAST_PREFERRED_KIB (200 * 1024ULL)
#define START_TIME_MOST 32
#define SECONDS_DIGITS_MOST 11 /* until the year 5138 */
#define DIGITS "0123456789"

/* The number of VM's domain: 1; 0: it has none. -1 with an error. */
static int number_of(struct vm *vm, int *xid)
{
	struct vmm_info info;

	if (vm_is_dom0(vm))
		return 0;
	if (vmm_info(vm, &info) < 0)
		return -1;
	*xid = info.xid;
	return info.xid > 0;
}

#define DOMAINS "/local/domain/"

/* What is at FOLDER/XID/WHAT, XID being the number of VM's domain. 1, 0, or -1 with an error. */
static int read_of_domain(struct vm *vm, const char *folder, const char *what, const char **value)
{
	AUTO_FREE char *path = NULL;
	int xid, result = number_of(vm, &xid);

	if (result <= 0)
		return result;
	path = util_printf("%s%d/%s", folder, xid, what);
	return vmm_xenstore_read(vm->qubes, path, value);
}

static int nonsense(const struct vm *vm, const char *what, const char *text)
{
	return error_set(ERROR_VMM, "xenstore has '%.40s' as %s of %s", text, what, vm->name);
}

/* ---- an HVM's stub domain ---- */

int vmm_stubdom(struct vm *vm)
{
	unsigned long long number;
	const char *text;

	if (!vm_is(vm, VM_HVMS))
		return -1;
	if (read_of_domain(vm, DOMAINS, "image/device-model-domid", &text) > 0 &&
	    util_parse_decimal(text, INT_MAX, &number) && number > 0)
		return (int)number;
	error_clear();
	return -1;
}

/* ---- the start ---- */

/* "1430000000.50": a number of seconds that any calendar can have. */
static bool is_moment(const char *text)
{
	size_t whole = strspn(text, DIGITS);

	if (whole < 1 || whole > SECONDS_DIGITS_MOST || strlen(text) > START_TIME_MOST)
		return false;
	text += whole;
	return !*text || (*text == '.' && text[1] && text[1 + strspn(text + 1, DIGITS)] == '\0');
}

int vmm_start_time(struct vm *vm, double *seconds)
{
	const char *uuid = vm_uuid(vm), *text;
	int xid, result = uuid ? number_of(vm, &xid) : 0;
	AUTO_FREE char *path = NULL;

	if (result <= 0)
		return result;
	path = util_printf("/vm/%s/start_time", uuid);
	result = vmm_xenstore_read(vm->qubes, path, &text);
	if (result <= 0 || !*text)
		return result < 0 ? -1 : 0;
	if (!is_moment(text))
		return nonsense(vm, "the time of the start", text);
	*seconds = strtod(text, NULL);
	return 1;
}

/* ---- the device of the root image ---- */

#define XVDA "51712"

int vmm_root_device(struct vm *vm, const char **device)
{
	return read_of_domain(vm, DOMAINS "0/backend/vbd/", XVDA "/node", device);
}

/* ---- memory ---- */

enum meminfo_key {
	MEM_TOTAL,
	MEM_FREE,
	BUFFERS,
	CACHED,
	SWAP_TOTAL,
	SWAP_FREE,
	MEMINFO_KEYS,
};

struct meminfo {
	unsigned long long kib[MEMINFO_KEYS];
	bool has[MEMINFO_KEYS];
};

/* One line, "Key: NUMBER kB". One that is none of ours says nothing; a bad number, or a second one, is nonsense. */
static bool take_line(struct meminfo *meminfo, const char *line)
{
	static const char *const keys[MEMINFO_KEYS] = {
		[MEM_TOTAL] = "MemTotal:", [MEM_FREE] = "MemFree:",	[BUFFERS] = "Buffers:",
		[CACHED] = "Cached:",	   [SWAP_TOTAL] = "SwapTotal:", [SWAP_FREE] = "SwapFree:",
	};

	for (size_t i = 0; i < MEMINFO_KEYS; i++) {
		AUTO_FREE char *number = NULL;

		if (!util_starts_with(line, keys[i]))
			continue;
		line += strlen(keys[i]);
		line += strspn(line, " \t");
		number = util_printf("%.*s", (int)strcspn(line, " \t\r"), line);
		if (meminfo->has[i] || !util_parse_decimal(number, KIB_MOST, &meminfo->kib[i]))
			return false;
		meminfo->has[i] = true;
	}
	return true;
}

static bool take_lines(struct meminfo *meminfo, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		AUTO_FREE char *line = NULL;

		if (length > MEMINFO_LINE_MOST)
			return false;
		line = util_printf("%.*s", (int)length, text);
		if (!take_line(meminfo, line))
			return false;
		text += length + (text[length] == '\n');
	}
	return true;
}

static bool is_possible(const struct meminfo *meminfo)
{
	const unsigned long long *kib = meminfo->kib;

	for (size_t i = 0; i < MEMINFO_KEYS; i++)
		if (!meminfo->has[i])
			return false;
	return kib[SWAP_FREE] <= kib[SWAP_TOTAL] &&
	       kib[MEM_FREE] + kib[CACHED] + kib[BUFFERS] <= kib[MEM_TOTAL];
}

unsigned long long vmm_preferred_memory(const char *text, unsigned long long max_kib)
{
	struct meminfo meminfo = { 0 };
	const unsigned long long *kib = meminfo.kib;
	unsigned long long preferred;

	if (!take_lines(&meminfo, text) || !is_possible(&meminfo))
		return 0;
	preferred = kib[MEM_TOTAL] - kib[MEM_FREE] - kib[CACHED] - kib[BUFFERS] + kib[SWAP_TOTAL] -
		    kib[SWAP_FREE];
	preferred = preferred * 13 / 10;
	if (preferred > max_kib)
		preferred = max_kib;
	return preferred < LEAST_PREFERRED_KIB ? LEAST_PREFERRED_KIB : preferred;
}

int vmm_prefmem(struct vm *vm, unsigned long long *kib)
{
	struct vmm_figures figures;
	const char *text;
	int result = read_of_domain(vm, DOMAINS, "memory/meminfo", &text);

	if (result <= 0)
		return result;
	if (vmm_figures(vm, &figures) < 0)
		return -1;
	*kib = vmm_preferred_memory(text, figures.max_memory_kib);
	return *kib > 0;
}

int vmm_let_publish_memory(struct vm *vm)
{
	AUTO_FREE char *path = NULL;
	int xid, result = number_of(vm, &xid);

	if (result <= 0)
		return result;
	path = util_printf("/local/domain/%d/memory", xid);
	return vmm_xenstore_give(vm->qubes, path, xid) < 0 ? -1 : 0;
}
