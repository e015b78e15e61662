/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net - addresses: every formula of the Qubes network in one place.
 *
 * All texts are written into the caller's buffer, which is returned; NULL means "none".
 */
#ifndef QUBES_NET_H
#define QUBES_NET_H

#include <stdbool.h>

#include "vm.h"

#define NET_ADDRESS_MAX 16 /* "255.255.255.255" and its end */
#define NET_MAC_MAX 18
#define NET_NETMASK "255.255.255.0"

/* The formulas. NETID 0..253, QID 0..253, DISPID >= 1. */
const char *net_client_address(int netid, int qid, char text[NET_ADDRESS_MAX]);
const char *net_dispvm_address(int netid, int dispid, char text[NET_ADDRESS_MAX]);
const char *net_network(int netid, char text[NET_ADDRESS_MAX]);
const char *net_gateway(int netid, char text[NET_ADDRESS_MAX]);
const char *net_secondary_dns(int netid, char text[NET_ADDRESS_MAX]);
const char *net_auto_mac(int qid, char text[NET_MAC_MAX]);

/* Release 4's: of a qid, or of a dispid; from 0. */
const char *net4_address(bool disposable, long long number, char text[NET_ADDRESS_MAX]);

/* Disposable VMs whose dispids differ by a multiple of this share an address. */
#define NET_DISPIDS 254
/* A store may lack it, or have a bad one; the name "dispN" says it too. -1: neither does. */
int net_dispid(const struct vm *vm);

/* Those of release 3 for a VM of the store. */
const char *net_vm_address(const struct vm *vm, char text[NET_ADDRESS_MAX]);
const char *net_vm_gateway(const struct vm *vm, char text[NET_ADDRESS_MAX]); /* own, netvms only */
const char *net_vm_netmask(const struct vm *vm);
const char *net_vm_network(const struct vm *vm, char text[NET_ADDRESS_MAX]);
const char *net_vm_secondary_dns(const struct vm *vm, char text[NET_ADDRESS_MAX]);

/* Six pairs of hex digits with colons, nothing else. */
bool net_is_mac(const char *text);

/* Would TO as netvm of VM close a circle (itself included)? */
bool net_makes_loop(const struct vm *vm, const struct vm *to);

#endif
