/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * applets - the applet table: one row each, sorted by name.
 *
 * FUNCTION is the prefix of what applets/FUNCTION.c exports: FUNCTION_main, FUNCTION_options and, where
 * the row names it, FUNCTION_access. STORE is the most it may do with the store; an access function says
 * what the arguments at hand need of it. Include this after defining APPLET; it undefines it.
 */

/* clang-format off */
/*     name                function          store        access            hypervisor    flags */
APPLET("qubes-batch",      qubes_batch,      STORE_WRITE, qubes_batch_access, VMM_LAZY,   0,
       "run many commands as one: all or nothing")
APPLET("qubes-diff",       qubes_diff,       STORE_NONE,  NULL,             VMM_NEVER,    0,
       "say what two stores say differently")
APPLET("qubes-fsck",       qubes_fsck,       STORE_NONE,  NULL,             VMM_NEVER,    0,
       "say what is wrong with a store, and put it right")
APPLET("qubes-prefs",      qubes_prefs,      STORE_WRITE, qubes_prefs_access, VMM_NEVER,  APPLET_BATCH,
       "show or change the global defaults")
APPLET("qubes-set-updates", qubes_set_updates, STORE_WRITE, qubes_set_updates_access, VMM_LAZY,
       APPLET_BATCH | APPLET_R3,
       "switch the search for updates on or off, or say which it is")
APPLET("qubes-startup",    qubes_startup,    STORE_WRITE, qubes_startup_access, VMM_LAZY, APPLET_R3,
       "what the host needs once after each boot (for its unit qubes-core)")
APPLET("qvm-add-appvm",    qvm_add_appvm,    STORE_WRITE, NULL,             VMM_LAZY,     APPLET_BATCH | APPLET_R3,
       "register an AppVM whose files are there already")
APPLET("qvm-add-template", qvm_add_template, STORE_WRITE, NULL,             VMM_NEVER,    APPLET_BATCH | APPLET_R3,
       "register a template that is already installed")
APPLET("qvm-block",        qvm_block,        STORE_READ,  qvm_block_access, VMM_LAZY,     APPLET_R3,
       "list the disks that VMs offer, attach and detach them")
APPLET("qvm-check",        qvm_check,        STORE_READ,  NULL,             VMM_LAZY,     APPLET_BATCH,
       "say whether VMs exist, and whether they run, are paused, templates or networked")
APPLET("qvm-clone",        qvm_clone,        STORE_WRITE, NULL,             VMM_LAZY,     APPLET_BATCH | APPLET_R3,
       "copy a VM under a new name")
APPLET("qvm-create",       qvm_create,       STORE_WRITE, NULL,             VMM_LAZY,     APPLET_BATCH | APPLET_R3,
       "make a new VM")
APPLET("qvm-create-default-dvm", qvm_create_default_dvm, STORE_WRITE, NULL, VMM_LAZY,     APPLET_R3,
       "make the VM that disposable VMs are started from, and its savefile")
APPLET("qvm-device",       qvm_device,       STORE_WRITE, qvm_device_access, VMM_LAZY,    0,
       "list, attach and detach devices of a class: block, pci or usb")
APPLET("qvm-features",     qvm_features,     STORE_WRITE, qvm_features_access, VMM_NEVER, APPLET_BATCH,
       "show or change the features of a VM, in release 3 as far as it has them")
APPLET("qvm-firewall",     qvm_firewall,     STORE_WRITE, qvm_firewall_access, VMM_LAZY,  APPLET_BATCH,
       "show or change what a VM may reach")
APPLET("qvm-grow-private", qvm_grow_private, STORE_READ,  NULL,             VMM_LAZY,     APPLET_R3,
       "make the private image of a VM larger")
APPLET("qvm-grow-root",    qvm_grow_root,    STORE_READ,  NULL,             VMM_LAZY,     APPLET_R3,
       "make the root image of a VM larger")
APPLET("qvm-init-storage", qvm_init_storage, STORE_NONE,  NULL,             VMM_NEVER,    0,
       "make an empty store")
APPLET("qvm-kill",         qvm_kill,         STORE_READ,  NULL,             VMM_REQUIRED, APPLET_R3,
       "stop VMs at once, without asking them")
APPLET("qvm-ls",           qvm_ls,           STORE_READ,  qvm_ls_access,    VMM_LAZY,     APPLET_BATCH,
       "list VMs, their states and properties")
APPLET("qvm-pause",        qvm_pause,        STORE_READ,  NULL,             VMM_REQUIRED, APPLET_R3,
       "stop scheduling running VMs, keeping their memory")
APPLET("qvm-pci",          qvm_pci,          STORE_WRITE, qvm_pci_access,   VMM_LAZY,     APPLET_BATCH,
       "show or change which PCI devices VMs have")
APPLET("qvm-prefs",        qvm_prefs,        STORE_WRITE, qvm_prefs_access, VMM_LAZY,     APPLET_BATCH,
       "show or change the properties of a VM")
APPLET("qvm-remove",       qvm_remove,       STORE_WRITE, NULL,             VMM_LAZY,     APPLET_BATCH,
       "remove VMs with all their files")
APPLET("qvm-revert-template-changes", qvm_revert_template_changes, STORE_READ, NULL, VMM_LAZY, APPLET_R3,
       "give a template the root image back that it had before its last run")
APPLET("qvm-run",          qvm_run,          STORE_WRITE, qvm_run_access,   VMM_REQUIRED, APPLET_R3,
       "run a command in VMs")
APPLET("qvm-service",      qvm_service,      STORE_WRITE, qvm_service_access, VMM_NEVER,  APPLET_BATCH,
       "show or change which services a VM starts")
APPLET("qvm-shutdown",     qvm_shutdown,     STORE_READ,  NULL,             VMM_REQUIRED, APPLET_R3,
       "ask running VMs to shut down")
APPLET("qvm-start",        qvm_start,        STORE_WRITE, NULL,             VMM_REQUIRED, APPLET_R3,
       "start VMs, and the VMs that give them network first")
APPLET("qvm-sync-clock",   qvm_sync_clock,   STORE_READ,  NULL,             VMM_REQUIRED, APPLET_R3,
       "set the clocks of dom0 and of all running VMs by that of the ClockVM")
APPLET("qvm-tags",         qvm_tags,         STORE_WRITE, qvm_tags_access,  VMM_NEVER,    APPLET_BATCH,
       "show or change the tags of a VM, which release 3 does not have")
APPLET("qvm-template-commit", qvm_template_commit, STORE_READ, NULL,        VMM_LAZY,     APPLET_R3,
       "let VMs see what a template has changed in its root image")
APPLET("qvm-top",          qvm_top,          STORE_READ,  NULL,             VMM_REQUIRED, APPLET_R3,
       "show how much CPU and memory the running VMs use, the busiest first")
APPLET("qvm-trim-template", qvm_trim_template, STORE_READ, NULL,            VMM_LAZY,     APPLET_R3,
       "give back unused room in a template's root image")
APPLET("qvm-unpause",      qvm_unpause,      STORE_READ,  NULL,             VMM_REQUIRED, APPLET_R3,
       "schedule paused VMs again")

APPLET("qvm-usb",          qvm_usb,          STORE_READ,  qvm_usb_access,   VMM_LAZY,     APPLET_R3,
       "list the USB devices that VMs offer, attach and detach them")

/* clang-format on */

#undef APPLET
