/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's errors: which of them mean "not there", and one line of text for the others.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "error.h"
#include "internal.h"

struct failure failure_take(const struct vmm *vmm)
{
	const virError *error = virGetLastError();
	struct failure failure = { .code = error ? error->code : VIR_ERR_OK };

	snprintf(failure.text, sizeof(failure.text), "%s",
		 error && error->message ? error->message : "libvirt gave no reason");
	failure.text[strcspn(failure.text, "\n")] = '\0';
	/* Asking resets the error, so it comes last. */
	failure.lost = vmm->connection && virConnectIsAlive(vmm->connection) == 0;
	return failure;
}

bool failure_is_absence(const struct failure *failure, bool query)
{
	if (failure->lost)
		return false;
	if (failure->code == VIR_ERR_NO_DOMAIN)
		return true;
	/* A domain that dies during the call makes drivers stumble (libxl: "info failed"). */
	return query && (failure->code == VIR_ERR_INTERNAL_ERROR || failure->code == VIR_ERR_OK);
}

int failure_set(const struct vmm *vmm, const struct failure *failure, const char *format, ...)
{
	char what[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	if (failure->lost)
		error_set(ERROR_VMM, "the connection to the hypervisor at %s was lost: %s", vmm->uri,
			  failure->text);
	else
		error_set(ERROR_VMM, "%s", failure->text);
	return error_within("%s", what);
}
