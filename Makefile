# qubes - the Qubes VM tools as one static binary. SPDX-License-Identifier: GPL-2.0-or-later
#
#   make            ./qubes, static (STATIC=0: linked with the distribution's shared libraries)
#   make demo       sets up, builds and shows the main job in a scratch root
#   make check      sets up, builds and runs all tests
#   make bench      measures; make lint looks; make check-xen tests on a real Xen host (LAB=DIR)
#   make install    DESTDIR, PREFIX: the binary, its links, manual pages, completion
#
# Variables: STATIC=1|0, CC, CFLAGS, LDFLAGS, OUT (build folder), DESTDIR and PREFIX for install.

STATIC ?= 1
CC = gcc
CFLAGS ?= -O2 -g
OUT ?= build/$(CC)-$(STATIC)
PREFIX ?= /usr

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror
LIBRARIES = libvirt mxml uuid jansson

sources := qubes.c $(wildcard applets/*.c lib/*.c lib/*/*.c)
objects = $(sources:%.c=$(OUT)/%.o)
lib_objects = $(filter $(OUT)/lib/%,$(objects))

all: qubes
.PHONY: all demo check check-xen bench lint install clean tools FORCE

# ---- libraries: the prefix that deps/build makes once, or the distribution's ----

ifeq ($(STATIC),1)
deps_kind = tools
deps_prefix = $(shell deps/build)
link_flags = -static -Wl,--gc-sections
pkg_static = --static
else
deps_kind = tools shared
link_flags =
endif

# What deps/ has to say is asked once, by the first build, and kept beside the objects.
$(OUT)/flags.mk: deps/build deps/notls.c deps/packages deps/install
	@mkdir -p $(@D)
	@deps/install $(deps_kind)
	@prefix="$(deps_prefix)" && { [ "$(STATIC)" = 0 ] || [ -n "$$prefix" ]; } && \
	PKG_CONFIG_PATH=$${prefix:+$$prefix/lib/pkgconfig} && export PKG_CONFIG_PATH && \
	flags=$$(pkg-config --cflags $(LIBRARIES)) && libs=$$(pkg-config $(pkg_static) --libs $(LIBRARIES)) && \
	printf 'library_cflags = %s\nlibrary_libs = %s\n' "$$flags" "$$libs" >$@

ifeq ($(filter clean,$(MAKECMDGOALS)),)
-include $(OUT)/flags.mk
endif

# ---- compiling ----

compile_flags = -std=gnu17 $(WARNINGS) -ffunction-sections -fdata-sections -pthread -D_GNU_SOURCE \
	-DQUBES_STATIC=$(STATIC) -Iinclude -Ilib $(library_cflags)

$(OUT)/%.o: %.c $(OUT)/flags.mk
	@mkdir -p $(@D)
	$(CC) $(compile_flags) $(CFLAGS) -MMD -MP -c $< -o $@

-include $(objects:.o=.d)

# A static program that calls the name service draws these notes; deps/README says why they are harmless here.
known_notes = "in function|warning: Using '(getpw|getgr|getaddrinfo|dlopen)[a-z_]*' in statically linked"

$(OUT)/qubes: $(objects)
	@$(CC) -pthread $(link_flags) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(library_libs) 2>$@.notes || { cat $@.notes; exit 1; }
	@grep -Ev $(known_notes) $@.notes || :

qubes: $(OUT)/qubes
	@strip -o $@.new $< && mv $@.new $@
