/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images: taking back what a template's last run has changed, from files as device-mapper writes them.
 */
#include "images_world.h"

#include <endian.h>

#define TPL BASE "/vm-templates/tpl"
#define CHUNK 4096 /* the smallest that is in use: 256 pairs in an area, so that tests get past one */
#define PAIRS (CHUNK / 16)
#define ROOT_SIZE (1000 * CHUNK + 512)

static int open_inside(const struct world *w, const char *path)
{
	AUTO_FREE char *host = inside(w, path);
	int fd = open(host, O_RDWR | O_CREAT, 0660);

	assert_true(fd >= 0);
	return fd;
}

/* ---- device-mapper's side ---- */

static void put(int fd, uint64_t at, const void *bytes, size_t length)
{
	assert_int_equal(pwrite(fd, bytes, length, (off_t)at), (ssize_t)length);
}

static void put_header(int fd, uint32_t magic, uint32_t valid, uint32_t version, uint32_t sectors)
{
	uint32_t header[] = { htole32(magic), htole32(valid), htole32(version), htole32(sectors) };

	put(fd, 0, header, sizeof(header));
}

static void put_pair(int fd, unsigned index, uint64_t origin, uint64_t kept)
{
	uint64_t pair[] = { htole64(origin), htole64(kept) };
	uint64_t area = 1 + (uint64_t)(index / PAIRS) * (PAIRS + 1);

	put(fd, area * CHUNK + index % PAIRS * sizeof(pair), pair, sizeof(pair));
}

/* Where the kernel puts the chunk of pair INDEX: behind header and first area, the other areas left out. */
static uint64_t place_of(unsigned index)
{
	return 2 + index + index / PAIRS;
}

static int make_cow(const struct world *w, const char *path)
{
	int fd = open_inside(w, path);

	assert_int_equal(ftruncate(fd, 0) + ftruncate(fd, ROOT_SIZE), 0);
	put_header(fd, 0x70416e53, 1, 1, CHUNK / 512);
	return fd;
}

static void fill(char *chunk, const char *epoch, uint64_t number)
{
	snprintf(chunk, CHUNK, "%s %llu", epoch, (unsigned long long)number);
}

/* A root image of which every chunk says which one it is. */
static void make_root(const struct world *w)
{
	AUTO_CLOSE int fd = open_inside(w, TPL "/root.img");

	assert_int_equal(ftruncate(fd, 0) + ftruncate(fd, ROOT_SIZE), 0);
	for (uint64_t i = 0; i * CHUNK < ROOT_SIZE; i++) {
		char chunk[CHUNK] = "";

		fill(chunk, "before", i);
		put(fd, i * CHUNK, chunk, 512);
	}
}

/* What a template's write to chunk NUMBER does: the INDEXth one of this run. */
static void write_through(const struct world *w, int cow, unsigned index, uint64_t number)
{
	AUTO_CLOSE int root = open_inside(w, TPL "/root.img");
	char chunk[CHUNK] = "";

	assert_true(pread(root, chunk, CHUNK, (off_t)(number * CHUNK)) > 0);
	put(cow, place_of(index) * CHUNK, chunk, CHUNK);
	put_pair(cow, index, number, place_of(index));
	fill(chunk, "after", number);
	put(root, number * CHUNK, chunk, 512);
}

static void assert_chunk(const struct world *w, uint64_t number, const char *epoch)
{
	AUTO_CLOSE int root = open_inside(w, TPL "/root.img");
	char expected[CHUNK] = "", found[CHUNK] = "";

	fill(expected, epoch, number);
	assert_int_equal(pread(root, found, 512, (off_t)(number * CHUNK)), 512);
	assert_memory_equal(found, expected, 512);
}

static void assert_all_as_before(const struct world *w)
{
	for (uint64_t i = 0; i * CHUNK < ROOT_SIZE; i++)
		assert_chunk(w, i, "before");
	assert_int_equal(size_of(w, TPL "/root.img"), ROOT_SIZE);
}

/* Chunk 0, the part of a chunk at the end, and enough between them for COUNT. */
static void run_template(const struct world *w, int cow, unsigned count)
{
	write_through(w, cow, 0, 1000);
	write_through(w, cow, 1, 0);
	for (unsigned i = 2; i < count; i++)
		write_through(w, cow, i, (i * 7) % 999 + 1);
}

static int make_old(const struct world *w, unsigned count)
{
	int old;

	make_root(w);
	old = make_cow(w, TPL "/root-cow.img.old");
	run_template(w, old, count);
	return old;
}

/* ---- taking it back ---- */

static void every_block_is_as_it_was(void **state)
{
	const struct world *w = *state;
	static const unsigned counts[] = { 2, PAIRS - 1, PAIRS, PAIRS + 1, 3 * PAIRS };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		AUTO_CLOSE int old = make_old(w, counts[i]);

		assert_chunk(w, 1000, "after");
		assert_int_equal(images_revert(the(w, "tpl")), 0);
		assert_all_as_before(w);
		assert_listing(w, TPL, "private.img root-cow.img root.img");
	}
}

static void what_it_kept_is_given_back_as_room(void **state)
{
	const struct world *w = *state;
	AUTO_CLOSE int old = make_old(w, 10);

	assert_int_equal(images_revert(the(w, "tpl")), 0);
	assert_int_equal(size_of(w, TPL "/root-cow.img"), ROOT_SIZE);
	assert_int_equal(images_allocated(the(w, "tpl"), TPL "/root-cow.img"), 0);
}

static void what_was_a_hole_is_one_again(void **state)
{
	const struct world *w = *state;
	AUTO_CLOSE int root = open_inside(w, TPL "/root.img");
	AUTO_CLOSE int old = make_cow(w, TPL "/root-cow.img.old");
	static char data[64 * CHUNK] = "written by the template";
	struct stat st;

	assert_int_equal(ftruncate(root, 0) + ftruncate(root, ROOT_SIZE), 0);
	put(root, 0, data, sizeof(data));
	for (unsigned i = 0; i < 64; i++)
		put_pair(old, i, i, place_of(i));
	assert_int_equal(images_revert(the(w, "tpl")), 0);
	assert_int_equal(fstat(root, &st), 0);
	assert_int_equal(st.st_size, ROOT_SIZE);
	assert_int_equal(st.st_blocks, 0);
}

static void a_run_without_changes_has_nothing_to_put_back(void **state)
{
	const struct world *w = *state;

	make_root(w);
	make_file(w, TPL "/root-cow.img.old", ROOT_SIZE, ""); /* never used by a device */
	assert_int_equal(images_revert(the(w, "tpl")), 0);
	assert_all_as_before(w);
	close(make_cow(w, TPL "/root-cow.img.old")); /* used, and nothing written */
	assert_int_equal(images_revert(the(w, "tpl")), 0);
	assert_all_as_before(w);
}

static void it_can_be_repeated_after_a_kill(void **state)
{
	const struct world *w = *state;
	AUTO_CLOSE int old = make_old(w, 10);
	AUTO_CLOSE int root = open_inside(w, TPL "/root.img");
	char chunk[CHUNK];

	/* One chunk is back, and no more. */
	assert_int_equal(pread(old, chunk, CHUNK, (off_t)(place_of(1) * CHUNK)), CHUNK);
	put(root, 0, chunk, CHUNK);
	assert_int_equal(images_revert(the(w, "tpl")), 0);
	assert_all_as_before(w);
}

static void the_time_of_the_changes_is_told(void **state)
{
	const struct world *w = *state;
	AUTO_CLOSE int old = make_old(w, 2);
	const struct timespec times[] = { { 1000000000, 0 }, { 1234567890, 0 } };
	time_t when = 0;

	assert_int_equal(futimens(old, times), 0);
	assert_int_equal(images_find_changes(the(w, "tpl"), &when), 0);
	assert_int_equal(when, 1234567890);
}

static void without_old_blocks_there_is_nothing_to_take_back(void **state)
{
	const struct world *w = *state;
	time_t when;

	assert_int_equal(images_find_changes(the(w, "tpl"), &when), -1);
	assert_string_equal(error_message(),
			    "there is nothing to take back: " TPL "/root-cow.img.old is not there");
	assert_int_equal(images_find_changes(the(w, "work"), &when), -1);
	assert_int_equal(images_revert(the(w, "tpl")), -1);
	assert_int_equal(images_revert(the(w, "work")), -1);
}

/* ---- devices of running VMs ---- */

static void make_device(const struct world *w, const char *cow)
{
	AUTO_FREE char *cow_path = util_printf(TPL "/%s", cow);
	struct stat root_st, cow_st;

	assert_int_equal(root_stat(w->q.root, TPL "/root.img", &root_st), 0);
	assert_int_equal(root_stat(w->q.root, cow_path, &cow_st), 0);
	AUTO_FREE char *path =
		util_printf("/dev/mapper/snapshot-%llx:%llu-%llx:%llu", (unsigned long long)root_st.st_dev,
			    (unsigned long long)root_st.st_ino, (unsigned long long)cow_st.st_dev,
			    (unsigned long long)cow_st.st_ino);
	make_file(w, path, 0, "");
}

static void a_vm_that_sees_the_changes_forbids_it(void **state)
{
	const struct world *w = *state;
	AUTO_CLOSE int old = make_old(w, 2);

	make_device(w, "root-cow.img");
	assert_int_equal(images_revert(the(w, "tpl")), -1);
	assert_non_null(strstr(error_message(),
			       "a VM that runs uses its root image as it is now (/dev/mapper/snapshot-"));
	assert_chunk(w, 0, "after");
}

/* What is free now is not free for it. */
static void a_vm_that_began_before_forbids_trimming(void **state)
{
	const struct world *w = *state;
	AUTO_CLOSE int old = make_old(w, 2);

	assert_int_equal(images_check_epoch(the(w, "tpl")), 0);
	make_device(w, "root-cow.img");
	assert_int_equal(images_check_epoch(the(w, "tpl")), 0);
	make_device(w, "root-cow.img.old");
	assert_int_equal(images_check_epoch(the(w, "tpl")), -1);
	assert_non_null(
		strstr(error_message(), "is still used by a VM that was started before its last change"));
}

/* Its device goes on reading what it reads now: what the file kept, and the root image for the rest. */
static void a_vm_that_began_before_may_go_on(void **state)
{
	const struct world *w = *state;
	AUTO_CLOSE int old = make_old(w, 5);
	AUTO_FREE char *other = util_strdup("/dev/mapper/snapshot-1:2-3:4");
	struct stat before, after;

	make_device(w, "root-cow.img.old");
	make_file(w, other, 0, ""); /* of another template */
	assert_int_equal(fstat(old, &before), 0);
	assert_int_equal(images_revert(the(w, "tpl")), 0);
	assert_all_as_before(w);
	assert_int_equal(root_stat(w->q.root, TPL "/root-cow.img", &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_blocks, before.st_blocks);
}

static void changes_that_are_not_committed_come_first(void **state)
{
	const struct world *w = *state;
	AUTO_CLOSE int old = make_old(w, 2);
	AUTO_CLOSE int now = make_cow(w, TPL "/root-cow.img");

	write_through(w, now, 0, 5);
	assert_int_equal(images_revert(the(w, "tpl")), -1);
	assert_string_equal(error_message(),
			    "the changes to tpl are not taken back: " TPL "/root-cow.img "
			    "(qvm-template-commit tpl comes first): it has changes that are not committed");
	assert_chunk(w, 0, "after");
}

/* ---- damage ---- */

static void assert_refused(const struct world *w, const char *why)
{
	assert_int_equal(images_revert(the(w, "tpl")), -1);
	assert_non_null(strstr(error_message(), why));
	assert_chunk(w, 0, "after");
	assert_chunk(w, 1000, "after");
	assert_true(is_there(w, TPL "/root-cow.img.old"));
}

static void a_strange_header_is_refused(void **state)
{
	static const struct {
		uint32_t magic, valid, version, sectors;
		const char *why;
	} cases[] = {
		{ 0x12345678, 1, 1, 8, "its beginning is something else" },
		{ 0x70416e53, 0, 1, 8, "it had no room for all that was changed" },
		{ 0x70416e53, 1, 2, 8, "its version is unknown" },
		{ 0x70416e53, 1, 1, 0, "its chunks have an odd size" },
		{ 0x70416e53, 1, 1, 12, "its chunks have an odd size" },
		{ 0x70416e53, 1, 1, 1u << 31, "its chunks have an odd size" },
		{ 0x70416e53, 1, 1, 32 << 10, "it is cut short" },
	};
	const struct world *w = *state;
	AUTO_CLOSE int old = make_old(w, 2);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_header(old, cases[i].magic, cases[i].valid, cases[i].version, cases[i].sectors);
		assert_refused(w, cases[i].why);
	}
}

/* Nothing is written before all pairs have been looked at. */
static void pairs_that_lead_elsewhere_are_refused(void **state)
{
	static const struct {
		uint64_t origin, kept;
		const char *why;
	} cases[] = {
		{ 1001, 5, "behind the end of the root image" },
		{ UINT64_MAX, 5, "behind the end of the root image" },
		{ UINT64_MAX / CHUNK + 1, 5, "behind the end of the root image" },
		{ 1, 1, "a chunk outside of itself" },
		{ 1, 1000, "a chunk outside of itself" },
		{ 1, UINT64_MAX, "a chunk outside of itself" },
		{ 1, UINT64_MAX / CHUNK + 3, "a chunk outside of itself" },
	};
	const struct world *w = *state;
	AUTO_CLOSE int old = make_old(w, 2);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_pair(old, 2, cases[i].origin, cases[i].kept);
		assert_refused(w, cases[i].why);
	}
}

static void a_file_that_is_cut_short_is_refused(void **state)
{
	const struct world *w = *state;
	AUTO_CLOSE int old = make_old(w, PAIRS);

	assert_int_equal(ftruncate(old, (off_t)(PAIRS + 2) * CHUNK), 0); /* the second area is gone */
	assert_refused(w, "it is cut short");
	assert_int_equal(ftruncate(old, 8), 0);
	assert_refused(w, "it is cut short");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(every_block_is_as_it_was),
		WITH_WORLD(what_it_kept_is_given_back_as_room),
		WITH_WORLD(what_was_a_hole_is_one_again),
		WITH_WORLD(a_run_without_changes_has_nothing_to_put_back),
		WITH_WORLD(it_can_be_repeated_after_a_kill),
		WITH_WORLD(the_time_of_the_changes_is_told),
		WITH_WORLD(without_old_blocks_there_is_nothing_to_take_back),
		WITH_WORLD(a_vm_that_sees_the_changes_forbids_it),
		WITH_WORLD(a_vm_that_began_before_may_go_on),
		WITH_WORLD(a_vm_that_began_before_forbids_trimming),
		WITH_WORLD(changes_that_are_not_committed_come_first),
		WITH_WORLD(a_strange_header_is_refused),
		WITH_WORLD(pairs_that_lead_elsewhere_are_refused),
		WITH_WORLD(a_file_that_is_cut_short_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
