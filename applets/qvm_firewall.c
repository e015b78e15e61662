/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-firewall - show and change what a VM may reach through its ProxyVM.
 */
#include <string.h>

#include "applet.h"
#include "firewall.h"
#include "lifecycle.h"
#include "pending.h"
#include "prop.h"
#include "vmm.h"

#define YUM_PROXY_SERVICE "yum-proxy-setup" /* tells the VM to use it */
#define SYSTEMCTL_SECONDS 10

enum mode {
	MODE_LIST = 1 << 0,
	MODE_ADD = 1 << 1,
	MODE_DEL = 1 << 2,
};

struct firewall_args {
	int mode;				     /* bits of enum mode, as given */
	const char *policy, *icmp, *dns, *yum_proxy; /* as given */
	const char *before, *rule_no;		     /* the same */
	bool reload, numeric, raw;
};

const struct option_row qvm_firewall_options[] = {
	OPT_CHOICE('l', "list", struct firewall_args, mode, MODE_LIST, "list the rules (the default)"),
	OPT_CHOICE('a', "add", struct firewall_args, mode, MODE_ADD, "add a rule"),
	OPT_CHOICE('d', "del", struct firewall_args, mode, MODE_DEL, "delete a rule, by number or words"),
	OPT_TEXT('P', "policy", "allow|deny", struct firewall_args, policy, "all that no rule is about"),
	OPT_TEXT('i', "icmp", "allow|deny", struct firewall_args, icmp, "ICMP"),
	OPT_TEXT('D', "dns", "allow|deny", struct firewall_args, dns, "DNS"),
	OPT_TEXT('Y', "yum-proxy", "allow|deny", struct firewall_args, yum_proxy, "the proxy for updates"),
	OPT_FLAG('r', "reload", struct firewall_args, reload, "tell the ProxyVM (a change does that too)"),
	OPT_FLAG('n', "numeric", struct firewall_args, numeric, "list ports without names of services"),
	OPT_FLAG(0, "raw", struct firewall_args, raw, "list in the words of release 4"),
	OPT_TEXT(0, "before", "N", struct firewall_args, before,
		 "release 4: add before rule number N, from 0"),
	OPT_TEXT(0, "rule-no", "N", struct firewall_args, rule_no, "release 4: delete rule number N, from 0"),
	OPT_WORDS("VM [RULE|list|reset|add RULE|del RULE]", 1, -1),
	OPT_NOTE("A rule is ADDRESS[/BITS] PROTOCOL [PORT]: an IPv4 address or the name of a host; tcp, udp "
		 "or any; a number, the name of a service or FIRST-LAST. With policy allow the rules say "
		 "what is refused, with policy deny what is allowed. Numbers are those of the list, from 1."),
	OPT_NOTE(
		"Behind add and del a rule is written as in release 4: accept|drop [HOST [PROTOCOL "
		"[PORTS]]], or action=, dsthost=, proto=, dstports=, specialtarget=dns, "
		"expire=EPOCH|+SECONDS. reset allows everything but the proxy for updates, which it leaves "
		"alone. A store of release 4 knows these words alone, also comment= and icmptype=; its rules are "
		"tried in order, and what none of them is about is refused."),
	OPT_END
};

/* ---- what is wanted ---- */

enum action {
	ACTION_NONE, /* switches, or a reload, alone */
	ACTION_LIST,
	ACTION_ADD,
	ACTION_DEL,
	ACTION_RESET,
	ACTION_ADD_RELEASE4,
	ACTION_DEL_RELEASE4,
};

static const struct {
	const char *word;
	enum action action;
} release4_words[] = {
	{ "list", ACTION_LIST },
	{ "reset", ACTION_RESET },
	{ "add", ACTION_ADD_RELEASE4 },
	{ "del", ACTION_DEL_RELEASE4 },
};

static bool has_switches(const struct firewall_args *args)
{
	return args->policy || args->icmp || args->dns || args->yum_proxy;
}

/* -1 with an error. */
static int action_of_word(const struct firewall_args *args, const char *word, const char *next)
{
	for (size_t i = 0; i < ARRAY_SIZE(release4_words); i++) {
		enum action action = release4_words[i].action;
		bool takes_rule =
			action == ACTION_ADD_RELEASE4 || (action == ACTION_DEL_RELEASE4 && !args->rule_no);

		if (strcmp(word, release4_words[i].word) != 0)
			continue;
		if (takes_rule == (next != NULL))
			return action;
		return takes_rule ? error_set(ERROR_USAGE, "which rule?") :
				    error_set(ERROR_USAGE, "unexpected argument '%s'", next);
	}
	return error_set(ERROR_USAGE, "unexpected argument '%s'", word);
}

static int action_of(const struct firewall_args *args, char **words)
{
	bool rule_given = words[1] != NULL;

	if (args->mode & (MODE_ADD | MODE_DEL) && !rule_given)
		return error_set(ERROR_USAGE, "which rule?");
	if (args->mode & MODE_ADD)
		return ACTION_ADD;
	if (args->mode & MODE_DEL)
		return ACTION_DEL;
	if (rule_given)
		return action_of_word(args, words[1], words[2]);
	return has_switches(args) || (args->reload && !(args->mode & MODE_LIST)) ? ACTION_NONE : ACTION_LIST;
}

static bool is_change(const struct firewall_args *args, enum action action)
{
	return has_switches(args) || action > ACTION_LIST;
}

static int check_switch(const char *option, const char *word)
{
	if (!word || strcmp(word, "allow") == 0 || strcmp(word, "deny") == 0)
		return 0;
	return error_set(ERROR_FAILED, "--%s is allow or deny, not '%s'", option, word);
}

int qvm_firewall_access(const void *parsed, char **words)
{
	const struct firewall_args *args = parsed;
	int action = action_of(args, words);

	if (action < 0 || check_switch("policy", args->policy) < 0 || check_switch("icmp", args->icmp) < 0 ||
	    check_switch("dns", args->dns) < 0 || check_switch("yum-proxy", args->yum_proxy) < 0)
		return -1;
	return is_change(args, (enum action)action) ? STORE_WRITE : STORE_READ;
}

/* ---- the list ---- */

static void note_unfit_rules(const struct firewall *firewall)
{
	for (size_t i = 0; i < firewall->count; i++) {
		if (firewall_check_rule(&firewall->rules[i]) == 0)
			continue;
		error_note("warning: rule %zu cannot be enforced: %s", i + 1, error_message());
		error_clear();
	}
}

static void list(struct qubes *q, const struct firewall *firewall, const struct firewall_args *args)
{
	AUTO_FREE char *text =
		args->raw ? firewall_release4_text(firewall) : firewall_list_text(q, firewall, args->numeric);

	if (!firewall->stored && !args->raw)
		puts("INFO: This VM has no firewall rules set, below defaults are listed");
	fputs(text, stdout);
	note_unfit_rules(firewall);
}

/* ---- who enforces it ---- */

/* 1: a running ProxyVM has rules of VM, which runs; 0: none has; -1 with an error: not known. */
static int is_enforced_now(struct vm *vm)
{
	struct vm *netvm = vm_netvm(vm);
	int running;

	if (!netvm || !vm_is(netvm, VM_PROXY))
		return 0;
	running = vmm_is_running(netvm);
	return running > 0 ? vmm_is_running(vm) : running;
}

static void note_enforcement(const struct vm *vm)
{
	const struct vm *netvm = vm_netvm(vm);
	AUTO_FREE char *text = NULL;

	if (!netvm)
		return;
	if (!vm_is(netvm, VM_PROXY)) {
		error_note("warning: nothing enforces these rules: %s, the netvm of %s, is of class %s",
			   netvm->name, vm->name, netvm->type);
		return;
	}
	text = firewall_iptables(vm);
	if (text && strlen(text) >= FIREWALL_TEXT_LIMIT)
		error_note("warning: these are more rules than %s can be told", netvm->name);
}

static int reload(struct vm *vm)
{
	int enforced;

	if (vmm_offline(vm->qubes))
		return vmm_connection(vm->qubes);
	note_enforcement(vm);
	enforced = is_enforced_now(vm);
	return enforced > 0 ? lifecycle_tell_firewall(vm_netvm(vm)) : enforced;
}

static void start_timer(const struct vm *vm)
{
	AUTO_FREE char *unit = util_printf("qubes-reload-firewall@%s.timer", vm->name);
	const char *const argv[] = { "/usr/bin/systemctl", "--no-ask-password", "start", unit, NULL };
	const struct spawn systemctl = { .argv = argv, .seconds = SYSTEMCTL_SECONDS };
	int status;

	/* A system that is not up has nothing to reload. */
	if (!root_is_host(vm->qubes->root) || !root_exists(vm->qubes->root, "/run/systemd/system"))
		return;
	status = util_spawn(&systemctl);
	if (status < 0)
		error_note("%s is not started: %s", unit, error_message());
	else if (status > 0)
		error_note("%s is not started: systemctl ended with %d", unit, status);
	error_clear();
}

/* The rules are stored, even if it is not known who should enforce them. */
static int after_change(struct qubes *q, void *argument)
{
	struct vm *vm = argument;
	struct firewall firewall;
	int enforced;

	note_enforcement(vm);
	if (vmm_offline(q))
		return 0;
	if (firewall_load(vm, &firewall) == 0 && firewall_expires(&firewall))
		start_timer(vm);
	enforced = is_enforced_now(vm);
	if (enforced > 0 && lifecycle_tell_firewall(vm_netvm(vm)) != 0)
		return error_within(
			"the rules of %s are stored, but not enforced (qvm-firewall -r %s tries again)",
			vm->name, vm->name);
	error_clear();
	return 0;
}

/* ---- changing it ---- */

static void set_switch(bool *allowed, const char *word)
{
	if (word)
		*allowed = strcmp(word, "allow") == 0;
}

static void reset(struct firewall *firewall)
{
	firewall->allow = firewall->icmp = firewall->dns = true;
	firewall->count = 0;
}

static int remove_same(struct firewall *firewall, const struct firewall_rule *rule)
{
	int index = firewall_find(firewall, rule);

	if (index < 0)
		return error_set(ERROR_NOT_FOUND, "there is no such rule");
	firewall_remove(firewall, (size_t)index);
	return 0;
}

static int remove_number(struct firewall *firewall, const char *word)
{
	unsigned long long number;

	if (!util_parse_decimal(word, firewall->count, &number) || number == 0)
		return error_set(ERROR_NOT_FOUND, "there is no rule number '%s': there are %zu", word,
				 firewall->count);
	firewall_remove(firewall, (size_t)number - 1);
	return 0;
}

static int add_release3(struct qubes *q, struct firewall *firewall, char **words)
{
	struct firewall_rule rule;

	if (firewall_parse_rule(q, words, &rule) < 0)
		return -1;
	firewall_add(q, firewall, &rule);
	return 0;
}

static int remove_release3(struct qubes *q, struct firewall *firewall, char **words)
{
	struct firewall_rule rule;

	if (!words[1])
		return remove_number(firewall, words[0]);
	return firewall_parse_rule(q, words, &rule) < 0 ? -1 : remove_same(firewall, &rule);
}

static int add_release4(struct qubes *q, struct firewall *firewall, char **words)
{
	struct firewall_rule rule;
	bool is_rule;

	if (firewall_parse_release4(q, words, firewall, &rule, &is_rule) < 0)
		return -1;
	if (is_rule)
		firewall_add(q, firewall, &rule);
	return 0;
}

static int remove_release4(struct qubes *q, struct firewall *firewall, char **words)
{
	struct firewall_rule rule;
	bool is_rule;

	if (firewall_parse_release4(q, words, firewall, &rule, &is_rule) < 0)
		return -1;
	if (!is_rule)
		return error_set(ERROR_FAILED, "DNS and ICMP are allowed or denied (see --dns, --icmp)");
	return remove_same(firewall, &rule);
}

static int apply(struct qubes *q, struct firewall *firewall, const struct firewall_args *args,
		 enum action action, char **words)
{
	if (action == ACTION_RESET)
		reset(firewall);
	set_switch(&firewall->allow, args->policy);
	set_switch(&firewall->icmp, args->icmp);
	set_switch(&firewall->dns, args->dns);
	set_switch(&firewall->yum_proxy, args->yum_proxy);
	switch (action) {
	case ACTION_ADD:
		return add_release3(q, firewall, words + 1);
	case ACTION_DEL:
		return remove_release3(q, firewall, words + 1);
	case ACTION_ADD_RELEASE4:
		return add_release4(q, firewall, words + 2);
	case ACTION_DEL_RELEASE4:
		return remove_release4(q, firewall, words + 2);
	default:
		return 0;
	}
}

static int save(struct qubes *q, struct vm *vm, const struct firewall *firewall)
{
	enum prop_switch service = firewall->yum_proxy ? PROP_ON : PROP_ABSENT;

	/* In this order, so that a failure leaves the store alone. */
	if (firewall_check_place(vm) < 0 || prop_set_service(vm, YUM_PROXY_SERVICE, service) < 0 ||
	    firewall_save(vm, firewall) < 0)
		return -1;
	if (pending_argument(q, after_change) != vm)
		qubes_after_save(q, after_change, vm);
	return 0;
}

/* What cannot be read may still be replaced as a whole. */
static int load(struct vm *vm, enum action action, struct firewall *firewall)
{
	if (firewall_load(vm, firewall) == 0)
		return 0;
	if (action != ACTION_RESET)
		return -1;
	error_clear();
	*firewall = firewall_default(vm);
	return 0;
}

/* ---- rules of release 4, a list in order ---- */

static int check_list_call(const struct firewall_args *args, enum action action)
{
	if (has_switches(args) || action == ACTION_ADD || action == ACTION_DEL)
		return error_set(
			ERROR_USAGE,
			"a store of release 4 has no policy and no switches: the words are add, del, "
			"list and reset");
	return 0;
}

/* The number of a rule, below MOST; -1 with an error. */
static int rule_number(const char *word, size_t most)
{
	unsigned long long number;

	if (most && util_parse_decimal(word, most - 1, &number))
		return (int)number;
	return error_set(ERROR_NOT_FOUND, "there is no rule number '%s': there are %zu, from 0", word, most);
}

static int add_to_list(struct qubes *q, struct firewall4 *firewall, const char *before, char **words)
{
	int at = before ? rule_number(before, firewall->count) : (int)firewall->count;
	struct firewall4_rule rule;

	if (at < 0 || firewall4_parse(q, words, &rule) < 0)
		return -1;
	firewall4_insert(q, firewall, (size_t)at, &rule);
	return 0;
}

static int remove_from_list(struct qubes *q, struct firewall4 *firewall, const char *number, char **words)
{
	struct firewall4_rule rule;
	int at;

	if (!number && firewall4_parse(q, words, &rule) < 0)
		return -1;
	at = number ? rule_number(number, firewall->count) : firewall4_find(firewall, &rule);
	if (at < 0)
		return number ? -1 : error_set(ERROR_NOT_FOUND, "there is no such rule");
	firewall4_remove(firewall, (size_t)at);
	return 0;
}

static int change_list(struct qubes *q, struct firewall4 *firewall, const struct firewall_args *args,
		       enum action action, char **words)
{
	if (action == ACTION_ADD_RELEASE4)
		return add_to_list(q, firewall, args->before, words + 2);
	if (action == ACTION_DEL_RELEASE4)
		return remove_from_list(q, firewall, args->rule_no, words + 2);
	*firewall = firewall4_default(q);
	return 0;
}

static int run_list(struct vm *vm, const struct firewall_args *args, enum action action, char **words)
{
	struct firewall4 firewall = { 0 };

	if (check_list_call(args, action) < 0 ||
	    (action != ACTION_RESET && firewall4_load(vm, &firewall) < 0))
		return -1;
	if (action > ACTION_LIST)
		return change_list(vm->qubes, &firewall, args, action, words) < 0 ?
			       -1 :
			       firewall4_save(vm, &firewall);
	return firewall4_print(&firewall, args->raw);
}

int qvm_firewall_main(struct qubes *q, const void *parsed, char **words)
{
	const struct firewall_args *args = parsed;
	enum action action = (enum action)action_of(args, words);
	struct vm *vm = vm_by_name(q, words[0]);
	struct firewall firewall;

	if (!vm)
		return -1;
	if (firewall_is_list(q))
		return run_list(vm, args, action, words);
	if (args->before || args->rule_no)
		return error_set(ERROR_USAGE, "--before and --rule-no are for stores of release 4");
	if (load(vm, action, &firewall) < 0)
		return -1;
	if (is_change(args, action))
		return apply(q, &firewall, args, action, words) < 0 ? -1 : save(q, vm, &firewall);
	if (action == ACTION_LIST)
		list(q, &firewall, args);
	return args->reload ? reload(vm) : 0;
}
