/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the firewall room share: the parts of a rule as a user writes them.
 */
#ifndef QUBES_FIREWALL_INTERNAL_H
#define QUBES_FIREWALL_INTERNAL_H

#include "firewall.h"
#include "util.h"

#define FIREWALL_BITS 32 /* of an IPv4 address */
#define FIREWALL_PORT_MAX 65535

/* A copy of what was saved for VM and waits to be written; false: nothing was. */
bool firewall_get_saved(const struct vm *vm, struct firewall *firewall);

/* Appends RULES, of the kind that is queued with it, as the text of a file. */
typedef void firewall_text(struct strbuf *out, const void *rules);
/*
 * RULES, which live in the arena, become the file of VM once the store is saved; the last ones of a VM count. 0, or
 * -1 with an error if it is clear already that they cannot be written.
 */
int firewall_queue(const struct vm *vm, const void *rules, firewall_text *add_text);
/* Those of VM that wait; NULL: none do. */
const void *firewall_queued(const struct vm *vm);

/* Says what is wrong with ELEMENT of FILE, which is PATH. -1. */
struct xmlfile;
int firewall_fault(const struct xmlfile *file, const char *path, const struct _mxml_node_s *element,
		   const char *what);

/* Labels of letters, digits and dashes: what an address may consist of at all, whoever wrote the file. */
bool firewall_is_plain_address(const char *text);

/* -1: there is no protocol of that name (no error). */
int firewall_protocol_by_name(const char *name);

/* Each fills its part of RULE from what a user wrote. 0, or -1 with an error. */
int firewall_parse_address(struct qubes *q, const char *text, struct firewall_rule *rule);
int firewall_parse_protocol(const char *text, struct firewall_rule *rule);
int firewall_parse_ports(struct qubes *q, const char *text, struct firewall_rule *rule);

#define FIREWALL_EXPIRES_MAX (1ULL << 52)
/* "+SECONDS" from now, or a moment that is not over. 0, or -1 with an error. */
int firewall_parse_expire(const char *text, long long *expires);

/* The parts that WORDS say, as they stand; PORTS of a rule whose protocol is icmp are its type. 0, or -1 with an error. */
int firewall4_read_words(char *const *words, struct firewall4_rule *rule);
/* Is that rule one that may be written? Its parts get their usual forms. 0, or -1 with an error. */
int firewall4_check(struct qubes *q, struct firewall4_rule *rule);

/* Is that moment over? 0 is never. */
bool firewall_is_over(long long expires);

/* "1.2.3.0/24", "www.example.com"; "22-25". Appended. */
void firewall_add_address(struct strbuf *out, const struct firewall_rule *rule);
void firewall_add_ports(struct strbuf *out, const struct firewall_rule *rule, char between);

#endif
