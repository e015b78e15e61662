# qubes - the Qubes VM tools as one static binary. SPDX-License-Identifier: GPL-2.0-or-later
#
#   make            ./qubes, static (STATIC=0: linked with the distribution's shared libraries)
#   make demo       sets up, builds and shows the main job in a scratch root
#   make check      sets up, builds and runs all tests but those of make check-slow
#   make bench      measures; make lint looks; make check-xen tests on a real Xen host (LAB=DIR)
#   make install    DESTDIR, PREFIX: the binary, its links, manual pages, completion, systemd units
#
# Variables: STATIC=1|0, CC, CFLAGS, LDFLAGS, OUT (build folder), DESTDIR and PREFIX for install.

MAKEFLAGS += --jobs=$(shell nproc)

STATIC ?= 1
CC = gcc
CFLAGS ?= -O2 -g
OUT ?= build/$(CC)-$(STATIC)
PREFIX ?= /usr

SANITIZE ?=
WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror
# The checks that the sanitizers put in make gcc see paths that are none.
ifneq ($(SANITIZE),)
WARNINGS += -Wno-format-truncation -Wno-format-overflow -Wno-maybe-uninitialized
endif
LIBRARIES = libvirt mxml uuid jansson

sources := qubes.c $(wildcard applets/*.c lib/*.c lib/*/*.c)
objects = $(sources:%.c=$(OUT)/%.o)
lib_objects = $(filter $(OUT)/lib/%,$(objects))

all: qubes
.PHONY: all demo check check-programs check-qemu check-rescue check-slow check-static check-xen bench lint install install-units clean

# ---- libraries: the prefix that deps/build makes once, or the distribution's ----

ifeq ($(STATIC),1)
deps_kind = tools
deps_prefix = $(shell deps/build)
# The sanitizers want a dynamic C library; the rest is linked from the same archives.
link_flags = $(if $(SANITIZE),,-static) -Wl,--gc-sections
pkg_static = --static
else
deps_kind = tools shared
link_flags =
endif

# What deps/ has to say is asked once, by the first build, and kept beside the objects.
$(OUT)/flags.mk: deps/build deps/notls.c deps/strcmp.c deps/packages deps/install
	@mkdir -p $(@D)
	@deps/install $(deps_kind)
	@prefix="$(deps_prefix)" && { [ "$(STATIC)" = 0 ] || [ -n "$$prefix" ]; } && \
	PKG_CONFIG_PATH=$${prefix:+$$prefix/lib/pkgconfig} && export PKG_CONFIG_PATH && \
	flags=$$(pkg-config --cflags $(LIBRARIES)) && libs=$$(pkg-config $(pkg_static) --libs $(LIBRARIES)) && \
	printf 'library_cflags = %s\nlibrary_libs = %s\n' "$$flags" "$$libs" >$@

ifeq ($(filter clean,$(MAKECMDGOALS)),)
-include $(OUT)/flags.mk
endif

# ---- compiling: V=1 shows the commands ----

quiet = $(if $(V),,@)
say = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),@:,@echo)

compile_flags = -std=gnu17 $(WARNINGS) -ffunction-sections -fdata-sections -pthread -D_GNU_SOURCE \
	-DQUBES_STATIC=$(STATIC) -Iinclude -Ilib $(library_cflags) $(SANITIZE:%=-fsanitize=%)

$(OUT)/%.o: %.c $(OUT)/flags.mk
	@mkdir -p $(@D)
	$(say) "CC $<"
	$(quiet)$(CC) $(compile_flags) $(CFLAGS) -MMD -MP -c $< -o $@

-include $(objects:.o=.d)

# A static program that calls the name service draws these notes; deps/README says why they are harmless here.
known_notes = "in function|warning: Using '(getpw|getgr|getaddrinfo|dlopen)[a-z_]*' in statically linked"

$(OUT)/qubes: $(objects)
	@$(link) -o $@ $^ $(library_libs) $(test_libs) 2>$@.notes || { cat $@.notes; exit 1; }
	@grep -Ev $(known_notes) $@.notes || :

link = $(CC) -pthread $(link_flags) $(CFLAGS) $(SANITIZE:%=-fsanitize=%) $(LDFLAGS)

qubes: $(OUT)/qubes
	@strip -o $@.new $< && mv $@.new $@

$(OUT)/libqubes.a: $(lib_objects)
	@rm -f $@
	@ar qcs $@ $^

# ---- tests: tests/README says what is what ----

asan = build/asan
sanitize = OUT=$(asan) SANITIZE=address,undefined CFLAGS='-O1 -g'

unit_tests = $(patsubst %.c,$(OUT)/%,$(wildcard tests/unit/test_*.c))
cmocka_tests = $(unit_tests) $(OUT)/tests/libvirt/vmm
test_flags = -Itests/unit -MMD -MP
# ASan wants to see the xdr functions in a shared library; a hung daemon need not be waited for so long.
ifneq ($(SANITIZE),)
test_libs = -Wl,--push-state,--no-as-needed -l:libtirpc.so.3 -Wl,--pop-state
compile_flags += -DVMM_CONNECT_SECONDS=2 -DVMM_SILENCE_SECONDS=6
endif

$(cmocka_tests): $(OUT)/%: %.c $(OUT)/libqubes.a
	@mkdir -p $(@D)
	@$(link) $(compile_flags) $(test_flags) -o $@ $< $(OUT)/libqubes.a $(library_libs) $(test_libs) -lcmocka

# Does a static program survive unknown users and groups?
$(OUT)/tests/static/nss: tests/static/nss.c $(OUT)/libqubes.a
	@mkdir -p $(@D)
	@$(link) $(compile_flags) $(test_flags) -o $@ $< $(OUT)/libqubes.a $(library_libs) 2>$@.notes || \
		{ cat $@.notes; exit 1; }

# What libvirt's test driver lacks, for a libvirtd of the tests.
$(OUT)/tests/doubles/libvirt_driver.so: tests/doubles/libvirt_driver.c $(OUT)/flags.mk
	@mkdir -p $(@D)
	@$(CC) -std=gnu17 $(WARNINGS) $(library_cflags) -shared -fPIC -o $@ $< -ldl

# The store's XML against libxml2: the system's shared one, beside the store room alone.
$(OUT)/tests/xml/differential: $(wildcard tests/xml/*.c) $(OUT)/libqubes.a
	@mkdir -p $(@D)
	@$(CC) $(compile_flags) $(CFLAGS) $(SANITIZE:%=-fsanitize=%) -Itests/xml $$(pkg-config --cflags libxml-2.0) \
		-o $@ $^ $(filter -L%,$(library_libs)) -l:libmxml.a -l:libxml2.so.2

-include $(cmocka_tests:=.d)

check-programs: $(OUT)/qubes $(cmocka_tests)
check-static: $(OUT)/tests/static/nss $(OUT)/tests/xml/differential $(OUT)/tests/doubles/libvirt_driver.so

check:
	@deps/install tools test
	@+$(MAKE) --no-print-directory qubes check-static
	@+$(MAKE) --no-print-directory $(sanitize) check-programs
	@tests/check ./qubes $(OUT) $(asan)

# A VM that really boots, under QEMU without KVM; half a minute.
check-qemu:
	@deps/install tools test slow
	@+$(MAKE) --no-print-directory qubes
	@tests/run -t 300 "tests/slow/qemu.sh ./qubes"

# That, and long races; some minutes.
check-slow:
	@deps/install tools test slow
	@+$(MAKE) --no-print-directory qubes
	@tests/slow/run ./qubes
	@tests/rescue/run -o ./qubes $(LAB)

demo:
	@deps/install tools demo
	@+$(MAKE) --no-print-directory qubes
	@tests/demo ./qubes

bench:
	@deps/install tools test
	@+$(MAKE) --no-print-directory qubes
	@tests/bench/run ./qubes

# LAB: the folder with xen-boot.sh, which boots a real Xen host under emulation.
LAB ?= ../shared/lab
check-xen: qubes
	@tests/xen/run ./qubes $(LAB)

# In a rescue shell: a kernel, a static busybox, our one file, and the disk of a system that does not start; 8 s.
check-rescue: qubes
	@tests/rescue/run ./qubes $(LAB)

lint:
	@deps/install tools lint
	@tests/lint

# ---- installing ----

install: qubes install-units
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 qubes "$(DESTDIR)$(PREFIX)/bin/qubes"
	install -d "$(DESTDIR)$(PREFIX)/share/man/man1" "$(DESTDIR)$(PREFIX)/share/bash-completion/completions"
	./qubes --man >"$(DESTDIR)$(PREFIX)/share/man/man1/qubes.1"
	./qubes --list | while read -r name; do \
		ln -sf qubes "$(DESTDIR)$(PREFIX)/bin/$$name" && \
		ln -sf qubes "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$name" && \
		./qubes --man "$$name" >"$(DESTDIR)$(PREFIX)/share/man/man1/$$name.1" || exit 1; done
	./qubes --completion >"$(DESTDIR)$(PREFIX)/share/bash-completion/completions/qubes"

# The units name the programs where they are.
install-units:
	install -d "$(DESTDIR)$(PREFIX)/lib/systemd/system" "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d"
	for unit in data/*.service data/*.timer; do \
		to="$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit#data/}" && rm -f "$$to" && \
		sed 's|/usr/bin/q|$(PREFIX)/bin/q|g' "$$unit" >"$$to" && chmod 644 "$$to" || exit 1; done
	install -m 644 data/qubes.conf "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/qubes.conf"

clean:
	rm -rf build qubes qubes.new
