# vaeutils. `make help` lists what can be made.

VERSION := 0.1.0

# The user's, kept as they are.
CC ?= cc
CFLAGS ?= -O3 -g
PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build
V ?= # make V=1 shows whole commands
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1) $@')

TOOLS := idx2raw vae-train vae-encode vae-decode vae-sample vae-eval raw2pgm raw-info raw-cmp
PROGRAMS := $(TOOLS:%=$(BUILD)/%)
MANUALS := $(wildcard man/*.[157])
LIBRARY := $(BUILD)/libvae.a

# Debian's OpenBLAS comes in flavours side by side. The pthread one is named, since the OpenMP one hangs behind a
# fork; elsewhere the linker finds what there is.
BLAS := $(firstword $(wildcard /usr/lib/*/openblas-pthread))
ifneq ($(BLAS),)
  BLAS_CPPFLAGS := -isystem $(firstword $(wildcard $(BLAS:/usr/lib/%=/usr/include/%)))
  BLAS_LDFLAGS := -L$(BLAS) -Wl,-rpath,$(BLAS)
endif

ALL_CPPFLAGS := -Ilib $(BLAS_CPPFLAGS) -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -DVAEUTILS_VERSION='"$(VERSION)"' $(CPPFLAGS)
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wimplicit-fallthrough
ALL_CFLAGS := -std=c11 -pthread -fopenmp-simd -fno-math-errno $(WARNINGS) $(CFLAGS)
ALL_LDFLAGS := -pthread $(BLAS_LDFLAGS) -Wl,--as-needed $(LDFLAGS)
LIBS := -lopenblas -ljansson -lxxhash -lz -lm

# Kernel files are compiled once a level of vector instructions; lib/base/level.c asks for these at run time.
LEVELS := baseline
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine)),)
  LEVELS += avx2 avx512
endif
FLAGS_baseline :=
FLAGS_avx2 := -mavx2 -mfma
FLAGS_avx512 := -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma
# Noise has the same bits on every machine: no fused multiply-adds. The rest may use them.
$(BUILD)/lib/base/noise_kernel.%.o: KERNEL_FLAGS := -fno-trapping-math -ffp-contract=off
$(BUILD)/lib/nn/math_kernel.%.o: KERNEL_FLAGS := -fno-trapping-math -ffp-contract=fast

KERNELS := $(wildcard lib/*/*_kernel.c)
SOURCES := $(filter-out $(KERNELS),$(wildcard lib/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(foreach level,$(LEVELS),$(KERNELS:%.c=$(BUILD)/%.$(level).o))

.PHONY: all help deps demo check check-long asan install uninstall clean
.DELETE_ON_ERROR:

all: $(PROGRAMS)

help:
	@echo 'make            build the tools below $(BUILD)/'
	@echo 'make deps       install what the build, the tests and the demo need (Debian, apt-get)'
	@echo 'make demo       train on Fashion-MNIST and leave pictures below demo/ (DATA=mnist: on MNIST)'
	@echo 'make check      run every test; make check-long: the published figure, on MNIST'
	@echo 'make asan       build with the address and undefined sanitizers, below $(BUILD)/asan/'
	@echo 'make install    to $$(DESTDIR)$$(PREFIX), default /usr/local; make uninstall takes it away'
	@echo 'make clean      remove $(BUILD)/ and demo/'

$(PROGRAMS): $(BUILD)/%: $(BUILD)/tools/%.o $(LIBRARY)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(LIBRARY): $(OBJECTS)
	$(call say,AR)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define KERNEL_RULE
$(BUILD)/%.$(1).o: %.c Makefile
	@mkdir -p $$(@D)
	$$(call say,CC)
	$$(Q)$$(CC) $$(ALL_CPPFLAGS) -DLEVEL=$(1) $$(ALL_CFLAGS) $$(KERNEL_FLAGS) $$(FLAGS_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach level,$(LEVELS),$(eval $(call KERNEL_RULE,$(level))))

# C tests: a program each, TAP on stdout.
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))

$(UNITS): $(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

check: all $(UNITS)
	VAE_BUILD=$(abspath $(BUILD)) tests/run

# The published figure on MNIST: minutes, and a download.
check-long: all
	VAE_BUILD=$(abspath $(BUILD)) tests/run tests/long/*.bats

demo: all
	PATH="$(abspath $(BUILD)):$$PATH" examples/demo

asan:
	$(MAKE) BUILD=$(BUILD)/asan CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all' all

# What Debian's packages are for is in the README.
DEPS := libopenblas-dev libopenblas-pthread-dev zlib1g-dev libjansson-dev libxxhash-dev \
        netpbm bats bats-support bats-assert mandoc shellcheck dataset-fashion-mnist

deps:
	@missing=; for package in $(DEPS); do \
	    dpkg-query -W -f '$${Status}\n' $$package 2>/dev/null | grep -q '^install ok installed$$' || missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "make deps: no apt-get here; wanted:$$missing" >&2; exit 1; fi; \
	sudo=; [ "$$(id -u)" -eq 0 ] || sudo=sudo; \
	echo "make deps: installing$$missing"; \
	$$sudo apt-get update -q && \
	    $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing

BINDIR := $(DESTDIR)$(PREFIX)/bin
MANDIR := $(DESTDIR)$(PREFIX)/share/man
# man/x.1 is installed as man1/x.1.
INSTALLED := $(TOOLS:%=$(BINDIR)/%) $(foreach page,$(MANUALS:man/%=%),$(MANDIR)/man$(lastword $(subst ., ,$(page)))/$(page))

install: all $(INSTALLED)

$(BINDIR)/%: $(BUILD)/%
	install -D -m 755 $< $@

$(MANDIR)/man1/% $(MANDIR)/man5/% $(MANDIR)/man7/%: man/%
	install -D -m 644 $< $@

uninstall:
	rm -f $(INSTALLED)

clean:
	rm -rf $(BUILD) demo

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
