// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does the static libvirt work, and did nothing of GLib run before main()?
 * deps/build runs this once; it is also the example of how to call such a libvirt.
 */
#include <stdbool.h>
#include <stdio.h>

#include <libvirt/libvirt.h>

#include "static_start.h"

int main(void)
{
	static const char xml[] = "<domain type='test'><name>a</name><memory>1</memory>"
				  "<os><type>hvm</type></os></domain>";
	virConnectPtr connection;
	virDomainPtr domain;
	bool works;

	static_start();
	connection = virConnectOpen("test:///default");
	domain = connection ? virDomainDefineXML(connection, xml) : NULL;
	works = domain && virDomainCreate(domain) == 0 && virConnectNumOfDomains(connection) == 2;
	puts(works ? "the static libvirt works" : "the static libvirt does not work");
	return works ? 0 : 1;
}
