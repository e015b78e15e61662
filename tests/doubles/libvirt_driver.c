/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A double of what the libvirt of Qubes can do and libvirt's test driver cannot: give a running domain a device
 * and take it away, and restore a saved domain under another name. Preloaded into a test's own libvirtd
 * (LIBVIRTD_PRELOAD of tests/lib/libvirtd.sh).
 *
 * In the directory $LIBVIRT_DOUBLE: these calls are lines of the file "calls"; a file
 * "attach", "detach", "memory", "save" or "restore" makes them fail.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libvirt/libvirt.h>

#define MAGIC \
	"TestGuestMagic" /* what the test driver begins a saved domain with; then the XML's size, and that */

static FILE *open_in_directory(const char *name, const char *mode)
{
	const char *directory = getenv("LIBVIRT_DOUBLE");
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory ? directory : "/nonexistent", name);
	return fopen(path, mode);
}

static bool is_to_fail(const char *what)
{
	FILE *file = open_in_directory(what, "r");

	if (file)
		fclose(file);
	return file != NULL;
}

/* The call that would have been made without us: also the way to an error, by arguments that it refuses. */
#define REAL(function) ((__typeof__(function) *)dlsym(RTLD_NEXT, #function))

static int note(virDomainPtr domain, const char *what, const char *with)
{
	FILE *file = open_in_directory("calls", "a");

	if (!file)
		return -1;
	fprintf(file, "%s %s ", what, virDomainGetName(domain));
	for (const char *c = with; *c; c++)
		fputc(*c == '\n' ? ' ' : *c, file);
	fputc('\n', file);
	return fclose(file);
}

/* ---- devices ---- */

int virDomainAttachDevice(virDomainPtr domain, const char *xml)
{
	return is_to_fail("attach") ? REAL(virDomainAttachDevice)(domain, xml) : note(domain, "attach", xml);
}

int virDomainDetachDevice(virDomainPtr domain, const char *xml)
{
	return is_to_fail("detach") ? REAL(virDomainDetachDevice)(domain, xml) : note(domain, "detach", xml);
}

/* ---- memory, saving ---- */

static int note_memory(virDomainPtr domain, const char *what, unsigned long kib)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", kib);
	return note(domain, what, text);
}

int virDomainSetMemory(virDomainPtr domain, unsigned long kib)
{
	if (is_to_fail("memory") || note_memory(domain, "memory", kib) < 0)
		kib = 0;
	return REAL(virDomainSetMemory)(domain, kib);
}

/* The real one refuses it while the domain runs. */
int virDomainSetMaxMemory(virDomainPtr domain, unsigned long kib)
{
	return note_memory(domain, "maximum", kib);
}

int virDomainSave(virDomainPtr domain, const char *path)
{
	return REAL(virDomainSave)(domain, is_to_fail("save") ? "/nonexistent/save" : path);
}

/* ---- restoring ---- */

static bool is_saved_domain(const char *path)
{
	char magic[sizeof(MAGIC)];
	FILE *file = fopen(path, "r");
	bool is =
		file && fread(magic, sizeof(magic), 1, file) == 1 && memcmp(magic, MAGIC, sizeof(magic)) == 0;

	if (file)
		fclose(file);
	return is;
}

static int write_image(const char *path, const char *xml)
{
	int size = (int)strlen(xml);
	FILE *file = fopen(path, "w");

	if (!file)
		return -1;
	fwrite(MAGIC, sizeof(MAGIC), 1, file);
	fwrite(&size, sizeof(size), 1, file);
	fwrite(xml, 1, (size_t)size, file);
	return fclose(file);
}

int virDomainRestoreFlags(virConnectPtr connection, const char *path, const char *xml, unsigned flags)
{
	char image[] = "/tmp/double-XXXXXX";
	int fd, result;

	if (!xml || flags || is_to_fail("restore") || !is_saved_domain(path))
		return REAL(virDomainRestoreFlags)(connection, path, xml, flags);
	fd = mkstemp(image);
	if (fd < 0)
		return -1;
	close(fd);
	result = write_image(image, xml) == 0 ? REAL(virDomainRestoreFlags)(connection, image, NULL, 0) : -1;
	unlink(image);
	return result;
}
