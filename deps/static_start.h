/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a static program does before its first call of the libvirt that deps/build makes.
 */
#ifndef QUBES_DEPS_STATIC_START_H
#define QUBES_DEPS_STATIC_START_H

#include <nss.h>

typedef void start_function(void);

/* The linker sets these around the section that deps/build moved GLib's start functions to. */
extern start_function *const __start_virt_init_array[] __attribute__((weak));
extern start_function *const __stop_virt_init_array[] __attribute__((weak));

/* Runs what GLib would have run before main(). Call it once in a process. */
static inline void static_start(void)
{
	start_function *const *start;

	for (start = __start_virt_init_array; start < __stop_virt_init_array; start++)
		(*start)();

	/* A static program must not load NSS modules: libnss_systemd crashes it. */
	__nss_configure_lookup("passwd", "files");
	__nss_configure_lookup("group", "files");
	__nss_configure_lookup("services", "files");
	__nss_configure_lookup("hosts", "files dns");
}

#endif
