/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * size - the one place where sizes are read and shown.
 */
#include "size.h"

#include <string.h>
#include <strings.h>

#include "error.h"
#include "util.h"

#define SIZE_LIMIT INT64_MAX /* of an off_t */

static const struct {
	const char *suffix;
	uint64_t factor;
} suffixes[] = {
	{ "", 1 },
	{ "K", 1ULL << 10 },
	{ "KB", 1ULL << 10 },
	{ "M", 1ULL << 20 },
	{ "MB", 1ULL << 20 },
	{ "G", 1ULL << 30 },
	{ "GB", 1ULL << 30 },
};

/* 0: there is no such suffix. */
static uint64_t factor_of(const char *suffix)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (!strcasecmp(suffix, suffixes[i].suffix))
			return suffixes[i].factor;
	return 0;
}

int size_parse(const char *word, uint64_t *bytes)
{
	size_t digits = strspn(word, "0123456789");
	AUTO_FREE char *number = util_printf("%.*s", (int)digits, word);
	const char *suffix = word + digits + strspn(word + digits, " \t");
	uint64_t factor = factor_of(suffix);
	unsigned long long value;

	if (!factor || !util_parse_decimal(number, SIZE_LIMIT / factor, &value))
		return error_set(ERROR_USAGE,
				 "'%s' is no size: it takes a number of bytes, or one with K, M or G", word);
	*bytes = value * factor;
	return 0;
}

char *size_text(uint64_t bytes)
{
	static const struct {
		const char *unit;
		uint64_t size;
	} units[] = { { "GiB", 1ULL << 30 }, { "MiB", 1ULL << 20 }, { "KiB", 1ULL << 10 } };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (bytes >= units[i].size)
			return util_printf("%.1f %s", (double)bytes / (double)units[i].size, units[i].unit);
	return util_printf("%llu", (unsigned long long)bytes);
}

char *size_whole_text(uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB" };
	size_t unit = 0;

	for (; bytes > 1024 && unit + 1 < ARRAY_SIZE(units); unit++)
		bytes /= 1024;
	return util_printf("%llu %s", (unsigned long long)bytes, units[unit]);
}
