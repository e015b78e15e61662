/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall - the rules of a VM: read from its firewall.xml, checked, changed, written back, and as the
 * iptables text that its ProxyVM enforces.
 *
 * What is read and made lives in the arena of the VM's context. Does not know who is running.
 */
#ifndef QUBES_FIREWALL_H
#define QUBES_FIREWALL_H

#include "vm.h"

/* What one text for QubesDB must be shorter than. */
#define FIREWALL_TEXT_LIMIT 3072

enum firewall_protocol {
	FIREWALL_ANY,
	FIREWALL_TCP,
	FIREWALL_UDP,
};

struct firewall_rule {
	const char *address; /* IPv4 or a host name */
	int bits;	     /* of its network; 32: the one address, or a host name */
	enum firewall_protocol protocol;
	int port, last;	   /* 0: no port; LAST 0: this one port alone */
	long long expires; /* seconds since the epoch; 0: never */
};

/* A rule says the opposite of the policy: what is refused while all else is allowed, or vice versa. */
struct firewall {
	bool stored;		   /* false: there is no file, this is the default of the VM's class */
	bool allow;		   /* the policy: what no rule says is allowed */
	bool icmp, dns, yum_proxy; /* allowed */
	struct firewall_rule *rules;
	size_t count, room;
};

/* Where VM's rules are stored. In the arena; NULL: nowhere. */
const char *firewall_path(const struct vm *vm);

/*
 * The rules of VM, without those that have expired: as they are stored, or will be once what was saved is
 * written. Rules that only the original tools would have let in (firewall_check_rule) are among them.
 * 0, or -1 with an error when the file cannot be read or understood.
 */
int firewall_load(const struct vm *vm, struct firewall *firewall);

/*
 * Queues FIREWALL to be written with the store; from now on firewall_load has it. The store's write lock
 * must be held. 0, or -1 with an error if it is clear already that it cannot be written.
 */
int firewall_save(const struct vm *vm, const struct firewall *firewall);
/* Is there a place to write VM's rules to? 0, or -1 with an error. */
int firewall_check_place(const struct vm *vm);

/* Saves the rules of FROM for TO, if FROM has any: for a clone. 0, or -1 with an error. */
int firewall_copy(const struct vm *from, const struct vm *to);

/* The default of VM's class, as if there were no file. */
struct firewall firewall_default(const struct vm *vm);

void firewall_add(struct qubes *q, struct firewall *firewall, const struct firewall_rule *rule);
void firewall_remove(struct firewall *firewall, size_t index);
/* The first rule that says the same, whenever it expires; -1: none. */
int firewall_find(const struct firewall *firewall, const struct firewall_rule *rule);

/* Is there a rule that expires? */
bool firewall_expires(const struct firewall *firewall);

/* As the original tool lists it; NUMERIC: ports without the names of services. The caller frees. */
char *firewall_list_text(struct qubes *q, const struct firewall *firewall, bool numeric);

/* ---- one rule ---- */

/* May it be enforced? 0, or -1 with an error that says what is wrong with it. */
int firewall_check_rule(const struct firewall_rule *rule);

/*
 * "ADDRESS[/BITS] PROTOCOL [PORT]" or "ADDRESS[/BITS] PROTOCOL/PORT", PORT being a number, a service's name
 * or "FIRST-LAST". 0, or -1 with an error.
 */
int firewall_parse_rule(struct qubes *q, char *const *words, struct firewall_rule *rule);

const char *firewall_protocol_name(enum firewall_protocol protocol);

/* ---- release 4's way to say it ---- */

/*
 * One of release 4's rules, as words "NAME=VALUE" or in its order "ACTION [HOST [PROTOCOL [PORTS]]]". What
 * can be said here is a rule (IS_RULE), or one of the switches, which is then set in FIREWALL.
 * 0, or -1 with an error.
 */
int firewall_parse_release4(struct qubes *q, char *const *words, struct firewall *firewall,
			    struct firewall_rule *rule, bool *is_rule) __attribute__((nonnull));

/* All of FIREWALL as release 4's rules, one a line. The caller frees. */
char *firewall_release4_text(const struct firewall *firewall);

/* ---- the rules of a store of release 4: in order, the first that matches decides ---- */

enum firewall4_part {
	FIREWALL4_ACTION, /* in the order in which they are written */
	FIREWALL4_COMMENT,
	FIREWALL4_EXPIRE,
	FIREWALL4_HOST,
	FIREWALL4_PROTOCOL,
	FIREWALL4_TARGET,
	FIREWALL4_PORTS,
	FIREWALL4_ICMP_TYPE,
	FIREWALL4_PARTS,
};
extern const char *const firewall4_names[FIREWALL4_PARTS]; /* "action", "comment", ... */

/* Are the rules of this store such a list? Else they are a policy and what differs from it (struct firewall). */
bool firewall_is_list(const struct qubes *q);

struct firewall4_rule {
	const char *parts[FIREWALL4_PARTS]; /* NULL: it says nothing of that */
};

/* What no rule is about is refused. */
struct firewall4 {
	bool stored; /* false: there is no file, this is the default, which allows all */
	struct firewall4_rule *rules;
	size_t count, room;
};

/*
 * The rules of VM, without those that have expired; a file of release 3 is read as what it means. What was saved
 * and waits to be written counts. 0, or -1 with an error when the file cannot be read or understood.
 */
int firewall4_load(const struct vm *vm, struct firewall4 *firewall);
/* As firewall_save. */
int firewall4_save(const struct vm *vm, const struct firewall4 *firewall);
/* What allows all. */
struct firewall4 firewall4_default(struct qubes *q);

/* One rule of words "NAME=VALUE" or "ACTION [HOST [PROTOCOL [PORTS|ICMPTYPE]]]", checked. 0, or -1 with an error. */
int firewall4_parse(struct qubes *q, char *const *words, struct firewall4_rule *rule)
	__attribute__((nonnull));

void firewall4_insert(struct qubes *q, struct firewall4 *firewall, size_t at,
		      const struct firewall4_rule *rule);
void firewall4_remove(struct firewall4 *firewall, size_t at);
/* The first rule that says just that; -1: none. */
int firewall4_find(const struct firewall4 *firewall, const struct firewall4_rule *rule);

/* On stdout as a table, or RAW as words, one rule a line. 0, or -1 with an error. */
int firewall4_print(const struct firewall4 *firewall, bool raw);

/* ---- names of ports: ROOT/etc/services, and a few that everybody knows ---- */
struct firewall_services;
const struct firewall_services *firewall_services(struct qubes *q);
/* NULL: it has none. */
const char *firewall_service_name(const struct firewall_services *services, enum firewall_protocol protocol,
				  int port);
/* 0: there is no such service. */
int firewall_service_port(const struct firewall_services *services, enum firewall_protocol protocol,
			  const char *name);

/* ---- what a ProxyVM is told ---- */

/* The text that comes before those of the clients; STAMP goes into its comment line. The caller frees. */
char *firewall_iptables_header(const char *stamp);

/*
 * The text of CLIENT for its netvm. Rules that cannot be read or enforced are said on stderr, and the text
 * refuses everything. The caller frees; NULL: CLIENT has no network.
 */
char *firewall_iptables(const struct vm *client);

#endif
