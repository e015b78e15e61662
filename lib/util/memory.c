/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory: that of single things, which their owners free, and arenas, which are freed all at once.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* A program that has not said how it wants to end. */
static void stop_at_once(void)
{
	__builtin_trap();
}

void (*util_out_of_memory)(void) = stop_at_once;

static void *must_have(void *memory)
{
	if (!memory) {
		util_out_of_memory();
		__builtin_trap();
	}
	return memory;
}

/* ---- single things ---- */

void *util_alloc(size_t size)
{
	return must_have(calloc(1, size ? size : 1));
}

void *util_realloc(void *old, size_t size)
{
	return must_have(realloc(old, size ? size : 1));
}

char *util_strdup(const char *text)
{
	return must_have(strdup(text));
}

char *util_printf(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return must_have(text);
}

/* ---- cleaning up: what failed before is still to be told, so errno stays ---- */

void util_free_at(void *pointer_to_pointer)
{
	int saved = errno;
	void *memory;

	/* The pointer may be of any type, which a cast would not allow. */
	memcpy(&memory, pointer_to_pointer, sizeof(memory));
	free(memory);
	errno = saved;
}

void util_close_at(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

void util_fclose_at(FILE **file)
{
	int saved = errno;

	if (*file)
		fclose(*file);
	errno = saved;
}

/* ---- arenas ---- */

/* Small at first, so that a short run touches few pages; then doubling, so that a long one calls seldom. */
#define FIRST_BLOCK 4000
#define LARGEST_BLOCK 64000

struct block {
	struct block *older;
	max_align_t bytes[];
};

struct arena {
	struct block *newest;
	char *free; /* in the newest block */
	size_t left;
	size_t next_size;
};

struct arena *arena_new(void)
{
	struct arena *arena = util_alloc(sizeof(*arena));

	arena->next_size = FIRST_BLOCK;
	return arena;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	while (arena->newest) {
		struct block *older = arena->newest->older;

		free(arena->newest);
		arena->newest = older;
	}
	free(arena);
}

static struct block *new_block(size_t size)
{
	if (size > SIZE_MAX - sizeof(struct block))
		return must_have(NULL);
	return must_have(malloc(sizeof(struct block) + size));
}

static void add_block(struct arena *arena)
{
	struct block *block = new_block(arena->next_size);

	block->older = arena->newest;
	arena->newest = block;
	arena->free = (char *)block->bytes;
	arena->left = arena->next_size;
	if (arena->next_size < LARGEST_BLOCK)
		arena->next_size *= 2;
}

/* A thing too big for the blocks has its own, behind the newest, which stays in use. */
static void *take_alone(struct arena *arena, size_t size)
{
	struct block *block = new_block(size);

	if (!arena->newest)
		add_block(arena);
	block->older = arena->newest->older;
	arena->newest->older = block;
	return block->bytes;
}

static size_t padding(const struct arena *arena, size_t alignment)
{
	return -(uintptr_t)arena->free & (alignment - 1);
}

static void *take(struct arena *arena, size_t size, size_t alignment)
{
	size_t before = padding(arena, alignment);
	char *memory;

	if (size > FIRST_BLOCK / 2 && (size > arena->left || before > arena->left - size))
		return take_alone(arena, size);
	if (size > arena->left || before > arena->left - size) {
		add_block(arena);
		before = 0;
	}
	memory = arena->free + before;
	arena->free = memory + size;
	arena->left -= before + size;
	return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(take(arena, size, _Alignof(max_align_t)), 0, size);
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
	void *larger;

	if (count < *room)
		return items;
	*room = *room ? *room * 2 : 16;
	larger = arena_alloc(arena, *room * size);
	if (count)
		memcpy(larger, items, count * size);
	return larger;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(take(arena, size, 1), text, size);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments, again;
	char *text = NULL;
	int length;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	if (length >= 0) {
		text = take(arena, (size_t)length + 1, 1);
		vsnprintf(text, (size_t)length + 1, format, again);
	}
	va_end(again);
	va_end(arguments);
	return must_have(text);
}
