/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * images: copying single files, with holes, too little room, interruptions, and a bar on a terminal.
 */
#include "images_world.h"

#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

/* A pattern that has data at the start, in the middle and at the very end, with holes between. */
static void make_holey(const struct world *w, const char *path)
{
	AUTO_FREE char *host = inside(w, path);
	AUTO_CLOSE int fd = open(host, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(ftruncate(fd, 64 << 20), 0);
	assert_int_equal(pwrite(fd, "start", 5, 0), 5);
	assert_int_equal(pwrite(fd, "middle", 6, (32 << 20) + 1000), 6);
	assert_int_equal(pwrite(fd, "end", 3, (64 << 20) - 3), 3);
}

static void assert_same_bytes(int a, int b)
{
	static char left[1 << 20], right[1 << 20];
	ssize_t got;

	assert_int_equal(lseek(a, 0, SEEK_END), lseek(b, 0, SEEK_END));
	lseek(a, 0, SEEK_SET);
	lseek(b, 0, SEEK_SET);
	while ((got = read(a, left, sizeof(left))) > 0) {
		assert_int_equal(read(b, right, (size_t)got), got);
		assert_memory_equal(left, right, (size_t)got);
	}
}

static void copies_are_equal_and_keep_their_holes(void **state)
{
	const struct world *w = *state;

	make_holey(w, "/from.img");
	for (int share = 0; share <= 1; share++) {
		AUTO_FREE char *source = inside(w, "/from.img");
		AUTO_FREE char *copy = inside(w, share ? "/shared.img" : "/by-hand.img");
		AUTO_CLOSE int from = open(source, O_RDONLY);
		AUTO_CLOSE int to = open(copy, O_RDWR | O_CREAT | O_EXCL, 0600);
		struct stat st;

		assert_int_equal(images_copy_content(from, to, 64 << 20, share, NULL), 0);
		assert_same_bytes(from, to);
		assert_int_equal(fstat(to, &st), 0);
		assert_true(st.st_blocks * 512 < 1 << 20);
	}
}

/* Between two file systems the kernel may refuse; the bytes get there all the same. */
static void copies_cross_file_systems(void **state)
{
	const struct world *w = *state;
	AUTO_FREE char *source = inside(w, "/from.img");
	char name[] = "/dev/shm/test_images.XXXXXX";
	AUTO_CLOSE int to = mkstemp(name);
	struct stat here, there;

	if (to < 0)
		skip();
	unlink(name);
	make_holey(w, "/from.img");
	AUTO_CLOSE int from = open(source, O_RDONLY);
	assert_int_equal(fstat(from, &here) + fstat(to, &there), 0);
	if (here.st_dev == there.st_dev)
		skip();
	assert_int_equal(images_copy_content(from, to, 64 << 20, true, NULL), 0);
	assert_same_bytes(from, to);
}

static void count_alarm(int number)
{
	(void)number;
}

static void signals_do_not_cut_a_copy_short(void **state)
{
	const struct world *w = *state;
	AUTO_FREE char *source = inside(w, "/full.img"), *copy = inside(w, "/copy.img");
	struct sigaction action = { .sa_handler = count_alarm }, before; /* no SA_RESTART */
	const struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
	AUTO_CLOSE int from = open(source, O_RDWR | O_CREAT, 0600);
	AUTO_CLOSE int to = open(copy, O_RDWR | O_CREAT, 0600);

	for (off_t at = 0; at < 16 << 20; at += 4096)
		assert_int_equal(pwrite(from, "x", 1, at), 1);
	assert_int_equal(ftruncate(from, 16 << 20), 0);
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(images_copy_content(from, to, 16 << 20, false, NULL), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	assert_same_bytes(from, to);
}

static void a_copy_that_does_not_fit_is_taken_away(void **state)
{
	const struct world *w = *state;
	struct rlimit before, small;

	make_holey(w, "/from.img");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 1 << 20, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(images_copy(w->q.root, "/from.img", "/to.img", (gid_t)-1, true), -1);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_string_equal(error_message(), "cannot copy /from.img to /to.img: File too large");
	assert_false(is_there(w, "/to.img"));
}

static void only_regular_files_are_copied_and_only_to_new_ones(void **state)
{
	const struct world *w = *state;

	make_file(w, "/there.img", 0, "old");
	make_file(w, "/from.img", 0, "new");
	assert_int_equal(images_copy(w->q.root, "/var", "/to.img", (gid_t)-1, true), -1);
	assert_int_equal(images_copy(w->q.root, "/from.img", "/there.img", (gid_t)-1, true), -1);
	assert_content(w, "/there.img", "old");
	assert_int_equal(root_symlink(w->q.root, "/there.img", "/link.img"), 0);
	assert_int_equal(images_copy(w->q.root, "/from.img", "/link.img", (gid_t)-1, true), -1);
	assert_content(w, "/there.img", "old");
}

/* ---- too little room ---- */

/* A file system of one MiB at /small, for this process alone. */
static bool mount_small(const struct world *w)
{
	AUTO_FREE char *path = inside(w, "/small");

	make_file(w, "/small/file", 0, "");
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("small", path, "tmpfs", 0, "size=1m") == 0;
}

/* 0: refused as it should be; 77: no mounting here. The child's end frees what it has. */
static int copy_into_too_little(const struct world *w)
{
	static char data[2 << 20];
	AUTO_FREE char *source = inside(w, "/from.img");
	AUTO_CLOSE int fd = open(source, O_WRONLY | O_CREAT, 0600);
	const struct root *root;

	memset(data, 'x', sizeof(data));
	if (util_write_all(fd, data, sizeof(data)) < 0 || ftruncate(fd, 100 << 20) < 0 || !mount_small(w))
		return 77;
	root = root_new(w->directory); /* the one that is open has the mounts from before */
	if (images_copy(root, "/from.img", "/small/to.img", (gid_t)-1, true) != -1)
		return 1;
	if (root_exists(root, "/small/to.img"))
		return 2;
	return strcmp(error_message(),
		      "cannot copy /from.img to /small/to.img: it takes 2.0 MiB, and there are "
		      "1.0 MiB free") ?
		       3 :
		       0;
}

static void room_is_looked_for_before_a_copy_begins(void **state)
{
	const struct world *w = *state;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(copy_into_too_little(w));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- interrupted ---- */

/* What is pending is forgotten when it is ignored. */
static void forget(int number)
{
	signal(number, SIG_IGN);
	signal(number, SIG_DFL);
}

static void an_interruption_ends_a_copy(void **state)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	const struct world *w = *state;
	AUTO_FREE char *source = inside(w, "/from.img"), *copy = inside(w, "/copy.img");
	AUTO_CLOSE int to = open(copy, O_RDWR | O_CREAT, 0600);

	make_holey(w, "/from.img");
	AUTO_CLOSE int from = open(source, O_RDONLY);
	for (int share = 0; share <= 1; share++) {
		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
			sigset_t before;

			util_hold_signals(&before);
			kill(getpid(), numbers[i]);
			assert_int_equal(images_copy_content(from, to, 64 << 20, share, NULL), -1);
			forget(numbers[i]);
			util_release_signals(&before);
			assert_string_equal(error_message(), "interrupted");
		}
	}
	assert_int_equal(images_copy_content(from, to, 64 << 20, true, NULL), 0);
}

static void an_interrupted_creation_leaves_nothing(void **state)
{
	const struct world *w = *state;
	sigset_t before;
	int result;

	util_hold_signals(&before);
	kill(getpid(), SIGINT);
	result = images_create(the(w, "work"), the(w, "tpl"), true);
	forget(SIGINT);
	util_release_signals(&before);
	if (result == 0)
		skip(); /* blocks were shared, which takes no time */
	assert_string_equal(error_message(),
			    "cannot make the files of work: cannot copy " BASE "/vm-templates/tpl/"
			    "private.img to " BASE "/appvms/work/private.img: interrupted");
	assert_false(is_there(w, BASE "/appvms"));
}

/* ---- the bar ---- */

/* What PROGRESS draws on a terminal when DONE of TOTAL is added. The caller frees. */
static char *drawn(uint64_t done, uint64_t total, bool quiet, bool patient)
{
	int ours, terminal, before = dup(STDERR_FILENO);
	struct progress progress;
	char text[512] = "";

	assert_int_equal(openpty(&ours, &terminal, NULL, NULL, NULL), 0);
	dup2(terminal, STDERR_FILENO);
	progress_start(&progress, total, quiet);
	if (!patient && progress.next != UINT64_MAX)
		progress.next = 0;
	progress_add(&progress, done);
	progress_end(&progress);
	fputc('.', stderr); /* so that there is something to read */
	dup2(before, STDERR_FILENO);
	assert_true(read(ours, text, sizeof(text) - 1) > 0);
	close(before);
	close(terminal);
	close(ours);
	return util_strdup(text);
}

static void what_takes_long_is_shown_on_a_terminal(void **state)
{
	AUTO_FREE char *half = drawn(5 * GIB, 10 * GIB, false, false);
	AUTO_FREE char *all = drawn(3 * GIB, 2 * GIB, false, false);
	AUTO_FREE char *none = drawn(0, 0, false, false);

	(void)state;
	assert_non_null(strstr(half, "\r    [###############               ]  50% of 10.0 GiB\r"));
	assert_non_null(strstr(all, "[##############################] 100% of 2.0 GiB"));
	assert_non_null(strstr(none, "100% of 0"));
	assert_non_null(strstr(half, "    \r.")); /* and it is gone again */
}

static void what_is_short_or_quiet_shows_nothing(void **state)
{
	AUTO_FREE char *at_once = drawn(5 * GIB, 10 * GIB, false, true);
	AUTO_FREE char *quiet = drawn(5 * GIB, 10 * GIB, true, false);

	(void)state;
	assert_string_equal(at_once, ".");
	assert_string_equal(quiet, ".");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(copies_are_equal_and_keep_their_holes),
		WITH_WORLD(copies_cross_file_systems),
		WITH_WORLD(signals_do_not_cut_a_copy_short),
		WITH_WORLD(a_copy_that_does_not_fit_is_taken_away),
		WITH_WORLD(only_regular_files_are_copied_and_only_to_new_ones),
		WITH_WORLD(room_is_looked_for_before_a_copy_begins),
		WITH_WORLD(an_interruption_ends_a_copy),
		WITH_WORLD(an_interrupted_creation_leaves_nothing),
		cmocka_unit_test(what_takes_long_is_shown_on_a_terminal),
		cmocka_unit_test(what_is_short_or_quiet_shows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
