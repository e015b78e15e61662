/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of release 4 as its tool lists them.
 */
#include <stdio.h>

#include "internal.h"
#include "table.h"

static const char *const titles[] = { "NO",	   "ACTION",  "HOST",
				      "PROTOCOL",  "PORT(S)", "SPECIAL TARGET",
				      "ICMP TYPE", "EXPIRE",  "COMMENT",
				      NULL };

static const enum firewall4_part columns[] = {
	FIREWALL4_ACTION, FIREWALL4_HOST,      FIREWALL4_PROTOCOL, FIREWALL4_PORTS,
	FIREWALL4_TARGET, FIREWALL4_ICMP_TYPE, FIREWALL4_EXPIRE,   FIREWALL4_COMMENT,
};

static void print_words(const struct firewall4_rule *rule)
{
	const char *between = "";

	for (int i = 0; i < FIREWALL4_PARTS; i++) {
		if (!rule->parts[i])
			continue;
		printf("%s%s=%s", between, firewall4_names[i], rule->parts[i]);
		between = " ";
	}
	putchar('\n');
}

static void add_row(struct table *table, size_t number, const struct firewall4_rule *rule)
{
	table_cell_number(table, (long long)number);
	for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
		table_cell(table, rule->parts[columns[c]] ? rule->parts[columns[c]] : "-");
}

int firewall4_print(const struct firewall4 *firewall, bool raw)
{
	struct table *table = table_new(titles);
	int result = 0;

	for (size_t i = 0; i < firewall->count; i++)
		if (raw)
			print_words(&firewall->rules[i]);
		else
			add_row(table, i, &firewall->rules[i]);
	if (!raw)
		result = table_print(table, TABLE_PLAIN, stdout);
	table_free(table);
	return result;
}
