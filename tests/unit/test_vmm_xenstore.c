/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenstore: who may ask it and whose it is, what it is asked, and answers that cannot be believed. The server is
 * tests/doubles/xenstored.
 */
#include "xenstore_world.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "applet.h"
#include "vmm/internal.h"

/* The domain that libvirt's test driver runs, as number 1; and one that it does not know. */
static const char store[] =
	"<QubesVmCollection>\n"
	"  <QubesHVm guiagent_installed=\"False\" name=\"test\" qid=\"3\" template_qid=\"none\""
	" uuid=\"6695eb01-f6a4-8304-79aa-97f2502e193f\"/>\n"
	"  <QubesHVm name=\"off\" qid=\"4\" template_qid=\"none\""
	" uuid=\"11111111-0000-4000-8000-000000000004\"/>\n"
	"  <QubesAppVm name=\"pv\" qid=\"5\" template_qid=\"none\""
	" uuid=\"11111111-0000-4000-8000-000000000005\"/>\n"
	"</QubesVmCollection>\n";

#define NAME "/local/domain/0/name"

static int set_up(void **state)
{
	struct world *w = world_new("test:///default");

	*state = w;
	world_load(w, store);
	w->q.vmm->xenstore.milliseconds = 2000;
	return 0;
}

static int tear_down(void **state)
{
	xenstore_end();
	world_free(*state);
	error_clear();
	return 0;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* ---- asking ---- */

static void values_are_read_and_written(void **state)
{
	struct world *w = *state;
	const char *value;

	xenstore_serve(w, NULL);
	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), 0);
	assert_int_equal(vmm_xenstore_write(&w->q, NAME, "dom0"), 1);
	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), 1);
	assert_string_equal(value, "dom0");
	assert_int_equal(vmm_xenstore_write(&w->q, NAME, ""), 1);
	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), 1);
	assert_string_equal(value, "");
	assert_xenstore_asked(w, "xenstore read " NAME "\nxenstore write " NAME " dom0\nxenstore read " NAME
				 "\nxenstore write " NAME " \nxenstore read " NAME "\n");
}

static void a_path_can_be_given_to_a_domain(void **state)
{
	struct world *w = *state;

	xenstore_serve(w, NULL);
	xenstore_has(w, "/local/domain/5/memory/target", "400000");
	assert_int_equal(vmm_xenstore_give(&w->q, "/local/domain/5/memory", 5), 1);
	assert_int_equal(vmm_xenstore_give(&w->q, "/local/domain/6/memory", 6), 0);
	assert_xenstore_asked(
		w,
		"xenstore permissions /local/domain/5/memory n5\nxenstore permissions /local/domain/6/memory n6\n");
}

static void what_is_no_path_is_not_asked_for(void **state)
{
	static const char *const paths[] = { "", "/local/domain/5/\n", "/local/*", "@introduceDomain",
					     "/\xc3\xa4" };
	struct world *w = *state;
	const char *value;

	xenstore_serve(w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_int_equal(vmm_xenstore_read(&w->q, paths[i], &value), -1);
	assert_xenstore_asked(w, "");
}

static void a_message_has_room_for_4096_bytes(void **state)
{
	struct world *w = *state;
	char value[4096];

	xenstore_serve(w, NULL);
	memset(value, 'x', sizeof(value));
	value[4096 - sizeof("/a")] = '\0';
	assert_int_equal(vmm_xenstore_write(&w->q, "/a", value), 1);
	assert_int_equal(vmm_xenstore_write(&w->q, "/ab", value), -1);
}

/* ---- whether it may be asked ---- */

static void a_host_without_one_is_no_error(void **state)
{
	struct world *w = *state;
	const char *value;

	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), 0);
	assert_int_equal(vmm_xenstore_write(&w->q, NAME, "dom0"), 0);
	assert_int_equal(error_kind(), ERROR_NONE);
}

static void one_that_ended_is_none(void **state)
{
	struct world *w = *state;
	const char *value;

	xenstore_serve(w, NULL);
	xenstore_end();
	assert_true(root_exists(w->q.root, XENSTORE_SOCKET));
	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), 0);
}

static void one_that_came_later_is_found(void **state)
{
	struct world *w = *state;
	const char *value;

	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), 0);
	xenstore_serve(w, NULL);
	xenstore_has(w, NAME, "dom0");
	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), 1);
}

/* Also once it was connected. */
static void offline_comes_first(void **state)
{
	struct world *w = *state;
	const char *value;

	assert_int_equal(vmm_set_offline(&w->q, true), 0);
	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), -1);
	assert_int_equal(error_kind(), ERROR_OFFLINE);
	assert_int_equal(vmm_set_offline(&w->q, false), 0);
	xenstore_serve(w, NULL);
	assert_int_equal(vmm_xenstore_write(&w->q, NAME, "dom0"), 1);
	assert_int_equal(vmm_set_offline(&w->q, true), 0);
	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), -1);
	assert_string_equal(error_message(), "VMM operations disabled in offline mode");
	assert_xenstore_asked(w, "xenstore write " NAME " dom0\n");
}

static void an_applet_that_never_asks_may_not_ask_this_either(void **state)
{
	static const struct applet never = { .name = "qvm-never", .hypervisor = VMM_NEVER };
	struct world *w = *state;
	const char *value;

	w->q.applet = &never;
	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), -1);
	assert_int_equal(error_kind(), ERROR_FAILED);
}

/* Their numbers of domains mean others here. */
static void the_one_of_this_host_knows_no_domains_of_another(void **state)
{
	static const char *const others[] = { "xen+ssh://host/", "xen+ssh://me@host/",
					      "test+tcp://host/default", "alias" };
	struct world *w = *state;
	const char *value;

	xenstore_serve(w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		vmm_free(w->q.vmm);
		w->q.vmm = vmm_new(others[i], false);
		assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), 0);
	}
	assert_xenstore_asked(w, "");
}

/* ---- answers ---- */

static void assert_unbelievable(struct world *w, const char *fault, const char *message)
{
	const char *value;

	xenstore_serve(w, fault);
	xenstore_has(w, NAME, "dom0");
	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), -1);
	assert_string_equal(error_message(), message);
}

static void its_end_is_said(void **state)
{
	assert_unbelievable(*state, "end", NAME ": xenstored has ended the connection");
}

static void an_answer_to_another_question_is_none(void **state)
{
	assert_unbelievable(*state, "other", NAME ": xenstored has sent what is no answer");
}

static void an_answer_that_is_too_long_is_none(void **state)
{
	assert_unbelievable(*state, "long", NAME ": xenstored has sent what is no answer");
}

static void a_refusal_is_said(void **state)
{
	assert_unbelievable(*state, "refuse", NAME ": xenstored refuses it: EACCES");
}

static void a_value_is_a_text(void **state)
{
	assert_unbelievable(*state, "binary", "xenstore's value of " NAME " is not a text");
}

/* A listing must not wait once for each VM. */
static void one_that_is_silent_is_waited_for_once(void **state)
{
	struct world *w = *state;
	const char *value;

	w->q.vmm->xenstore.milliseconds = 200;
	assert_unbelievable(w, "silent", NAME ": xenstored does not answer");
	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), -1);
	assert_string_equal(error_message(), "xenstored does not answer");
	assert_xenstore_asked(w, "xenstore read " NAME "\n");
}

/* More ask than it lets in: one of them is let in later, or not in time. */
static void a_full_queue_is_waited_for(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct world *w = *state;
	AUTO_CLOSE int directory = -1, first = -1;
	AUTO_CLOSE int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *value;

	w->q.vmm->xenstore.milliseconds = 200;
	assert_int_equal(root_mkdirs(w->q.root, "/run/xenstored", 0755), 0);
	directory = root_open(w->q.root, "/run/xenstored", O_RDONLY | O_DIRECTORY, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", directory);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 0), 0);
	first = root_connect(w->q.root, XENSTORE_SOCKET);
	assert_true(first >= 0);
	assert_int_equal(vmm_xenstore_read(&w->q, NAME, &value), -1);
	assert_string_equal(error_message(), "xenstored does not answer");
}

/* ---- what is known of a domain ---- */

static void the_domain_of_an_hvm_is_emulated_in_another(void **state)
{
	struct world *w = *state;

	xenstore_serve(w, NULL);
	assert_int_equal(vmm_stubdom(the(w, "test")), -1);
	xenstore_has(w, "/local/domain/1/image/device-model-domid", "17");
	assert_int_equal(vmm_stubdom(the(w, "test")), 17);
	assert_int_equal(vmm_stubdom(the(w, "off")), -1);
	assert_int_equal(vmm_stubdom(the(w, "pv")), -1);
	xenstore_has(w, "/local/domain/1/image/device-model-domid", "-3");
	assert_int_equal(vmm_stubdom(the(w, "test")), -1);
	assert_int_equal(error_kind(), ERROR_NONE);
	/* Neither the one that is off nor the one that emulates nothing is asked about. */
	assert_xenstore_asked(w, "xenstore read /local/domain/1/image/device-model-domid\n"
				 "xenstore read /local/domain/1/image/device-model-domid\n"
				 "xenstore read /local/domain/1/image/device-model-domid\n");
}

#define START "/vm/6695eb01-f6a4-8304-79aa-97f2502e193f/start_time"

static void when_a_vm_was_started(void **state)
{
	static const char *const wrong[] = { "1.2.3",	     ".5", "99999999999999999999999999999999",
					     "999999999999", "1.", "1e9" };
	struct world *w = *state;
	double seconds = 0;

	xenstore_serve(w, NULL);
	assert_int_equal(vmm_start_time(the(w, "test"), &seconds), 0);
	xenstore_has(w, START, "");
	assert_int_equal(vmm_start_time(the(w, "test"), &seconds), 0);
	xenstore_has(w, START, "1430000000.25");
	assert_int_equal(vmm_start_time(the(w, "test"), &seconds), 1);
	assert_true(seconds == 1430000000.25);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		xenstore_has(w, START, wrong[i]);
		assert_int_equal(vmm_start_time(the(w, "test"), &seconds), -1);
	}
	xenstore_has(w, START, "inf");
	assert_int_equal(vmm_start_time(the(w, "test"), &seconds), -1);
	assert_string_equal(error_message(), "xenstore has 'inf' as the time of the start of test");
}

static void its_own_memory_is_given_to_a_domain(void **state)
{
	struct world *w = *state;

	xenstore_serve(w, NULL);
	xenstore_has(w, "/local/domain/1/memory/target", "1");
	assert_int_equal(vmm_let_publish_memory(the(w, "test")), 0);
	assert_xenstore_asked(w, "xenstore permissions /local/domain/1/memory n1\n");
}

/* ---- how much memory a domain would like ---- */

#define MEMINFO(total, free, buffers, cached, swap, swap_free)                                   \
	"MemTotal: " total " kB\nMemFree: " free " kB\nBuffers: " buffers " kB\nCached: " cached \
	" kB\nSwapTotal: " swap " kB\nSwapFree: " swap_free " kB\n"

static void what_is_used_and_a_third_more(void **state)
{
	static const struct {
		const char *text;
		unsigned long long kib;
	} rows[] = {
		/* 1000000 - 100000 - 50000 - 250000 + 200000 - 100000 = 700000; and 3/10 of it */
		{ MEMINFO("1000000", "100000", "50000", "250000", "200000", "100000"), 910000 },
		/* never more than it may have, nor less than 200 MiB */
		{ MEMINFO("4000000", "0", "0", "0", "0", "0"), 3000000 },
		{ MEMINFO("1000000", "900000", "0", "0", "0", "0"), 204800 },
		/* as the kernel writes it, other lines between, the last one without its end */
		{ "MemTotal:  1000000 kB\nActive: x\nMemFree:\t100000 kB\nBuffers:50000\nCached: 250000 kB\n"
		  "SwapCached: 7 kB\nSwapTotal: 200000 kB\nSwapFree: 100000 kB",
		  910000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(vmm_preferred_memory(rows[i].text, 3000000), rows[i].kib);
}

static void what_cannot_be_is_not_believed(void **state)
{
	static const char *const texts[] = {
		"",
		"MemTotal: 1000000 kB\n", /* the others are missing */
		MEMINFO("1000000", "-1", "0", "0", "0", "0"),
		MEMINFO("1000000", "0x10", "0", "0", "0", "0"),
		MEMINFO("1000000", "", "0", "0", "0", "0"),
		MEMINFO("1000000", "500000", "250001", "250000", "0", "0"), /* more free than there is */
		MEMINFO("1000000", "0", "0", "0", "100", "101"),
		MEMINFO("1000000", "0", "0", "0", "0", "0") "MemTotal: 2 kB\n", /* which one? */
		MEMINFO("99999999999999999999", "0", "0", "0", "0", "0"),
		MEMINFO("18446744073709551615", "18446744073709551615", "0", "0", "0", "0"),
		"x: 0000000000000000000000000000000000000000000000000000000000000000000000000000000000\n" MEMINFO(
			"1000000", "0", "0", "0", "0", "0"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (vmm_preferred_memory(texts[i], 3000000) != 0)
			fail_msg("%s", texts[i]);
}

/* The test driver's domain may have 8 GiB. */
static void it_is_what_the_domain_publishes(void **state)
{
	struct world *w = *state;
	unsigned long long kib = 0;

	xenstore_serve(w, NULL);
	assert_int_equal(vmm_prefmem(the(w, "test"), &kib), 0);
	xenstore_has(w, "/local/domain/1/memory/meminfo", MEMINFO("1000000", "0", "0", "0", "0", "0"));
	assert_int_equal(vmm_prefmem(the(w, "test"), &kib), 1);
	assert_int_equal(kib, 1300000);
	xenstore_has(w, "/local/domain/1/memory/meminfo", "MemTotal: lots\n");
	assert_int_equal(vmm_prefmem(the(w, "test"), &kib), 0);
	assert_int_equal(vmm_prefmem(the(w, "off"), &kib), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_are_read_and_written),
		TEST(a_path_can_be_given_to_a_domain),
		TEST(what_is_no_path_is_not_asked_for),
		TEST(a_message_has_room_for_4096_bytes),
		TEST(a_host_without_one_is_no_error),
		TEST(one_that_ended_is_none),
		TEST(one_that_came_later_is_found),
		TEST(offline_comes_first),
		TEST(an_applet_that_never_asks_may_not_ask_this_either),
		TEST(the_one_of_this_host_knows_no_domains_of_another),
		TEST(its_end_is_said),
		TEST(an_answer_to_another_question_is_none),
		TEST(an_answer_that_is_too_long_is_none),
		TEST(a_refusal_is_said),
		TEST(a_value_is_a_text),
		TEST(one_that_is_silent_is_waited_for_once),
		TEST(a_full_queue_is_waited_for),
		TEST(the_domain_of_an_hvm_is_emulated_in_another),
		TEST(when_a_vm_was_started),
		TEST(its_own_memory_is_given_to_a_domain),
		TEST(what_is_used_and_a_third_more),
		TEST(what_cannot_be_is_not_believed),
		TEST(it_is_what_the_domain_publishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
