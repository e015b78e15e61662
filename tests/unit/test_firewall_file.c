/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall.xml: where it is, what is read out of it, what is refused, and how it is written with the store.
 */
#include "firewall_world.h"

/* ---- where ---- */

static void the_file_is_where_the_store_says(void **state)
{
	const struct world *w = *state;

	assert_string_equal(firewall_path(the(w, "work")), WORK_RULES);
	assert_string_equal(firewall_path(the(w, "other")), "/var/lib/qubes/appvms/other/rules.xml");
	assert_string_equal(firewall_path(the(w, "disp9")), "/var/run/qubes/disp9-firewall.xml");
	assert_string_equal(firewall_path(the(w, "tpl")), "/var/lib/qubes/vm-templates/tpl/firewall.xml");
}

static void without_a_file_the_class_decides(void **state)
{
	static const struct {
		const char *vm;
		bool open;
	} rows[] = { { "work", true }, { "dom0", true },   { "sys-firewall", true },
		     { "tpl", false }, { "wintpl", true }, { "disp9", true } };
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct firewall firewall;

		assert_int_equal(firewall_load(the(w, rows[i].vm), &firewall), 0);
		assert_false(firewall.stored);
		assert_int_equal(firewall.allow, rows[i].open);
		assert_int_equal(firewall.icmp, rows[i].open);
		assert_int_equal(firewall.dns, rows[i].open);
		assert_int_equal(firewall.yum_proxy, !rows[i].open);
		assert_int_equal(firewall.count, 0);
	}
}

/* ---- reading ---- */

static void only_allow_allows(void **state)
{
	struct world *w = *state;
	struct firewall firewall;

	write_rules(w, "policy='allow' icmp='Allow' dns='deny'", "");
	firewall = load_work(w);
	assert_true(firewall.stored && firewall.allow);
	assert_false(firewall.icmp || firewall.dns || firewall.yum_proxy);
	write_rules(w, "icmp='allow' dns='allow' yumProxy='allow'", "");
	firewall = load_work(w);
	assert_false(firewall.allow);
	assert_true(firewall.icmp && firewall.dns && firewall.yum_proxy);
}

static void what_a_rule_does_not_say_has_a_meaning(void **state)
{
	struct world *w = *state;
	struct firewall firewall;

	write_rules(w, "policy='deny'",
		    "<!-- of the first releases --><rule address='10.9.9.9' port='22'/>\n"
		    "<rule address='10.8.8.8'/>\n");
	firewall = load_work(w);
	assert_int_equal(firewall.count, 2);
	assert_int_equal(firewall.rules[0].protocol, FIREWALL_TCP);
	assert_int_equal(firewall.rules[0].bits, 32);
	assert_int_equal(firewall.rules[0].last, 0);
	assert_int_equal(firewall.rules[1].protocol, FIREWALL_ANY);
	assert_int_equal(firewall.rules[1].port, 0);
}

static void expired_rules_are_not_there(void **state)
{
	struct world *w = *state;
	AUTO_FREE char *rules =
		util_printf("<rule address='a' expire='1000'/><rule address='b' expire='4000000000'/>"
			    "<rule address='c' expire='%lld'/><rule address='d' expire='0'/>"
			    "<rule address='e'/>",
			    (long long)time(NULL));
	struct firewall firewall;

	write_rules(w, "policy='deny'", rules);
	firewall = load_work(w);
	assert_int_equal(firewall.count, 2);
	assert_string_equal(firewall.rules[0].address, "b");
	assert_int_equal(firewall.rules[0].expires, 4000000000);
	assert_string_equal(firewall.rules[1].address, "e");
	assert_true(firewall_expires(&firewall));
	firewall_remove(&firewall, 0);
	assert_false(firewall_expires(&firewall));
}

/* The original tools let these in: they are shown and kept, but cannot be enforced. */
static void what_the_originals_wrote_is_read(void **state)
{
	static const char *const messages[] = {
		"'999.1.1.1' is neither an IPv4 address nor the name of a host",
		"ports end at 65535",
		"90-80 is no range: it ends before it begins",
		"a port belongs to tcp or udp, not to any",
		"tcp needs a port",
	};
	struct world *w = *state;
	struct firewall firewall;

	write_rules(w, "policy='deny'",
		    "<rule address='999.1.1.1' proto='any'/><rule address='a' proto='tcp' port='65536'/>"
		    "<rule address='a' proto='tcp' port='90' toport='80'/>"
		    "<rule address='a' proto='any' port='80'/><rule address='a' proto='tcp'/>");
	firewall = load_work(w);
	assert_int_equal(firewall.count, ARRAY_SIZE(messages));
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		assert_int_equal(firewall_check_rule(&firewall.rules[i]), -1);
		assert_string_equal(error_message(), messages[i]);
	}
}

#define ROOT(elements) "<QubesFirewallRules>" elements "</QubesFirewallRules>"

static const struct {
	const char *text, *message;
} damaged[] = {
	{ "", "line 1, column 1: the file is cut short" },
	{ "<QubesFirewallRules policy='deny'>", "line 1, column 35: the file is cut short" },
	{ ROOT("<rule address='a'>"), "line 1, column 41: the end tag is not that of the element" },
	{ "<Other/>", "line 1: the root is not <QubesFirewallRules>" },
	{ "<firewall version='2'/>", "line 1: these are rules of release 4" },
	{ "<QubesFirewallRules ipv6='deny'/>", "line 1: ipv6=\"deny\" is not understood" },
	{ ROOT("\n<allow/>"), "line 2: something else than a <rule>" },
	{ ROOT("\n\n<rule/>"), "line 3: a rule without an address" },
	{ ROOT("<rule address='a'><x/></rule>"), "line 1: there is something in a <rule>" },
	{ ROOT("<rule address='a_b'/>"), "line 1: address=\"a_b\" is not understood" },
	{ ROOT("<rule address='a&#10;-j'/>"), "line 1: address=\"a?-j\" is not understood" },
	{ ROOT("<rule address='a' proto='icmp'/>"), "line 1: proto=\"icmp\" is not understood" },
	{ ROOT("<rule address='a' port='x'/>"), "line 1: port=\"x\" is not understood" },
	{ ROOT("<rule address='a' port='-1'/>"), "line 1: port=\"-1\" is not understood" },
	{ ROOT("<rule address='a' port=''/>"), "line 1: port=\"\" is not understood" },
	{ ROOT("<rule address='a' toport='99999999999'/>"),
	  "line 1: toport=\"99999999999\" is not understood" },
	{ ROOT("<rule address='1.0.0.0' netmask='33'/>"), "line 1: netmask=\"33\" is not understood" },
	{ ROOT("<rule address='a' expire='1.5'/>"), "line 1: expire=\"1.5\" is not understood" },
	{ ROOT("<rule address='a' comment='x'/>"), "line 1: comment=\"x\" is not understood" },
};

static void what_is_not_understood_is_refused_with_its_line(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		AUTO_FREE char *message =
			util_printf("the firewall of work: " WORK_RULES ", %s", damaged[i].message);
		struct firewall firewall;

		make_file(w, WORK_RULES, 0, damaged[i].text);
		assert_int_equal(firewall_load(the(w, "work"), &firewall), -1);
		assert_string_equal(error_message(), message);
	}
}

/* Defaults instead of rules that are there would open what was closed. */
static void a_file_that_cannot_be_read_is_not_the_default(void **state)
{
	struct world *w = *state;
	struct firewall firewall;

	assert_int_equal(root_mkdir(w->q.root, WORK_RULES, 0700), 0);
	assert_int_equal(firewall_load(the(w, "work"), &firewall), -1);
	assert_string_equal(error_message(),
			    "the firewall of work: cannot read " WORK_RULES ": Is a directory");
	assert_int_equal(root_rmdir(w->q.root, WORK_RULES), 0);
	assert_int_equal(root_symlink(w->q.root, "firewall.xml", WORK_RULES), 0);
	assert_int_equal(firewall_load(the(w, "work"), &firewall), -1);
}

static void a_huge_file_is_refused(void **state)
{
	struct world *w = *state;
	struct firewall firewall;

	make_file(w, WORK_RULES, (1 << 20) + 1, "<QubesFirewallRules/>");
	assert_int_equal(firewall_load(the(w, "work"), &firewall), -1);
	assert_string_equal(error_message(),
			    "the firewall of work: cannot read " WORK_RULES ": File too large");
}

/* ---- writing ---- */

static const char full[] =
	"<QubesFirewallRules dns=\"allow\" icmp=\"deny\" policy=\"deny\" yumProxy=\"allow\">\n"
	"  <rule address=\"10.1.0.0\" proto=\"tcp\" netmask=\"16\" port=\"443\"/>\n"
	"  <rule address=\"example.com\" proto=\"tcp\" port=\"80\" toport=\"90\"/>\n"
	"  <rule address=\"0.0.0.0\" proto=\"any\" netmask=\"0\"/>\n"
	"  <rule address=\"a\" proto=\"tcp\"/>\n"
	"  <rule address=\"b\" proto=\"udp\" port=\"90\" toport=\"80\" expire=\"4000000000\"/>\n"
	"</QubesFirewallRules>\n";

static void what_is_read_is_written_again(void **state)
{
	struct world *w = *state;
	struct firewall firewall;

	make_file(w, WORK_RULES, 0, full);
	firewall = load_work(w);
	assert_int_equal(root_unlink(w->q.root, WORK_RULES), 0);
	assert_int_equal(firewall_save(the(w, "work"), &firewall), 0);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_file(w, WORK_RULES, full);
}

static void no_rules_make_an_empty_element(void **state)
{
	struct world *w = *state;
	struct firewall firewall = load_work(w);

	assert_int_equal(firewall_save(the(w, "work"), &firewall), 0);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_file(w, WORK_RULES,
		    "<QubesFirewallRules dns=\"allow\" icmp=\"allow\" policy=\"allow\""
		    " yumProxy=\"deny\"/>\n");
	firewall = load_work(w);
	assert_true(firewall.stored);
}

static mode_t mode_of(const struct world *w, const char *path)
{
	struct stat st;

	assert_int_equal(root_lstat(w->q.root, path, &st), 0);
	return st.st_mode & 07777;
}

static void a_new_file_is_for_the_group(void **state)
{
	struct world *w = *state;
	struct firewall firewall = load_work(w);

	assert_int_equal(firewall_save(the(w, "work"), &firewall), 0);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_int_equal(mode_of(w, WORK_RULES), 0660);
}

static void an_old_file_keeps_its_mode(void **state)
{
	struct world *w = *state;
	AUTO_FREE char *host = inside(w, WORK_RULES);
	struct firewall firewall;

	write_rules(w, "policy='deny'", "");
	assert_int_equal(chmod(host, 0664), 0);
	firewall = load_work(w);
	assert_int_equal(firewall_save(the(w, "work"), &firewall), 0);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_int_equal(mode_of(w, WORK_RULES), 0664);
}

/* As in a batch: nothing is written before all has succeeded, and a line sees what those before it did. */
static void what_is_saved_is_seen_before_it_is_written(void **state)
{
	struct world *w = *state;
	struct firewall first = load_work(w), second;

	first.allow = false;
	firewall_add(&w->q, &first, &(struct firewall_rule){ .address = "a", .bits = 32 });
	assert_int_equal(firewall_save(the(w, "work"), &first), 0);
	second = load_work(w);
	assert_true(second.stored);
	assert_false(second.allow);
	assert_int_equal(second.count, 1);
	assert_false(root_exists(w->q.root, WORK_RULES));
	/* what was not saved is not seen */
	firewall_add(&w->q, &second, &(struct firewall_rule){ .address = "b", .bits = 32 });
	second.rules[0].address = "changed";
	assert_string_equal(load_work(w).rules[0].address, "a");
	assert_int_equal(load_work(w).count, 1);
	assert_int_equal(firewall_save(the(w, "work"), &second), 0);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_file(w, WORK_RULES,
		    "<QubesFirewallRules dns=\"allow\" icmp=\"allow\" policy=\"deny\""
		    " yumProxy=\"deny\">\n"
		    "  <rule address=\"changed\" proto=\"any\"/>\n"
		    "  <rule address=\"b\" proto=\"any\"/>\n"
		    "</QubesFirewallRules>\n");
}

static int see_the_lock(struct qubes *q, void *seen)
{
	*(bool *)seen = q->writing;
	return 0;
}

static int see_the_file(struct qubes *q, void *seen)
{
	*(bool *)seen = root_exists(q->root, WORK_RULES) && !q->writing;
	return 0;
}

/* Two writers of one VM's rules are kept apart by the store's lock alone. */
static void the_file_is_written_before_the_lock_is_dropped(void **state)
{
	struct world *w = *state;
	struct firewall firewall = load_work(w);
	bool locked = false, after = false;

	qubes_after_save(&w->q, see_the_file, &after);
	assert_int_equal(firewall_save(the(w, "work"), &firewall), 0);
	qubes_with_save(&w->q, see_the_lock, &locked);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_true(locked && after);
}

static void a_place_that_is_not_there_is_said_at_once(void **state)
{
	struct world *w = *state;
	struct firewall firewall = load_work(w);

	assert_int_equal(firewall_save(the(w, "alone"), &firewall), -1);
	assert_string_equal(error_message(),
			    "the rules of alone cannot be written to "
			    "/var/lib/qubes/appvms/alone/firewall.xml: No such file or directory");
	assert_int_equal(qubes_commit(&w->q), 0);
}

static void a_failed_write_leaves_the_file_as_it_was(void **state)
{
	struct world *w = *state;
	struct firewall firewall = load_work(w);

	assert_int_equal(firewall_save(the(w, "work"), &firewall), 0);
	assert_int_equal(root_mkdir(w->q.root, WORK_RULES, 0700), 0);
	assert_int_equal(qubes_commit(&w->q), -1);
	assert_int_equal(error_kind(), ERROR_SAID);
}

/* A batch that keeps going drops what the failed line queued, and only that. */
static void what_was_taken_back_is_neither_seen_nor_written(void **state)
{
	struct world *w = *state;
	struct firewall firewall = load_work(w);
	struct pending_mark mark;

	firewall.icmp = false;
	assert_int_equal(firewall_save(the(w, "work"), &firewall), 0);
	mark = pending_mark(&w->q);
	firewall.dns = false;
	assert_int_equal(firewall_save(the(w, "work"), &firewall), 0);
	pending_rewind(&w->q, &mark);
	assert_true(load_work(w).dns);
	assert_false(load_work(w).icmp);
	firewall = load_work(w);
	firewall.yum_proxy = true;
	assert_int_equal(firewall_save(the(w, "work"), &firewall), 0);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_file(w, WORK_RULES,
		    "<QubesFirewallRules dns=\"allow\" icmp=\"deny\" policy=\"allow\""
		    " yumProxy=\"allow\"/>\n");
}

static void a_copy_has_the_rules_as_they_will_be(void **state)
{
	struct world *w = *state;
	struct firewall firewall = load_work(w);

	make_file(w, "/var/lib/qubes/appvms/other/private.img", 0, "");
	assert_int_equal(firewall_copy(the(w, "work"), the(w, "other")), 0);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_false(root_exists(w->q.root, firewall_path(the(w, "other")))); /* there was none to copy */
	firewall.allow = false;
	assert_int_equal(firewall_save(the(w, "work"), &firewall), 0);
	assert_int_equal(firewall_copy(the(w, "work"), the(w, "other")), 0);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_file(w, firewall_path(the(w, "other")),
		    "<QubesFirewallRules dns=\"allow\" icmp=\"allow\" policy=\"deny\" yumProxy=\"deny\"/>\n");
}

static void a_removed_vm_takes_its_rules_with_it(void **state)
{
	struct world *w = *state;
	struct firewall firewall = load_work(w);

	assert_int_equal(firewall_save(the(w, "work"), &firewall), 0);
	vm_remove(the(w, "work"));
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_false(root_exists(w->q.root, WORK_RULES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_NETWORK(the_file_is_where_the_store_says),
		WITH_NETWORK(without_a_file_the_class_decides),
		WITH_NETWORK(only_allow_allows),
		WITH_NETWORK(what_a_rule_does_not_say_has_a_meaning),
		WITH_NETWORK(expired_rules_are_not_there),
		WITH_NETWORK(what_the_originals_wrote_is_read),
		WITH_NETWORK(what_is_not_understood_is_refused_with_its_line),
		WITH_NETWORK(a_file_that_cannot_be_read_is_not_the_default),
		WITH_NETWORK(a_huge_file_is_refused),
		WITH_NETWORK(what_is_read_is_written_again),
		WITH_NETWORK(no_rules_make_an_empty_element),
		WITH_NETWORK(a_new_file_is_for_the_group),
		WITH_NETWORK(an_old_file_keeps_its_mode),
		WITH_NETWORK(what_is_saved_is_seen_before_it_is_written),
		WITH_NETWORK(the_file_is_written_before_the_lock_is_dropped),
		WITH_NETWORK(a_place_that_is_not_there_is_said_at_once),
		WITH_NETWORK(a_failed_write_leaves_the_file_as_it_was),
		WITH_NETWORK(what_was_taken_back_is_neither_seen_nor_written),
		WITH_NETWORK(a_copy_has_the_rules_as_they_will_be),
		WITH_NETWORK(a_removed_vm_takes_its_rules_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
