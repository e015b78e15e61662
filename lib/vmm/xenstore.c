/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of xenstored, over its UNIX socket: one question, one answer. What it says may come from any domain.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define PATH_MOST 3072
#define PAYLOAD_MOST 4096
#define NO_XENSTORE 0 /* the answer of a host that has none */

/* As it goes over the socket, in the byte order of the host; LENGTH bytes follow. */
struct message {
	uint32_t type, request, transaction, length;
};

enum message_type {
	XENSTORE_READ = 2,
	XENSTORE_WRITE = 11,
	XENSTORE_SET_PERMISSIONS = 14,
	XENSTORE_ERROR = 16,
};

static const char *const sockets[] = { "/run/xenstored/socket", "/var/run/xenstored/socket" };

/* ---- whose it is ---- */

/*
 * The domains of another host, or of another hypervisor, are not those that this host's xenstore knows by the
 * same numbers. Whoever made a root of his own, and a xenstore in it, knows whose that is.
 */
static bool is_of_this_hypervisor(const struct qubes *q)
{
	const char *scheme = vmm_uri(q), *place = strstr(scheme, "://");

	if (!place || (place[3] != '/' && place[3] != '\0'))
		return false;
	return !root_is_host(q->root) || strncmp(scheme, "xen:", 4) == 0 || strncmp(scheme, "xen+", 4) == 0;
}

/* ---- the connection ---- */

void xenstore_close(struct xenstore *store)
{
	util_close_at(&store->fd);
	store->fd = -1;
}

static int fail(struct xenstore *store, const char *why)
{
	xenstore_close(store);
	return error_set(ERROR_VMM, "%s", why);
}

static int fail_by_errno(struct xenstore *store)
{
	if (errno == ETIMEDOUT) {
		store->silent = true;
		return fail(store, "xenstored does not answer");
	}
	if (errno == EPIPE || errno == ECONNRESET)
		return fail(store, "xenstored has ended the connection");
	xenstore_close(store);
	return error_errno("xenstored");
}

/* 1: connected; 0: there is none; -1 with an error. Only what was opened is remembered. */
static int open_any(struct xenstore *store, const struct root *root)
{
	long long deadline = util_milliseconds() + store->milliseconds;

	for (size_t i = 0; store->fd < 0 && i < ARRAY_SIZE(sockets); i++) {
		store->fd = root_connect_before(root, sockets[i], deadline);
		if (store->fd < 0 && !util_means_no_daemon(errno))
			return errno == ETIMEDOUT ? fail_by_errno(store) : error_errno("%s", sockets[i]);
	}
	return store->fd >= 0;
}

/* The same gate as the connection to the hypervisor. */
static int reach(struct qubes *q)
{
	if (vmm_gate(q) < 0)
		return -1;
	if (!is_of_this_hypervisor(q))
		return NO_XENSTORE;
	if (q->vmm->xenstore.silent)
		return error_set(ERROR_VMM, "xenstored does not answer");
	return open_any(&q->vmm->xenstore, q->root);
}

/* ---- a question and its answer ---- */

struct exchange {
	enum message_type type;
	struct strbuf question;
	struct message answer;
	char payload[PAYLOAD_MOST + 1]; /* terminated */
};

static int send_question(struct xenstore *store, const struct exchange *exchange, long long deadline)
{
	AUTO_STRBUF struct strbuf bytes = { 0 };
	const struct message head = {
		.type = exchange->type,
		.request = ++store->request,
		.length = (uint32_t)exchange->question.length,
	};

	strbuf_add_bytes(&bytes, (const char *)&head, sizeof(head));
	strbuf_add_bytes(&bytes, exchange->question.text, exchange->question.length);
	return util_send_before(store->fd, bytes.text, bytes.length, deadline);
}

static int receive_answer(struct xenstore *store, struct exchange *exchange, long long deadline)
{
	struct message *answer = &exchange->answer;

	if (util_receive_before(store->fd, answer, sizeof(*answer), deadline) != 0)
		return fail_by_errno(store);
	if (answer->request != store->request || answer->length > PAYLOAD_MOST ||
	    (answer->type != (uint32_t)exchange->type && answer->type != XENSTORE_ERROR))
		return fail(store, "xenstored has sent what is no answer");
	if (util_receive_before(store->fd, exchange->payload, answer->length, deadline) != 0)
		return fail_by_errno(store);
	exchange->payload[answer->length] = '\0';
	return 0;
}

/* 1: done; 0: there is no such path; -1 with an error. */
static int ask(struct xenstore *store, struct exchange *exchange)
{
	long long deadline = util_milliseconds() + store->milliseconds;

	if (send_question(store, exchange, deadline) != 0)
		return fail_by_errno(store);
	if (receive_answer(store, exchange, deadline) != 0)
		return -1;
	if (exchange->answer.type != XENSTORE_ERROR)
		return 1;
	if (strcmp(exchange->payload, "ENOENT") == 0)
		return 0;
	return error_set(ERROR_VMM, "xenstored refuses it: %.20s", exchange->payload);
}

static bool is_path(const char *path)
{
	size_t length = strlen(path);

	for (const char *c = path; *c; c++)
		if (!isascii((unsigned char)*c) || !(isalnum((unsigned char)*c) || strchr("-/_", *c)))
			return false;
	return length > 0 && length < PATH_MOST;
}

/* The question is PATH with its end, and VALUE (NULL: nothing) of LENGTH bytes. */
static int ask_about(struct qubes *q, struct exchange *exchange, const char *path, const char *value,
		     size_t length)
{
	int result = reach(q);

	if (result <= 0)
		return result;
	if (!is_path(path) || strlen(path) + 1 + length > PAYLOAD_MOST)
		return error_set(ERROR_FAILED, "'%.100s' is no path of xenstore, or its value is too long",
				 path);
	strbuf_add_bytes(&exchange->question, path, strlen(path) + 1);
	strbuf_add_bytes(&exchange->question, value ? value : "", length);
	result = ask(&q->vmm->xenstore, exchange);
	strbuf_free(&exchange->question);
	return result < 0 ? error_within("%s", path) : result;
}

int vmm_xenstore_read(struct qubes *q, const char *path, const char **value)
{
	struct exchange exchange = { .type = XENSTORE_READ };
	int result = ask_about(q, &exchange, path, NULL, 0);

	if (result <= 0)
		return result;
	if (strlen(exchange.payload) != exchange.answer.length)
		return error_set(ERROR_VMM, "xenstore's value of %s is not a text", path);
	*value = arena_strdup(q->arena, exchange.payload);
	return 1;
}

int vmm_xenstore_write(struct qubes *q, const char *path, const char *value)
{
	struct exchange exchange = { .type = XENSTORE_WRITE };

	return ask_about(q, &exchange, path, value, strlen(value));
}

int vmm_xenstore_give(struct qubes *q, const char *path, int xid)
{
	struct exchange exchange = { .type = XENSTORE_SET_PERMISSIONS };
	AUTO_FREE char *owner = util_printf("n%d", xid); /* "n": what its owner does not say is nobody's */

	return ask_about(q, &exchange, path, owner, strlen(owner) + 1);
}
