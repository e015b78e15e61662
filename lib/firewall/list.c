/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules as the original tool lists them: the switches, and a table of its own kind.
 */
#include <string.h>
#include <time.h>

#include "internal.h"

enum { COLUMNS = 4 };

static const char *const titles[COLUMNS] = { "num", "address", "proto", "port(s)" };

struct row {
	const char *cells[COLUMNS];
	const char *expires; /* NULL: never */
};

struct list {
	struct row *rows;
	size_t count;
	int widths[COLUMNS];
};

/* ---- cells ---- */

static const char *expiry_text(struct arena *arena, long long expires)
{
	time_t moment = (time_t)expires;
	char text[64];
	struct tm tm;

	if (!expires)
		return NULL;
	if (!localtime_r(&moment, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		return arena_printf(arena, "%lld", expires);
	return arena_strdup(arena, text);
}

static const char *address_text(struct arena *arena, const struct firewall_rule *rule)
{
	AUTO_STRBUF struct strbuf out = { 0 };

	firewall_add_address(&out, rule);
	return arena_strdup(arena, out.text);
}

static const char *port_text(struct arena *arena, const struct firewall_rule *rule,
			     const struct firewall_services *services)
{
	bool single = !rule->last || rule->last == rule->port;
	AUTO_STRBUF struct strbuf out = { 0 };
	const char *name = NULL;

	if (!rule->port)
		return "";
	if (services && single)
		name = firewall_service_name(services, rule->protocol, rule->port);
	if (name)
		return name;
	firewall_add_ports(&out, rule, '-');
	return arena_strdup(arena, out.text);
}

static struct list list_of(struct qubes *q, const struct firewall *firewall, bool numeric)
{
	const struct firewall_services *services = numeric ? NULL : firewall_services(q);
	struct list list = { .count = firewall->count };

	list.rows = arena_alloc(q->arena, list.count * sizeof(*list.rows));
	for (size_t i = 0; i < list.count; i++) {
		const struct firewall_rule *rule = &firewall->rules[i];

		list.rows[i] = (struct row){
			{ arena_printf(q->arena, "%2zu", i + 1), address_text(q->arena, rule),
			  firewall_protocol_name(rule->protocol), port_text(q->arena, rule, services) },
			expiry_text(q->arena, rule->expires),
		};
	}
	return list;
}

/* ---- drawing ---- */

static void measure(struct list *list)
{
	for (int c = 0; c < COLUMNS; c++) {
		list->widths[c] = (int)strlen(titles[c]);
		for (size_t i = 0; i < list->count; i++)
			if ((int)strlen(list->rows[i].cells[c]) > list->widths[c])
				list->widths[c] = (int)strlen(list->rows[i].cells[c]);
	}
}

static void add_frame(struct strbuf *out, const struct list *list)
{
	for (int c = 0; c < COLUMNS; c++) {
		for (int i = 0; i < list->widths[c] + 2; i++)
			strbuf_add(out, "-");
		strbuf_add(out, "+");
	}
	strbuf_add(out, "\n");
}

static void add_titles(struct strbuf *out, const struct list *list)
{
	for (int c = 0; c < COLUMNS; c++) {
		int before = (list->widths[c] - (int)strlen(titles[c])) / 2;

		strbuf_printf(out, " %*s%-*s |", before, "", list->widths[c] - before, titles[c]);
	}
	strbuf_add(out, "\n");
}

static void add_rows(struct strbuf *out, const struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		for (int c = 0; c < COLUMNS; c++)
			strbuf_printf(out, " %-*s |", list->widths[c], list->rows[i].cells[c]);
		/* The timer that reloads expiring rules looks for these words. */
		if (list->rows[i].expires)
			strbuf_printf(out, " <-- expires at %s", list->rows[i].expires);
		strbuf_add(out, "\n");
	}
}

static const char *shown(bool allowed)
{
	return allowed ? "ALLOW" : "DENY";
}

char *firewall_list_text(struct qubes *q, const struct firewall *firewall, bool numeric)
{
	struct list list = list_of(q, firewall, numeric);
	struct strbuf out = { 0 };

	strbuf_printf(&out, "Firewall policy: %s all traffic except\n", shown(firewall->allow));
	strbuf_printf(&out, "ICMP: %s\n", shown(firewall->icmp));
	strbuf_printf(&out, "DNS: %s\n", shown(firewall->dns));
	strbuf_printf(&out, "Qubes yum proxy: %s\n", shown(firewall->yum_proxy));
	measure(&list);
	add_frame(&out, &list);
	add_titles(&out, &list);
	add_frame(&out, &list);
	add_rows(&out, &list);
	return out.text;
}
