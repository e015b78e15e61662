/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scratch root for the tests of helpers: a store with a VM of each class, the doubles of tests/doubles where the
 * real programs would be, and what they wrote down. It is a Qubes host with an X session; its hypervisor is
 * libvirt's test driver.
 */
#ifndef TESTS_HELPERS_WORLD_H
#define TESTS_HELPERS_WORLD_H

#include "scratch_world.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "helpers.h"
#include "helpers/internal.h"
#include "vmm/internal.h"

#define LOG "/var/log/doubles"
#define FAULTS "/etc/doubles/"
#define UUID(last) "11111111-0000-4000-8000-0000000000" last

static const char helpers_store[] =
	"<QubesVmCollection default_kernel=\"4.4\" default_netvm=\"3\" default_template=\"1\">\n"
	"  <QubesTemplateVm name=\"tpl\" qid=\"1\" template_qid=\"none\"/>\n"
	"  <QubesNetVm label=\"red\" memory=\"300\" name=\"net\" qid=\"2\" template_qid=\"1\" vcpus=\"4\"/>\n"
	"  <QubesProxyVm label=\"green\" name=\"fw\" netvm_qid=\"2\" qid=\"3\" template_qid=\"1\"/>\n"
	"  <QubesAppVm label=\"blue\" memory=\"400\" name=\"work\" qid=\"4\" template_qid=\"1\" vcpus=\"2\"/>\n"
	"  <QubesAppVm debug=\"True\" default_user=\"me\" label=\"orange\" name=\"odd\" qid=\"5\""
	" qrexec_timeout=\"7\" template_qid=\"none\"/>\n"
	"  <QubesTemplateHVm name=\"wintpl\" qid=\"10\" template_qid=\"none\"/>\n"
	"  <QubesHVm label=\"yellow\" memory=\"1024\" name=\"bare\" qid=\"11\" template_qid=\"none\""
	" uuid=\"" UUID(
		"11") "\" vcpus=\"1\"/>\n"
		      "  <QubesHVm guiagent_installed=\"True\" label=\"gray\" name=\"win\" qid=\"12\" qrexec_installed=\"True\""
		      " seamless_gui_mode=\"True\" template_qid=\"none\"/>\n"
		      "  <QubesDisposableVm dispid=\"1\" label=\"purple\" name=\"disp1\" qid=\"20\" template_qid=\"1\"/>\n"
		      "</QubesVmCollection>\n";

/* ---- the host ---- */

/* COMMAND's words, run here; its exit status. */
static inline int run_here(const char *const *argv)
{
	return util_spawn(&(struct spawn){ .argv = argv });
}

/* The doubles that install puts there by itself, and NAME. */
static inline void install_doubles(struct world *w, const char *name)
{
	const char *const argv[] = { "/bin/sh", "tests/doubles/install", w->directory, name, NULL };

	assert_int_equal(run_here(argv), 0);
}

/* From now on the double NAME does what SCRIPT says, once it has written down its call. */
static inline void misbehave(struct world *w, const char *name, const char *script)
{
	AUTO_FREE char *path = util_printf(FAULTS "%s", name);

	make_file(w, path, 0, script);
}

static inline void take_away(struct world *w, const char *path)
{
	assert_int_equal(root_unlink(w->q.root, path), 0);
}

/* qrexec's client is told of a terminal on stderr: the tests have none, wherever they run. */
static inline void leave_terminal(void)
{
	int null = isatty(STDERR_FILENO) ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;

	if (null >= 0)
		dup2(null, STDERR_FILENO);
	util_close_at(&null);
}

static inline int setup_host(void **state)
{
	struct world *w = world_new("test:///default");

	*state = w;
	world_load(w, helpers_store);
	install_doubles(w, NULL);
	make_file(w, "/var/run/shm.id", 0, "1");
	make_file(w, QMEMMAN_SOCKET, 0, ""); /* the tests of memory put a real one there */
	setenv("DISPLAY", ":0", true);
	leave_terminal();
	helpers_limits = (struct helpers_limits){ 2, 5, 5, 5, 5, 5, 20 };
	return 0;
}

/* A host with nothing but a store. */
static inline int setup_plain(void **state)
{
	*state = world_new("test:///default");
	world_load(*state, helpers_store);
	setenv("DISPLAY", ":0", true);
	return 0;
}

static inline int drop_host(void **state)
{
	world_free(*state);
	error_clear();
	return 0;
}

#define HOST(test) cmocka_unit_test_setup_teardown(test, setup_host, drop_host)
#define PLAIN(test) cmocka_unit_test_setup_teardown(test, setup_plain, drop_host)

/* As if the hypervisor were Xen. */
static inline void pretend_xen(struct world *w)
{
	assert_int_equal(vmm_connection(&w->q), 0);
	w->q.vmm->type = "xen";
}

/* ---- looking ---- */

static inline struct helpers check_how(struct world *w, const char *name, const struct helpers_how *how)
{
	struct helpers helpers;

	if (helpers_check(the(w, name), how, &helpers) != 0)
		fail_msg("%s", error_message());
	return helpers;
}

static inline struct helpers check(struct world *w, const char *name)
{
	return check_how(w, name, &(const struct helpers_how){ 0 });
}

static inline void assert_refused(struct world *w, const char *name, const char *message)
{
	struct helpers helpers;

	assert_int_equal(helpers_check(the(w, name), &(const struct helpers_how){ 0 }, &helpers), -1);
	assert_string_equal(error_message(), message);
}

#define assert_ok(call)                                  \
	do {                                             \
		if ((call) != 0)                         \
			fail_msg("%s", error_message()); \
	} while (0)

static inline void assert_error(int result, const char *message)
{
	assert_int_equal(result, -1);
	assert_string_equal(error_message(), message);
	error_clear();
}

/* TEXT without the path of the scratch root. The caller frees. */
static inline char *without_root(const struct world *w, const char *text)
{
	AUTO_STRBUF struct strbuf result = { 0 };
	const char *found;

	strbuf_add(&result, "");
	while ((found = strstr(text, w->directory))) {
		strbuf_add_bytes(&result, text, (size_t)(found - text));
		text = found + strlen(w->directory);
	}
	strbuf_add(&result, text);
	return util_strdup(result.text);
}

/* What the doubles wrote down since the last time. */
static inline void assert_recorded(struct world *w, const char *expected)
{
	AUTO_FREE char *text = root_read(w->q.root, LOG, 1 << 20, NULL);
	AUTO_FREE char *plain = without_root(w, text ? text : "");

	assert_string_equal(plain, expected);
	if (text)
		take_away(w, LOG);
}

/* What is said on stderr between two calls. */
struct listening {
	int before;
	FILE *file;
};

static inline struct listening listen_to_stderr(void)
{
	struct listening listening = { .before = dup(STDERR_FILENO), .file = tmpfile() };

	assert_non_null(listening.file);
	assert_true(dup2(fileno(listening.file), STDERR_FILENO) >= 0);
	return listening;
}

static inline void assert_said(struct listening listening, const char *expected)
{
	char text[4096];
	size_t length;

	dup2(listening.before, STDERR_FILENO);
	close(listening.before);
	rewind(listening.file);
	length = fread(text, 1, sizeof(text) - 1, listening.file);
	text[length] = '\0';
	fclose(listening.file);
	assert_string_equal(text, expected);
}

static inline double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Waits for a file to be there, or not. */
static inline void wait_for_file(struct world *w, const char *path, bool there)
{
	for (int i = 0; i < 500; i++) {
		if (root_exists(w->q.root, path) == there)
			return;
		poll(NULL, 0, 20);
	}
	fail_msg("%s", path);
}

#endif
