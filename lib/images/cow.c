/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file format of device-mapper's persistent snapshots, as far as reading goes: a header in chunk 0; then
 * areas, each a chunk of pairs (where a chunk was, where it is kept) and the chunks that these keep. All is
 * little-endian; a pair that is kept at 0 ends it.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "error.h"
#include "internal.h"

#define MAGIC 0x70416e53 /* "SnAp" */
#define VERSION 1
#define SECTOR 512
#define SECTORS_MOST (32u << 10)
#define FIRST_AREA 1

struct header {
	uint32_t magic, valid, version, sectors;
};

struct pair {
	uint64_t origin, kept;
};

static int damaged(const char *why)
{
	return error_set(ERROR_FAILED, "it is not what device-mapper writes: %s", why);
}

static int read_exactly(int fd, void *bytes, size_t length, uint64_t at)
{
	char *next = bytes;

	while (length) {
		ssize_t got = images_read_at(fd, next, length, (off_t)at);

		if (got < 0)
			return error_set(ERROR_FAILED, "%s", strerror(errno));
		if (got == 0)
			return damaged("it is cut short");
		next += got;
		length -= (size_t)got;
		at += (uint64_t)got;
	}
	return 0;
}

static int read_header(int fd, struct header *header)
{
	if (read_exactly(fd, header, sizeof(*header), 0) < 0)
		return -1;
	header->magic = le32toh(header->magic);
	header->valid = le32toh(header->valid);
	header->version = le32toh(header->version);
	header->sectors = le32toh(header->sectors);
	return 0;
}

int cow_open(struct cow *cow, int fd)
{
	struct header header;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(ERROR_FAILED, "%s", strerror(errno));
	*cow = (struct cow){ .fd = fd, .size = (uint64_t)st.st_size };
	if (read_header(fd, &header) < 0)
		return -1;
	if (header.magic == 0)
		return 0;
	if (header.magic != MAGIC)
		return damaged("its beginning is something else");
	if (header.version != VERSION)
		return damaged("its version is unknown");
	if (!header.valid)
		return error_set(ERROR_FAILED,
				 "it had no room for all that was changed, and is of no use any more");
	if (header.sectors == 0 || header.sectors > SECTORS_MOST || (header.sectors & (header.sectors - 1)))
		return damaged("its chunks have an odd size");
	cow->chunk = (uint64_t)header.sectors * SECTOR;
	return 0;
}

/* The pairs of one area. 1: it was full, and another follows. */
static int for_each_of_area(const struct cow *cow, const struct pair *pairs,
			    int (*each)(uint64_t origin, uint64_t kept, void *context), void *context)
{
	for (size_t i = 0; i < cow->chunk / sizeof(*pairs); i++) {
		uint64_t origin = le64toh(pairs[i].origin), kept = le64toh(pairs[i].kept);

		if (kept == 0)
			return 0;
		if (kept <= FIRST_AREA || kept >= cow->size / cow->chunk)
			return damaged("it keeps a chunk outside of itself");
		if (each(origin, kept, context) < 0)
			return -1;
	}
	return 1;
}

int cow_for_each(const struct cow *cow, int (*each)(uint64_t origin, uint64_t kept, void *context),
		 void *context)
{
	AUTO_FREE struct pair *pairs = util_alloc(cow->chunk);
	uint64_t area = FIRST_AREA;
	int result = cow->chunk ? 1 : 0;

	while (result > 0) {
		if (area >= cow->size / cow->chunk)
			return damaged("it is cut short");
		if (read_exactly(cow->fd, pairs, cow->chunk, area * cow->chunk) < 0)
			return -1;
		result = for_each_of_area(cow, pairs, each, context);
		area += cow->chunk / sizeof(*pairs) + 1;
	}
	return result;
}
