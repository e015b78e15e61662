/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network of running VMs: a new netvm for one, its clients back for a netvm, for other parts of the room.
 */
#ifndef QUBES_LIFECYCLE_NETWORK_H
#define QUBES_LIFECYCLE_NETWORK_H

#include "prop.h"

/*
 * Sets the netvm of VM as prop_set() does (TEXT NULL: prop_reset()). One that runs is moved: its interface, its
 * addresses, the firewalls above it; then the store is saved (qubes_commit). 0, or -1 with an error and all as
 * it was, where that can be had.
 */
int network_set_netvm(struct vm *vm, const struct prop *prop, const char *text);

/*
 * Tells each ProxyVM up the chain anew what its running clients may do, by the store as it is now. 0, or -1 with
 * an error.
 */
int network_tell_firewalls_above(struct vm *vm);

/* Takes the interfaces of a netvm's running clients away, before it goes itself; what fails is not said. */
void network_detach_clients(struct vm *netvm);

/*
 * Gives the running clients of a netvm that has just been started their interfaces anew: those to its former
 * domain are dead. What fails is said, and no more.
 */
void network_reattach_clients(struct vm *netvm);

#endif
