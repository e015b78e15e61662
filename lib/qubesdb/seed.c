/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The random seed of a VM. The original hashes 64 bytes from the kernel and writes the hash; the agent takes
 * any text and stirs it into the VM's pool, so the bytes themselves, in the same form, are as good.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "error.h"
#include "internal.h"
#include "util.h"

void qubesdb_encode(const unsigned char *bytes, size_t size, char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t length = 0;

	for (size_t i = 0; i < size; i += 3) {
		size_t count = size - i < 3 ? size - i : 3;
		unsigned three = (unsigned)bytes[i] << 16;

		if (count > 1)
			three |= (unsigned)bytes[i + 1] << 8;
		if (count > 2)
			three |= bytes[i + 2];
		for (size_t digit = 0; digit < 4; digit++, three <<= 6)
			text[length++] = digit <= count ? digits[three >> 18 & 63] : '=';
	}
	text[length] = '\0';
}

int qubesdb_make_seed(char text[QUBESDB_SEED_TEXT])
{
	unsigned char bytes[QUBESDB_SEED_BYTES];
	ssize_t got;

	do
		got = getrandom(bytes, sizeof(bytes), 0);
	while (got < 0 && errno == EINTR);
	if (got != sizeof(bytes))
		return error_errno("no random bytes from the kernel");
	qubesdb_encode(bytes, sizeof(bytes), text);
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}
