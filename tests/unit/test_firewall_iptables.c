/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text that a ProxyVM is told: every one that the original tools were seen to write for the recorded
 * stores (tests/golden/params.json), what the rules of upstream's network tests become, and what happens to
 * rules that cannot be enforced.
 */
#include "recorded_world.h"

#include <jansson.h>

#define RULES "/qubes-iptables-domainrules/"

/* ---- as recorded ---- */

static int compare_clients(const struct world *w, const json_t *entries)
{
	const char *key;
	json_t *value;
	int count = 0;

	json_object_foreach((json_t *)entries, key, value)
	{
		AUTO_FREE char *text = NULL;
		const struct vm *client;

		if (!util_starts_with(key, RULES))
			continue;
		client = vm_by_qid(&w->q, atoi(key + strlen(RULES)) - FIRST_XID);
		assert_non_null(client);
		text = firewall_iptables(client);
		assert_non_null(text);
		assert_string_equal(text, json_string_value(value));
		count++;
	}
	return count;
}

static int compare_proxy(const json_t *recorded)
{
	const json_t *entries = json_object_get(recorded, "qubesdb");
	const char *header = json_string_value(json_object_get(entries, "/qubes-iptables-header"));
	const char *store = json_string_value(json_object_get(recorded, "store"));
	AUTO_FREE char *ours = NULL;
	struct world *w;
	int count;

	if (!header)
		return 0;
	ours = firewall_iptables_header("@DATE@");
	assert_string_equal(ours, header);
	w = recorded_world(store);
	count = compare_clients(w, entries);
	world_free(w);
	return count;
}

static void texts_are_those_of_the_original_tools(void **state)
{
	AUTO_FREE char *text = read_host(GOLDEN "params.json");
	json_t *all = json_loads(text, 0, NULL), *recorded;
	size_t index;
	int count = 0;

	(void)state;
	assert_non_null(all);
	json_array_foreach(all, index, recorded) count += compare_proxy(recorded);
	json_decref(all);
	assert_int_equal(count, 29);
}

/* ---- rule by rule ---- */

#define REJECT "REJECT --reject-with icmp-host-prohibited"
#define FROM "-A FORWARD -s 10.137.2.6 "
#define DNS                                                       \
	FROM "-p udp -d 10.137.1.1 --dport 53 -j ACCEPT\n" FROM   \
	     "-p udp -d 10.137.1.254 --dport 53 -j ACCEPT\n" FROM \
	     "-p tcp -d 10.137.1.1 --dport 53 -j ACCEPT\n" FROM   \
	     "-p tcp -d 10.137.1.254 --dport 53 -j ACCEPT\n"
#define ICMP FROM "-p icmp -j ACCEPT\n"
#define YUM(action) FROM "-p tcp -d 10.137.255.254 --dport 8082 -j " action "\n"

static const struct {
	const char *attributes, *rules, *lines;
} texts[] = {
	/* upstream's N2 to N6 */
	{ "policy='deny'", "", YUM("DROP") FROM "-j " REJECT "\n" },
	{ "policy='deny' icmp='allow'", "", ICMP YUM("DROP") FROM "-j " REJECT "\n" },
	{ "policy='deny' icmp='allow' dns='allow'", "", DNS ICMP YUM("DROP") FROM "-j " REJECT "\n" },
	{ "policy='deny' icmp='allow' dns='allow'", "<rule address='1.2.3.4' proto='tcp' port='1234'/>",
	  FROM "-d 1.2.3.4 -p tcp --dport 1234 -j ACCEPT\n" DNS ICMP YUM("DROP") FROM "-j " REJECT "\n" },
	{ "policy='allow' icmp='allow' dns='allow'", "<rule address='1.2.3.4' proto='tcp' port='1234'/>",
	  FROM "-d 1.2.3.4 -p tcp --dport 1234 -j " REJECT "\n" DNS ICMP YUM("DROP") FROM "-j ACCEPT\n" },
	/* every form of a rule, in the order of the file */
	{ "policy='deny' yumProxy='allow'",
	  "<rule address='10.0.0.0' netmask='8' proto='udp' port='5' toport='9'/>"
	  "<rule address='example.com' proto='any'/><rule address='old' expire='1000'/>"
	  "<rule address='0.0.0.0' netmask='0' proto='tcp' port='7' toport='7'/>",
	  FROM "-d 10.0.0.0/8 -p udp --dport 5:9 -j ACCEPT\n" FROM "-d example.com -j ACCEPT\n" FROM
	       "-d 0.0.0.0/0 -p tcp --dport 7 -j ACCEPT\n" YUM("ACCEPT") FROM "-j " REJECT "\n" },
	/* one rule that iptables would choke on, or a file that says nothing: all is refused */
	{ "policy='allow'", "<rule address='a' proto='any'/><rule address='a' proto='tcp' port='65536'/>",
	  FROM "-j " REJECT "\n" },
	{ "policy='allow'", "<rule address='a&#10;b'/>", FROM "-j " REJECT "\n" },
	{ "policy='allow'", "<rule/>", FROM "-j " REJECT "\n" },
};

static void rules_become_lines(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO_FREE char *expected = util_printf("*filter\n%sCOMMIT\n", texts[i].lines);
		AUTO_FREE char *text = NULL;

		write_rules(w, texts[i].attributes, texts[i].rules);
		text = firewall_iptables(the(w, "work"));
		assert_string_equal(text, expected);
		assert_int_equal(error_kind(), ERROR_NONE);
	}
}

static void without_a_network_there_is_nothing_to_enforce(void **state)
{
	struct world *w = *state;

	assert_null(firewall_iptables(the(w, "alone")));
	assert_null(firewall_iptables(the(w, "sys-net")));
}

/* The client of a netvm that has no network of its own: nobody to ask for names. */
static void dns_needs_a_network_beyond_the_netvm(void **state)
{
	struct world *w = *state;
	AUTO_FREE char *text = firewall_iptables(the(w, "sys-firewall"));

	assert_string_equal(text, "*filter\n"
				  "-A FORWARD -s 10.137.1.5 -p icmp -j ACCEPT\n"
				  "-A FORWARD -s 10.137.1.5 -p tcp -d 10.137.255.254 --dport 8082 -j DROP\n"
				  "-A FORWARD -s 10.137.1.5 -j ACCEPT\n"
				  "COMMIT\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_those_of_the_original_tools),
		WITH_NETWORK(rules_become_lines),
		WITH_NETWORK(without_a_network_there_is_nothing_to_enforce),
		WITH_NETWORK(dns_needs_a_network_beyond_the_netvm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
