/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules as users write them, in the words of release 3 and of release 4, the names of services, and rules
 * as a list.
 */
#include "firewall_world.h"

/* A rule in one word for comparing: "1.2.3.0/24 tcp 22-25 @EXPIRES". */
static const char *shown(const struct world *w, const struct firewall_rule *rule)
{
	AUTO_STRBUF struct strbuf out = { 0 };

	strbuf_printf(&out, "%s/%d %s", rule->address, rule->bits, firewall_protocol_name(rule->protocol));
	if (rule->port)
		strbuf_printf(&out, " %d", rule->port);
	if (rule->last)
		strbuf_printf(&out, "-%d", rule->last);
	if (rule->expires)
		strbuf_printf(&out, " @%lld", rule->expires);
	return arena_strdup(w->q.arena, out.text);
}

static int parse(const struct world *w, const char *words, struct firewall_rule *rule)
{
	return firewall_parse_rule((struct qubes *)&w->q, words_of(w, words), rule);
}

static int parse4(struct world *w, const char *words, struct firewall *firewall, struct firewall_rule *rule,
		  bool *is_rule)
{
	return firewall_parse_release4(&w->q, words_of(w, words), firewall, rule, is_rule);
}

/* ---- what may be written ---- */

static const struct {
	const char *words, *means;
} good_rules[] = {
	{ "1.2.3.0/24 tcp 22-25", "1.2.3.0/24 tcp 22-25" },
	{ "www.example.com. udp domain", "www.example.com/32 udp 53" },
	{ "10.0.0.1 any", "10.0.0.1/32 any" },
	{ "10.0.0.1. any", "10.0.0.1/32 any" },
	{ "10.0.0.2 tcp/80", "10.0.0.2/32 tcp 80" },
	{ "10.0.0.2 tcp/80-90", "10.0.0.2/32 tcp 80-90" },
	{ "10.0.0.2 udp/domain", "10.0.0.2/32 udp 53" },
	{ "0.0.0.0/0 any", "0.0.0.0/0 any" },
	{ "255.255.255.255/32 any", "255.255.255.255/32 any" },
	{ "h tcp 1", "h/32 tcp 1" },
	{ "h tcp 65535", "h/32 tcp 65535" },
	{ "h tcp 080", "h/32 tcp 80" },
	{ "h tcp 80-80", "h/32 tcp 80" },
	{ "h tcp http-443", "h/32 tcp 80-443" },
	{ "h tcp ftp-data", "h/32 tcp 20" }, /* a name with a dash is no range */
	{ "xn--bcher-kva.example any", "xn--bcher-kva.example/32 any" },
	{ "1.2.3.4.example any", "1.2.3.4.example/32 any" },
	{ "3com any", "3com/32 any" },
	{ "a123456789-123456789-123456789-123456789-123456789-123456789-12 any",
	  "a123456789-123456789-123456789-123456789-123456789-123456789-12/32 any" },
};

static void good_words_make_a_rule(void **state)
{
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(good_rules); i++) {
		struct firewall_rule rule;

		assert_int_equal(parse(w, good_rules[i].words, &rule), 0);
		assert_string_equal(shown(w, &rule), good_rules[i].means);
	}
}

static const struct {
	const char *words, *message;
} bad_rules[] = {
	{ "", "a rule is ADDRESS[/BITS] PROTOCOL [PORT]" },
	{ "10.0.0.1", "a rule is ADDRESS[/BITS] PROTOCOL [PORT]" },
	{ "10.0.0.1 tcp 80 81", "a rule is ADDRESS[/BITS] PROTOCOL [PORT]" },
	{ "10.0.0.1 tcp/80 81", "a rule is ADDRESS[/BITS] PROTOCOL [PORT]" },
	{ "10.0.0.1 tcp", "tcp needs a port" },
	{ "10.0.0.1 udp", "udp needs a port" },
	{ "10.0.0.1 any 80", "a port belongs to tcp or udp, not to any" },
	{ "10.0.0.1 icmp", "'icmp' is no protocol, which is tcp, udp or any" },
	{ "10.0.0.1 TCP 80", "'TCP' is no protocol, which is tcp, udp or any" },
	{ "10.0.0.1 tcp 0", "'0' is no port, which is a number from 1 to 65535" },
	{ "10.0.0.1 tcp 65536", "'65536' is no port, which is a number from 1 to 65535" },
	{ "10.0.0.1 tcp 99999999999999999999",
	  "'99999999999999999999' is no port, which is a number from 1 to 65535" },
	{ "10.0.0.1 tcp +80", "'+80' is neither a port nor the name of a service" },
	{ "10.0.0.1 tcp -5", "'' is no port, which is a number from 1 to 65535" },
	{ "10.0.0.1 tcp 80-", "'' is no port, which is a number from 1 to 65535" },
	{ "10.0.0.1 tcp/", "'' is no port, which is a number from 1 to 65535" },
	{ "10.0.0.1 tcp 90-80", "90-80 is no range: it ends before it begins" },
	{ "10.0.0.1 tcp http-https", "'https' is no port, which is a number from 1 to 65535" },
	{ "10.0.0.1 tcp nosuch", "'nosuch' is neither a port nor the name of a service" },
	{ "10.0.0.0/33 any", "'33' is no netmask, which is a number from 0 to 32" },
	{ "10.0.0.0/ any", "'' is no netmask, which is a number from 0 to 32" },
	{ "10.0.0.0/255.0.0.0 any", "'255.0.0.0' is no netmask, which is a number from 0 to 32" },
	{ "h/24 any", "a netmask belongs to an address, not to a name like 'h'" },
	{ "bad_host any", "'bad_host' is neither an IPv4 address nor the name of a host" },
	{ "-h any", "'-h' is neither an IPv4 address nor the name of a host" },
	{ "h- any", "'h-' is neither an IPv4 address nor the name of a host" },
	{ "a..b any", "'a..b' is neither an IPv4 address nor the name of a host" },
	{ "a.b.. any", "'a.b.' is neither an IPv4 address nor the name of a host" },
	{ ". any", "'.' is neither an IPv4 address nor the name of a host" },
	{ "*.example.com any", "'*.example.com' is neither an IPv4 address nor the name of a host" },
	{ "::1 any", "'::1' is neither an IPv4 address nor the name of a host" },
	/* iptables would take each of these for some address */
	{ "999.1.1.1 any", "'999.1.1.1' is neither an IPv4 address nor the name of a host" },
	{ "010.0.0.1 any", "'010.0.0.1' is neither an IPv4 address nor the name of a host" },
	{ "10.1 any", "'10.1' is neither an IPv4 address nor the name of a host" },
	{ "167772161 any", "'167772161' is neither an IPv4 address nor the name of a host" },
	{ "1.2.3.4.5 any", "'1.2.3.4.5' is neither an IPv4 address nor the name of a host" },
	{ "a123456789-123456789-123456789-123456789-123456789-123456789-123 any",
	  "'a123456789-123456789-123456789-123456789-123456789-123456789-123' is neither an IPv4 address nor "
	  "the name of a host" },
};

static void bad_words_are_refused_with_the_reason(void **state)
{
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad_rules); i++) {
		struct firewall_rule rule;

		assert_int_equal(parse(w, bad_rules[i].words, &rule), -1);
		assert_string_equal(error_message(), bad_rules[i].message);
	}
}

static void a_host_name_is_at_most_253_bytes_long(void **state)
{
	const struct world *w = *state;
	char name[256], *words[] = { name, (char[]){ "any" }, NULL };
	struct firewall_rule rule;

	memset(name, 'a', sizeof(name));
	for (size_t i = 50; i < sizeof(name); i += 50)
		name[i] = '.';
	name[253] = '\0';
	assert_int_equal(firewall_parse_rule((struct qubes *)&w->q, words, &rule), 0);
	name[253] = 'a';
	name[254] = '\0';
	assert_int_equal(firewall_parse_rule((struct qubes *)&w->q, words, &rule), -1);
}

/* A newline would end the rule and begin another in what iptables reads. */
static void no_address_can_bring_a_line_of_its_own(void **state)
{
	struct world *w = *state;
	char *words[] = { (char[]){ "h\n-A FORWARD -j ACCEPT" }, (char[]){ "any" }, NULL };
	struct firewall_rule rule;

	assert_int_equal(firewall_parse_rule(&w->q, words, &rule), -1);
	assert_string_equal(error_message(),
			    "'h?-A FORWARD -j ACCEPT' is neither an IPv4 address nor the name of a host");
}

/* ---- names of ports ---- */

static const char services_file[] = "# comment\n"
				    "http\t\t80/tcp\t\twww www-http\t# WorldWideWeb\n"
				    "http 80/udp\n"
				    "shell 514/tcp cmd # no password\n"
				    "log\t514/udp\n"
				    "my-app  7000/tcp\n"
				    "sctp-only 7001/sctp\n"
				    "toobig 70000/tcp\n"
				    "zero 0/tcp\n"
				    "noport\n"
				    "noprotocol 7002\n"
				    "bad\x1bname 7003/tcp\n";

static void services_are_read_from_the_root(void **state)
{
	struct world *w = *state;
	const struct firewall_services *services;

	make_file(w, "/etc/services", 0, services_file);
	services = firewall_services(&w->q);
	assert_int_equal(firewall_service_port(services, FIREWALL_TCP, "my-app"), 7000);
	assert_int_equal(firewall_service_port(services, FIREWALL_TCP, "www"), 80);
	assert_string_equal(firewall_service_name(services, FIREWALL_TCP, 7000), "my-app");
	/* an alias is never shown, the protocol at hand is preferred, the other one does */
	assert_string_equal(firewall_service_name(services, FIREWALL_TCP, 80), "http");
	assert_string_equal(firewall_service_name(services, FIREWALL_TCP, 514), "shell");
	assert_string_equal(firewall_service_name(services, FIREWALL_UDP, 514), "log");
	assert_string_equal(firewall_service_name(services, FIREWALL_UDP, 7000), "my-app");
	/* what is no line of this kind does not count, and what everybody knows needs none */
	assert_null(firewall_service_name(services, FIREWALL_TCP, 7001));
	assert_null(firewall_service_name(services, FIREWALL_TCP, 7002));
	assert_null(firewall_service_name(services, FIREWALL_TCP, 7003));
	assert_int_equal(firewall_service_port(services, FIREWALL_TCP, "toobig"), 0);
	assert_int_equal(firewall_service_port(services, FIREWALL_TCP, "zero"), 0);
	assert_string_equal(firewall_service_name(services, FIREWALL_TCP, 443), "https");
}

static void without_the_file_some_names_are_known(void **state)
{
	struct world *w = *state;
	const struct firewall_services *services = firewall_services(&w->q);

	assert_int_equal(firewall_service_port(services, FIREWALL_UDP, "domain"), 53);
	assert_string_equal(firewall_service_name(services, FIREWALL_TCP, 22), "ssh");
	assert_int_equal(firewall_service_port(services, FIREWALL_TCP, "nosuch"), 0);
	assert_null(firewall_service_name(services, FIREWALL_TCP, 4711));
}

/* ---- release 4's words ---- */

static const struct {
	bool allow; /* the policy */
	const char *words, *means;
} release4_rules[] = {
	{ true, "drop 1.2.3.4 tcp 80", "1.2.3.4/32 tcp 80" },
	{ false, "accept 1.2.3.4 tcp 80-90", "1.2.3.4/32 tcp 80-90" },
	{ true, "drop 10.0.0.0/8", "10.0.0.0/8 any" },
	{ true, "action=drop dsthost=example.com proto=udp dstports=53", "example.com/32 udp 53" },
	{ true, "dstports=53 proto=udp dst4=1.2.3.4 action=drop", "1.2.3.4/32 udp 53" },
	{ true, "drop proto=tcp dstports=25", "0.0.0.0/0 tcp 25" },
	{ true, "drop 1.2.3.4 expire=4000000000", "1.2.3.4/32 any @4000000000" },
};

static void release_4s_rules_become_ours(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(release4_rules); i++) {
		struct firewall firewall = { .allow = release4_rules[i].allow };
		struct firewall_rule rule;
		bool is_rule = false;

		assert_int_equal(parse4(w, release4_rules[i].words, &firewall, &rule, &is_rule), 0);
		assert_true(is_rule);
		assert_string_equal(shown(w, &rule), release4_rules[i].means);
	}
}

static void dns_and_icmp_are_switches(void **state)
{
	struct world *w = *state;
	struct firewall firewall = { .allow = true, .icmp = true };
	struct firewall_rule rule;
	bool is_rule = true;

	assert_int_equal(parse4(w, "accept specialtarget=dns", &firewall, &rule, &is_rule), 0);
	assert_false(is_rule);
	assert_true(firewall.dns);
	is_rule = true;
	assert_int_equal(parse4(w, "action=drop proto=icmp", &firewall, &rule, &is_rule), 0);
	assert_false(is_rule);
	assert_false(firewall.icmp);
}

static void expiry_counts_from_now_with_a_plus(void **state)
{
	struct world *w = *state;
	struct firewall firewall = { .allow = true };
	long long before = time(NULL);
	struct firewall_rule rule;
	bool is_rule;

	assert_int_equal(parse4(w, "drop 1.2.3.4 expire=+3600", &firewall, &rule, &is_rule), 0);
	assert_in_range(rule.expires, before + 3600, time(NULL) + 3600);
}

static const struct {
	const char *words, *message;
} bad_release4_rules[] = {
	{ "", "a rule begins with accept or drop" },
	{ "dsthost=1.2.3.4", "a rule begins with accept or drop" },
	{ "allow 1.2.3.4", "a rule begins with accept or drop" },
	{ "accept 1.2.3.4", "the policy is to accept, so that rules can only drop (see --policy)" },
	{ "drop", "a rule for everything is the policy (see --policy)" },
	{ "drop 1.2.3.4 tcp 80 81", "unexpected '81' in a rule" },
	{ "drop 1.2.3.4 dsthost=1.2.3.5", "dsthost is given twice" },
	{ "drop 1.2.3.4 dst4=1.2.3.5", "dsthost is given twice" },
	{ "drop 1.2.3.4 comment=x", "a rule of this store has no 'comment'" },
	{ "drop icmptype=8 proto=icmp", "a rule of this store has no 'icmptype'" },
	{ "drop dst6=::1", "'::1' is neither an IPv4 address nor the name of a host" },
	{ "drop =x", "a rule of this store has no ''" },
	{ "drop 1.2.3.4 proto=icmp", "'icmp' is no protocol, which is tcp, udp or any" },
	{ "drop 1.2.3.4 specialtarget=dns", "specialtarget is dns, and nothing else goes with it" },
	{ "drop specialtarget=web", "specialtarget is dns, and nothing else goes with it" },
	{ "drop 1.2.3.4 tcp", "tcp needs a port" },
	{ "drop 1.2.3.4 dstports=80", "a port belongs to tcp or udp, not to any" },
	{ "drop 1.2.3.4 expire=soon", "'soon' is neither seconds since the epoch nor +SECONDS" },
	{ "drop 1.2.3.4 expire=+", "'+' is neither seconds since the epoch nor +SECONDS" },
	{ "drop 1.2.3.4 expire=1000", "a rule that expires at 1000 is over already" },
	{ "drop 1.2.3.4 expire=0", "a rule that expires at 0 is over already" },
};

static void what_we_cannot_keep_is_refused(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad_release4_rules); i++) {
		struct firewall firewall = { .allow = true };
		struct firewall_rule rule;
		bool is_rule;

		assert_int_equal(parse4(w, bad_release4_rules[i].words, &firewall, &rule, &is_rule), -1);
		assert_string_equal(error_message(), bad_release4_rules[i].message);
	}
}

static void release_4_is_shown_our_rules_as_its_own(void **state)
{
	struct world *w = *state;
	AUTO_FREE char *text = NULL;
	struct firewall firewall;

	write_rules(w, "policy='deny' dns='allow'",
		    "<rule address='10.1.0.0' netmask='16' proto='tcp' port='443'/>"
		    "<rule address='example.com' proto='udp' port='80' toport='90' expire='4000000000'/>"
		    "<rule address='1.2.3.4' proto='any'/>");
	firewall = load_work(w);
	text = firewall_release4_text(&firewall);
	assert_string_equal(text, "action=accept specialtarget=dns\n"
				  "action=drop proto=icmp\n"
				  "action=accept dsthost=10.1.0.0/16 proto=tcp dstports=443\n"
				  "action=accept expire=4000000000 dsthost=example.com proto=udp"
				  " dstports=80-90\n"
				  "action=accept dsthost=1.2.3.4\n"
				  "action=drop\n");
}

/* ---- rules as a list ---- */

static void a_rule_is_found_by_what_it_says(void **state)
{
	struct world *w = *state;
	struct firewall firewall = { 0 };
	struct firewall_rule rules[] = {
		{ .address = "a", .bits = 32, .protocol = FIREWALL_TCP, .port = 80 },
		{ .address = "a", .bits = 32, .protocol = FIREWALL_TCP, .port = 80, .last = 90 },
		{ .address = "a", .bits = 32, .protocol = FIREWALL_UDP, .port = 80 },
		{ .address = "1.0.0.0", .bits = 8 },
		{ .address = "1.0.0.0", .bits = 16, .expires = 4000000000 },
		{ .address = "b", .bits = 32, .protocol = FIREWALL_TCP, .port = 7, .last = 7 },
	};
	struct firewall_rule other = { .address = "a", .bits = 32, .protocol = FIREWALL_TCP, .port = 81 };

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		firewall_add(&w->q, &firewall, &rules[i]);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		assert_int_equal(firewall_find(&firewall, &rules[i]), i);
	assert_int_equal(firewall_find(&firewall, &other), -1);
	/* when it expires does not matter, nor how one port is written */
	rules[4].expires = 0;
	assert_int_equal(firewall_find(&firewall, &rules[4]), 4);
	rules[5].last = 0;
	assert_int_equal(firewall_find(&firewall, &rules[5]), 5);
}

static void rules_keep_their_order(void **state)
{
	struct world *w = *state;
	struct firewall firewall = { 0 };

	for (int port = 1; port <= 100; port++) {
		struct firewall_rule rule = { .address = "a", .protocol = FIREWALL_TCP, .port = port };

		firewall_add(&w->q, &firewall, &rule);
	}
	firewall_remove(&firewall, 99);
	firewall_remove(&firewall, 0);
	firewall_remove(&firewall, 48);
	assert_int_equal(firewall.count, 97);
	for (int i = 0; i < 97; i++)
		assert_int_equal(firewall.rules[i].port, i < 48 ? i + 2 : i + 3);
}

/* The layout of every golden list is in tests/golden; here is what none of them has. */
static void the_table_grows_with_its_cells(void **state)
{
	struct world *w = *state;
	AUTO_FREE char *text = NULL;
	struct firewall firewall;

	write_rules(w, "policy='deny'",
		    "<rule address='a-rather-long-name.example.com' proto='tcp' port='1' toport='65535'/>");
	firewall = load_work(w);
	text = firewall_list_text(&w->q, &firewall, true);
	assert_string_equal(text, "Firewall policy: DENY all traffic except\n"
				  "ICMP: DENY\n"
				  "DNS: DENY\n"
				  "Qubes yum proxy: DENY\n"
				  "-----+--------------------------------+-------+---------+\n"
				  " num |            address             | proto | port(s) |\n"
				  "-----+--------------------------------+-------+---------+\n"
				  "  1  | a-rather-long-name.example.com | tcp   | 1-65535 |\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_NETWORK(good_words_make_a_rule),
		WITH_NETWORK(bad_words_are_refused_with_the_reason),
		WITH_NETWORK(a_host_name_is_at_most_253_bytes_long),
		WITH_NETWORK(no_address_can_bring_a_line_of_its_own),
		WITH_NETWORK(services_are_read_from_the_root),
		WITH_NETWORK(without_the_file_some_names_are_known),
		WITH_NETWORK(release_4s_rules_become_ours),
		WITH_NETWORK(dns_and_icmp_are_switches),
		WITH_NETWORK(expiry_counts_from_now_with_a_plus),
		WITH_NETWORK(what_we_cannot_keep_is_refused),
		WITH_NETWORK(release_4_is_shown_our_rules_as_its_own),
		WITH_NETWORK(a_rule_is_found_by_what_it_says),
		WITH_NETWORK(rules_keep_their_order),
		WITH_NETWORK(the_table_grows_with_its_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
