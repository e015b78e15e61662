/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changes - what two stores say differently, in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "changes.h"
#include "util.h"

static struct facts *facts_of(struct arena *arena, const char *text, bool as_r4)
{
	struct store_fault fault;
	struct store *store = store_from_text("a text", text, strlen(text), &fault);
	struct facts *facts;

	assert_non_null(store);
	facts = facts_of_store(arena, store, as_r4);
	/* They live on without it. */
	store_close(store);
	return facts;
}

static void add_line(const char *line, void *lines)
{
	strbuf_printf(lines, "%s\n", line);
}

static void assert_differ(const char *before, const char *after, bool as_r4, const char *expected)
{
	struct arena *arena = arena_new();
	AUTO_STRBUF struct strbuf lines = { 0 };

	strbuf_add(&lines, "");
	changes_between(facts_of(arena, before, as_r4), facts_of(arena, after, as_r4), CHANGES_FULL, add_line,
			&lines);
	assert_string_equal(lines.text, expected);
	arena_free(arena);
}

#define R3(content) "<QubesVmCollection default_netvm='2'>" content "</QubesVmCollection>"
#define NET "<QubesNetVm qid='2' name='net'/>"
#define R4(content) "<qubes><domains>" content "</domains></qubes>"
#define VM(name, more)                                                                     \
	"<domain class='AppVM'><properties><property name='name'>" name "</property>" more \
	"</properties></domain>"
#define UUID "<property name='uuid'>u1</property>"

static void the_same_in_another_order_is_the_same(void **state)
{
	(void)state;
	assert_differ(R3(NET "<QubesAppVm qid='3' name='a' memory='4'/>"),
		      R3("<QubesAppVm memory='4' name='a' qid='3'/>" NET), false, "");
	assert_differ(R4(VM("a", "") VM("b", "")), R4(VM("b", "") VM("a", "")), false, "");
}

static void references_are_names(void **state)
{
	(void)state;
	assert_differ(R3(NET "<QubesAppVm qid='3' name='a' netvm_qid='2'/>"),
		      R3(NET "<QubesAppVm qid='3' name='a' netvm_qid='none'/>"), false,
		      "a: netvm: net -> none\n");
	assert_differ(R3(NET "<QubesAppVm qid='3' name='a' netvm_qid='9'/>"),
		      R3(NET "<QubesAppVm qid='3' name='a' uses_default_netvm='True' netvm_qid='9'/>"), false,
		      "a: netvm: qid 9, which is no VM -> default\n");
	assert_differ(R3(NET), "<QubesVmCollection default_netvm='None'>" NET "</QubesVmCollection>", false,
		      "default_netvm: net -> none\n");
}

static void services_and_devices_are_told_one_by_one(void **state)
{
	(void)state;
	assert_differ(
		R3("<QubesAppVm qid='3' name='a' services=\"{'x': True, 'y': False}\" pcidevs=\"['0:1']\"/>"),
		R3("<QubesAppVm qid='3' name='a' services=\"{'x': False}\" pcidevs=\"['0:2']\"/>"), false,
		"a: service x: on -> off\n"
		"a: service y: off -> default\n"
		"a: PCI device 0:1: assigned -> (none)\n"
		"a: PCI device 0:2: (none) -> assigned\n");
	/* What cannot be read is told as it stands. */
	assert_differ(R3("<QubesAppVm qid='3' name='a' services='[1]'/>"),
		      R3("<QubesAppVm qid='3' name='a'/>"), false, "a: services: [1] -> default\n");
}

static void vms_come_and_go(void **state)
{
	(void)state;
	assert_differ(R4(VM("a", "")), R4(VM("b", "<property name='label'>red</property>")), false,
		      "a: removed\n"
		      "b: new, class AppVM, qid ?\n"
		      "b: label: (none) -> red\n");
}

static void a_vm_of_another_name_and_the_same_uuid_was_renamed(void **state)
{
	(void)state;
	assert_differ(R4(VM("a", UUID)), R4(VM("b", UUID)), false, "a: name: a -> b\n");
	/* But not if the old name is there, too. */
	assert_differ(R4(VM("a", UUID)), R4(VM("a", UUID) VM("b", UUID)), false,
		      "b: new, class AppVM, qid ?\nb: uuid: (none) -> u1\n");
}

static void an_empty_value_is_not_the_default(void **state)
{
	(void)state;
	assert_differ(R4(VM("a", "<property name='netvm'/>")), R4(VM("a", "")), false,
		      "a: netvm: '' -> default\n");
}

static void releases_are_compared_in_the_terms_of_the_later_one(void **state)
{
	(void)state;
	assert_differ(R3("<QubesProxyVm qid='3' name='a' template_qid='1' netvm_qid='2' netid='1' "
			 "services=\"{'x': True}\" dir_path='/x'/>" NET),
		      "<qubes><properties><property name='default_netvm'>net</property></properties><domains>"
		      "<domain class='AppVM'><properties><property name='name'>a</property>"
		      "<property name='qid'>3</property><property name='netvm'>net</property>"
		      "<property name='provides_network'>True</property>"
		      "<property name='template'>qid 1, which is no VM</property></properties>"
		      "<features><feature name='service.x'>1</feature></features></domain>"
		      "<domain class='StandaloneVM'><properties><property name='name'>net</property>"
		      "<property name='qid'>2</property><property name='provides_network'>True</property>"
		      "</properties></domain></domains></qubes>",
		      true, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_in_another_order_is_the_same),
		cmocka_unit_test(references_are_names),
		cmocka_unit_test(services_and_devices_are_told_one_by_one),
		cmocka_unit_test(vms_come_and_go),
		cmocka_unit_test(a_vm_of_another_name_and_the_same_uuid_was_renamed),
		cmocka_unit_test(an_empty_value_is_not_the_default),
		cmocka_unit_test(releases_are_compared_in_the_terms_of_the_later_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
