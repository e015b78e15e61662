// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does the static libvirt work, and did nothing of GLib run before main()?
 * deps/build runs this once; it is also the example of how to call such a libvirt.
 */
#include <nss.h>
#include <stdbool.h>
#include <stdio.h>

#include <libvirt/libvirt.h>

typedef void start_function(void);

/* The linker sets these around the section virt_init_array; a shared libvirt has none. */
extern start_function *const __start_virt_init_array[] __attribute__((weak));
extern start_function *const __stop_virt_init_array[] __attribute__((weak));

static void before_libvirt(void)
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

int main(void)
{
	static const char xml[] = "<domain type='test'><name>a</name><memory>1</memory>"
				  "<os><type>hvm</type></os></domain>";
	virConnectPtr connection;
	virDomainPtr domain;
	bool works;

	before_libvirt();
	connection = virConnectOpen("test:///default");
	domain = connection ? virDomainDefineXML(connection, xml) : NULL;
	works = domain && virDomainCreate(domain) == 0 && virConnectNumOfDomains(connection) == 2;
	puts(works ? "the static libvirt works" : "the static libvirt does not work");
	return works ? 0 : 1;
}
